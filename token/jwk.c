/* SPDX-License-Identifier: MIT
 * jwk - one public key, from JSON to OpenSSL.
 * Owns:      the members of a JWK that we read
 * Runs in:   master (import), signer, tools
 * Fails by:  SD_ERR_INVALID with a reason, SD_ERR_CRYPTO, SD_ERR_MEMORY; *out zeroed
 * Never:     a JWK out of a token: keys come from configuration alone (CVE-2018-0114) */
#include "base.h"

#include "jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "b64url.h"
#include "err.h"
#include "json_in.h"
#include "jwk_check.h"

#define TEXT_ARENA 16384
#define POINT 32 /* bytes of a P-256 coordinate and of an Ed25519 key */
#define RSA_BYTES_MAX (JWK_RSA_BITS_MAX / 8)

struct source {
	struct json_flat o;
	struct sd_arena arena;
	struct sd_diag *diag;
};

/* A string member; absent: {NULL,0} and 0. */
static int text_get(struct source *s, const char *name, struct sd_slice *out)
{
	const struct json_value *v = json_flat_find(&s->o, name);

	*out = sd_slice(NULL, 0);
	if (!v)
		return 0;
	if (json_get_str(v, &s->arena, out) == 0)
		return 0;
	return sd_diag_set(s->diag, SD_ERR_INVALID, "%s is not a string", name);
}

/* A required member of base64url; as many bytes as size, or up to it when exact is false. */
static int bytes_get(struct source *s, const char *name, uint8_t *out, size_t size, size_t *n_out)
{
	struct sd_slice text;
	int err = text_get(s, name, &text);

	*n_out = 0;
	if (err)
		return err;
	if (!text.p)
		return sd_diag_set(s->diag, SD_ERR_INVALID, "%s is missing", name);
	if (b64url_decode(text, out, size, n_out) != 0 || *n_out == 0)
		return sd_diag_set(s->diag, SD_ERR_INVALID, "%s is not base64url of 1 to %zu bytes",
				   name, size);
	return 0;
}

static int private_refuse(struct source *s)
{
	static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

	for (size_t i = 0; i < SD_ARRAY_LEN(names); i++)
		if (json_flat_find(&s->o, names[i]))
			return sd_diag_set(s->diag, SD_ERR_INVALID,
					   "holds a private or symmetric member (%s)", names[i]);
	return 0;
}

/* use "sig" and key_ops with "verify", where they are given. */
static int purpose_check(struct source *s)
{
	const struct json_value *ops = json_flat_find(&s->o, "key_ops");
	struct json_value item;
	struct sd_slice use, op;
	bool verify = false;
	size_t pos = 0;
	int err = text_get(s, "use", &use);

	if (err)
		return err;
	if (use.p && !sd_slice_is(use, "sig"))
		return sd_diag_set(s->diag, SD_ERR_INVALID, "use is not \"sig\"");
	if (!ops)
		return 0;
	if (ops->kind != JSON_ARRAY)
		return sd_diag_set(s->diag, SD_ERR_INVALID, "key_ops is not an array");
	while (json_array_next(ops, &pos, &item)) {
		if (json_get_str(&item, &s->arena, &op) != 0)
			return sd_diag_set(s->diag, SD_ERR_INVALID,
					   "key_ops holds something not a string");
		verify |= sd_slice_is(op, "verify");
	}
	return verify ? 0 : sd_diag_set(s->diag, SD_ERR_INVALID, "key_ops is without \"verify\"");
}

static int from_params(const char *kind, OSSL_PARAM_BLD *bld, EVP_PKEY **out)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	int ok = params && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
		 EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) == 1;

	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return ok ? 0 : SD_ERR_CRYPTO;
}

static int rsa_make(struct source *s, EVP_PKEY **out)
{
	uint8_t n[RSA_BYTES_MAX], e[4];
	size_t nn, en;
	OSSL_PARAM_BLD *bld = NULL;
	BIGNUM *bn = NULL, *be = NULL;
	int err;

	if ((err = bytes_get(s, "n", n, sizeof(n), &nn)) != 0 ||
	    (err = bytes_get(s, "e", e, sizeof(e), &en)) != 0)
		return err;
	if (n[0] == 0 || e[0] == 0) /* RFC 7518 6.3.1: the fewest octets */
		return sd_diag_set(s->diag, SD_ERR_INVALID, "n or e begins with a zero octet");
	bn = BN_bin2bn(n, (int)nn, NULL);
	be = BN_bin2bn(e, (int)en, NULL);
	bld = OSSL_PARAM_BLD_new();
	if (bn && be && bld && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
		err = from_params("RSA", bld, out);
	else
		err = SD_ERR_MEMORY;
	OSSL_PARAM_BLD_free(bld);
	BN_free(bn);
	BN_free(be);
	return err ? sd_diag_set(s->diag, err, "RSA key refused") : 0;
}

static int curve_is(struct source *s, const char *want)
{
	struct sd_slice crv;
	int err = text_get(s, "crv", &crv);

	if (err)
		return err;
	return sd_slice_is(crv, want) ? 0
				      : sd_diag_set(s->diag, SD_ERR_INVALID, "crv is not %s", want);
}

static int ec_make(struct source *s, EVP_PKEY **out)
{
	uint8_t point[1 + 2 * POINT] = {4}; /* uncompressed */
	size_t xn, yn;
	OSSL_PARAM_BLD *bld;
	int err;

	if ((err = curve_is(s, "P-256")) != 0 ||
	    (err = bytes_get(s, "x", point + 1, POINT, &xn)) != 0 ||
	    (err = bytes_get(s, "y", point + 1 + POINT, POINT, &yn)) != 0)
		return err;
	if (xn != POINT || yn != POINT)
		return sd_diag_set(s->diag, SD_ERR_INVALID, "x and y must have 32 bytes each");
	bld = OSSL_PARAM_BLD_new();
	err = SD_ERR_MEMORY;
	if (bld &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
		1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) ==
		1)
		err = from_params("EC", bld, out);
	OSSL_PARAM_BLD_free(bld);
	return err ? sd_diag_set(s->diag, SD_ERR_INVALID,
				 "EC key refused: the point is not on the curve")
		   : 0;
}

static int okp_make(struct source *s, EVP_PKEY **out)
{
	uint8_t x[POINT];
	size_t n;
	int err;

	if ((err = curve_is(s, "Ed25519")) != 0 || (err = bytes_get(s, "x", x, sizeof(x), &n)) != 0)
		return err;
	if (n != POINT)
		return sd_diag_set(s->diag, SD_ERR_INVALID, "x must have 32 bytes");
	*out = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, x, n);
	return *out ? 0 : sd_diag_set(s->diag, SD_ERR_CRYPTO, "Ed25519 key refused");
}

/* The kind's default algorithm, overruled by "alg" when that is given and one of ours. */
static int alg_choose(struct source *s, enum jose_alg kind_alg, enum jose_alg *out)
{
	struct sd_slice alg;
	int err = text_get(s, "alg", &alg);

	*out = kind_alg;
	if (err || !alg.p)
		return err;
	*out = jose_alg_parse(alg);
	if (*out == JOSE_ALG_NONE_VALID)
		return sd_diag_set(s->diag, SD_ERR_INVALID,
				   "alg is not one of RS256 PS256 ES256 EdDSA");
	return 0;
}

static int kid_get(struct source *s, char out[JWK_KID_MAX + 1])
{
	struct sd_slice kid;
	int err = text_get(s, "kid", &kid);

	if (err || !kid.p)
		return err;
	if (kid.n == 0 || kid.n > JWK_KID_MAX)
		return sd_diag_set(s->diag, SD_ERR_INVALID, "kid must have 1 to %d bytes",
				   JWK_KID_MAX);
	for (size_t i = 0; i < kid.n; i++)
		if (kid.p[i] < 0x21 || kid.p[i] > 0x7e)
			return sd_diag_set(s->diag, SD_ERR_INVALID, "kid must be visible ASCII");
	return sd_slice_copy(kid, out, JWK_KID_MAX + 1);
}

static int key_make(struct source *s, enum jose_alg default_alg, struct jwk *k)
{
	struct sd_slice kty;
	enum jose_alg kind_alg = default_alg == JOSE_PS256 ? JOSE_PS256 : JOSE_RS256;
	int err = text_get(s, "kty", &kty);

	if (err)
		return err;
	if (sd_slice_is(kty, "RSA")) {
		err = rsa_make(s, &k->pkey);
	} else if (sd_slice_is(kty, "EC")) {
		kind_alg = JOSE_ES256;
		err = ec_make(s, &k->pkey);
	} else if (sd_slice_is(kty, "OKP")) {
		kind_alg = JOSE_EDDSA;
		err = okp_make(s, &k->pkey);
	} else {
		err = sd_diag_set(s->diag, SD_ERR_INVALID, "kty is not RSA, EC or OKP");
	}
	return err ? err : alg_choose(s, kind_alg, &k->alg);
}

int jwk_parse(struct sd_slice text, enum jose_alg default_alg, struct jwk *out,
	      struct sd_diag *diag)
{
	struct source s = {.diag = diag};
	struct json_error where;
	int err;

	memset(out, 0, sizeof(*out));
	sd_arena_init(&s.arena, TEXT_ARENA);
	err = json_flat_scan(text, &s.o, &where);
	if (err)
		err = sd_diag_set(diag, err, "byte %zu: %s", where.offset, where.reason);
	else if ((err = private_refuse(&s)) == 0 && (err = purpose_check(&s)) == 0 &&
		 (err = kid_get(&s, out->kid)) == 0 &&
		 (err = key_make(&s, default_alg, out)) == 0 &&
		 (err = jwk_check_key(out->pkey, out->alg, diag)) == 0 &&
		 !jwk_check_ready(out->pkey, out->alg, &out->verify))
		err = sd_diag_set(diag, SD_ERR_CRYPTO, "OpenSSL refuses the key");
	sd_arena_fini(&s.arena);
	if (err) {
		jwk_fini(out);
		ERR_clear_error();
	}
	return err;
}

void jwk_fini(struct jwk *k)
{
	if (!k)
		return;
	EVP_PKEY_CTX_free(k->verify);
	EVP_PKEY_free(k->pkey);
	memset(k, 0, sizeof(*k));
}
