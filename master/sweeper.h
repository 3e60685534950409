/* SPDX-License-Identifier: MIT
 * sweeper - ends the sessions whose clocks have run out and nobody asks for, and removes the records
 * that nobody may read any more: partition by partition, by the index of deadlines, so that it
 * costs what is due and not what there is. */
#ifndef SD_SWEEPER_H
#define SD_SWEEPER_H

#include "redis_link.h"
#include "store_sweep.h"

struct master;

struct sweeper_item {
	struct redis_req req;
	char tenant[STORE_SWEEP_TENANT];
	struct sid sid;
	bool owed;  /* not answered yet */
	bool again; /* asked before, and the answer was lost */
};

struct sweeper {
	struct master *m;
	struct store_sweep *store;
	struct sd_timer timer;
	struct redis_req due;
	uint8_t partition;
	bool known;        /* the server has the scripts, as far as we know */
	bool more;         /* as many were due as were asked for */
	unsigned waiting;  /* replies owed */
	uint32_t count;
	struct sweeper_item item[STORE_SWEEP_MAX];
};

int sweeper_open(struct master *m) SD_MUSTCHECK;
void sweeper_start(struct master *m);
void sweeper_stop(struct master *m);

#endif
