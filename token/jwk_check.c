/* SPDX-License-Identifier: MIT
 * jwk_check - which keys are good enough, and for which algorithm.
 * Owns:      the rules about weak keys
 * Runs in:   master, signer, worker (adopting a policy), tools
 * Fails by:  SD_ERR_INVALID with a reason
 * Never:     an exception for one tenant: a key that others can forge with is no key */
#include "base.h"

#include "jwk_check.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "err.h"
#include "token_ossl.h"

/* The odd primes up to 167: the product that ROCA's moduli are built on. */
static const uint8_t primes[] = {
    3,	5,  7,	11, 13, 17,  19,  23,  29,  31,	 37,  41,  43,	47,  53,  59,  61,  67,	 71,
    73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
};

/* Is value a power of 65537 modulo prime? */
static bool in_subgroup(unsigned value, unsigned prime)
{
	unsigned g = 65537 % prime, x = 1;

	do {
		if (x == value)
			return true;
		x = x * g % prime;
	} while (x != 1);
	return false;
}

/* CVE-2017-15361: both factors are powers of 65537 modulo every small prime, so the modulus is
 * too; by chance that happens to about one modulus in 2^27. A factor that is itself a small
 * prime is refused on the way. */
static int modulus_check(const BIGNUM *n, struct sd_diag *diag)
{
	bool roca = true;

	if (!BN_is_odd(n))
		return sd_diag_set(diag, SD_ERR_INVALID, "RSA modulus is even");
	for (size_t i = 0; i < SD_ARRAY_LEN(primes); i++) {
		BN_ULONG rest = BN_mod_word(n, primes[i]);

		if (rest == 0)
			return sd_diag_set(diag, SD_ERR_INVALID, "RSA modulus has a small factor");
		roca = roca && in_subgroup((unsigned)rest, primes[i]);
	}
	if (roca)
		return sd_diag_set(diag, SD_ERR_INVALID,
				   "RSA modulus of a broken generator (ROCA)");
	return 0;
}

static int rsa_check(const EVP_PKEY *pkey, struct sd_diag *diag)
{
	BIGNUM *n = NULL, *e = NULL;
	int bits, err = 0;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1) {
		err = sd_diag_set(diag, SD_ERR_INVALID, "RSA key without n or e");
		goto out;
	}
	bits = BN_num_bits(n);
	if (bits < JWK_RSA_BITS_MIN || bits > JWK_RSA_BITS_MAX)
		err = sd_diag_set(diag, SD_ERR_INVALID, "RSA key of %d bits (%d to %d)", bits,
				  JWK_RSA_BITS_MIN, JWK_RSA_BITS_MAX);
	else if (!BN_is_odd(e) || BN_num_bits(e) < 17 || BN_num_bits(e) > 32)
		err = sd_diag_set(diag, SD_ERR_INVALID, "RSA exponent must be odd, 65537 to 2^32");
	else
		err = modulus_check(n, diag);
out:
	BN_free(n);
	BN_free(e);
	return err;
}

static int ec_check(const EVP_PKEY *pkey, struct sd_diag *diag)
{
	char group[32] = "";
	EVP_PKEY_CTX *ctx;
	union {
		const EVP_PKEY *in;
		EVP_PKEY *out; /* OpenSSL counts a reference, it changes nothing else */
	} key = {pkey};
	int ok;

	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
	    strcmp(group, "prime256v1") != 0)
		return sd_diag_set(diag, SD_ERR_INVALID, "the curve is not P-256");
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key.out, NULL);
	ok = ctx && EVP_PKEY_public_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : sd_diag_set(diag, SD_ERR_INVALID, "the point is not on the curve");
}

/* Points whose order divides 8: with one of them as key, signatures can be made by anyone.
 * Their y, little-endian, sign bit cleared (RFC 8032 5.1); and no y that is not below 2^255-19. */
static int ed25519_check(const EVP_PKEY *pkey, struct sd_diag *diag)
{
	static const uint8_t small[][32] = {
	    {0},
	    {1},
	    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
	     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
	     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
	     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
	     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	};
	uint8_t y[32];
	size_t n = sizeof(y), high = 0;

	if (EVP_PKEY_get_raw_public_key(pkey, y, &n) != 1 || n != sizeof(y))
		return sd_diag_set(diag, SD_ERR_INVALID, "Ed25519 key without its point");
	y[31] &= 0x7f;
	for (size_t i = 1; i < 31; i++)
		high += y[i] == 0xff;
	if (high == 30 && y[31] == 0x7f && y[0] >= 0xec) /* -1 (order 2) and all above it */
		return sd_diag_set(diag, SD_ERR_INVALID,
				   "Ed25519 point of small order or not canonical");
	for (size_t i = 0; i < SD_ARRAY_LEN(small); i++)
		if (memcmp(y, small[i], sizeof(y)) == 0)
			return sd_diag_set(diag, SD_ERR_INVALID, "Ed25519 point of small order");
	return 0;
}

int jwk_check_key(const EVP_PKEY *pkey, enum jose_alg alg, struct sd_diag *diag)
{
	static const char *const kinds[] = {
	    [JOSE_RS256] = "RSA",
	    [JOSE_PS256] = "RSA",
	    [JOSE_ES256] = "EC",
	    [JOSE_EDDSA] = "ED25519",
	};
	int err = SD_ERR_INVALID;

	SD_STATIC_ASSERT(SD_ARRAY_LEN(kinds) == JOSE_ALG_COUNT,
			 "one kind of key for each algorithm");
	if ((unsigned)alg >= JOSE_ALG_COUNT || !kinds[alg] || !EVP_PKEY_is_a(pkey, kinds[alg]))
		return sd_diag_set(diag, SD_ERR_INVALID, "the key does not fit the algorithm");
	switch (alg) {
	case JOSE_RS256:
	case JOSE_PS256:
		err = rsa_check(pkey, diag);
		break;
	case JOSE_ES256:
		err = ec_check(pkey, diag);
		break;
	case JOSE_EDDSA:
		err = ed25519_check(pkey, diag);
		break;
	case JOSE_ALG_NONE_VALID:
	case JOSE_ALG_COUNT:
		break;
	}
	ERR_clear_error();
	return err;
}

bool jwk_check_ready(EVP_PKEY *pkey, enum jose_alg alg, EVP_PKEY_CTX **out)
{
	EVP_MD *md = token_ossl_sha256();
	EVP_PKEY_CTX *ctx;
	bool ok;

	*out = NULL;
	if (alg == JOSE_EDDSA)
		return true;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	ok = ctx && md && EVP_PKEY_verify_init(ctx) == 1;
	if (ok && alg == JOSE_RS256)
		ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	if (ok && alg == JOSE_PS256)
		ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1;
	ok = ok && EVP_PKEY_CTX_set_signature_md(ctx, md) == 1;
	/* RFC 7518 3.5: the salt is as long as the hash, MGF1 uses the same hash. */
	if (ok && alg == JOSE_PS256)
		ok = EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	if (ok) {
		*out = ctx;
	} else {
		EVP_PKEY_CTX_free(ctx);
		ERR_clear_error();
	}
	return ok;
}
