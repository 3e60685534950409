/* SPDX-License-Identifier: MIT
 * test_jwk_check - weak keys that are well-formed. */
#include "base.h"

#include "jwk_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"
#include "jwk.h"
#include "token_fix.h"

/* Points of order 1, 2, 4, 8 and the encodings that are not canonical: as keys they verify
 * signatures that anyone can make. */
static void test_small_order(void **state)
{
	static const char *const bad[] = {
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* y = 0 */
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA", /* with the sign bit */
	    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* y = 1 */
	    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
	    "7P_______________________________________38", /* y = -1 */
	    "7f_______________________________________38", /* y = p */
	    "7v_______________________________________38", /* y = p + 1 */
	    "__________________________________________8",
	    "7P________________________________________8",
	    "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
	    "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o",
	    "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
	    "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU",
	};
	char text[128];
	struct jwk k;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		struct sd_diag diag = {{0}};

		snprintf(text, sizeof(text), "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}",
			 bad[i]);
		assert_int_equal(jwk_parse(sd_slice_str(text), 0, &k, &diag), SD_ERR_INVALID);
		assert_non_null(strstr(diag.text, "small order"));
	}
}

/* Each pair of key and algorithm: fits only where RFC 7518 3.1 and 8037 3.1 say so. */
static void test_pairs(void **state)
{
	struct fix_key keys[JOSE_ALG_COUNT] = {0};

	(void)state;
	for (int i = 1; i < JOSE_ALG_COUNT; i++)
		fix_key_new(&keys[i], (enum jose_alg)i);
	for (int i = 1; i < JOSE_ALG_COUNT; i++) {
		for (int a = 0; a <= JOSE_ALG_COUNT; a++) {
			bool rsa = i <= JOSE_PS256,
			     fits = rsa ? a == JOSE_RS256 || a == JOSE_PS256 : a == i;

			assert_int_equal(jwk_check_key(keys[i].secret, (enum jose_alg)a, NULL),
					 fits ? 0 : SD_ERR_INVALID);
		}
	}
	for (int i = 1; i < JOSE_ALG_COUNT; i++)
		fix_key_fini(&keys[i]);
}

static void test_other_kinds(void **state)
{
	static const char *const kinds[] = {"X25519", "ED448"};
	EVP_PKEY *k;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(kinds); i++) {
		k = EVP_PKEY_Q_keygen(NULL, NULL, kinds[i]);
		for (int a = 0; a < JOSE_ALG_COUNT; a++)
			assert_int_equal(jwk_check_key(k, (enum jose_alg)a, NULL), SD_ERR_INVALID);
		EVP_PKEY_free(k);
	}
	k = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	assert_int_equal(jwk_check_key(k, JOSE_ES256, NULL), SD_ERR_INVALID);
	EVP_PKEY_free(k);
	k = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
	assert_int_equal(jwk_check_key(k, JOSE_ES256, NULL), SD_ERR_INVALID);
	EVP_PKEY_free(k);
	k = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	assert_int_equal(jwk_check_key(k, JOSE_RS256, NULL), SD_ERR_INVALID);
	EVP_PKEY_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_small_order),
	    cmocka_unit_test(test_pairs),
	    cmocka_unit_test(test_other_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
