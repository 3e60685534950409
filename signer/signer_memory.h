/* SPDX-License-Identifier: MIT
 * signer_memory - all of the signer's writable memory counts as secret: OpenSSL leaves parts of a
 * private key outside its secure heap while it signs (RSA: a Montgomery copy of a prime in the
 * heap); nothing promises that its stack and data stay free of them. */
#ifndef SD_SIGNER_MEMORY_H
#define SD_SIGNER_MEMORY_H

#include "diag.h"

/* First thing of all: a heap that grows once, and is never given back in parts. */
void signer_memory_prepare(void);

/* Heap, stack and data not dumped; memory locked. Where the limit does not allow it: SD_ERR_DENIED when required,
 * else said in the log. Before the sandbox, after the keys. */
int signer_memory_lock(bool required, struct sd_diag *diag) SD_MUSTCHECK;

#endif
