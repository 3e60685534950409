/* SPDX-License-Identifier: MIT
 * ends_memory - the sessions whose end this master applied, each until it would have ended anyway:
 * should the store lose one, it gets it back. Private, bounded, 56 bytes each; pages are touched
 * only as they are needed. */
#ifndef SD_ENDS_MEMORY_H
#define SD_ENDS_MEMORY_H

#include "siphash.h"

/* Order and width for 48 bytes. */
struct ends_memory_end {
	uint8_t sid[16];
	int64_t absolute_s; /* forgotten then */
	int64_t until_s;    /* of the last access token it concerns; only rises */
	uint32_t epoch;	    /* of the last reading of the log (or write-back) that confirmed it */
	uint32_t heap_at;   /* ours */
	uint32_t next;	    /* ours */
	uint16_t tenant;    /* slot */
	uint8_t reason;	    /* enum end_reason; 0 = a free place */
	uint8_t unused;
};

struct ends_memory;

/* bound: 1 .. 100000000 ends. SD_ERR_MEMORY. */
int ends_memory_new(uint32_t bound, struct sd_siphash_key key,
		    struct ends_memory **out) SD_MUSTCHECK;
void ends_memory_free(struct ends_memory **m);

/* Enters or confirms an end: later times win, the first reason stays, the epoch is taken. What is
 * over at now_s is not entered. At the bound the end that is over first is dropped. */
void ends_memory_put(struct ends_memory *m, const struct ends_memory_end *e, int64_t now_s);
/* The store has it as of this epoch; nothing when it was forgotten meanwhile. */
void ends_memory_confirm(struct ends_memory *m, const uint8_t sid[16], uint32_t epoch);
/* Forgets what is over at now_s; at most max of them. */
void ends_memory_expire(struct ends_memory *m, int64_t now_s, uint32_t max);

/* Looks at most at max places from *cursor (begin with 0) for an end that epoch has not confirmed;
 * moves *cursor behind it. NULL: none among these; *cursor is 0 again at the end of all. Borrowed
 * until the next put or expire. */
const struct ends_memory_end *ends_memory_next(const struct ends_memory *m, uint32_t epoch,
					       uint32_t max, uint32_t *cursor);

uint32_t ends_memory_count(const struct ends_memory *m);
/* The latest absolute end among those dropped at the bound; 0 = none was. */
int64_t ends_memory_dropped_until_s(const struct ends_memory *m);
uint64_t ends_memory_dropped(const struct ends_memory *m);

#endif
