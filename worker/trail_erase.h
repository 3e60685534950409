/* SPDX-License-Identifier: MIT
 * trail_erase - the copy of the audit records in the store forgets a user. */
#ifndef SD_TRAIL_ERASE_H
#define SD_TRAIL_ERASE_H

#include "request.h"
#include "store_privacy.h"

struct trail_erase {
	struct request *r;
	struct store_erase_events in;
	struct sd_timer timer;
	unsigned tries;
	int64_t since_ns; /* when it began */
	uint32_t records; /* left out */
};

/* user: whose sessions have ended, and about whom nothing more is said. owner: 1..32 bytes, of this
 * request alone. Waits until what others said of him before has arrived. STEP_PARKED, or STEP_DONE (503). */
enum step trail_erase_begin(struct request *r, struct trail_erase *t, struct sd_slice user,
			    const char *owner) SD_MUSTCHECK;
/* The steps behind it, in this order; the second steps back to the first until all is done. */
enum step trail_erase_ask(struct request *r, struct trail_erase *t) SD_MUSTCHECK;
/* STEP_NEXT: done or once more; STEP_DONE: 503 answered (ask again: what is done stays done). */
enum step trail_erase_asked(struct request *r, struct trail_erase *t) SD_MUSTCHECK;

#endif
