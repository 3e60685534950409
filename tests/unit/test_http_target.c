/* SPDX-License-Identifier: MIT
 * test_http_target - paths and queries, decoded once or refused. */
#include "base.h"
#include "http_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"

static struct sd_arena arena;

/* Segments joined by '|', '!' after one with %2F; "-" when refused. */
static void expect_path(const char *path, const char *expect)
{
	struct http_path out;
	char text[256] = "";
	size_t at = 0;
	int err = http_path_split(sd_slice_str(path), &arena, &out);

	if (err) {
		assert_int_equal(err, SD_ERR_INVALID);
		assert_int_equal(out.count, 0);
		snprintf(text, sizeof(text), "-");
	}
	for (uint32_t i = 0; i < out.count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s%s", i ? "|" : "",
				       SD_SLICE_ARG(out.seg[i]), out.slash_in_seg[i] ? "!" : "");
	if (strcmp(text, expect) != 0)
		fail_msg("%s: %s, expected %s", path, text, expect);
	sd_arena_reset(&arena);
}

static void paths(void **state)
{
	static const char *bad[] = {"",
				    "a",
				    "*",
				    "//",
				    "//a",
				    "/a//",
				    "/a//b",
				    "/.",
				    "/..",
				    "/a/../b",
				    "/./a",
				    "/%2e",
				    "/%2E%2e/a",
				    "/.%2e",
				    "/a%00b",
				    "/a%0d%0ab",
				    "/a%1f",
				    "/a%7f",
				    "/a%",
				    "/a%4",
				    "/a%4g",
				    "/a%%41",
				    "/a\\b",
				    "/a\"b",
				    "/a<b",
				    "/a|b",
				    "/a b",
				    "/a\tb",
				    "/\xc3\xa9",
				    "/%c0%af",
				    "/%c3",
				    "/%ff",
				    "/%e0%80%af",
				    "/%ed%a0%80",
				    "/%f4%90%80%80",
				    "/%f5%80%80%80",
				    "/%c2%85",
				    "/%80",
				    "/a?b",
				    "/a#b",
				    "/a[b]",
				    "/1/2/3/4/5/6/7/8/9/10/11/12/13"};

	(void)state;
	sd_arena_init(&arena, 65536);
	expect_path("/", "");
	expect_path("/sessions", "sessions");
	expect_path("/sessions/", "sessions");
	expect_path("/sessions/abc/lock", "sessions|abc|lock");
	expect_path("/a%20b/c%41", "a b|cA");
	expect_path("/sessions/user/a%2Fb%2f", "sessions|user|a/b/!");
	expect_path("/%252e%252e", "%2e%2e");
	expect_path("/...", "...");
	expect_path("/u@h;x=1,2:3!$&'()*+~", "u@h;x=1,2:3!$&'()*+~");
	expect_path("/%C3%A9%E2%82%AC%F0%9F%98%80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	expect_path("/dom%5Cuser", "dom\\user");
	expect_path("/1/2/3/4/5/6/7/8/9/10/11/12", "1|2|3|4|5|6|7|8|9|10|11|12");
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		expect_path(bad[i], "-");
	sd_arena_fini(&arena);
}

static void no_memory(void **state)
{
	struct sd_arena tiny;
	struct http_path out;
	char path[600] = "/%41";

	(void)state;
	memset(path + 4, 'a', sizeof(path) - 4);
	sd_arena_init(&tiny, 256);
	assert_int_equal(http_path_split(sd_slice(path, sizeof(path)), &tiny, &out), SD_ERR_MEMORY);
	assert_int_equal(out.count, 0);
	sd_arena_fini(&tiny);
}

static void expect_query(const char *query, const char *name, const char *expect)
{
	struct sd_slice value;
	bool found;
	int err = http_query_get(sd_slice_str(query), name, &arena, &value, &found);

	if (!expect || strcmp(expect, "!") == 0) {
		assert_int_equal(err, expect ? SD_ERR_INVALID : 0);
		assert_false(found);
		assert_null(value.p);
	} else {
		assert_int_equal(err, 0);
		assert_true(found);
		assert_true(sd_slice_is(value, expect));
	}
	sd_arena_reset(&arena);
}

static void queries(void **state)
{
	(void)state;
	sd_arena_init(&arena, 65536);
	expect_query("limit=5&cursor=a%2Bb", "limit", "5");
	expect_query("limit=5&cursor=a%2Bb", "cursor", "a+b");
	expect_query("a=b+c", "a", "b+c");
	expect_query("a=b=c", "a", "b=c");
	expect_query("a", "a", "");
	expect_query("a=", "a", "");
	expect_query("&&a=1&", "a", "1");
	expect_query("ab=1", "a", NULL);
	expect_query("", "a", NULL);
	expect_query("a=1&a=1", "a", "!");
	expect_query("a=%", "a", "!");
	expect_query("a=%0a", "a", "!");
	expect_query("a=%ff", "a", "!");
	expect_query("a=|", "a", "!");
	expect_query("%61=1", "a", NULL);
	sd_arena_fini(&arena);
}

static void names(void **state)
{
	struct sd_slice name;
	size_t pos = 0;

	(void)state;
	assert_true(http_query_next(SD_SLICE("&a=1&b&&%61=&"), &pos, &name));
	assert_true(sd_slice_is(name, "a"));
	assert_true(http_query_next(SD_SLICE("&a=1&b&&%61=&"), &pos, &name));
	assert_true(sd_slice_is(name, "b"));
	assert_true(http_query_next(SD_SLICE("&a=1&b&&%61=&"), &pos, &name));
	assert_true(sd_slice_is(name, "%61"));
	assert_false(http_query_next(SD_SLICE("&a=1&b&&%61=&"), &pos, &name));
	assert_null(name.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths), cmocka_unit_test(no_memory), cmocka_unit_test(queries),
	    cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
