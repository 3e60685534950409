/* SPDX-License-Identifier: MIT
 * fault - decides whether a named injection point fires; empty in production builds.
 * Owns:      how often each point was passed
 * Runs in:   every process of a build with --enable-fault-injection
 * Fails by:  never
 * Never:     read anything but the environment of this process */
#include "base.h"
#include "fault.h"

#ifdef SD_FAULT_INJECTION

#include "slice.h"

#define FAULT_POINTS 64 /* points that count their passes; further ones never fire */

static struct {
	const char *name;
	uint64_t passes;
} seen[FAULT_POINTS];

static uint64_t count_pass(const char *name)
{
	for (size_t i = 0; i < FAULT_POINTS; i++) {
		if (seen[i].name == NULL)
			seen[i].name = name;
		if (strcmp(seen[i].name, name) == 0)
			return ++seen[i].passes;
	}
	return 0;
}

/* From which pass on the entry ("name" or "name:3") fires for this name; 0 = it is not meant. */
static uint64_t fires_from(struct sd_slice entry, const char *name)
{
	size_t n = strlen(name);
	uint64_t from;

	if (entry.n < n || memcmp(entry.p, name, n) != 0)
		return 0;
	if (entry.n == n)
		return 1;
	if (entry.p[n] != ':' || sd_slice_u64(sd_slice(entry.p + n + 1, entry.n - n - 1), &from) != 0)
		return 0;
	return from;
}

/* Several points are separated by commas. */
bool sd_fault(const char *name)
{
	const char *at = getenv("SESSIOND_FAULT");
	uint64_t pass;

	if (at == NULL)
		return false;
	pass = count_pass(name);
	for (;;) {
		size_t n = strcspn(at, ",");
		uint64_t from = fires_from(sd_slice(at, n), name);

		if (from > 0 && pass >= from)
			return true;
		if (at[n] == '\0')
			return false;
		at += n + 1;
	}
}

#endif
