/* SPDX-License-Identifier: MIT
 * jwk - public keys: RFC 7517 in and out, checked (RSA >= 2048 bits and odd exponent >= 65537,
 * not ROCA; P-256 point on the curve; Ed25519), thumbprint as RFC 7638. */
#ifndef SD_JWK_H
#define SD_JWK_H

#include <openssl/evp.h>

#include "buf.h"
#include "diag.h"
#include "jose_alg.h"

#define JWK_KID_MAX 128
#define JWK_THUMBPRINT_LEN 43

struct jwk {
	enum jose_alg alg;           /* the one algorithm this key verifies */
	char kid[JWK_KID_MAX + 1];   /* "" when the JWK has none */
	EVP_PKEY *pkey;              /* public part only */
	EVP_PKEY_CTX *verify;        /* made ready once for jws_verify; NULL for EdDSA. One thread. */
};

/* One JWK object (text of JSON). alg comes from "alg"; without one, RSA is RS256 (set
 * default_alg to choose), P-256 is ES256, Ed25519 is EdDSA. Refused: private or symmetric
 * members, kty/crv/alg that do not fit together, use other than "sig", key_ops without "verify",
 * duplicate names, weak keys. On error *out is zeroed. */
int jwk_parse(struct sd_slice text, enum jose_alg default_alg, struct jwk *out, struct sd_diag *diag)
    SD_MUSTCHECK;
void jwk_fini(struct jwk *k);

/* {"kty":...,"use":"sig","alg":...,"kid":...,...}, members in a fixed order, public part only. */
int jwk_emit(const struct jwk *k, struct sd_buf *out) SD_MUSTCHECK;

/* RFC 7638 thumbprint (SHA-256), base64url, NUL-terminated. */
int jwk_thumbprint(const struct jwk *k, char out[JWK_THUMBPRINT_LEN + 1]) SD_MUSTCHECK;

/* From an OpenSSL key (public or private): checks that alg fits, keeps a public-only copy, kid = thumbprint. */
int jwk_from_pkey(EVP_PKEY *pkey, enum jose_alg alg, struct jwk *out, struct sd_diag *diag) SD_MUSTCHECK;

/* SubjectPublicKeyInfo DER, for the policy image; and back (worker). out is malloc'd into buf. */
int jwk_to_spki(const struct jwk *k, struct sd_buf *out) SD_MUSTCHECK;
int jwk_from_spki(struct sd_slice der, enum jose_alg alg, struct sd_slice kid, struct jwk *out) SD_MUSTCHECK;

/* A whole {"keys":[...]} set: parsed strictly, all or nothing (duplicate kid or one bad key
 * refuses the set); *keys_out malloc'd, freed by jwks_free. At most 64 keys. */
int jwks_parse(struct sd_slice text, struct jwk **keys_out, size_t *n_out, struct sd_diag *diag) SD_MUSTCHECK;
/* A set of another issuer: keys that are not for us are left out (another use, kind, curve or
 * algorithm, weak, without kid, a kid that stood before); *left_out_out counts them. Still
 * refused: what is no strict JSON, no set, has more than 64 keys, or none that is usable. */
int jwks_parse_foreign(struct sd_slice text, struct jwk **keys_out, size_t *n_out,
		       size_t *left_out_out, struct sd_diag *diag) SD_MUSTCHECK;
void jwks_free(struct jwk **keys, size_t n);

#endif
