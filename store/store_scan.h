/* SPDX-License-Identifier: MIT
 * store_scan - a walk over the sessions of one tenant, newest first: its 256 partitions' indexes
 * merged as far as somebody asks, and the records (without data) of what the merge gives. What it
 * holds is bounded, whatever the tenant has. No snapshot: what exists from the walk's beginning to
 * its end is met exactly once, what comes or goes meanwhile may be met. */
#ifndef SD_STORE_SCAN_H
#define SD_STORE_SCAN_H

#include "store.h"

#define STORE_SCAN_ROWS 64 /* at most, of one step */

struct store_scan_place {
	int64_t ms; /* the index's score: when it was made */
	struct sid sid;
};

struct store_scan_in {
	struct sd_slice tenant;       /* copied */
	bool has_from;                /* strictly behind this place, else from the newest */
	struct store_scan_place from;
	int64_t min_ms;               /* nothing older; 0 = all */
	uint32_t expect;              /* how many will probably be asked for in all */
	void *arg;
	void (*done)(void *arg);      /* a step has ended; runs from the loop, never inside the call */
};

struct store_scan;
/* Nothing is asked yet. SD_ERR_MEMORY. */
int store_scan_new(struct store *s, const struct store_scan_in *in,
		   struct store_scan **out) SD_MUSTCHECK;
/* No step may be under way. NULL is fine. */
void store_scan_free(struct store_scan **scan);
/* The next max (1..STORE_SCAN_ROWS) places; then done(). Few steps of one worker run at once, the
 * others wait for their turn. */
void store_scan_next(struct store_scan *scan, uint32_t max);

struct store_scan_step {
	enum store_status status; /* OK, UNAVAILABLE, CORRUPT; if not OK the scan is spent */
	bool end;                 /* nothing is behind this */
	uint32_t places;          /* that the index gave; a record that is gone has no row */
	uint32_t count;
	const struct session *row; /* count of them, until the next step */
	const uint32_t *place;     /* row i stands at place[i] of those given */
};
void store_scan_take(const struct store_scan *scan, struct store_scan_step *out);
/* Where the n-th of the last step's places is: to go on behind it. n < places. */
struct store_scan_place store_scan_place(const struct store_scan *scan, uint32_t n);

#endif
