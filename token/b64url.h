/* SPDX-License-Identifier: MIT
 * b64url - base64url without padding, strict (RFC 4648 5, RFC 7515 2): no other alphabet, no
 * white space, no length of 1 mod 4, unused trailing bits zero. */
#ifndef SD_B64URL_H
#define SD_B64URL_H

#include "slice.h"

#define B64URL_LEN(n) (((n) * 4 + 2) / 3)

/* out has B64URL_LEN(n) bytes (no NUL is written); returns that length. */
size_t b64url_encode(const void *p, size_t n, char *out);
/* Decodes all of s into out (size bytes), *n_out bytes written; SD_ERR_INVALID, SD_ERR_TOO_BIG. */
int b64url_decode(struct sd_slice s, void *out, size_t size, size_t *n_out) SD_MUSTCHECK;

#endif
