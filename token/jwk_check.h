/* SPDX-License-Identifier: MIT
 * jwk_check - may this OpenSSL key verify this algorithm for us? Private to token/. */
#ifndef SD_JWK_CHECK_H
#define SD_JWK_CHECK_H

#include <openssl/evp.h>

#include "diag.h"
#include "jose_alg.h"

#define JWK_RSA_BITS_MIN 2048
#define JWK_RSA_BITS_MAX 8192

/* Kind and curve fit alg, and the key is not weak. Reads public parts only. SD_ERR_INVALID. */
int jwk_check_key(const EVP_PKEY *pkey, enum jose_alg alg, struct sd_diag *diag) SD_MUSTCHECK;

/* Verification state with the algorithm's parameters set (NULL for EdDSA, which needs none);
 * false when OpenSSL refuses. */
bool jwk_check_ready(EVP_PKEY *pkey, enum jose_alg alg, EVP_PKEY_CTX **out) SD_MUSTCHECK;

#endif
