/* SPDX-License-Identifier: MIT
 * test_jwk - which JWKs become keys, and why the others do not. */
#include "base.h"

#include "jwk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"
#include "jose_examples.h"

#define X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\""
#define ED                                                                                         \
	"\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"                               \
	"7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static void test_algorithm(void **state)
{
	static const struct {
		const char *text;
		enum jose_alg given, want;
	} cases[] = {
	    {EX_RS256_JWK, JOSE_ALG_NONE_VALID, JOSE_RS256},
	    {EX_RS256_JWK, JOSE_PS256, JOSE_PS256},
	    {EX_RS256_JWK, JOSE_ES256, JOSE_RS256},
	    {EX_THUMB_JWK, JOSE_PS256, JOSE_RS256},
	    {"{" EC "}", JOSE_ALG_NONE_VALID, JOSE_ES256},
	    {"{" EC "}", JOSE_PS256, JOSE_ES256},
	    {"{" ED "}", JOSE_ALG_NONE_VALID, JOSE_EDDSA},
	    {"{" ED ",\"alg\":\"EdDSA\"}", 0, JOSE_EDDSA},
	    {"{" EC ",\"key_ops\":[\"verify\"],\"use\":\"sig\",\"x5t\":\"ignored\"}", 0,
	     JOSE_ES256},
	    {"{" EC ",\"kid\":\"bilbo@example\",\"key_ops\":[\"sign\",\"verify\"]}", 0, JOSE_ES256},
	};
	struct jwk k;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		struct sd_diag diag = {{0}};

		if (jwk_parse(sd_slice_str(cases[i].text), cases[i].given, &k, &diag) != 0)
			fail_msg("%zu: %s", i, diag.text);
		assert_int_equal(k.alg, cases[i].want);
		assert_non_null(k.pkey);
		jwk_fini(&k);
		assert_null(k.pkey);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "[]",
	    "{}",
	    "{" EC,
	    "{" EC "}x",
	    "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
	    "{" EC ",\"d\":\"AAAA\"}",
	    "{" EC ",\"k\":\"AAAA\"}",
	    "{" EC ",\"\\u0064\":\"AAAA\"}",
	    "{" EC ",\"use\":\"enc\"}",
	    "{" EC ",\"use\":1}",
	    "{" EC ",\"key_ops\":[\"sign\"]}",
	    "{" EC ",\"key_ops\":\"verify\"}",
	    "{" EC ",\"key_ops\":[\"verify\",1]}",
	    "{" EC ",\"key_ops\":[]}",
	    "{" EC ",\"alg\":\"RS256\"}",
	    "{" EC ",\"alg\":\"ES384\"}",
	    "{" EC ",\"alg\":\"none\"}",
	    "{" EC ",\"alg\":\"HS256\"}",
	    "{" EC ",\"alg\":\"EdDSA\"}",
	    "{" EC ",\"alg\":null}",
	    "{" ED ",\"alg\":\"ES256\"}",
	    "{" EC ",\"kid\":\"\"}",
	    "{" EC ",\"kid\":1}",
	    "{" EC ",\"kid\":\"a b\"}",
	    "{" EC ",\"kid\":\"a\\u0000\"}",
	    "{" EC ",\"kty\":\"EC\"}",
	    "{" EC ",\"\\u006bty\":\"EC\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-256K\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
	    "{\"kty\":\"EC\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" X "\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "=\",\"y\":\"" Y "\"}",
	    "{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
	    "{\"kty\":\"RSA\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\"}",
	    "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\"}",
	    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
	    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}",
	    "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
	    "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
	    "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
	    EX_ROCA_JWK,
	    EX_1024_JWK,
	    EX_BESIDE_JWK,
	};
	struct jwk k, zero = {0};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		struct sd_diag diag = {{0}};

		memset(&k, 0x55, sizeof(k));
		if (jwk_parse(sd_slice_str(bad[i]), JOSE_ALG_NONE_VALID, &k, &diag) == 0)
			fail_msg("accepted %s", bad[i]);
		assert_true(diag.text[0]);
		assert_memory_equal(&k, &zero, sizeof(k));
	}
}

/* RSA exponents and leading octets: the modulus is a good one. */
static void test_rsa_exponent(void **state)
{
	static const struct {
		const char *e;
		bool good;
	} cases[] = {
	    {"AQAB", true},  {"AQAD", true},	{"AQ", false},	  {"Aw", false},      {"EQ", false},
	    {"AQAA", false}, {"AAEAAQ", false}, {"_____w", true}, {"AQAAAAE", false}, {"", false},
	};
	char text[1024];
	struct jwk k;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		const char *n = strstr(EX_RS256_JWK, "\"n\":");

		snprintf(text, sizeof(text), "{\"kty\":\"RSA\",%.*s,\"e\":\"%s\"}",
			 (int)(strcspn(n, ",")), n, cases[i].e);
		if ((jwk_parse(sd_slice_str(text), 0, &k, NULL) == 0) != cases[i].good)
			fail_msg("exponent %s", cases[i].e);
		jwk_fini(&k);
	}
}

static void test_kid_length(void **state)
{
	char text[512], kid[JWK_KID_MAX + 2];
	struct jwk k;

	(void)state;
	for (int n = JWK_KID_MAX; n <= JWK_KID_MAX + 1; n++) {
		memset(kid, 'k', sizeof(kid));
		kid[n] = '\0';
		snprintf(text, sizeof(text), "{" EC ",\"kid\":\"%s\"}", kid);
		assert_int_equal(jwk_parse(sd_slice_str(text), 0, &k, NULL),
				 n > JWK_KID_MAX ? SD_ERR_INVALID : 0);
		jwk_fini(&k);
	}
	jwk_fini(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_algorithm),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_rsa_exponent),
	    cmocka_unit_test(test_kid_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
