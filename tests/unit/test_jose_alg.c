/* SPDX-License-Identifier: MIT
 * test_jose_alg - four names, and nothing that only looks like one. */
#include "base.h"

#include "jose_alg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_ours(void **state)
{
	(void)state;
	for (int i = 1; i < JOSE_ALG_COUNT; i++)
		assert_int_equal(jose_alg_parse(sd_slice_str(jose_alg_name((enum jose_alg)i))), i);
	assert_string_equal(jose_alg_name(JOSE_ALG_NONE_VALID), "");
	assert_string_equal(jose_alg_name(JOSE_ALG_COUNT), "");
}

static void test_others(void **state)
{
	static const char *const others[] = {
	    "",	      "none",	"None",	  "NONE",   "nOnE",    "none ",	  " none", "HS256",
	    "HS384",  "HS512",	"RS384",  "RS512",  "PS384",   "PS512",	  "ES384", "ES512",
	    "ES256K", "EdDSA ", " EdDSA", "eddsa",  "EDDSA",   "Ed25519", "rs256", "Rs256",
	    "RS256 ", "RS2567", "RS25",	  "RSA1_5", "A256GCM", "dir",	  "foo",
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(others); i++)
		assert_int_equal(jose_alg_parse(sd_slice_str(others[i])), JOSE_ALG_NONE_VALID);
	assert_int_equal(jose_alg_parse(sd_slice("RS256\0", 6)), JOSE_ALG_NONE_VALID);
	assert_int_equal(jose_alg_parse(sd_slice(NULL, 0)), JOSE_ALG_NONE_VALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ours),
					   cmocka_unit_test(test_others)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
