/* SPDX-License-Identifier: MIT
 * token_ossl - the OpenSSL objects that token/ fetches once and keeps. Private to token/.
 * Each getter fetches at first use (token_warm_up() is the first use in a sandboxed process) and
 * returns NULL when OpenSSL refuses. One thread per process: the digest state is shared. */
#ifndef SD_TOKEN_OSSL_H
#define SD_TOKEN_OSSL_H

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "slice.h"

EVP_MD *token_ossl_sha256(void);
EVP_CIPHER *token_ossl_aes256gcm(void);
EVP_KDF *token_ossl_hkdf(void);

/* SHA-256 of a then b (either may be empty); SD_ERR_CRYPTO. */
int token_ossl_digest(struct sd_slice a, struct sd_slice b, uint8_t out[32]) SD_MUSTCHECK;
/* HMAC-SHA-256 of a then b; SD_ERR_CRYPTO. */
int token_ossl_hmac(const uint8_t *key, size_t key_n, struct sd_slice a, struct sd_slice b,
		    uint8_t out[32]) SD_MUSTCHECK;

#endif
