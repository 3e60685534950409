/* SPDX-License-Identifier: MIT
 * seal - AES-256-GCM of small values.
 * Owns:      nothing
 * Runs in:   worker, signer, tools (after the sandbox)
 * Fails by:  SD_ERR_CRYPTO, SD_ERR_INVALID, SD_ERR_TOO_BIG, SD_ERR_MEMORY
 * Never:     a nonce from a counter: several nodes seal under one key */
#include "base.h"

#include "seal.h"

#include <limits.h>
#include <openssl/err.h>

#include "err.h"
#include "secret.h"
#include "token_ossl.h"

#define NONCE 12
#define TAG 16

SD_STATIC_ASSERT(NONCE + TAG == SEAL_OVERHEAD, "seal's layout");

static const uint8_t *bytes(const char *p)
{
	return (const uint8_t *)p;
}

/* at: nonce, cipher text and tag, already reserved. */
static bool encrypt(EVP_CIPHER_CTX *ctx, const uint8_t key[32], struct sd_slice aad,
		    struct sd_slice plain, uint8_t *at)
{
	uint8_t *text = at + NONCE;
	int n = 0;

	return EVP_EncryptInit_ex2(ctx, token_ossl_aes256gcm(), key, at, NULL) == 1 &&
	       EVP_EncryptUpdate(ctx, NULL, &n, bytes(aad.p), (int)aad.n) == 1 &&
	       (plain.n == 0 ||
		EVP_EncryptUpdate(ctx, text, &n, bytes(plain.p), (int)plain.n) == 1) &&
	       EVP_EncryptFinal_ex(ctx, text + plain.n, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, text + plain.n) == 1;
}

static bool decrypt(EVP_CIPHER_CTX *ctx, const uint8_t key[32], struct sd_slice aad,
		    struct sd_slice sealed, uint8_t *plain)
{
	const uint8_t *nonce = bytes(sealed.p), *text = nonce + NONCE;
	size_t len = sealed.n - SEAL_OVERHEAD;
	uint8_t tag[TAG];
	int n = 0;

	memcpy(tag, text + len, TAG);
	return EVP_DecryptInit_ex2(ctx, token_ossl_aes256gcm(), key, nonce, NULL) == 1 &&
	       EVP_DecryptUpdate(ctx, NULL, &n, bytes(aad.p), (int)aad.n) == 1 &&
	       (len == 0 || EVP_DecryptUpdate(ctx, plain, &n, text, (int)len) == 1) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
	       EVP_DecryptFinal_ex(ctx, plain + len, &n) == 1;
}

int seal_close(const uint8_t key[32], struct sd_slice aad, struct sd_slice plain,
	       struct sd_buf *out)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t *at;
	int err;

	if (plain.n > INT_MAX - SEAL_OVERHEAD || aad.n > INT_MAX)
		return SD_ERR_TOO_BIG;
	err = sd_buf_reserve(out, plain.n + SEAL_OVERHEAD);
	if (err)
		return err;
	at = (uint8_t *)out->p + out->len;
	if (sd_random(at, NONCE) != 0)
		return SD_ERR_CRYPTO;
	ctx = EVP_CIPHER_CTX_new();
	if (ctx && token_ossl_aes256gcm() && encrypt(ctx, key, aad, plain, at)) {
		out->len += plain.n + SEAL_OVERHEAD;
	} else {
		ERR_clear_error();
		err = SD_ERR_CRYPTO;
	}
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

int seal_open(const uint8_t key[32], struct sd_slice aad, struct sd_slice sealed,
	      struct sd_buf *out)
{
	EVP_CIPHER_CTX *ctx;
	size_t len;
	uint8_t *at;
	int err;

	if (sealed.n < SEAL_OVERHEAD)
		return SD_ERR_INVALID;
	if (sealed.n > INT_MAX || aad.n > INT_MAX)
		return SD_ERR_TOO_BIG;
	len = sealed.n - SEAL_OVERHEAD;
	err = sd_buf_reserve(out, len); /* also for none: a place to point at */
	if (err)
		return err;
	at = (uint8_t *)out->p + out->len;
	ctx = EVP_CIPHER_CTX_new();
	if (!ctx || !token_ossl_aes256gcm()) {
		err = SD_ERR_CRYPTO;
	} else if (decrypt(ctx, key, aad, sealed, at)) {
		out->len += len;
	} else {
		sd_wipe(at, len); /* what did not verify is not to be seen by anyone */
		err = SD_ERR_INVALID;
	}
	if (err)
		ERR_clear_error();
	EVP_CIPHER_CTX_free(ctx);
	return err;
}
