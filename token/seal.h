/* SPDX-License-Identifier: MIT
 * seal - AES-256-GCM of small values: nonce 12 | ciphertext | tag 16, bound to associated data. */
#ifndef SD_SEAL_H
#define SD_SEAL_H

#include "buf.h"

#define SEAL_OVERHEAD 28

/* Appends the sealed form of plain to out, random nonce. SD_ERR_CRYPTO. */
int seal_close(const uint8_t key[32], struct sd_slice aad, struct sd_slice plain, struct sd_buf *out)
    SD_MUSTCHECK;
/* Appends the plain text; SD_ERR_INVALID when it does not verify (nothing appended). */
int seal_open(const uint8_t key[32], struct sd_slice aad, struct sd_slice sealed, struct sd_buf *out)
    SD_MUSTCHECK;

#endif
