/* SPDX-License-Identifier: MIT
 * Durations, sizes, shares, counts, networks: read, refused, written back. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "policy_units.h"

typedef int parse_fn(struct sd_slice s, uint64_t *out, const char **why);
typedef void put_fn(struct sd_buf *b, uint64_t v);

struct row {
	const char *text;
	uint64_t value;
	const char *again; /* as written back; NULL: the same */
};

static void good(parse_fn *parse, put_fn *put, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = 0;
		const char *why = "";
		struct sd_buf b;

		assert_int_equal(parse(sd_slice_str(rows[i].text), &v, &why), SD_OK);
		assert_int_equal(v, rows[i].value);
		sd_buf_init(&b, 100);
		put(&b, v);
		sd_buf_char(&b, '\0');
		assert_string_equal(b.p, rows[i].again ? rows[i].again : rows[i].text);
		sd_buf_fini(&b);
	}
}

static void bad(parse_fn *parse, const char *const *texts)
{
	for (; *texts; texts++) {
		uint64_t v = 1;
		const char *why = NULL;

		if (parse(sd_slice_str(*texts), &v, &why) != SD_ERR_INVALID)
			fail_msg("accepted %s", *texts);
		assert_int_equal(v, 0);
		assert_non_null(why);
	}
}

static void test_durations(void **state)
{
	static const struct row rows[] = {
	    {"0", 0, NULL},	      {"500ms", 500, NULL},	 {"30s", 30000, NULL},
	    {"15m", 900000, NULL},    {"12h", 43200000, NULL},	 {"30d", 2592000000, NULL},
	    {"1h30m", 5400000, NULL}, {"90m", 5400000, "1h30m"}, {"1d1h1m1s1ms", 90061001, NULL},
	    {"1000ms", 1000, "1s"},
	};
	static const char *const wrong[] = {"",	   "1",	  "900", "-1s",		  "1.5h",
					    "1 h", "h",	  "1x",	 "30m1h",	  "1h1h",
					    "01s", "1S",  "1w",	 "999999999999d", "99999999999999s",
					    "s1",  "1s ", NULL};

	(void)state;
	good(policy_units_duration, policy_units_put_duration, rows, SD_ARRAY_LEN(rows));
	bad(policy_units_duration, wrong);
}

static void test_sizes(void **state)
{
	static const struct row rows[] = {{"0", 0, NULL},
					  {"512B", 512, NULL},
					  {"64KiB", 65536, NULL},
					  {"16MiB", 16777216, NULL},
					  {"1GiB", 1073741824, NULL},
					  {"1024KiB", 1048576, "1MiB"}};
	static const char *const wrong[] = {"",	      "1",   "64KB", "64kib",	       "64 KiB",
					    "1KiB1B", "-1B", "0x1B", "99999999999GiB", NULL};

	(void)state;
	good(policy_units_size, policy_units_put_size, rows, SD_ARRAY_LEN(rows));
	bad(policy_units_size, wrong);
}

static void test_shares(void **state)
{
	static const struct row rows[] = {{"0", 0, "0%"},
					  {"5%", 50, NULL},
					  {"0.5%", 5, NULL},
					  {"12.5%", 125, NULL},
					  {"100%", 1000, NULL}};
	static const char *const wrong[] = {"",	   "5",	  "%",	 "0.05",   "5.55%",
					    "-5%", ".5%", "5%%", "99999%", NULL};

	(void)state;
	good(policy_units_share, policy_units_put_share, rows, SD_ARRAY_LEN(rows));
	bad(policy_units_share, wrong);
}

static void test_counts(void **state)
{
	static const struct row rows[] = {
	    {"0", 0, NULL}, {"7", 7, NULL}, {"999999999999", 999999999999, NULL}};
	static const char *const wrong[] = {"",	  "0123", "1e3", "1_000", "0x10",	   "-1",
					    "+1", "1.0",  " 1",	 "no",	  "9999999999999", NULL};

	(void)state;
	good(policy_units_count, sd_buf_u64, rows, SD_ARRAY_LEN(rows));
	bad(policy_units_count, wrong);
}

static void test_networks(void **state)
{
	static const struct {
		const char *text, *again;
	} rows[] = {{"127.0.0.1/32", NULL},  {"10.0.0.0/8", NULL},
		    {"0.0.0.0/0", NULL},     {"192.0.2.1", "192.0.2.1/32"},
		    {"2001:db8::/32", NULL}, {"::1", "::1/128"},
		    {"::/0", NULL}};
	static const char *const wrong[] = {"",
					    "10.0.0.0/33",
					    "10.0.0.1/8",
					    "2001:db8::1/32",
					    "::/129",
					    "10.0.0/8",
					    "host/8",
					    "10.0.0.0/",
					    "10.0.0.0/08",
					    "/8",
					    "10.0.0.0/8/8"};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		struct policy_cidr c;
		const char *why = "";
		struct sd_buf b;

		assert_int_equal(policy_units_cidr(sd_slice_str(rows[i].text), &c, &why), SD_OK);
		sd_buf_init(&b, 100);
		policy_units_put_cidr(&b, &c);
		sd_buf_char(&b, '\0');
		assert_string_equal(b.p, rows[i].again ? rows[i].again : rows[i].text);
		sd_buf_fini(&b);
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(wrong); i++) {
		struct policy_cidr c;
		const char *why = NULL;

		assert_int_equal(policy_units_cidr(sd_slice_str(wrong[i]), &c, &why),
				 SD_ERR_INVALID);
		assert_non_null(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_durations), cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_shares),    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
