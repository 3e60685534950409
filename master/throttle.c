/* SPDX-License-Identifier: MIT
 * throttle - how long the replacement of a dead process waits.
 * Owns:      nothing
 * Runs in:   master
 * Fails by:  never
 * Never:     reads a clock: the time lived is a parameter */
#include "base.h"
#include "throttle.h"

#define FIRST_MS 100
#define MAX_MS 10000
#define KILLED_QUICK_NS 1000000000LL
#define MAX_SHIFT 7 /* 100 << 7 is over the maximum already */

int64_t throttle_died(struct throttle *t, int64_t lived_ns)
{
	uint32_t n;

	if (lived_ns >= THROTTLE_QUICK_NS)
		t->quick_deaths = 0;
	n = t->quick_deaths;
	if (t->quick_deaths < UINT32_MAX)
		t->quick_deaths++;
	if (n == 0)
		return 0;
	return SD_MIN((int64_t)FIRST_MS << SD_MIN(n - 1, (uint32_t)MAX_SHIFT), (int64_t)MAX_MS);
}

int64_t throttle_killed(int64_t lived_ns)
{
	return lived_ns < KILLED_QUICK_NS ? FIRST_MS : 0;
}

bool throttle_is_crash_loop(const struct throttle *t)
{
	return t->quick_deaths >= THROTTLE_CRASH_LOOP;
}
