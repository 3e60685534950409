/* SPDX-License-Identifier: MIT
 * jws - compact JWS: split, header checked, signature verified.
 * Owns:      which header members exist for us
 * Runs in:   worker, signer, tools (after the sandbox)
 * Fails by:  JWS_MALFORMED with a reason, JWS_SIGNATURE
 * Never:     a key, an address or a certificate from the token; an algorithm that only the token
 * names */
#include "base.h"

#include "jws.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "b64url.h"
#include "die.h"
#include "err.h"
#include "json_in.h"
#include "token_ossl.h"

#define ES256_HALF 32

static enum jws_result malformed(const char **reason_out, const char *reason)
{
	if (reason_out)
		*reason_out = reason;
	return JWS_MALFORMED;
}

/* --- header ------------------------------------------------------------------ */

/* Whose header it is. */
enum header_kind { HEADER_OURS, HEADER_RAW, HEADER_FOREIGN };

static bool kid_is_visible(struct sd_slice kid)
{
	for (size_t i = 0; i < kid.n; i++)
		if (kid.p[i] < 0x21 || kid.p[i] > 0x7e)
			return false;
	return true;
}

static bool kid_fits(struct sd_slice kid, enum header_kind kind)
{
	if (kind == HEADER_RAW)
		return true;
	if (kid.n == 0 || kid.n > JWK_KID_MAX)
		return false;
	if (kind == HEADER_FOREIGN)
		return kid_is_visible(kid);
	for (size_t i = 0; i < kid.n; i++) {
		uint8_t c = (uint8_t)kid.p[i], lower = c | 0x20;

		if ((uint8_t)(lower - 'a') >= 26 && (uint8_t)(c - '0') >= 10 && c != '.' &&
		    c != '_' && c != '~' && c != '-')
			return false;
	}
	return true;
}

/* Members that name a key, or change what the rest means. */
static bool is_demanding(struct sd_slice name)
{
	static const char *const names[] = {"crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c"};

	for (size_t i = 0; i < SD_ARRAY_LEN(names); i++)
		if (sd_slice_is(name, names[i]))
			return true;
	return false;
}

/* A constant phrase when the header is not one of ours, else NULL. */
static const char *header_read(struct jws *out, struct sd_arena *arena, enum header_kind kind)
{
	struct json_flat o __attribute__((uninitialized)); /* the scan fills what count covers */
	struct sd_slice alg = {NULL, 0}, cty;

	if (json_flat_scan(out->header, &o, NULL) != 0)
		return "the header is not strict JSON";
	for (uint32_t i = 0; i < o.count; i++) {
		const struct json_member *m = &o.m[i];
		struct sd_slice *to;

		if (m->name_escaped)
			return "an escaped name in the header";
		if (sd_slice_is(m->name, "alg"))
			to = &alg;
		else if (sd_slice_is(m->name, "kid"))
			to = &out->kid;
		else if (sd_slice_is(m->name, "typ"))
			to = &out->typ;
		else if (sd_slice_is(m->name, "cty"))
			to = &cty;
		else if (kind == HEADER_FOREIGN && !is_demanding(m->name))
			continue;
		else
			return "a header member that is not alg, typ, kid or cty";
		if (json_get_str(&m->value, arena, to) != 0)
			return "a header member that is not a string";
	}
	out->alg = jose_alg_parse(alg);
	if (out->alg == JOSE_ALG_NONE_VALID)
		return alg.p ? "alg is not one of ours" : "no alg";
	if (out->kid.p && !kid_fits(out->kid, kind))
		return "kid is not 1 to 128 of A-Z a-z 0-9 . _ ~ -";
	return NULL;
}

/* --- structure --------------------------------------------------------------- */

static bool part_decode(struct sd_slice text, struct sd_arena *arena, struct sd_slice *out)
{
	size_t room = text.n / 4 * 3 + 3, n;
	char *p = sd_arena_alloc(arena, room);

	if (!p || b64url_decode(text, p, room, &n) != 0)
		return false;
	*out = sd_slice(p, n);
	return true;
}

static enum jws_result split(struct sd_slice token, struct sd_arena *arena, enum header_kind kind,
			     struct jws *out, const char **reason_out)
{
	const char *dot1, *dot2, *end = token.p + token.n, *why;

	memset(out, 0, sizeof(*out));
	if (reason_out)
		*reason_out = NULL;
	if (token.n == 0 || token.n > JWS_MAX_TOKEN)
		return malformed(reason_out, "length");
	dot1 = memchr(token.p, '.', token.n);
	dot2 = dot1 ? memchr(dot1 + 1, '.', (size_t)(end - dot1 - 1)) : NULL;
	if (!dot2 || memchr(dot2 + 1, '.', (size_t)(end - dot2 - 1)))
		return malformed(reason_out, "not three parts");
	/* RFC 7515 allows an empty payload, and vectors have one; no claim set is empty. */
	if (dot1 == token.p || (dot2 == dot1 + 1 && kind != HEADER_RAW) || dot2 + 1 == end)
		return malformed(reason_out, "an empty part");
	out->signed_part = sd_slice(token.p, (size_t)(dot2 - token.p));
	if (!part_decode(sd_slice(token.p, (size_t)(dot1 - token.p)), arena, &out->header) ||
	    !part_decode(sd_slice(dot1 + 1, (size_t)(dot2 - dot1 - 1)), arena, &out->payload) ||
	    !part_decode(sd_slice(dot2 + 1, (size_t)(end - dot2 - 1)), arena, &out->signature))
		why = "not base64url";
	else
		why = header_read(out, arena, kind);
	if (why) {
		memset(out, 0, sizeof(*out));
		return malformed(reason_out, why);
	}
	return JWS_OK;
}

enum jws_result jws_split(struct sd_slice token, struct sd_arena *arena, struct jws *out,
			  const char **reason_out)
{
	return split(token, arena, HEADER_OURS, out, reason_out);
}

enum jws_result jws_split_raw(struct sd_slice token, struct sd_arena *arena, struct jws *out,
			      const char **reason_out)
{
	return split(token, arena, HEADER_RAW, out, reason_out);
}

enum jws_result jws_split_foreign(struct sd_slice token, struct sd_arena *arena, struct jws *out,
				  const char **reason_out)
{
	return split(token, arena, HEADER_FOREIGN, out, reason_out);
}

/* --- signature ----------------------------------------------------------------- */

/* 1 <= v < n, the order of P-256's base point. */
static bool in_order(const uint8_t v[ES256_HALF])
{
	static const uint8_t order[ES256_HALF] = {
	    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
	    0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	};
	static const uint8_t zero[ES256_HALF];

	return memcmp(v, zero, ES256_HALF) != 0 && memcmp(v, order, ES256_HALF) < 0;
}

/* r||s -> DER as OpenSSL wants it; the length, or 0. */
static size_t es256_der(struct sd_slice sig, unsigned char *der, size_t size)
{
	const uint8_t *r = (const uint8_t *)sig.p, *s = r + ES256_HALF;
	BIGNUM *br, *bs;
	ECDSA_SIG *es;
	int n = 0;

	if (sig.n != 2 * ES256_HALF || !in_order(r) || !in_order(s))
		return 0;
	br = BN_bin2bn(r, ES256_HALF, NULL);
	bs = BN_bin2bn(s, ES256_HALF, NULL);
	es = ECDSA_SIG_new();
	if (br && bs && es && ECDSA_SIG_set0(es, br, bs) == 1) {
		br = bs = NULL; /* the signature's now */
		n = i2d_ECDSA_SIG(es, NULL);
		n = n > 0 && (size_t)n <= size ? i2d_ECDSA_SIG(es, &der) : 0;
	}
	ECDSA_SIG_free(es);
	BN_free(br);
	BN_free(bs);
	return n > 0 ? (size_t)n : 0;
}

/* RS256, PS256, ES256: the hash here, the rest by the state that the key carries. */
static bool hashed_verify(const struct jws *jws, const struct jwk *key)
{
	const uint8_t *sig = (const uint8_t *)jws->signature.p;
	size_t n = jws->signature.n;
	unsigned char der[80];
	uint8_t hash[32];

	if (key->alg == JOSE_ES256) {
		n = es256_der(jws->signature, der, sizeof(der));
		sig = der;
		if (n == 0)
			return false;
	} else if (n != (size_t)EVP_PKEY_get_size(key->pkey)) {
		return false;
	}
	return token_ossl_digest(jws->signed_part, sd_slice(NULL, 0), hash) == 0 &&
	       EVP_PKEY_verify(key->verify, sig, n, hash, sizeof(hash)) == 1;
}

static bool eddsa_verify(const struct jws *jws, const struct jwk *key)
{
	EVP_MD_CTX *ctx;
	bool ok;

	if (jws->signature.n != 64)
		return false;
	ctx = EVP_MD_CTX_new();
	ok = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1 &&
	     EVP_DigestVerify(ctx, (const uint8_t *)jws->signature.p, jws->signature.n,
			      (const uint8_t *)jws->signed_part.p, jws->signed_part.n) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

enum jws_result jws_verify(const struct jws *jws, const struct jwk *key)
{
	bool ok = false;

	if (!key->pkey || jws->alg != key->alg)
		return JWS_SIGNATURE;
	switch (key->alg) {
	case JOSE_RS256:
	case JOSE_PS256:
	case JOSE_ES256:
		sd_bug_if(!key->verify);
		ok = hashed_verify(jws, key);
		break;
	case JOSE_EDDSA:
		ok = eddsa_verify(jws, key);
		break;
	case JOSE_ALG_NONE_VALID:
	case JOSE_ALG_COUNT:
		break;
	}
	if (!ok)
		ERR_clear_error();
	return ok ? JWS_OK : JWS_SIGNATURE;
}

int jws_digest(struct sd_slice token, uint8_t out[32])
{
	return token_ossl_digest(token, sd_slice(NULL, 0), out);
}
