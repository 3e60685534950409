/* SPDX-License-Identifier: MIT
 * siphash - SipHash-2-4 (Aumasson, Bernstein 2012), the keyed hash of our tables. */
#ifndef SD_SIPHASH_H
#define SD_SIPHASH_H

#include "base.h"

struct sd_siphash_key {
	uint64_t k0, k1;
};

uint64_t sd_siphash(struct sd_siphash_key key, const void *p, size_t n) SD_PURE;

#endif
