/* SPDX-License-Identifier: MIT
 * jws_sign - compact JWS with a private key; making, loading and writing such keys.
 * Owns:      every use of a private key
 * Runs in:   signer, sessionctl (its own library: no other program links it)
 * Fails by:  SD_ERR_CRYPTO, SD_ERR_INVALID, SD_ERR_SYSTEM, SD_ERR_TOO_BIG; out as before
 * Never:     key bytes in an ordinary buffer of stdio, or a question for a pass phrase */
#include "base.h"

#include "jws_sign.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "b64url.h"
#include "err.h"
#include "jwk_check.h"
#include "secret.h"
#include "token_ossl.h"

#define PEM_MAX 16384
#define SIGNATURE_MAX (JWK_RSA_BITS_MAX / 8)
#define HEADER_MAX 512
#define ES256_HALF 32

/* --- signing ------------------------------------------------------------------- */

static void part_put(struct sd_buf *out, struct sd_slice s)
{
	if (sd_buf_reserve(out, B64URL_LEN(s.n)) == 0)
		out->len += b64url_encode(s.p, s.n, out->p + out->len);
}

static bool pss_set(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* OpenSSL's DER in sig (*n bytes) -> r||s. */
static bool es256_raw(uint8_t *sig, size_t *n)
{
	const unsigned char *p = sig;
	ECDSA_SIG *es = d2i_ECDSA_SIG(NULL, &p, (long)*n);
	bool ok = es && BN_bn2binpad(ECDSA_SIG_get0_r(es), sig, ES256_HALF) == ES256_HALF &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(es), sig + ES256_HALF, ES256_HALF) == ES256_HALF;

	ECDSA_SIG_free(es);
	*n = 2 * ES256_HALF;
	return ok;
}

/* 1 good, 0 not, negative: could not be looked at. A signature with a fault in it may tell the RSA key
 * (Boneh, DeMillo, Lipton 1997), and OpenSSL makes such ones: when an allocation fails inside its
 * blinding, this and each later signature of the key is wrong, and none is an error. */
static int signature_holds(EVP_PKEY *key, enum jose_alg alg, struct sd_slice text, const uint8_t *sig,
			   size_t n)
{
	EVP_MD *md = alg == JOSE_EDDSA ? NULL : token_ossl_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL; /* the digest state's */
	int result = -1;

	if (ctx && EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key) == 1 &&
	    (alg != JOSE_PS256 || pss_set(pctx)))
		result = EVP_DigestVerify(ctx, sig, n, (const uint8_t *)text.p, text.n);
	EVP_MD_CTX_free(ctx);
	return result;
}

static int signature_make(EVP_PKEY *key, enum jose_alg alg, struct sd_slice text, uint8_t *sig,
			  size_t *n)
{
	EVP_MD *md = alg == JOSE_EDDSA ? NULL : token_ossl_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL; /* the digest state's */
	bool ok =
	    ctx && (md || alg == JOSE_EDDSA) && EVP_DigestSignInit(ctx, &pctx, md, NULL, key) == 1;

	if (ok && alg == JOSE_PS256)
		ok = pss_set(pctx);
	ok = ok && EVP_DigestSign(ctx, sig, n, (const uint8_t *)text.p, text.n) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return SD_ERR_CRYPTO;
	int holds = signature_holds(key, alg, text, sig, *n);

	if (holds == 0) /* also where the look itself ran out of memory: the key is given up for a fault alone */
		holds = signature_holds(key, alg, text, sig, *n);
	if (holds != 1)
		return holds == 0 ? SD_ERR_DENIED : SD_ERR_CRYPTO;
	return alg != JOSE_ES256 || es256_raw(sig, n) ? SD_OK : SD_ERR_CRYPTO;
}

static void header_put(struct sd_buf *out, enum jose_alg alg, const char *kid, const char *typ)
{
	struct sd_buf h;

	sd_buf_init(&h, HEADER_MAX);
	sd_buf_printf(&h, "{\"alg\":\"%s\"", jose_alg_name(alg));
	if (typ) {
		sd_buf_str(&h, ",\"typ\":");
		sd_buf_json_str(&h, sd_slice_str(typ));
	}
	if (kid) {
		sd_buf_str(&h, ",\"kid\":");
		sd_buf_json_str(&h, sd_slice_str(kid));
	}
	sd_buf_char(&h, '}');
	if (h.failed)
		out->failed = true;
	else
		part_put(out, sd_buf_slice(&h));
	sd_buf_fini(&h);
}

int jws_sign_compact(EVP_PKEY *key, enum jose_alg alg, const char *kid, const char *typ,
		     struct sd_slice payload, struct sd_buf *out)
{
	static const char *const kinds[] = {
	    [JOSE_RS256] = "RSA",
	    [JOSE_PS256] = "RSA",
	    [JOSE_ES256] = "EC",
	    [JOSE_EDDSA] = "ED25519",
	};
	uint8_t sig[SIGNATURE_MAX];
	size_t from = out->len, n = sizeof(sig);
	int err = 0;

	if ((unsigned)alg >= SD_ARRAY_LEN(kinds) || !kinds[alg] || !EVP_PKEY_is_a(key, kinds[alg]))
		return SD_ERR_INVALID;
	header_put(out, alg, kid, typ);
	sd_buf_char(out, '.');
	part_put(out, payload);
	if (out->failed) {
		err = SD_ERR_TOO_BIG;
	} else {
		err = signature_make(key, alg, sd_slice(out->p + from, out->len - from), sig, &n);
	}
	if (!err) {
		sd_buf_char(out, '.');
		part_put(out, sd_slice(sig, n));
		err = out->failed ? SD_ERR_TOO_BIG : 0;
	}
	if (err) {
		out->len = from;
		ERR_clear_error();
	}
	return err;
}

/* --- keys ------------------------------------------------------------------------ */

int jws_sign_keygen(enum jose_alg alg, unsigned rsa_bits, EVP_PKEY **out, struct sd_diag *diag)
{
	int err;

	*out = NULL;
	switch (alg) {
	case JOSE_RS256:
	case JOSE_PS256:
		if (rsa_bits < JWK_RSA_BITS_MIN || rsa_bits > 4096)
			return sd_diag_set(diag, SD_ERR_INVALID, "RSA keys have 2048 to 4096 bits");
		*out = EVP_RSA_gen(rsa_bits);
		break;
	case JOSE_ES256:
		*out = EVP_EC_gen("P-256");
		break;
	case JOSE_EDDSA:
		*out = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	case JOSE_ALG_NONE_VALID:
	case JOSE_ALG_COUNT:
		return sd_diag_set(diag, SD_ERR_INVALID, "no such algorithm");
	}
	err = *out ? jwk_check_key(*out, alg, diag)
		   : sd_diag_set(diag, SD_ERR_CRYPTO, "OpenSSL could not make a key");
	if (err) {
		EVP_PKEY_free(*out);
		*out = NULL;
		ERR_clear_error();
	}
	return err;
}

/* All of fd into buf (PEM_MAX bytes): its length, or a negative error. */
static long pem_read(int fd, char *buf)
{
	size_t n = 0;

	while (n < PEM_MAX) {
		ssize_t got = read(fd, buf + n, PEM_MAX - n);

		if (got == 0)
			return (long)n;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return SD_ERR_SYSTEM;
		n += (size_t)got;
	}
	return SD_ERR_TOO_BIG;
}

/* One plain PKCS#8 block; the DER stands in secure memory. NULL when it is anything else. */
static EVP_PKEY *pem_parse(BIO *bio)
{
	const unsigned int flags = PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE;
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	const unsigned char *p;
	PKCS8_PRIV_KEY_INFO *info = NULL;
	EVP_PKEY *key = NULL;
	long n = 0;

	if (PEM_read_bio_ex(bio, &name, &header, &der, &n, flags) == 1) {
		p = der;
		if (strcmp(name, "PRIVATE KEY") == 0 && header[0] == '\0')
			info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, n);
		if (info && p == der + n)
			key = EVP_PKCS82PKEY(info);
		PKCS8_PRIV_KEY_INFO_free(info);
		OPENSSL_secure_free(name);
		OPENSSL_secure_free(header);
		OPENSSL_secure_clear_free(der, (size_t)n);
	}
	return key;
}

int jws_sign_load(int fd, EVP_PKEY **out, struct sd_diag *diag)
{
	char *buf = OPENSSL_secure_malloc(PEM_MAX);
	BIO *bio = NULL;
	long n;
	int err = 0;

	*out = NULL;
	if (!buf)
		return sd_diag_set(diag, SD_ERR_MEMORY, "no memory for the key");
	n = pem_read(fd, buf);
	if (n < 0) {
		err = sd_diag_set(diag, (int)n, "the key file cannot be read: %s",
				  n == SD_ERR_SYSTEM ? strerror(errno) : sd_err_text((int)n));
	} else {
		bio = BIO_new_mem_buf(buf, (int)n); /* borrows buf */
		*out = bio ? pem_parse(bio) : NULL;
		if (!*out)
			err = sd_diag_set(diag, SD_ERR_INVALID,
					  "not a PKCS#8 PEM private key without pass phrase");
	}
	BIO_free(bio);
	OPENSSL_secure_clear_free(buf, PEM_MAX);
	ERR_clear_error();
	return err;
}

int jws_sign_dump(EVP_PKEY *key, struct sd_buf *out, struct sd_diag *diag)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *p = NULL;
	long n = 0;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
		n = BIO_get_mem_data(bio, &p);
	if (n > 0)
		sd_buf_append(out, p, (size_t)n);
	BIO_free(bio); /* a secmem BIO wipes itself */
	ERR_clear_error();
	if (n <= 0)
		return sd_diag_set(diag, SD_ERR_CRYPTO, "OpenSSL does not write the key");
	return out->failed ? sd_diag_set(diag, SD_ERR_TOO_BIG, "the key is too long") : 0;
}
