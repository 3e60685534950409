/* SPDX-License-Identifier: MIT
 * test_jwk_out - thumbprints of the RFCs, JWK and DER there and back, nothing private. */
#include "base.h"

#include "jwk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"
#include "jose_examples.h"
#include "token_fix.h"

static void thumb_is(const char *text, const char *want)
{
	char thumb[JWK_THUMBPRINT_LEN + 1];
	struct jwk k;

	assert_int_equal(jwk_parse(sd_slice_str(text), 0, &k, NULL), 0);
	assert_int_equal(jwk_thumbprint(&k, thumb), 0);
	assert_string_equal(thumb, want);
	jwk_fini(&k);
}

static void test_thumbprint(void **state)
{
	struct jwk none = {0};
	char thumb[JWK_THUMBPRINT_LEN + 1];

	(void)state;
	thumb_is(EX_THUMB_JWK, EX_THUMB);
	thumb_is(EX_EDDSA_JWK, EX_EDDSA_THUMB);
	assert_int_equal(jwk_thumbprint(&none, thumb), SD_ERR_CRYPTO);
	assert_string_equal(thumb, "");
}

static void test_there_and_back(void **state)
{
	struct sd_buf json, der, again;

	(void)state;
	sd_buf_init(&json, 4096);
	sd_buf_init(&der, 4096);
	sd_buf_init(&again, 4096);
	for (int a = 1; a < JOSE_ALG_COUNT; a++) {
		struct fix_key k;
		struct jwk b, c;
		char thumb[JWK_THUMBPRINT_LEN + 1];

		fix_key_new(&k, (enum jose_alg)a);
		sd_buf_reset(&json), sd_buf_reset(&der), sd_buf_reset(&again);
		assert_int_equal(jwk_emit(&k.pub, &json), 0);
		assert_null(memmem(json.p, json.len, "\"d\"", 3));
		assert_int_equal(jwk_parse(sd_buf_slice(&json), 0, &b, NULL), 0);
		assert_int_equal(b.alg, a);
		assert_string_equal(b.kid, k.pub.kid);
		assert_int_equal(jwk_to_spki(&b, &der), 0);
		assert_int_equal(
		    jwk_from_spki(sd_buf_slice(&der), (enum jose_alg)a, sd_slice_str(b.kid), &c),
		    0);
		assert_int_equal(jwk_thumbprint(&c, thumb), 0);
		assert_string_equal(thumb, k.pub.kid);
		assert_int_equal(jwk_emit(&c, &again), 0);
		assert_true(sd_slice_eq(sd_buf_slice(&json), sd_buf_slice(&again)));
		assert_int_equal(EVP_PKEY_eq(k.secret, c.pkey), 1);
		jwk_fini(&b), jwk_fini(&c), fix_key_fini(&k);
	}
	sd_buf_fini(&json), sd_buf_fini(&der), sd_buf_fini(&again);
}

static void test_der_refused(void **state)
{
	struct sd_buf der;
	struct jwk k, out;

	(void)state;
	sd_buf_init(&der, 4096);
	assert_int_equal(jwk_parse(SD_SLICE(EX_ES256_JWK), 0, &k, NULL), 0);
	assert_int_equal(jwk_to_spki(&k, &der), 0);
	for (int a = 0; a < JOSE_ALG_COUNT; a++)
		if (a != JOSE_ES256)
			assert_int_equal(jwk_from_spki(sd_buf_slice(&der), (enum jose_alg)a,
						       SD_SLICE("k"), &out),
					 SD_ERR_INVALID);
	for (size_t n = 0; n < der.len; n++)
		assert_int_equal(jwk_from_spki(sd_slice(der.p, n), JOSE_ES256, SD_SLICE("k"), &out),
				 SD_ERR_INVALID);
	sd_buf_char(&der, 0);
	assert_int_equal(jwk_from_spki(sd_buf_slice(&der), JOSE_ES256, SD_SLICE("k"), &out),
			 SD_ERR_INVALID);
	assert_null(out.pkey);
	sd_buf_fini(&der);
	sd_buf_init(&der, 8);
	assert_int_equal(jwk_to_spki(&k, &der), SD_ERR_TOO_BIG);
	sd_buf_reset(&der);
	assert_int_equal(jwk_emit(&k, &der), SD_ERR_TOO_BIG);
	sd_buf_fini(&der);
	jwk_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_thumbprint),
	    cmocka_unit_test(test_there_and_back),
	    cmocka_unit_test(test_der_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
