/* SPDX-License-Identifier: MIT
 * connector - makes the workers' connections to the store and hands them over; makes a lost one
 * again, ever more slowly. */
#ifndef SD_CONNECTOR_H
#define SD_CONNECTOR_H

#include "base.h"

struct master;
struct connector_slot;

struct connector {
	uint32_t per_worker;
	struct connector_slot *slot; /* workers * per_worker */
	uint64_t dials, failures;
	int64_t said_ns;             /* failures are logged once in a while only */
};

int connector_open(struct master *m) SD_MUSTCHECK;
void connector_worker_started(struct master *m, uint32_t worker);
void connector_worker_ended(struct master *m, uint32_t worker);
/* Every worker was given all its connections at least once: before that it would answer 503. */
bool connector_all_given(const struct master *m);
/* HM_STORE_LOST: index is what the worker said; nonsense is ignored. */
void connector_lost(struct master *m, uint32_t worker, uint32_t index);

#endif
