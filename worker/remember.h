/* SPDX-License-Identifier: MIT
 * remember - what a worker remembers, privately and bounded: values under 32-byte keys, in sets of
 * eight, the least recently used of a set makes room. Forgetting is always allowed: whatever is
 * remembered can be had again from the signature or the store. */
#ifndef SD_REMEMBER_H
#define SD_REMEMBER_H

#include "base.h"

struct remember;

/* First member of every remembered value (malloc'd as one block by the caller). */
struct remember_head {
	uint8_t key[32];
	uint64_t used; /* of the last find */
};

/* entries >= 8. secret: 16 random bytes, so that nobody can aim at a set. */
int remember_new(uint32_t entries, const uint64_t secret[2], struct remember **out) SD_MUSTCHECK;
void remember_free(struct remember **r);
/* NULL when not remembered. Borrowed: valid until the next put or drop. */
void *remember_find(struct remember *r, const uint8_t key[32]);
/* value starts with a remember_head whose key is set; it is the table's from now on (free()). */
void remember_put(struct remember *r, struct remember_head *value);
uint64_t remember_count(const struct remember *r);

#endif
