/* SPDX-License-Identifier: MIT
 * Rows of the registry and asks as text: what is written is read, what is not ours is refused. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "node_row.h"

static const struct node_row sample = {.id = "0123456789abcdef",
				       .name = "rack 4, node 2",
				       .version = "1.2.3",
				       .lease_ms = 1700000005000,
				       .staleness_ms = 1000,
				       .proven_ms = 1699999999900};

static void a_row_is_read_as_written(void **state)
{
	char text[NODE_ROW_MAX];
	struct node_row row;

	(void)state;
	node_row_format(&sample, text);
	assert_int_equal(node_row_parse(sd_slice_str(text), &row), SD_OK);
	assert_memory_equal(&row, &sample, sizeof(row));
}

static void longest_row_fits(void **state)
{
	struct node_row row = sample, back;
	char text[NODE_ROW_MAX];

	(void)state;
	memset(row.name, 'n', NODE_NAME_MAX);
	memset(row.version, 'v', NODE_VERSION_MAX);
	row.lease_ms = row.staleness_ms = row.proven_ms = INT64_C(1) << 52;
	node_row_format(&row, text);
	assert_int_equal(node_row_parse(sd_slice_str(text), &back), SD_OK);
	assert_memory_equal(&row, &back, sizeof(row));
}

static void foreign_rows_are_refused(void **state)
{
	static const char *const bad[] = {
	    "", " ", "garbage", "2 0123456789abcdef 1 2 3 v n", "1 0123456789abcde 1 2 3 v n",
	    "1 0123456789ABCDEF 1 2 3 v n", "1 0123456789abcdef -1 2 3 v n",
	    "1 0123456789abcdef 1 2 v n", "1 0123456789abcdef 1 2 3 v", "1 0123456789abcdef 1 2 3 v ",
	    "1 0123456789abcdef 1 2 3  n", "1 0123456789abcdef 99999999999999999 2 3 v n",
	    "1 0123456789abcdef 1 2 3 v a\nb", "1 0123456789abcdef 1 2 3 vvvvvvvvvvvvvvvvvvvvvvvv n"};
	struct node_row row, zero;
	char longer[NODE_ROW_MAX];

	(void)state;
	memset(&zero, 0, sizeof(zero));
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		memset(&row, 0xff, sizeof(row));
		assert_int_equal(node_row_parse(sd_slice_str(bad[i]), &row), SD_ERR_INVALID);
		assert_memory_equal(&row, &zero, sizeof(row));
	}
	snprintf(longer, sizeof(longer), "1 0123456789abcdef 1 2 3 v %0*d", NODE_NAME_MAX + 1, 0);
	assert_int_equal(node_row_parse(sd_slice_str(longer), &row), SD_ERR_INVALID);
	assert_int_equal(node_row_parse(sd_slice(NULL, 0), &row), SD_ERR_INVALID);
}

static void a_node_lives_until_lease_and_staleness_are_over(void **state)
{
	(void)state;
	assert_true(node_row_is_live(&sample, sample.lease_ms - 1));
	assert_true(node_row_is_live(&sample, sample.lease_ms + sample.staleness_ms));
	assert_false(node_row_is_live(&sample, sample.lease_ms + sample.staleness_ms + 1));
}

static void ids_follow_the_seed(void **state)
{
	struct sd_siphash_key one = {1, 2}, other = {1, 3};
	char a[NODE_ID_LEN + 1], b[NODE_ID_LEN + 1], c[NODE_ID_LEN + 1];

	(void)state;
	node_row_id(one, a);
	node_row_id(one, b);
	node_row_id(other, c);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_int_equal(strspn(a, "0123456789abcdef"), NODE_ID_LEN);
}

static void an_ask_is_read_as_written(void **state)
{
	char text[NODE_ASK_MAX];
	struct sd_slice pos, nonce;
	uint8_t partition;

	(void)state;
	node_ask_format(0xa7, SD_SLICE("1700000000000-18446744073709551615"), "0badc0de", text);
	assert_int_equal(node_ask_parse(sd_slice_str(text), &partition, &pos, &nonce), SD_OK);
	assert_int_equal(partition, 0xa7);
	assert_true(sd_slice_is(pos, "1700000000000-18446744073709551615"));
	assert_true(sd_slice_is(nonce, "0badc0de"));
}

static void foreign_asks_are_refused(void **state)
{
	static const char *const bad[] = {"", "00", "00:", "00:1-1", "00:1-1:", "00:1-1:xyz",
					  "0g:1-1:ff", "001-1:ff:ff", "00:1-1:ff:ff", "00:1-1:ff "};
	char longer[NODE_ASK_MAX + 32] = "00:1-1:";
	struct sd_slice pos, nonce;
	uint8_t partition;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_int_equal(node_ask_parse(sd_slice_str(bad[i]), &partition, &pos, &nonce),
				 SD_ERR_INVALID);
	memset(longer + 7, 'f', NODE_NONCE_MAX + 1);
	assert_int_equal(node_ask_parse(sd_slice_str(longer), &partition, &pos, &nonce),
			 SD_ERR_INVALID);
	longer[7 + NODE_NONCE_MAX] = '\0';
	assert_int_equal(node_ask_parse(sd_slice_str(longer), &partition, &pos, &nonce), SD_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_row_is_read_as_written),
	    cmocka_unit_test(longest_row_fits),
	    cmocka_unit_test(foreign_rows_are_refused),
	    cmocka_unit_test(a_node_lives_until_lease_and_staleness_are_over),
	    cmocka_unit_test(ids_follow_the_seed),
	    cmocka_unit_test(an_ask_is_read_as_written),
	    cmocka_unit_test(foreign_asks_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
