/* SPDX-License-Identifier: MIT
 * test_json_get - names found by what they spell, values read only as what they are. */
#include "base.h"

#include "json_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"

static const struct json_value *at(struct json_flat *o, const char *text, const char *name)
{
	assert_int_equal(json_flat_scan(sd_slice_str(text), o, NULL), 0);
	return json_flat_find(o, name);
}

static void test_find(void **state)
{
	struct json_flat o;

	(void)state;
	assert_non_null(at(&o, "{\"x\":1,\"\\u0065xp\":2}", "exp"));
	assert_non_null(at(&o, "{\"\\u00e9\":1}", "\xc3\xa9"));
	assert_null(at(&o, "{\"exp\":1}", "ex"));
	assert_null(at(&o, "{\"exp\":1}", "expx"));
	assert_null(at(&o, "{\"Exp\":1}", "exp"));
	assert_null(at(&o, "{}", "exp"));
	assert_null(json_flat_find(&o, ""));
}

static void test_text(void **state)
{
	struct sd_arena a;
	struct json_flat o;
	struct sd_slice s;

	(void)state;
	sd_arena_init(&a, 4096);
	assert_int_equal(json_get_str(at(&o, "{\"a\":\"plain\"}", "a"), &a, &s), 0);
	assert_ptr_equal(s.p, o.m[0].value.raw.p);
	assert_int_equal(
	    json_get_str(
		at(&o, "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\uD83d\\uDE00.\"}",
		   "a"),
		&a, &s),
	    0);
	assert_true(sd_slice_is(s, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80."));
	assert_int_equal(json_get_str(at(&o, "{\"a\":\"x\\u0000y\"}", "a"), &a, &s),
			 SD_ERR_INVALID);
	assert_null(s.p);
	assert_int_equal(json_get_str(at(&o, "{\"a\":1}", "a"), &a, &s), SD_ERR_INVALID);
	assert_int_equal(json_get_str(at(&o, "{\"a\":null}", "a"), &a, &s), SD_ERR_INVALID);
	assert_int_equal(json_get_str(NULL, &a, &s), SD_ERR_INVALID);
	sd_arena_fini(&a);
	sd_arena_init(&a, 8);
	assert_int_equal(
	    json_get_str(at(&o, "{\"a\":\"\\n123456789012345678901234567890\"}", "a"), &a, &s),
	    SD_ERR_MEMORY);
	sd_arena_fini(&a);
}

static void test_integer(void **state)
{
	static const struct {
		const char *text;
		int err;
		int64_t want;
	} cases[] = {
	    {"0", 0, 0},
	    {"1", 0, 1},
	    {"-1", 0, -1},
	    {"9007199254740991", 0, 9007199254740991},
	    {"-9007199254740991", 0, -9007199254740991},
	    {"-0", SD_ERR_INVALID, 0},
	    {"1.0", SD_ERR_INVALID, 0},
	    {"1e3", SD_ERR_INVALID, 0},
	    {"1E0", SD_ERR_INVALID, 0},
	    {"0.5", SD_ERR_INVALID, 0},
	    {"0.00000000000000000001", SD_ERR_INVALID, 0},
	    {"\"1\"", SD_ERR_INVALID, 0},
	    {"true", SD_ERR_INVALID, 0},
	    {"null", SD_ERR_INVALID, 0},
	    {"[1]", SD_ERR_INVALID, 0},
	};
	char text[64];
	struct json_flat o;
	int64_t n;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		snprintf(text, sizeof(text), "{\"a\":%s}", cases[i].text);
		assert_int_equal(json_get_i64(at(&o, text, "a"), &n), cases[i].err);
		assert_int_equal(n, cases[i].want);
	}
	assert_int_equal(json_get_i64(NULL, &n), SD_ERR_INVALID);
}

static void test_bool(void **state)
{
	struct json_flat o;
	bool b;

	(void)state;
	assert_int_equal(json_get_bool(at(&o, "{\"a\":true}", "a"), &b), 0);
	assert_true(b);
	assert_int_equal(json_get_bool(at(&o, "{\"a\":false}", "a"), &b), 0);
	assert_false(b);
	assert_int_equal(json_get_bool(at(&o, "{\"a\":1}", "a"), &b), SD_ERR_INVALID);
	assert_int_equal(json_get_bool(at(&o, "{\"a\":\"true\"}", "a"), &b), SD_ERR_INVALID);
	assert_int_equal(json_get_bool(NULL, &b), SD_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_integer),
	    cmocka_unit_test(test_bool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
