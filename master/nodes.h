/* SPDX-License-Identifier: MIT
 * nodes - this node among the others: its lease, its bounds, and what it sees of the registry. */
#ifndef SD_NODES_H
#define SD_NODES_H

#include "buf.h"
#include "loop.h"
#include "redis_sub.h"

struct master;

struct nodes {
	char id[NODE_ID_LEN + 1]; /* of this life */
	int64_t staleness_ms;     /* the longest that anything here trusts a proof */
	bool leaving, left;
	struct sd_task on_left;
};

/* Before the subscriber is made; fills its part of the conf. */
void nodes_conf(struct master *m, struct redis_sub_conf *conf);
/* Says in the log how late an acknowledged revocation can be obeyed, here and elsewhere. */
void nodes_log_bounds(struct master *m);
/* `"bounds":{...},"nodes":[...]` of the status. */
void nodes_status(struct master *m, struct sd_buf *out);
/* All workers are gone: gives up the lease; drain_child_ended() runs when that is over. */
void nodes_leave(struct master *m);

#endif
