/* SPDX-License-Identifier: MIT
 * metrics - the Prometheus text of the whole node, and who gets it. */
#ifndef SD_METRICS_H
#define SD_METRICS_H

#include "buf.h"
#include "heritage.h"
#include "shm_board.h"

#define METRICS_MAX (4u * 1024 * 1024 - 1)

struct master;
struct child;

/* Pure. */
struct metrics_in {
	const struct shm_stats *sum; /* all processes, the dead included; gauges summed, too */
	/* The tenant's name, or an empty slice for a slot without one. */
	struct sd_slice (*tenant)(const void *arg, uint32_t slot);
	const void *arg;
	int32_t sandbox[ROLE_COUNT]; /* 1 enforced, 0 not, -1 no such process */
};
void metrics_render(const struct metrics_in *in, struct sd_buf *out);

/* Sums up every segment, the dead ones' too, into zeroed memory. */
void metrics_sum(struct master *m, struct shm_stats *sum);
/* The tenant in this slot, by the policy in force; arg = the master. Empty: none. */
struct sd_slice metrics_tenant_name(const void *arg, uint32_t slot);
/* Sums up and renders. */
void metrics_text(struct master *m, struct sd_buf *out);
/* HM_METRICS_WANTED: the answer with its tag; without a descriptor when there is no text. */
void metrics_answer(struct master *m, struct child *c, uint32_t tag);

#endif
