/* SPDX-License-Identifier: MIT
 * obituary - why a process died, in one line of text. Pure. */
#ifndef SD_OBITUARY_H
#define SD_OBITUARY_H

#include "base.h"

struct obituary {
	int status;         /* of wait(2) */
	const char *told;   /* what it said itself (HM_FAILED), or "" */
	const char *panic;  /* panic text of its statistics segment, or "" */
	const char *route;  /* the last route it worked on, or "" */
	const char *reason; /* why the master ended it, or NULL */
	int64_t uptime_ms;
};

/* NUL-terminated, always. Control bytes of what the dead one wrote become '?'. */
void obituary_write(const struct obituary *o, char *out, size_t size);
/* "SIGSEGV" ..., or NULL. */
const char *obituary_signal(int number);

#endif
