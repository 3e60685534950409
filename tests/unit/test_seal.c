/* SPDX-License-Identifier: MIT
 * test_seal - there and back, and no changed bit passes. */
#include "base.h"

#include "seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"

static const uint8_t key[32] = {1, 2, 3}, other[32] = {1, 2, 4};

static void test_there_and_back(void **state)
{
	struct sd_buf sealed, plain;
	char text[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	sd_buf_init(&sealed, 4096);
	sd_buf_init(&plain, 4096);
	for (size_t n = 0; n < sizeof(text); n += 23) {
		sd_buf_reset(&sealed), sd_buf_reset(&plain);
		sd_buf_char(&sealed, 'S'), sd_buf_char(&plain, 'P');
		assert_int_equal(seal_close(key, SD_SLICE("brand-a"), sd_slice(text, n), &sealed),
				 0);
		assert_int_equal(sealed.len, 1 + n + SEAL_OVERHEAD);
		assert_int_equal(seal_open(key, SD_SLICE("brand-a"),
					   sd_slice(sealed.p + 1, sealed.len - 1), &plain),
				 0);
		assert_true(sd_slice_eq(sd_slice(plain.p + 1, plain.len - 1), sd_slice(text, n)));
	}
	sd_buf_fini(&sealed), sd_buf_fini(&plain);
}

static void test_changed(void **state)
{
	struct sd_buf s, plain;

	(void)state;
	sd_buf_init(&s, 4096);
	sd_buf_init(&plain, 4096);
	assert_int_equal(seal_close(key, SD_SLICE("a"), SD_SLICE("hello"), &s), 0);
	for (size_t bit = 0; bit < s.len * 8; bit++) {
		s.p[bit / 8] = (char)(s.p[bit / 8] ^ (1 << bit % 8));
		assert_int_equal(seal_open(key, SD_SLICE("a"), sd_buf_slice(&s), &plain),
				 SD_ERR_INVALID);
		assert_int_equal(plain.len, 0);
		s.p[bit / 8] = (char)(s.p[bit / 8] ^ (1 << bit % 8));
	}
	for (size_t n = 0; n < s.len; n++)
		assert_int_equal(seal_open(key, SD_SLICE("a"), sd_slice(s.p, n), &plain),
				 SD_ERR_INVALID);
	assert_int_equal(seal_open(other, SD_SLICE("a"), sd_buf_slice(&s), &plain), SD_ERR_INVALID);
	assert_int_equal(seal_open(key, SD_SLICE("b"), sd_buf_slice(&s), &plain), SD_ERR_INVALID);
	assert_int_equal(seal_open(key, SD_SLICE(""), sd_buf_slice(&s), &plain), SD_ERR_INVALID);
	assert_int_equal(seal_open(key, SD_SLICE("a"), sd_buf_slice(&s), &plain), 0);
	sd_buf_fini(&s), sd_buf_fini(&plain);
}

static void test_nonce_is_fresh(void **state)
{
	struct sd_buf a, b;

	(void)state;
	sd_buf_init(&a, 64), sd_buf_init(&b, 64);
	assert_int_equal(seal_close(key, SD_SLICE(""), SD_SLICE("x"), &a), 0);
	assert_int_equal(seal_close(key, SD_SLICE(""), SD_SLICE("x"), &b), 0);
	assert_false(sd_slice_eq(sd_buf_slice(&a), sd_buf_slice(&b)));
	sd_buf_fini(&b);
	sd_buf_init(&b, 8);
	assert_int_equal(seal_close(key, SD_SLICE(""), SD_SLICE("x"), &b), SD_ERR_TOO_BIG);
	sd_buf_fini(&a), sd_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_there_and_back),
	    cmocka_unit_test(test_changed),
	    cmocka_unit_test(test_nonce_is_fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
