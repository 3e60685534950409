/* SPDX-License-Identifier: MIT
 * security_tally - which counts of refusals, by tenant, the store has not been told yet. Pure. */
#ifndef SD_SECURITY_TALLY_H
#define SD_SECURITY_TALLY_H

#include "shm_board.h"
#include "store_tally.h"

#define SECURITY_TALLY_PLACES 8192 /* twice the counters that a segment has room for */

struct security_tally_place {
	uint64_t key;  /* of a counter (shm_layout.h); 0 = free */
	uint64_t told; /* what the store has */
	uint64_t asked; /* ... once it has answered */
	bool waiting;
};

struct security_tally {
	struct shm_stats *sum;              /* of all processes, the dead included */
	struct security_tally_place *place; /* SECURITY_TALLY_PLACES, zeroed at first */
	struct store_count in;              /* what is to be told next; its tenant is the caller's to name */
};

/* The name under which the store counts it; false: it is not of security. */
bool security_tally_name(const struct board_key *k, char *out, size_t size);
/* Fills t->in with the next of what sum has and was not told, all of one tenant's slot, and returns the
 * slot; SHM_SLOT_NONE: nothing. */
uint32_t security_tally_collect(struct security_tally *t);
/* What was asked last has, or has not, arrived. */
void security_tally_told(struct security_tally *t, bool arrived);

#endif
