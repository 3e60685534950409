/* SPDX-License-Identifier: MIT
 * jwk_out - public keys leaving OpenSSL as JWK, thumbprint, DER; and coming back from DER.
 * Owns:      the order of members in what we publish
 * Runs in:   master (image), worker (adoption), signer, tools
 * Fails by:  SD_ERR_CRYPTO, SD_ERR_INVALID, SD_ERR_TOO_BIG, SD_ERR_MEMORY
 * Never:     a private parameter: only the public names below are asked for */
#include "base.h"

#include "jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "b64url.h"
#include "err.h"
#include "jwk_check.h"
#include "token_ossl.h"

#define BYTES_MAX (JWK_RSA_BITS_MAX / 8)
#define SPKI_MAX 4096
#define THUMB_TEXT_MAX 2048

/* ,"name":"base64url of the key's number"; width 0 = the fewest octets. False: OpenSSL refused. */
static bool number_put(struct sd_buf *out, const EVP_PKEY *pkey, const char *param,
		       const char *name, int width)
{
	uint8_t bytes[BYTES_MAX];
	char text[B64URL_LEN(BYTES_MAX)];
	BIGNUM *bn = NULL;
	int n = -1;

	if (EVP_PKEY_get_bn_param(pkey, param, &bn) == 1 && BN_num_bytes(bn) <= BYTES_MAX)
		n = BN_bn2binpad(bn, bytes, width ? width : BN_num_bytes(bn));
	BN_free(bn);
	if (n <= 0)
		return false;
	sd_buf_printf(out, "\"%s\":\"", name);
	sd_buf_append(out, text, b64url_encode(bytes, (size_t)n, text));
	sd_buf_char(out, '"');
	return true;
}

static bool point_put(struct sd_buf *out, const EVP_PKEY *pkey)
{
	uint8_t bytes[32];
	char text[B64URL_LEN(32)];
	size_t n = sizeof(bytes);

	if (EVP_PKEY_get_raw_public_key(pkey, bytes, &n) != 1 || n != sizeof(bytes))
		return false;
	sd_buf_str(out, "\"x\":\"");
	sd_buf_append(out, text, b64url_encode(bytes, n, text));
	sd_buf_char(out, '"');
	return true;
}

int jwk_emit(const struct jwk *k, struct sd_buf *out)
{
	bool ok = false;

	sd_buf_printf(out, "{\"kty\":\"%s\",\"use\":\"sig\",\"alg\":\"%s\",",
		      k->alg == JOSE_EDDSA   ? "OKP"
		      : k->alg == JOSE_ES256 ? "EC"
					     : "RSA",
		      jose_alg_name(k->alg));
	if (k->kid[0]) {
		sd_buf_str(out, "\"kid\":");
		sd_buf_json_str(out, sd_slice_str(k->kid));
		sd_buf_char(out, ',');
	}
	if (k->alg == JOSE_EDDSA) {
		sd_buf_str(out, "\"crv\":\"Ed25519\",");
		ok = point_put(out, k->pkey);
	} else if (k->alg == JOSE_ES256) {
		sd_buf_str(out, "\"crv\":\"P-256\",");
		ok = number_put(out, k->pkey, OSSL_PKEY_PARAM_EC_PUB_X, "x", 32);
		sd_buf_char(out, ',');
		ok = ok && number_put(out, k->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, "y", 32);
	} else {
		ok = number_put(out, k->pkey, OSSL_PKEY_PARAM_RSA_N, "n", 0);
		sd_buf_char(out, ',');
		ok = ok && number_put(out, k->pkey, OSSL_PKEY_PARAM_RSA_E, "e", 0);
	}
	sd_buf_char(out, '}');
	return !ok ? SD_ERR_CRYPTO : out->failed ? SD_ERR_TOO_BIG : 0;
}

/* RFC 7638 3.2, RFC 8037 2: the required members, in lexicographic order, without white space. */
static bool thumb_text(const struct jwk *k, struct sd_buf *out)
{
	bool ok;

	if (k->alg == JOSE_EDDSA) {
		sd_buf_str(out, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",");
		ok = point_put(out, k->pkey);
	} else if (k->alg == JOSE_ES256) {
		sd_buf_str(out, "{\"crv\":\"P-256\",\"kty\":\"EC\",");
		ok = number_put(out, k->pkey, OSSL_PKEY_PARAM_EC_PUB_X, "x", 32);
		sd_buf_char(out, ',');
		ok = ok && number_put(out, k->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, "y", 32);
	} else {
		sd_buf_char(out, '{');
		ok = number_put(out, k->pkey, OSSL_PKEY_PARAM_RSA_E, "e", 0);
		sd_buf_str(out, ",\"kty\":\"RSA\",");
		ok = ok && number_put(out, k->pkey, OSSL_PKEY_PARAM_RSA_N, "n", 0);
	}
	sd_buf_char(out, '}');
	return ok && !out->failed;
}

int jwk_thumbprint(const struct jwk *k, char out[JWK_THUMBPRINT_LEN + 1])
{
	struct sd_buf text;
	uint8_t hash[32];
	int err = SD_ERR_CRYPTO;

	memset(out, 0, JWK_THUMBPRINT_LEN + 1);
	sd_buf_init(&text, THUMB_TEXT_MAX);
	if (k->pkey && thumb_text(k, &text))
		err = token_ossl_digest(sd_buf_slice(&text), sd_slice(NULL, 0), hash);
	if (err == 0)
		b64url_encode(hash, sizeof(hash), out);
	sd_buf_fini(&text);
	return err;
}

int jwk_from_pkey(EVP_PKEY *pkey, enum jose_alg alg, struct jwk *out, struct sd_diag *diag)
{
	unsigned char *der = NULL;
	int n, err;

	memset(out, 0, sizeof(*out));
	err = jwk_check_key(pkey, alg, diag);
	if (err)
		return err;
	n = i2d_PUBKEY(pkey, &der); /* through DER: nothing private can come along */
	err = n > 0 ? jwk_from_spki(sd_slice(der, (size_t)n), alg, sd_slice(NULL, 0), out)
		    : SD_ERR_CRYPTO;
	if (!err)
		err = jwk_thumbprint(out, out->kid);
	OPENSSL_free(der);
	if (err) {
		jwk_fini(out);
		ERR_clear_error();
		return sd_diag_set(diag, err, "OpenSSL does not give the public part");
	}
	return 0;
}

int jwk_to_spki(const struct jwk *k, struct sd_buf *out)
{
	unsigned char *der = NULL;
	int n = k->pkey ? i2d_PUBKEY(k->pkey, &der) : -1;

	if (n <= 0) {
		ERR_clear_error();
		return SD_ERR_CRYPTO;
	}
	sd_buf_append(out, der, (size_t)n);
	OPENSSL_free(der);
	return out->failed ? SD_ERR_TOO_BIG : 0;
}

int jwk_from_spki(struct sd_slice der, enum jose_alg alg, struct sd_slice kid, struct jwk *out)
{
	const unsigned char *p = (const unsigned char *)der.p;
	int err = SD_ERR_INVALID;

	memset(out, 0, sizeof(*out));
	if (der.n == 0 || der.n > SPKI_MAX)
		return SD_ERR_INVALID;
	out->alg = alg;
	out->pkey = d2i_PUBKEY(NULL, &p, (long)der.n);
	if (out->pkey && (const char *)p == der.p + der.n &&
	    (kid.n == 0 || sd_slice_copy(kid, out->kid, sizeof(out->kid)) == 0))
		err = jwk_check_key(out->pkey, alg, NULL);
	if (!err && !jwk_check_ready(out->pkey, alg, &out->verify))
		err = SD_ERR_CRYPTO;
	if (err) {
		jwk_fini(out);
		ERR_clear_error();
	}
	return err;
}
