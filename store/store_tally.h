/* SPDX-License-Identifier: MIT
 * store_tally - what was counted of a tenant's sessions: a piece of a partition's hours with each call. */
#ifndef SD_STORE_TALLY_H
#define SD_STORE_TALLY_H

#include "store.h"

#define STORE_TALLY_HOURS 768 /* the store keeps no more (32 days) */

enum store_tally_what {
	TALLY_SUMMARY = 0, /* "active", "users", "created", "e:REASON", and as in store_count */
	TALLY_SESSIONS,	   /* the same by hour, but for "active" */
	TALLY_DURATIONS,   /* seconds below which they lived, or "more" */
	TALLY_DEVICES,	   /* "b:BROWSER", "t:TYPE" */
	TALLY_NETWORKS,	   /* "192.0.2.0/24" */
	TALLY_COUNTRIES	   /* "DE"; "ZZ": in none that was known */
};

struct store_tally_in {
	struct sd_slice tenant;
	enum store_tally_what what;
	uint8_t partition;
	int64_t from_hour, to_hour; /* since 1970; inclusive */
	uint32_t names;		    /* about so many in one piece */
	bool first;		    /* of this partition: what is no hour's is told too */
};

struct store_tally {
	struct store_call call; /* OK: next_score_ms is the hour to go on at, -1 = the partition's end */
	/* For each count, before call.done(): the name is the reply's. hour: 0 = of the sum. */
	void (*take)(struct store_tally *t, int64_t hour, struct sd_slice name, uint64_t n);
};

/* What a node's workers counted of a tenant, for the master to add: a few names of closed lists. */
#define STORE_COUNT_ROWS 16
struct store_count {
	struct sd_slice tenant;
	uint32_t rows;
	struct store_count_row {
		char name[48]; /* "s:v:CODE", "s:b:SIGNAL:MODE", "s:e:EVENT" (labels.def) */
		uint64_t n;
	} row[STORE_COUNT_ROWS];
};

void store_tally(struct store *s, const struct store_tally_in *in, struct store_tally *t);

/* For store_reply alone. */
struct redisReply;
int store_tally_reply(struct store_call *call, struct redisReply *const *e, size_t n) SD_MUSTCHECK;

#endif
