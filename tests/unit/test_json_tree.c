/* SPDX-License-Identifier: MIT
 * test_json_tree - json-c sees only what the scan accepted, and takes all of it. */
#include "base.h"

#include "json_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <json-c/json.h>

#include "err.h"

static void test_accepted(void **state)
{
	static const char *const good[] = {
	    "{\"a\":[1,2.5,\"x\\u0000y\",null,true],\"b\":{}}",
	    " 12 ",
	    "-0",
	    "\"s\"",
	    "true",
	    "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
	    "123e45",
	    "\"\\ud83d\\ude00\"",
	};
	struct json_object *o;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(good); i++) {
		assert_int_equal(json_tree(sd_slice_str(good[i]), &o, NULL), 0);
		assert_non_null(o);
		json_object_put(o);
	}
	assert_int_equal(json_tree(SD_SLICE("null"), &o, NULL), 0);
	assert_null(o);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "", "NaN", "-01", "{'a':1}", "{\"a\":1,\"a\":2}", "[1]x", "{\"a\\u0000\":1}"};
	struct json_object *o;
	struct json_error where;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		assert_int_equal(json_tree(sd_slice_str(bad[i]), &o, &where), SD_ERR_INVALID);
		assert_null(o);
		assert_non_null(where.reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_accepted),
					   cmocka_unit_test(test_refused)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
