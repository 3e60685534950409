/* SPDX-License-Identifier: MIT
 * reclock - a policy whose clocks or retention have become shorter, or a rule by time, concerns sessions that
 * live: the index of deadlines is told, once, so that the sweeper finds them in time. */
#ifndef SD_RECLOCK_H
#define SD_RECLOCK_H

#include "redis_link.h"
#include "store_sweep.h"

struct master;

struct reclock_tenant {
	bool known, owed;
	uint64_t rules;          /* which there were, see policy_rules_mark() */
	struct store_clocks now; /* without its levels: */
	uint64_t levels;         /* a digest of them */
	int64_t retain_s;
};

struct reclock {
	struct master *m;
	struct sd_timer timer;
	struct redis_req req;
	bool busy;  /* a reply is owed */
	bool known; /* the server has the script, as far as we know */
	uint64_t generation;
	int64_t looked_ns;
	struct reclock_tenant *tenant; /* by slot */
	/* the walk: */
	bool walking;
	char name[STORE_SWEEP_TENANT];
	uint32_t slot, partition;
	struct store_sweep_place from;
};

int reclock_open(struct master *m) SD_MUSTCHECK;
void reclock_start(struct master *m);
void reclock_stop(struct master *m);

#endif
