/* SPDX-License-Identifier: MIT
 * activity - when this worker last saw each session, and what it has told the store of that. By
 * session, not by token: it outlives tokens that are forgotten, and both kinds of token share it.
 * Bounded: what was seen longest ago makes room, and is then told again with its next use. */
#ifndef SD_ACTIVITY_H
#define SD_ACTIVITY_H

#include "handle.h"

struct activity;

struct activity_entry {
	uint64_t tag;         /* keyed hash of the session id; 0 = free */
	int64_t seen_ms;
	int64_t told_ms;      /* the store knows of uses up to here */
	uint32_t untold;      /* requests since */
	uint16_t lost;        /* 1: the store may not have heard of told_ms */
	uint16_t waits;       /* 1: it has its one place in late.h */
};

/* secret: 16 random bytes, so that nobody can aim at a place. */
int activity_new(uint64_t entries, const uint64_t secret[2], struct activity **out) SD_MUSTCHECK;
void activity_free(struct activity **a);
/* NULL when none is remembered; good until the next use. */
struct activity_entry *activity_find(struct activity *a, const struct sid *sid);
/* The last sight; 0 when none is remembered. */
int64_t activity_seen_ms(struct activity *a, const struct sid *sid);
/* A use now. recorded_ms: what the store is known to have recorded. The entry is good until the
 * next use; who tells the store sets told_ms, untold and lost. */
struct activity_entry *activity_use(struct activity *a, const struct sid *sid, int64_t now_ms,
				    int64_t recorded_ms);
/* What the store was told last of this session may not have reached it. */
void activity_lost(struct activity *a, const struct sid *sid);

#endif
