/* SPDX-License-Identifier: MIT
 * Comparing, copying and reading numbers, at their edges. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "slice.h"

static void test_equality(void **state)
{
	const struct sd_slice none = {NULL, 0};

	(void)state;
	assert_true(sd_slice_eq(SD_SLICE("ab"), SD_SLICE("ab")));
	assert_false(sd_slice_eq(SD_SLICE("ab"), SD_SLICE("aB")));
	assert_true(sd_slice_eq(none, SD_SLICE("")));
	assert_true(sd_slice_is(SD_SLICE("x"), "x"));
	assert_false(sd_slice_is(SD_SLICE("x"), "xy"));
}

static void test_case_folding_is_ascii_only(void **state)
{
	(void)state;
	assert_true(sd_slice_ieq(SD_SLICE("Content-Length"), SD_SLICE("content-LENGTH")));
	assert_false(sd_slice_ieq(SD_SLICE("@"), SD_SLICE("`")));
	assert_false(sd_slice_ieq(SD_SLICE("["), SD_SLICE("{")));
	assert_false(sd_slice_ieq(SD_SLICE("\xc3\x84"), SD_SLICE("\xc3\xa4")));
	assert_false(sd_slice_ieq(SD_SLICE("a"), SD_SLICE("ab")));
}

static void test_constant_time_equality(void **state)
{
	(void)state;
	assert_true(sd_slice_eq_ct(SD_SLICE("secret"), SD_SLICE("secret")));
	assert_false(sd_slice_eq_ct(SD_SLICE("secret"), SD_SLICE("secreT")));
	assert_false(sd_slice_eq_ct(SD_SLICE("Secret"), SD_SLICE("secret")));
	assert_false(sd_slice_eq_ct(SD_SLICE("secre"), SD_SLICE("secret")));
	assert_true(sd_slice_eq_ct(SD_SLICE(""), (struct sd_slice){NULL, 0}));
}

/* One bit at any place, in words and in the rest behind them. */
static void test_constant_time_sees_each_bit(void **state)
{
	char a[24] = {0}, b[24] = {0};

	(void)state;
	for (size_t n = 1; n <= sizeof(a); n++) {
		assert_true(sd_slice_eq_ct(sd_slice(a, n), sd_slice(b, n)));
		for (size_t bit = 0; bit < n * 8; bit++) {
			b[bit / 8] = (char)(1u << bit % 8);
			assert_false(sd_slice_eq_ct(sd_slice(a, n), sd_slice(b, n)));
			b[bit / 8] = 0;
		}
	}
}

/* Each byte at each place among each harmless neighbour. */
static void test_control_characters(void **state)
{
	char text[17];

	(void)state;
	assert_false(sd_slice_has_control((struct sd_slice){NULL, 0}));
	for (int around = 0x20; around < 256; around++) {
		if (around == 0x7f)
			continue;
		memset(text, around, sizeof(text));
		for (size_t n = 1; n <= sizeof(text); n++) {
			for (int c = 0; c < 256; c++) {
				text[n - 1] = (char)c;
				if (sd_slice_has_control(sd_slice(text, n)) != (c < 0x20 || c == 0x7f))
					fail_msg("%#x behind %zu of %#x", c, n - 1, around);
				text[n - 1] = (char)around;
				text[0] = (char)c;
				if (sd_slice_has_control(sd_slice(text, n)) != (c < 0x20 || c == 0x7f))
					fail_msg("%#x before %zu of %#x", c, n - 1, around);
				text[0] = (char)around;
			}
		}
	}
}

static void test_control_characters_of_utf8(void **state)
{
	static const char *const bad[] = {"\xc2\x80", "a\xc2\x9b[2J", "\xc2\xa0\xc2\x85", "\x1b", "\xc3\xa9\x7f"},
			 *const good[] = {"", "\xc2\xa0", "\xc3\x9b", "\xe2\x82\x9b", "a\xc2", "\xf0\x9f\x98\x80"};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_true(sd_slice_has_control_utf8(sd_slice_str(bad[i])));
	for (size_t i = 0; i < SD_ARRAY_LEN(good); i++)
		assert_false(sd_slice_has_control_utf8(sd_slice_str(good[i])));
	assert_false(sd_slice_has_control_utf8((struct sd_slice){NULL, 0}));
}

static void test_copy_is_bounded(void **state)
{
	char out[4] = "zzz";

	(void)state;
	assert_int_equal(sd_slice_copy(SD_SLICE("abc"), out, sizeof(out)), SD_OK);
	assert_string_equal(out, "abc");
	assert_int_equal(sd_slice_copy(SD_SLICE("abcd"), out, sizeof(out)), SD_ERR_TOO_BIG);
	assert_string_equal(out, "");
	assert_int_equal(sd_slice_copy(SD_SLICE("a\0b"), out, sizeof(out)), SD_ERR_INVALID);
	assert_string_equal(out, "");
	assert_int_equal(sd_slice_copy((struct sd_slice){NULL, 0}, out, sizeof(out)), SD_OK);
	assert_int_equal(sd_slice_copy(SD_SLICE(""), out, 0), SD_ERR_TOO_BIG);
}

static void test_numbers(void **state)
{
	static const char *const wrong[] = {"", "00", "01", "-1", "+1", " 1", "1 ", "1a", "0x1",
					    "10000000000000000000"};
	uint64_t v;

	(void)state;
	assert_int_equal(sd_slice_u64(SD_SLICE("0"), &v), SD_OK);
	assert_int_equal(v, 0);
	assert_int_equal(sd_slice_u64(SD_SLICE("9999999999999999999"), &v), SD_OK);
	assert_true(v == 9999999999999999999ULL);
	for (size_t i = 0; i < SD_ARRAY_LEN(wrong); i++) {
		v = 1;
		assert_int_equal(sd_slice_u64(sd_slice_str(wrong[i]), &v), SD_ERR_INVALID);
		assert_int_equal(v, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_equality),
	    cmocka_unit_test(test_case_folding_is_ascii_only),
	    cmocka_unit_test(test_constant_time_equality),
	    cmocka_unit_test(test_constant_time_sees_each_bit),
	    cmocka_unit_test(test_control_characters),
	    cmocka_unit_test(test_control_characters_of_utf8),
	    cmocka_unit_test(test_copy_is_bounded),
	    cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
