/* SPDX-License-Identifier: MIT
 * secret - memory for key material: locked where possible, not dumped, wiped on free. */
#ifndef SD_SECRET_H
#define SD_SECRET_H

#include "base.h"

/* Zeroed pages of their own (MADV_DONTDUMP, mlock when allowed); NULL when out of memory. */
void *sd_secret_new(size_t n) SD_MUSTCHECK;
/* Wipes and unmaps; nulls the caller's pointer; NULL is fine. n as given to _new. */
void sd_secret_free(void **p, size_t n);
/* Overwrites n bytes in a way the compiler keeps. */
void sd_wipe(void *p, size_t n);
/* Fills with random bytes from the kernel; SD_ERR_SYSTEM. */
int sd_random(void *p, size_t n) SD_MUSTCHECK;

#endif
