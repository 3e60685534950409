/* SPDX-License-Identifier: MIT
 * jws_sign - makes compact JWS with a private key. Linked by the signer and the key tools only. */
#ifndef SD_JWS_SIGN_H
#define SD_JWS_SIGN_H

#include <openssl/evp.h>

#include "buf.h"
#include "diag.h"
#include "jose_alg.h"

/* Appends "header.payload.signature" to out. typ e.g. "at+jwt". payload is the JSON text. Nothing
 * leaves that was not verified. SD_ERR_DENIED: it did not hold; the key's state in this process is
 * spoilt, and the process had better end. */
int jws_sign_compact(EVP_PKEY *key, enum jose_alg alg, const char *kid, const char *typ,
		     struct sd_slice payload, struct sd_buf *out) SD_MUSTCHECK;

/* A fresh key for alg; rsa_bits 2048..4096 for RS256/PS256, else ignored. Caller: EVP_PKEY_free. */
int jws_sign_keygen(enum jose_alg alg, unsigned rsa_bits, EVP_PKEY **out, struct sd_diag *diag) SD_MUSTCHECK;

/* PKCS#8 PEM of fd (read without stdio buffers into secure memory) -> key; and key -> PEM in out
 * (wipe with sd_buf_wipe_fini). */
int jws_sign_load(int fd, EVP_PKEY **out, struct sd_diag *diag) SD_MUSTCHECK;
int jws_sign_dump(EVP_PKEY *key, struct sd_buf *out, struct sd_diag *diag) SD_MUSTCHECK;

#endif
