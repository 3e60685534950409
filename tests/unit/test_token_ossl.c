/* SPDX-License-Identifier: MIT
 * test_token_ossl - known answers of the shared digest and MAC states, in any order of use. */
#include "base.h"

#include "token_ossl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_digest(void **state)
{
	/* FIPS 180-4: "abc" */
	static const uint8_t want[32] = {
	    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	    0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
	    0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
	};
	uint8_t out[32];

	(void)state;
	for (size_t i = 0; i <= 3; i++) {
		assert_int_equal(
		    token_ossl_digest(sd_slice("abc", i), sd_slice(&"abc"[i], 3 - i), out), 0);
		assert_memory_equal(out, want, 32);
	}
	assert_int_equal(token_ossl_digest(SD_SLICE("abc"), sd_slice(NULL, 0), out), 0);
	assert_memory_equal(out, want, 32);
}

static void test_hmac(void **state)
{
	/* RFC 4231: cases 1 and 2, taken in turns */
	static const uint8_t key1[20] = {0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
					 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
					 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b};
	static const uint8_t want1[4] = {0xb0, 0x34, 0x4c, 0x61},
			     want2[4] = {0x5b, 0xdc, 0xc1, 0x46};
	uint8_t out[32];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(token_ossl_hmac(key1, 20, SD_SLICE("Hi "), SD_SLICE("There"), out),
				 0);
		assert_memory_equal(out, want1, 4);
		assert_int_equal(token_ossl_hmac((const uint8_t *)"Jefe", 4,
						 SD_SLICE("what do ya want for nothing?"),
						 sd_slice(NULL, 0), out),
				 0);
		assert_memory_equal(out, want2, 4);
	}
}

static void test_kept(void **state)
{
	(void)state;
	assert_non_null(token_ossl_sha256());
	assert_ptr_equal(token_ossl_sha256(), token_ossl_sha256());
	assert_ptr_equal(token_ossl_aes256gcm(), token_ossl_aes256gcm());
	assert_ptr_equal(token_ossl_hkdf(), token_ossl_hkdf());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_digest),
	    cmocka_unit_test(test_hmac),
	    cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
