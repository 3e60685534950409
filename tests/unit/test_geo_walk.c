/* SPDX-License-Identifier: MIT
 * A file of countries becomes rows, neighbours of one country one row; what is no tree, or no such file,
 * is refused. The files are made here, as the public specification of the format says. */
#include "base.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "geo_walk.h"

#define EMPTY UINT32_MAX
#define DE 0x80000000u /* where its data begins, in data[] */
#define FR 0x80000016u

/* {"country": {"iso_code": "DE"}}, and the same for FR */
static const uint8_t data[] = "\xe1\x47" "country" "\xe1\x48" "iso_code" "\x42" "DE"
			      "\xe1\x47" "country" "\xe1\x48" "iso_code" "\x42" "FR";
static const char head[] = "\xab\xcd\xefMaxMind.com";

struct tree {
	uint32_t nodes;
	uint8_t ip_version;
	uint32_t side[8][2];
};

static size_t about(uint8_t *out, const struct tree *t)
{
	uint8_t text[] = "\xe9\x5b" "binary_format_major_version" "\xa1\x02"
			 "\x5b" "binary_format_minor_version" "\xa0"
			 "\x4b" "build_epoch" "\x02\x02\x12\x34"
			 "\x4d" "database_type" "\x43" "T y"
			 "\x49" "languages" "\x00\x04"
			 "\x4b" "description" "\xe0"
			 "\x4a" "ip_version" "\xa1\x00"
			 "\x4a" "node_count" "\xc1\x00"
			 "\x4b" "record_size" "\xa1\x18";
	const size_t n = sizeof(text) - 1;

	text[n - 15] = (uint8_t)t->nodes;
	text[n - 28] = t->ip_version;
	memcpy(out, text, n);
	return n;
}

static uint32_t number(const struct tree *t, uint32_t side)
{
	return side == EMPTY ? t->nodes : side & 0x80000000u ? t->nodes + 16 + (side & 0xffff) : side;
}

static int walk(const struct tree *t, size_t cut, struct geo_rows *out)
{
	uint8_t file[512];
	char path[40];
	struct sd_diag diag = {{0}};
	size_t n = 0;

	for (uint32_t i = 0; i < t->nodes; i++)
		for (int s = 0; s < 2; s++) {
			uint32_t v = number(t, t->side[i][s]);

			file[n++] = (uint8_t)(v >> 16);
			file[n++] = (uint8_t)(v >> 8);
			file[n++] = (uint8_t)v;
		}
	memset(file + n, 0, 16);
	n += 16;
	memcpy(file + n, data, sizeof(data) - 1);
	n += sizeof(data) - 1;
	memcpy(file + n, head, sizeof(head) - 1);
	n += sizeof(head) - 1;
	n += about(file + n, t);
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_equal(write(fd, file, n - cut), (ssize_t)(n - cut));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int err = geo_walk(path, NULL, NULL, out, &diag);

	assert_int_equal(err != SD_OK, diag.text[0] != '\0');
	(void)close(fd);
	return err;
}

static void rows_of_four(void **state)
{
	/* 0/2 DE, 64/2 DE, 128/2 none, 192/2 FR */
	const struct tree t = {3, 4, {{1, 2}, {DE, DE}, {EMPTY, FR}}};
	struct geo_rows rows;

	(void)state;
	assert_int_equal(walk(&t, 0, &rows), SD_OK);
	assert_int_equal(rows.v6_count, 0);
	assert_int_equal(rows.v4_count, 3);
	assert_int_equal(rows.v4[0].first, 0);
	assert_int_equal(rows.v4[0].country, 'D' << 8 | 'E');
	assert_int_equal(rows.v4[1].first, 0x80000000);
	assert_int_equal(rows.v4[1].country, 0);
	assert_int_equal(rows.v4[2].first, 0xc0000000);
	assert_int_equal(rows.v4[2].country, 'F' << 8 | 'R');
	assert_string_equal(rows.source, "T_y");
	assert_int_equal(rows.built_s, 0x1234);
	geo_rows_free(&rows);
	assert_null(rows.v4);
}

static void rows_of_six(void **state)
{
	const struct tree t = {2, 6, {{EMPTY, 1}, {FR, DE}}}; /* 8000::/2, c000::/2 */
	struct geo_rows rows;

	(void)state;
	assert_int_equal(walk(&t, 0, &rows), SD_OK);
	assert_int_equal(rows.v6_count, 3);
	assert_true(rows.v6[1].first_high == UINT64_C(1) << 63 && rows.v6[1].first_low == 0);
	assert_int_equal(rows.v6[1].country, 'F' << 8 | 'R');
	assert_true(rows.v6[2].first_high == UINT64_C(3) << 62);
	geo_rows_free(&rows);
}

static void what_is_none(void **state)
{
	const struct tree wrong[] = {{2, 4, {{1, 0}, {DE, FR}}},	  /* back to its root */
				     {2, 6, {{1, DE}, {1, 1}}},		  /* round and round */
				     {2, 4, {{1, 0x8000ffff}, {DE, FR}}}, /* beyond the data */
				     {1, 4, {{0x80000005, DE}}},	  /* into the middle of it */
				     {0, 4, {{0}}},
				     {1, 7, {{DE, FR}}}};
	const struct tree good = {1, 4, {{DE, FR}}};
	struct geo_rows rows;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(wrong); i++) {
		assert_int_equal(walk(&wrong[i], 0, &rows), SD_ERR_INVALID);
		assert_true(rows.v4 == NULL && rows.v6 == NULL);
	}
	for (size_t cut = 1; cut < 120; cut++)
		if (walk(&good, cut, &rows) == SD_OK)
			geo_rows_free(&rows); /* what was cut off may be of no use to anybody */
	assert_int_equal(walk(&good, 0, &rows), SD_OK);
	geo_rows_free(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_four), cmocka_unit_test(rows_of_six),
					   cmocka_unit_test(what_is_none)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
