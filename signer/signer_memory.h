/* SPDX-License-Identifier: MIT
 * signer_memory - the whole heap of the signer counts as secret: OpenSSL keeps parts of a private
 * key outside its secure heap while it signs (RSA: one Montgomery copy of a prime). */
#ifndef SD_SIGNER_MEMORY_H
#define SD_SIGNER_MEMORY_H

#include "diag.h"

/* First thing of all: a heap that grows once, and is never given back in parts. */
void signer_memory_prepare(void);

/* Heap not dumped; memory locked. Where the limit does not allow it: SD_ERR_DENIED when required,
 * else said in the log. Before the sandbox, after the keys. */
int signer_memory_lock(bool required, struct sd_diag *diag) SD_MUSTCHECK;

#endif
