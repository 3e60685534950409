/* SPDX-License-Identifier: MIT
 * The bound holds in every appender, failure sticks, numbers and JSON strings are exact. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "buf.h"
#include "err.h"

static void check(const struct sd_buf *b, const char *want)
{
	assert_false(b->failed);
	assert_int_equal(b->len, strlen(want));
	assert_memory_equal(b->p, want, b->len);
}

static void test_append_up_to_the_bound(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 5);
	assert_null(b.p);
	sd_buf_str(&b, "abc");
	sd_buf_char(&b, 'd');
	sd_buf_put(&b, SD_SLICE("e"));
	sd_buf_append(&b, NULL, 0);
	check(&b, "abcde");
	sd_buf_char(&b, 'f');
	assert_true(b.failed);
	assert_int_equal(b.len, 5);
	sd_buf_fini(&b);
	sd_buf_fini(&b);
	sd_buf_fini(NULL);
}

static void test_failure_sticks_until_reset(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 3);
	sd_buf_str(&b, "toolong");
	sd_buf_str(&b, "x");
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	assert_int_equal(sd_buf_reserve(&b, 1), SD_ERR_TOO_BIG);
	sd_buf_reset(&b);
	sd_buf_str(&b, "xyz");
	check(&b, "xyz");
	sd_buf_wipe_fini(&b);
}

static void test_huge_requests_do_not_wrap(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, SIZE_MAX);
	sd_buf_char(&b, 'a');
	assert_int_equal(sd_buf_reserve(&b, SIZE_MAX), SD_ERR_TOO_BIG);
	sd_buf_reset(&b);
	sd_buf_hex(&b, "a", SIZE_MAX);
	assert_true(b.failed);
	sd_buf_fini(&b);
}

static void test_growing_keeps_the_content(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 100000);
	for (int i = 0; i < 100000; i++)
		sd_buf_char(&b, (char)('a' + i % 26));
	assert_false(b.failed);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	sd_buf_char(&b, 'x');
	assert_true(b.failed);
	sd_buf_fini(&b);
}

static void test_numbers_and_hex(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 200);
	sd_buf_u64(&b, 0);
	sd_buf_char(&b, ' ');
	sd_buf_u64(&b, UINT64_MAX);
	sd_buf_char(&b, ' ');
	sd_buf_i64(&b, INT64_MIN);
	sd_buf_char(&b, ' ');
	sd_buf_i64(&b, INT64_MAX);
	sd_buf_char(&b, ' ');
	sd_buf_hex(&b, "\x00\xff\x1a", 3);
	check(&b, "0 18446744073709551615 -9223372036854775808 9223372036854775807 00ff1a");
	sd_buf_fini(&b);
}

static void test_printf_at_the_bound(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 6);
	sd_buf_printf(&b, "%s-%d", "ab", 123);
	check(&b, "ab-123");
	sd_buf_printf(&b, "%s", "");
	check(&b, "ab-123");
	sd_buf_printf(&b, "%c", 'x');
	assert_true(b.failed);
	assert_int_equal(b.len, 6);
	sd_buf_fini(&b);
	sd_buf_init(&b, 1000);
	sd_buf_printf(&b, "%0500d", 7);
	assert_int_equal(b.len, 500);
	assert_int_equal(b.p[499], '7');
	sd_buf_fini(&b);
}

static void check_json(struct sd_slice in, const char *want)
{
	struct sd_buf b;

	sd_buf_init(&b, 1000);
	sd_buf_json_str(&b, in);
	check(&b, want);
	sd_buf_fini(&b);
}

static void test_json_escapes(void **state)
{
	(void)state;
	check_json(SD_SLICE(""), "\"\"");
	check_json((struct sd_slice){NULL, 0}, "\"\"");
	check_json(SD_SLICE("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
		   "\"plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"");
	check_json(SD_SLICE("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
	check_json(SD_SLICE("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
	check_json(SD_SLICE("\0\x1b\x1f\x7f"), "\"\\u0000\\u001b\\u001f\\u007f\"");
	check_json(SD_SLICE("\xc2\x85\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u0085\\u2028\\u2029\"");
}

#define BAD "\xef\xbf\xbd"

static void test_json_replaces_what_is_no_utf8(void **state)
{
	(void)state;
	check_json(SD_SLICE("a\xff" "b"), "\"a" BAD "b\"");
	check_json(SD_SLICE("\x80"), "\"" BAD "\"");
	check_json(SD_SLICE("\xc0\x80"), "\"" BAD BAD "\"");             /* overlong NUL */
	check_json(SD_SLICE("\xe0\x9f\xbf"), "\"" BAD BAD BAD "\"");     /* overlong */
	check_json(SD_SLICE("\xed\xa0\x80"), "\"" BAD BAD BAD "\"");     /* surrogate */
	check_json(SD_SLICE("\xf4\x90\x80\x80"), "\"" BAD BAD BAD BAD "\""); /* past the end */
	check_json(SD_SLICE("\xf5\x80\x80\x80"), "\"" BAD BAD BAD BAD "\"");
	check_json(SD_SLICE("\xe2\x82"), "\"" BAD BAD "\"");             /* cut short */
	check_json(SD_SLICE("\xe2\"x"), "\"" BAD "\\\"x\"");             /* swallows nothing */
}

static bool is_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void test_what_is_dropped_is_gone(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 1000);
	sd_buf_str(&b, "sdr_token-of-a-request");
	sd_buf_reset(&b);
	assert_true(is_zero(b.p, 22));
	sd_buf_str(&b, "sdr_first,sdr_second");
	sd_buf_consume(&b, 10);
	assert_memory_equal(b.p, "sdr_second", 10);
	assert_true(is_zero(b.p + 10, 10));
	sd_buf_fini(&b);
}

static void test_consume(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 10);
	sd_buf_consume(&b, 0);
	sd_buf_str(&b, "abcdef");
	sd_buf_consume(&b, 2);
	check(&b, "cdef");
	sd_buf_consume(&b, 4);
	assert_int_equal(b.len, 0);
	assert_int_equal(sd_buf_slice(&b).n, 0);
	sd_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_append_up_to_the_bound),
	    cmocka_unit_test(test_failure_sticks_until_reset),
	    cmocka_unit_test(test_huge_requests_do_not_wrap),
	    cmocka_unit_test(test_growing_keeps_the_content),
	    cmocka_unit_test(test_numbers_and_hex),
	    cmocka_unit_test(test_printf_at_the_bound),
	    cmocka_unit_test(test_json_escapes),
	    cmocka_unit_test(test_json_replaces_what_is_no_utf8),
	    cmocka_unit_test(test_consume),
	    cmocka_unit_test(test_what_is_dropped_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
