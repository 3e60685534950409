/* SPDX-License-Identifier: MIT
 * arena - per-request bump allocation, freed at once; bounded. Under sanitizers every
 * allocation is a malloc of its own, so that overflows inside an arena are seen. */
#ifndef SD_ARENA_H
#define SD_ARENA_H

#include "slice.h"

struct sd_arena_block;
struct sd_arena {
	struct sd_arena_block *head;
	size_t used;
	size_t max;
};

void sd_arena_init(struct sd_arena *a, size_t max);
/* Frees everything but one block, for the next request. */
void sd_arena_reset(struct sd_arena *a);
void sd_arena_fini(struct sd_arena *a);
/* Zeroed, 16-byte aligned; NULL when over max or out of memory. Lives until reset or fini. */
void *sd_arena_alloc(struct sd_arena *a, size_t n) SD_MUSTCHECK;
/* A NUL-terminated copy; its p is NULL when there is no room. */
struct sd_slice sd_arena_copy(struct sd_arena *a, struct sd_slice s) SD_MUSTCHECK;

#endif
