/* SPDX-License-Identifier: MIT
 * throttle - how long the replacement of a dead process waits. Pure. */
#ifndef SD_THROTTLE_H
#define SD_THROTTLE_H

#include "base.h"

struct throttle {
	uint32_t quick_deaths; /* in a row, each within THROTTLE_QUICK_NS of its start */
};

#define THROTTLE_QUICK_NS 10000000000LL
#define THROTTLE_CRASH_LOOP 3 /* from here on health says so */

/* Notes a death after lived_ns; how many ms its replacement waits: 0, 100, 200 ... 10000. */
int64_t throttle_died(struct throttle *t, int64_t lived_ns);
/* The same for a process that worked and was killed from outside (SIGKILL): that says nothing about
 * the next one, so it does not count as a crash. 0, or 100 when it lived less than a second. */
int64_t throttle_killed(int64_t lived_ns);
bool throttle_is_crash_loop(const struct throttle *t);

#endif
