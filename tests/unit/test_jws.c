/* SPDX-License-Identifier: MIT
 * test_jws - the catalogue of token mutations, as data: algorithm, signature bytes, compact form,
 * header, and the RFCs' examples. Every header case is genuinely signed: only strictness refuses.
 */
#include "base.h"

#include "jws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "jose_examples.h"
#include "token_fix.h"

static struct fix_key keys[JOSE_ALG_COUNT];
static struct sd_arena arena;
static struct sd_buf token;

static int setup(void **state)
{
	(void)state;
	sd_arena_init(&arena, 1 << 18);
	sd_buf_init(&token, 1 << 18);
	for (int i = 1; i < JOSE_ALG_COUNT; i++)
		fix_key_new(&keys[i], (enum jose_alg)i);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 1; i < JOSE_ALG_COUNT; i++)
		fix_key_fini(&keys[i]);
	sd_buf_fini(&token);
	sd_arena_fini(&arena);
	return 0;
}

/* Split and verify in one; JWS_MALFORMED must come with a reason and leave nothing behind. */
static enum jws_result judge(struct sd_slice text, const struct jwk *key)
{
	static const struct jws zero;
	char *copy = malloc(text.n ? text.n : 1); /* exact, for the sanitizer */
	const char *why = NULL;
	enum jws_result r;
	struct jws jws;

	if (text.n)
		memcpy(copy, text.p, text.n);
	sd_arena_reset(&arena);
	r = jws_split(sd_slice(copy, text.n), &arena, &jws, &why);
	if (r == JWS_MALFORMED) {
		assert_non_null(why);
		assert_memory_equal(&jws, &zero, sizeof(jws));
	} else {
		assert_null(why);
		r = jws_verify(&jws, key);
	}
	free(copy);
	return r;
}

static void judge_is(const char *name, struct sd_slice text, const struct jwk *key,
		     enum jws_result want)
{
	enum jws_result got = judge(text, key);

	if (got != want)
		fail_msg("%s: %d, expected %d", name, got, want);
}

/* --- algorithm ----------------------------------------------------------------- */

static void test_alg_values(void **state)
{
	static const struct {
		const char *alg; /* the JSON value; NULL: no member */
		enum jws_result want;
	} cases[] = {
	    {"\"EdDSA\"", JWS_OK},
	    {"\"none\"", JWS_MALFORMED},
	    {"\"None\"", JWS_MALFORMED},
	    {"\"NONE\"", JWS_MALFORMED},
	    {"\"nOnE\"", JWS_MALFORMED},
	    {"\"none \"", JWS_MALFORMED},
	    {"\" none\"", JWS_MALFORMED},
	    {"\"\"", JWS_MALFORMED},
	    {"null", JWS_MALFORMED},
	    {"0", JWS_MALFORMED},
	    {"true", JWS_MALFORMED},
	    {"[\"EdDSA\"]", JWS_MALFORMED},
	    {"{\"EdDSA\":1}", JWS_MALFORMED},
	    {NULL, JWS_MALFORMED},
	    /* relabelled over a genuine signature */
	    {"\"RS256\"", JWS_SIGNATURE},
	    {"\"PS256\"", JWS_SIGNATURE},
	    {"\"ES256\"", JWS_SIGNATURE},
	    {"\"HS256\"", JWS_MALFORMED},
	    {"\"HS384\"", JWS_MALFORMED},
	    {"\"HS512\"", JWS_MALFORMED},
	    {"\"RS384\"", JWS_MALFORMED},
	    {"\"PS512\"", JWS_MALFORMED},
	    {"\"ES384\"", JWS_MALFORMED},
	    {"\"ES256K\"", JWS_MALFORMED},
	    {"\"Ed25519\"", JWS_MALFORMED},
	    {"\"eddsa\"", JWS_MALFORMED},
	    {"\"EdDSA \"", JWS_MALFORMED},
	    {"\"EdDSA\\u0000\"", JWS_MALFORMED},
	    {"\"foo\"", JWS_MALFORMED},
	    {"\"RSA-OAEP\"", JWS_MALFORMED},
	    {"\"A256GCM\"", JWS_MALFORMED},
	    {"\"dir\"", JWS_MALFORMED},
	    {"\"Ed\\u0044SA\"", JWS_OK}, /* the same string (RFC 8259 8.3) */
	};
	char header[128];

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		snprintf(header, sizeof(header),
			 cases[i].alg ? "{\"typ\":\"at+jwt\",\"alg\":%s}"
				      : "{\"typ\":\"at+jwt\"}%s",
			 cases[i].alg ? cases[i].alg : "");
		fix_sign(&keys[JOSE_EDDSA], sd_slice_str(header), SD_SLICE("{}"), &token);
		judge_is(header, sd_buf_slice(&token), &keys[JOSE_EDDSA].pub, cases[i].want);
	}
}

/* Each algorithm's token under each algorithm's key. */
static void test_alg_and_key(void **state)
{
	char header[64];

	(void)state;
	for (int signer = 1; signer < JOSE_ALG_COUNT; signer++) {
		for (int claimed = 1; claimed < JOSE_ALG_COUNT; claimed++) {
			snprintf(header, sizeof(header), "{\"alg\":\"%s\"}",
				 jose_alg_name((enum jose_alg)claimed));
			fix_sign(&keys[signer], sd_slice_str(header), SD_SLICE("{}"), &token);
			for (int k = 1; k < JOSE_ALG_COUNT; k++)
				judge_is(header, sd_buf_slice(&token), &keys[k].pub,
					 k == signer && claimed == signer ? JWS_OK : JWS_SIGNATURE);
		}
	}
}

/* PS256 and RS256 over one modulus: the key's algorithm decides. */
static void test_one_modulus_two_algorithms(void **state)
{
	struct jwk ps;

	(void)state;
	assert_int_equal(jwk_from_pkey(keys[JOSE_RS256].secret, JOSE_PS256, &ps, NULL), 0);
	fix_sign(&keys[JOSE_RS256], SD_SLICE("{\"alg\":\"RS256\"}"), SD_SLICE("{}"), &token);
	judge_is("RS256 token, PS256 key", sd_buf_slice(&token), &ps, JWS_SIGNATURE);
	fix_sign(&keys[JOSE_RS256], SD_SLICE("{\"alg\":\"PS256\"}"), SD_SLICE("{}"), &token);
	judge_is("PKCS1 signature called PS256", sd_buf_slice(&token), &ps, JWS_SIGNATURE);
	jwk_fini(&ps);
}

/* The public key as an HMAC secret (CVE-2016-10555 and its kin). */
static void test_key_confusion(void **state)
{
	unsigned char mac[32], *der = NULL;
	unsigned len;
	int n = i2d_PUBKEY(keys[JOSE_RS256].secret, &der);
	static const char *const algs[] = {"HS256", "RS256", "ES256"};
	char header[64];

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(algs); i++) {
		snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", algs[i]);
		sd_buf_reset(&token);
		fix_b64(&token, sd_slice_str(header));
		sd_buf_char(&token, '.');
		fix_b64(&token, SD_SLICE("{}"));
		HMAC(EVP_sha256(), der, n, (const unsigned char *)token.p, token.len, mac, &len);
		sd_buf_char(&token, '.');
		fix_b64(&token, sd_slice(mac, len));
		assert_int_not_equal(judge(sd_buf_slice(&token), &keys[JOSE_RS256].pub), JWS_OK);
	}
	OPENSSL_free(der);
}

/* --- signature bytes ------------------------------------------------------------- */

static struct jws split_good(int alg)
{
	struct jws jws;
	char header[64];

	sd_arena_reset(&arena);
	snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", jose_alg_name((enum jose_alg)alg));
	fix_sign(&keys[alg], sd_slice_str(header), SD_SLICE("{\"a\":1}"), &token);
	assert_int_equal(jws_split(sd_buf_slice(&token), &arena, &jws, NULL), JWS_OK);
	assert_int_equal(jws_verify(&jws, &keys[alg].pub), JWS_OK);
	return jws;
}

static void test_signature_bytes(void **state)
{
	static char sig[JWS_MAX_TOKEN];

	(void)state;
	for (int a = 1; a < JOSE_ALG_COUNT; a++) {
		struct jws jws = split_good(a), bad = jws;
		size_t n = jws.signature.n;
		static const int fills[] = {0x00, 0xff};

		bad.signature.p = sig;
		for (size_t bit = 0; bit < n * 8;
		     bit += a == JOSE_EDDSA || a == JOSE_ES256 ? 1 : 61) {
			memcpy(sig, jws.signature.p, n);
			sig[bit / 8] = (char)(sig[bit / 8] ^ (1 << bit % 8));
			assert_int_equal(jws_verify(&bad, &keys[a].pub), JWS_SIGNATURE);
		}
		memcpy(sig, jws.signature.p, n);
		for (bad.signature.n = 0; bad.signature.n < n; bad.signature.n++)
			assert_int_equal(jws_verify(&bad, &keys[a].pub), JWS_SIGNATURE);
		sig[n] = 0;
		bad.signature.n = n + 1; /* zero appended */
		assert_int_equal(jws_verify(&bad, &keys[a].pub), JWS_SIGNATURE);
		sig[0] = 0;
		memcpy(sig + 1, jws.signature.p, n); /* zero prepended */
		assert_int_equal(jws_verify(&bad, &keys[a].pub), JWS_SIGNATURE);
		bad.signature.n = sizeof(sig);
		assert_int_equal(jws_verify(&bad, &keys[a].pub), JWS_SIGNATURE);
		for (size_t i = 0; i < SD_ARRAY_LEN(fills); i++) {
			memset(sig, fills[i], sizeof(sig));
			bad.signature.n = n;
			assert_int_equal(jws_verify(&bad, &keys[a].pub), JWS_SIGNATURE);
		}
	}
}

/* r and s at the edges of their range (CVE-2022-21449), and the DER form. */
static void test_ecdsa_range(void **state)
{
	static const char *const order =
	    "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
	struct jws jws = split_good(JOSE_ES256), bad = jws;
	uint8_t values[6][32] = {{0}}, sig[64];
	BIGNUM *n = NULL, *r = BN_bin2bn((const uint8_t *)jws.signature.p, 32, NULL);

	(void)state;
	assert_true(BN_hex2bn(&n, order) > 0);
	values[1][31] = 1;
	BN_bn2binpad(n, values[2], 32);
	BN_sub_word(n, 1);
	BN_bn2binpad(n, values[3], 32);
	BN_add_word(n, 2);
	BN_bn2binpad(n, values[4], 32);
	memset(values[5], 0xff, 32);
	bad.signature = sd_slice(sig, sizeof(sig));
	for (size_t i = 0; i < SD_ARRAY_LEN(values); i++) {
		for (size_t j = 0; j < SD_ARRAY_LEN(values); j++) {
			memcpy(sig, values[i], 32);
			memcpy(sig + 32, values[j], 32);
			assert_int_equal(jws_verify(&bad, &keys[JOSE_ES256].pub), JWS_SIGNATURE);
		}
		memcpy(sig, jws.signature.p, 64);
		memcpy(sig, values[i], 32);
		assert_int_equal(jws_verify(&bad, &keys[JOSE_ES256].pub), JWS_SIGNATURE);
		memcpy(sig, jws.signature.p, 64);
		memcpy(sig + 32, values[i], 32);
		assert_int_equal(jws_verify(&bad, &keys[JOSE_ES256].pub), JWS_SIGNATURE);
	}
	BN_sub_word(n, 1);
	BN_add(r, r, n); /* r + n, when it still has 32 bytes */
	if (BN_num_bytes(r) <= 32) {
		memcpy(sig, jws.signature.p, 64);
		BN_bn2binpad(r, sig, 32);
		assert_int_equal(jws_verify(&bad, &keys[JOSE_ES256].pub), JWS_SIGNATURE);
	}
	BN_free(n);
	BN_free(r);
}

static void test_ecdsa_der(void **state)
{
	struct jws jws = split_good(JOSE_ES256);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t n = sizeof(der);

	(void)state;
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, keys[JOSE_ES256].secret),
			 1);
	assert_int_equal(
	    EVP_DigestSign(ctx, der, &n, (const uint8_t *)jws.signed_part.p, jws.signed_part.n), 1);
	jws.signature = sd_slice(der, n);
	assert_int_equal(jws_verify(&jws, &keys[JOSE_ES256].pub), JWS_SIGNATURE);
	EVP_MD_CTX_free(ctx);
}

/* --- compact form ------------------------------------------------------------------ */

static void test_compact_form(void **state)
{
	/* H, P, S: the good parts. */
	static const char *const forms[] = {
	    "",
	    ".",
	    "..",
	    "...",
	    "....",
	    "H",
	    "H.P",
	    "H.P.",
	    ".P.S",
	    "H..S",
	    "H.P.S.",
	    ".H.P.S",
	    "H.P.S.S",
	    "H.P.S.S.S",
	    " H.P.S",
	    "H.P.S ",
	    "\tH.P.S",
	    "H.P.S\n",
	    "H.P.S\r",
	    "H .P.S",
	    "H.P .S",
	    "H. P.S",
	    "H.P.S=",
	    "H.P=.S",
	    "H=.P.S",
	    "H.P.S==",
	    "H.P.%2e",
	    "H?.P.S",
	    "H.P?.S",
	    "H.P.S?",
	    "H+.P.S",
	    "H/.P.S",
	    "Bearer H.P.S",
	    "H.P.S H.P.S",
	    "H.P.S,H.P.S",
	    "\"H.P.S\"",
	    "'H.P.S'",
	    "H,P,S",
	    "H.P.S\x01",
	    "H\nP\nS",
	    "{\"payload\":\"P\",\"protected\":\"H\",\"signature\":\"S\"}",
	    "{\"a\":\"H.P.S\"}",
	    "H.P.S\xef\xbb\xbf",
	    "\xef\xbb\xbfH.P.S",
	    "H.P.SAAA=",
	    "HA.P.S",
	    "H.PA.S",
	};
	struct sd_slice part[3];
	struct sd_buf form;
	struct jws jws = split_good(JOSE_EDDSA);

	(void)state;
	part[0] = sd_slice(token.p, strcspn(token.p, "."));
	part[1] = sd_slice(token.p + part[0].n + 1, jws.signed_part.n - part[0].n - 1);
	part[2] = sd_slice(token.p + jws.signed_part.n + 1, token.len - jws.signed_part.n - 1);
	sd_buf_init(&form, 8192);
	for (size_t i = 0; i < SD_ARRAY_LEN(forms); i++) {
		sd_buf_reset(&form);
		for (const char *p = forms[i]; *p; p++) {
			if (*p == 'H' || *p == 'P' || *p == 'S')
				sd_buf_put(&form, part[*p == 'H' ? 0 : *p == 'P' ? 1 : 2]);
			else
				sd_buf_char(&form, *p);
		}
		if (judge(sd_buf_slice(&form), &keys[JOSE_EDDSA].pub) == JWS_OK)
			fail_msg("accepted %s", forms[i]);
	}
	sd_buf_reset(&form);
	sd_buf_put(&form, sd_buf_slice(&token));
	judge_is("nothing", sd_slice(NULL, 0), &keys[JOSE_EDDSA].pub, JWS_MALFORMED);
	judge_is("whole", sd_buf_slice(&form), &keys[JOSE_EDDSA].pub, JWS_OK);
	sd_buf_char(&form, '\0');
	judge_is("NUL", sd_buf_slice(&form), &keys[JOSE_EDDSA].pub, JWS_MALFORMED);
	sd_buf_str(&form, "garbage");
	judge_is("NUL and garbage", sd_buf_slice(&form), &keys[JOSE_EDDSA].pub, JWS_MALFORMED);
	sd_buf_fini(&form);
}

/* Unused trailing bits set, in the header (signed over that very text) and in the signature. */
static void test_trailing_bits(void **state)
{
	static const char *const headers[] = {"{\"alg\":\"EdDSA\"} ", "{\"alg\":\"EdDSA\"}  "};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(headers); i++) {
		sd_buf_reset(&token);
		fix_b64(&token, sd_slice_str(headers[i]));
		if (token.len % 4 == 0)
			continue;
		token.p[token.len -
			1]++; /* the unused bits were 0: the next letter sets the lowest */
		sd_buf_str(&token, ".e30");
		fix_sign_text(&keys[JOSE_EDDSA], &token);
		judge_is("header bits", sd_buf_slice(&token), &keys[JOSE_EDDSA].pub, JWS_MALFORMED);
	}
	fix_sign(&keys[JOSE_EDDSA], SD_SLICE("{\"alg\":\"EdDSA\"}"), SD_SLICE("{}"), &token);
	token.p[token.len - 1] =
	    token.p[token.len - 1] == 'A' ? 'B' : (char)(token.p[token.len - 1] + 1);
	judge_is("signature bits", sd_buf_slice(&token), &keys[JOSE_EDDSA].pub, JWS_MALFORMED);
	sd_buf_reset(&token);
	sd_buf_str(&token, "eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ==");
	fix_sign_text(&keys[JOSE_EDDSA], &token);
	judge_is("padded payload, signed over it", sd_buf_slice(&token), &keys[JOSE_EDDSA].pub,
		 JWS_MALFORMED);
}

static void test_length(void **state)
{
	static char payload[8192];

	(void)state;
	memset(payload, ' ', sizeof(payload));
	for (size_t n = 5900; n < 6200; n++) {
		fix_sign(&keys[JOSE_EDDSA], SD_SLICE("{\"alg\":\"EdDSA\"}"), sd_slice(payload, n),
			 &token);
		judge_is("length", sd_buf_slice(&token), &keys[JOSE_EDDSA].pub,
			 token.len <= JWS_MAX_TOKEN ? JWS_OK : JWS_MALFORMED);
	}
}

/* --- header --------------------------------------------------------------------------- */

#define A "\"alg\":\"EdDSA\""
#define M JWS_MALFORMED

static const struct {
	const char *header;
	enum jws_result want;
} headers[] = {
    {"{" A "}", JWS_OK},
    {"{" A ",\"typ\":\"at+jwt\",\"kid\":\"k\",\"cty\":\"x\"}", JWS_OK},
    {" {\n\t" A " \r}", JWS_OK},
    {"{\"typ\":\"refresh+jwt\"," A "}", JWS_OK}, /* the caller compares typ */
    /* crit, b64, zip */
    {"{" A ",\"crit\":[\"x\"]}", M},
    {"{" A ",\"crit\":[\"b64\"],\"b64\":false}", M},
    {"{" A ",\"crit\":[]}", M},
    {"{" A ",\"crit\":\"b64\"}", M},
    {"{" A ",\"crit\":null}", M},
    {"{" A ",\"crit\":1}", M},
    {"{" A ",\"crit\":[\"alg\"]}", M},
    {"{" A ",\"crit\":[\"exp\",\"exp\"],\"exp\":1}", M},
    {"{" A ",\"b64\":false}", M},
    {"{" A ",\"b64\":true}", M},
    {"{" A ",\"zip\":\"DEF\"}", M},
    /* keys and addresses */
    {"{" A ",\"jwk\":{\"kty\":\"OKP\"}}", M},
    {"{" A ",\"jku\":\"https://e.example/k\"}", M},
    {"{" A ",\"x5u\":\"https://e.example/c\"}", M},
    {"{" A ",\"x5c\":[\"AA\"]}", M},
    {"{" A ",\"x5t\":\"AA\"}", M},
    {"{" A ",\"x5t#S256\":\"AA\"}", M},
    {"{" A ",\"epk\":{}}", M},
    {"{" A ",\"enc\":\"A128GCM\"}", M},
    {"{" A ",\"p2c\":2147483647}", M},
    {"{" A ",\"nonce\":\"x\"}", M},
    {"{" A ",\"x\":1}", M},
    /* kid */
    {"{" A ",\"kid\":\"\"}", M},
    {"{" A ",\"kid\":null}", M},
    {"{" A ",\"kid\":1}", M},
    {"{" A ",\"kid\":true}", M},
    {"{" A ",\"kid\":[\"k\"]}", M},
    {"{" A ",\"kid\":{\"k\":1}}", M},
    {"{" A ",\"kid\":\"../../etc/passwd\"}", M},
    {"{" A ",\"kid\":\"/dev/null\"}", M},
    {"{" A ",\"kid\":\"$(id)\"}", M},
    {"{" A ",\"kid\":\"|id\"}", M},
    {"{" A ",\"kid\":\"' OR 1=1--\"}", M},
    {"{" A ",\"kid\":\"*)(uid=*\"}", M},
    {"{" A ",\"kid\":\"%n%n\"}", M},
    {"{" A ",\"kid\":\"k \"}", M},
    {"{" A ",\"kid\":\"k\\u0000\"}", M},
    {"{" A ",\"kid\":\"k\\r\\nFLUSHALL\"}", M},
    {"{" A ",\"kid\":\"{k}\"}", M},
    {"{" A ",\"kid\":\"*\"}", M},
    {"{" A ",\"kid\":\"\\u202ek\"}", M},
    {"{" A ",\"kid\":\"\\ufffd\"}", M},
    {"{" A ",\"kid\":\"k\xc3\xa9\"}", M},
    {"{" A ",\"kid\":\"A-z0.9_~\"}", JWS_OK},
    /* typ, cty */
    {"{" A ",\"typ\":1}", M},
    {"{" A ",\"typ\":null}", M},
    {"{" A ",\"cty\":[]}", M},
    /* JSON */
    {"{" A "," A "}", M},
    {"{" A ",\"\\u0061lg\":\"EdDSA\"}", M},
    {"{\"\\u0061lg\":\"EdDSA\"}", M},
    {"{" A ",\"kid\":\"a\",\"kid\":\"b\"}", M},
    {"{" A ",}", M},
    {"{" A "} x", M},
    {"{" A "}{}", M},
    {"{" A "}/**/", M},
    {"{'alg':'EdDSA'}", M},
    {"[" A "]", M},
    {"[]", M},
    {"\"EdDSA\"", M},
    {"null", M},
    {"{}", M},
    {"\xef\xbb\xbf{" A "}", M},
    {"{" A ",\"kid\":\"\\ud800\"}", M},
    {"{" A ",\"cty\":\"\xff\"}", M},
    {"{" A ",\"cty\":\"\xc0\xaf\"}", M},
    {"{" A ",\"kid\":NaN}", M},
    {"{" A, M},
    {"", M},
};

static void test_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(headers); i++) {
		fix_sign(&keys[JOSE_EDDSA], sd_slice_str(headers[i].header), SD_SLICE("{}"),
			 &token);
		judge_is(headers[i].header, sd_buf_slice(&token), &keys[JOSE_EDDSA].pub,
			 headers[i].want);
	}
	fix_sign(&keys[JOSE_EDDSA], sd_slice("{" A "}\0", sizeof("{" A "}")), SD_SLICE("{}"),
		 &token);
	judge_is("NUL behind", sd_buf_slice(&token), &keys[JOSE_EDDSA].pub, M);
	fix_sign(&keys[JOSE_EDDSA], sd_slice("{\0\"\0a\0", 6), SD_SLICE("{}"), &token);
	judge_is("UTF-16", sd_buf_slice(&token), &keys[JOSE_EDDSA].pub, M);
}

static void test_header_size(void **state)
{
	static char header[6000];
	static const size_t kids[] = {128, 129, 1024};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(kids); i++) {
		int n = snprintf(header, sizeof(header), "{" A ",\"kid\":\"");

		memset(header + n, 'k', kids[i]);
		memcpy(header + (size_t)n + kids[i], "\"}", 3);
		fix_sign(&keys[JOSE_EDDSA], sd_slice_str(header), SD_SLICE("{}"), &token);
		judge_is("kid's length", sd_buf_slice(&token), &keys[JOSE_EDDSA].pub,
			 kids[i] <= 128 ? JWS_OK : M);
	}
	memset(header, '[', 5000);
	fix_sign(&keys[JOSE_EDDSA], sd_slice(header, 5000), SD_SLICE("{}"), &token);
	judge_is("depth", sd_buf_slice(&token), &keys[JOSE_EDDSA].pub, M);
}

/* --- examples ------------------------------------------------------------------------------- */

static void test_examples(void **state)
{
	static const char *const pairs[][2] = {
	    {EX_RS256_JWK, EX_RS256_TOKEN},
	    {EX_ES256_JWK, EX_ES256_TOKEN},
	    {EX_EDDSA_JWK, EX_EDDSA_TOKEN},
	};
	struct jws jws;
	struct jwk k;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(pairs); i++) {
		sd_arena_reset(&arena);
		assert_int_equal(jwk_parse(sd_slice_str(pairs[i][0]), 0, &k, NULL), 0);
		assert_int_equal(jws_split_raw(sd_slice_str(pairs[i][1]), &arena, &jws, NULL),
				 JWS_OK);
		assert_int_equal(jws_verify(&jws, &k), JWS_OK);
		for (int again = 0; again < 3;
		     again++) /* the kept state is not used up, nor spoilt */
			assert_int_equal(jws_verify(&jws, &k), JWS_OK);
		jws.signed_part.n--;
		assert_int_equal(jws_verify(&jws, &k), JWS_SIGNATURE);
		jws.signed_part.n++;
		assert_int_equal(jws_verify(&jws, &k), JWS_OK);
		jwk_fini(&k);
	}
}

/* Raw allows any kid and an empty payload, and nothing else more. */
static void test_raw(void **state)
{
	struct jws jws;

	(void)state;
	fix_sign(&keys[JOSE_EDDSA], SD_SLICE("{" A ",\"kid\":\"a b@c\"}"), sd_slice(NULL, 0),
		 &token);
	assert_int_equal(jws_split_raw(sd_buf_slice(&token), &arena, &jws, NULL), JWS_OK);
	assert_int_equal(jws_verify(&jws, &keys[JOSE_EDDSA].pub), JWS_OK);
	judge_is("strict", sd_buf_slice(&token), &keys[JOSE_EDDSA].pub, M);
	for (size_t i = 0; i < SD_ARRAY_LEN(headers); i++) {
		if (headers[i].want == JWS_OK || strstr(headers[i].header, "\"kid\""))
			continue;
		fix_sign(&keys[JOSE_EDDSA], sd_slice_str(headers[i].header), SD_SLICE("{}"),
			 &token);
		if (jws_split_raw(sd_buf_slice(&token), &arena, &jws, NULL) == JWS_OK)
			fail_msg("raw accepted %s", headers[i].header);
		sd_arena_reset(&arena);
	}
}

/* No room: refused, not half read. */
static void test_small_arena(void **state)
{
	struct sd_arena tiny;
	struct jws jws;

	(void)state;
	sd_arena_init(&tiny, 64);
	assert_int_equal(jws_split_raw(SD_SLICE(EX_RS256_TOKEN), &tiny, &jws, NULL), JWS_MALFORMED);
	assert_null(jws.payload.p);
	sd_arena_fini(&tiny);
}

/* FIPS 180-4's example; nothing is left of the one before. */
static void test_digest(void **state)
{
	static const uint8_t abc[4] = {0xba, 0x78, 0x16, 0xbf};
	uint8_t once[32], again[32];

	(void)state;
	assert_int_equal(jws_digest(SD_SLICE("abc"), once), 0);
	assert_memory_equal(once, abc, sizeof(abc));
	assert_int_equal(jws_digest(SD_SLICE("abd"), again), 0);
	assert_memory_not_equal(once, again, sizeof(once));
	assert_int_equal(jws_digest(SD_SLICE("abc"), again), 0);
	assert_memory_equal(once, again, sizeof(once));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alg_values),
	    cmocka_unit_test(test_alg_and_key),
	    cmocka_unit_test(test_one_modulus_two_algorithms),
	    cmocka_unit_test(test_key_confusion),
	    cmocka_unit_test(test_signature_bytes),
	    cmocka_unit_test(test_ecdsa_range),
	    cmocka_unit_test(test_ecdsa_der),
	    cmocka_unit_test(test_compact_form),
	    cmocka_unit_test(test_trailing_bits),
	    cmocka_unit_test(test_length),
	    cmocka_unit_test(test_header),
	    cmocka_unit_test(test_header_size),
	    cmocka_unit_test(test_examples),
	    cmocka_unit_test(test_raw),
	    cmocka_unit_test(test_small_arena),
	    cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
