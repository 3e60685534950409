/* SPDX-License-Identifier: MIT
 * token_ossl - OpenSSL's algorithm objects, fetched once.
 * Owns:      the fetched objects and one HMAC state, for the life of the process
 * Runs in:   master, signer, worker, tools (first use before the sandbox, by token_warm_up)
 * Fails by:  NULL, SD_ERR_CRYPTO
 * Never:     a fetch per call: it takes locks, allocates, and may read files the first time */
/* The low-level SHA-256, because it asks for no memory, so that no hash of ours can fail; EVP asks
 * for some at each use. (OpenSSL calls it deprecated since 3.0; it is there in each 3.x.) */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base.h"

#include "token_ossl.h"
#include "token_warm.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "err.h"
#include "secret.h"
#include "starved.h"

/* Rule zero, no mutable globals: these are constants that OpenSSL makes us fetch, and a state
 * that holds nothing between two calls. */
static EVP_MD *sha256;
static EVP_CIPHER *aes256gcm;
static EVP_KDF *hkdf;
static EVP_MAC_CTX *hmac_ctx;

EVP_MD *token_ossl_sha256(void)
{
	if (SD_UNLIKELY(!sha256))
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	return sha256;
}

EVP_CIPHER *token_ossl_aes256gcm(void)
{
	if (SD_UNLIKELY(!aes256gcm))
		aes256gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	return aes256gcm;
}

EVP_KDF *token_ossl_hkdf(void)
{
	if (SD_UNLIKELY(!hkdf))
		hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	return hkdf;
}

int token_ossl_digest(struct sd_slice a, struct sd_slice b, uint8_t out[32])
{
	SHA256_CTX ctx;
	bool ok = SHA256_Init(&ctx) == 1 && SHA256_Update(&ctx, a.p, a.n) == 1 &&
		  (b.n == 0 || SHA256_Update(&ctx, b.p, b.n) == 1) && SHA256_Final(out, &ctx) == 1;

	sd_wipe(&ctx, sizeof(ctx));
	if (!ok)
		memset(out, 0, 32);
	return ok ? 0 : SD_ERR_CRYPTO;
}

/* The digest is set once; each use brings only its key. */
static EVP_MAC_CTX *hmac_ready(void)
{
	char name[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
	    OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac;

	if (SD_LIKELY(hmac_ctx != NULL))
		return hmac_ctx;
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	hmac_ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac); /* the state keeps its own reference */
	if (hmac_ctx && EVP_MAC_CTX_set_params(hmac_ctx, params) != 1) {
		EVP_MAC_CTX_free(hmac_ctx);
		hmac_ctx = NULL;
	}
	return hmac_ctx;
}

int token_ossl_hmac(const uint8_t *key, size_t key_n, struct sd_slice a, struct sd_slice b,
		    uint8_t out[32])
{
	EVP_MAC_CTX *ctx = hmac_ready();
	size_t n = 0;

	if (SD_LIKELY(ctx != NULL) && EVP_MAC_init(ctx, key, key_n, NULL) == 1 &&
	    EVP_MAC_update(ctx, (const uint8_t *)a.p, a.n) == 1 &&
	    (b.n == 0 || EVP_MAC_update(ctx, (const uint8_t *)b.p, b.n) == 1) &&
	    EVP_MAC_final(ctx, out, &n, 32) == 1 && n == 32)
		return 0;
	memset(out, 0, 32);
	ERR_clear_error();
	return SD_ERR_CRYPTO;
}

static void *watched_malloc(size_t n, const char *file SD_UNUSED, int line SD_UNUSED)
{
	return n > 0 ? sd_starved_note(malloc(n)) : NULL;
}

static void *watched_realloc(void *p, size_t n, const char *file SD_UNUSED, int line SD_UNUSED)
{
	if (n == 0) {
		free(p);
		return NULL;
	}
	return sd_starved_note(realloc(p, n));
}

static void watched_free(void *p, const char *file SD_UNUSED, int line SD_UNUSED)
{
	free(p);
}

int token_watch_memory(void)
{
	return CRYPTO_set_mem_functions(watched_malloc, watched_realloc, watched_free) == 1 ? 0
											      : SD_ERR_CRYPTO;
}
