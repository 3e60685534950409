/* SPDX-License-Identifier: MIT
 * subscriber - from the store's revocation log to the table, the bucket counters and the proofs. */
#ifndef SD_SUBSCRIBER_H
#define SD_SUBSCRIBER_H

#include "redis_sub.h"

struct master;

struct subscriber {
	struct redis_sub *sub;
	enum health_status status;  /* of the store */
	enum health_reason reason;
	int64_t proven_ns;          /* the last proof; 0 = none (since the last reset) */
	bool was_up;                /* at least once */
	bool lost;                  /* up before, down now */
	bool skipped;               /* an entry named a tenant, client or key without a slot */
	struct sd_timer grow;       /* while the table grows */
};

int subscriber_open(struct master *m) SD_MUSTCHECK;
void subscriber_stop(struct master *m);
/* Names got slots that skipped entries may have meant, or the store's password changed: reads all again. */
void subscriber_reread(struct master *m);
/* Each second: gauges, a slice of the sweep. */
void subscriber_tick(struct master *m);
/* The highest time that the store has confirmed, s; 0 before. What is forgotten when it is over is
 * forgotten by this clock alone: by then each worker takes its tokens for expired, whatever happens to
 * this node's clock. One that was ahead for a while would let ends go whose tokens live on. */
int64_t subscriber_store_s(const struct master *m);
/* ns since the last proof; INT64_MAX = never. */
int64_t subscriber_staleness_ns(const struct subscriber *s, int64_t now_ns);

#endif
