/* SPDX-License-Identifier: MIT
 * test_jwks - a set is taken whole or not at all. */
#include "base.h"

#include "jwk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"
#include "jose_examples.h"

#define KEY(kid)                                                                                   \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"                              \
	"7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"kid\":\"" kid "\"}"

static void test_accepted(void **state)
{
	struct jwk *keys;
	size_t n;

	(void)state;
	assert_int_equal(jwks_parse(SD_SLICE("{\"x\":1,\"keys\":[" KEY("a") "," EX_ES256_JWK "]}"),
				    &keys, &n, NULL),
			 0);
	assert_int_equal(n, 2);
	assert_string_equal(keys[0].kid, "a");
	assert_int_equal(keys[1].alg, JOSE_ES256);
	jwks_free(&keys, n);
	assert_null(keys);
	jwks_free(&keys, 0);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"keys\":{}}",
	    "{\"keys\":[]}",
	    "{\"keys\":[1]}",
	    "{\"keys\":[\"{}\"]}",
	    "{\"keys\":[" KEY("a") "," KEY("a") "]}",
	    "{\"keys\":[" KEY("a") "],\"keys\":[]}",
	    "{\"keys\":[" KEY("a") ",{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
	    "{\"keys\":[" KEY("a") "," EX_ROCA_JWK "]}",
	    "{\"keys\":[" EX_ES256_JWK "," EX_EDDSA_JWK "]}", /* two without a kid */
	    "{\"keys\":[" KEY("a") ",]}",
	};
	struct jwk *keys;
	size_t n;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		struct sd_diag diag = {{0}};

		if (jwks_parse(sd_slice_str(bad[i]), &keys, &n, &diag) == 0)
			fail_msg("accepted %s", bad[i]);
		assert_null(keys);
		assert_int_equal(n, 0);
		assert_true(diag.text[0]);
	}
}

static void test_too_many(void **state)
{
	struct sd_buf b;
	struct jwk *keys;
	size_t n;

	(void)state;
	sd_buf_init(&b, 65536);
	for (int count = 64; count <= 65; count++) {
		sd_buf_reset(&b);
		sd_buf_str(&b, "{\"keys\":[");
		for (int i = 0; i < count; i++) {
			sd_buf_str(&b, i ? "," : "");
			sd_buf_str(&b, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
				       "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",");
			sd_buf_printf(&b, "\"kid\":\"k%d\"}", i);
		}
		sd_buf_str(&b, "]}");
		assert_int_equal(jwks_parse(sd_buf_slice(&b), &keys, &n, NULL),
				 count == 64 ? 0 : SD_ERR_TOO_BIG);
		jwks_free(&keys, n);
	}
	sd_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
