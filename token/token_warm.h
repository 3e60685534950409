/* SPDX-License-Identifier: MIT
 * token_warm - makes everything that token/ uses of OpenSSL ready, and proves it on known answers.
 */
#ifndef SD_TOKEN_WARM_H
#define SD_TOKEN_WARM_H

#include "base.h"

/* Every algorithm once (verification of all four, SHA-256, HMAC, HKDF, AES-GCM, RAND), before the
 * sandbox: afterwards token/ opens no file and fetches nothing. A few milliseconds. SD_ERR_CRYPTO
 * when an answer is wrong. */
int token_warm_up(void) SD_MUSTCHECK;

/* OpenSSL's allocations are noted in starved.h when they fail. Only before its first use in the
 * process; SD_ERR_CRYPTO after it. */
int token_watch_memory(void) SD_MUSTCHECK;

#endif
