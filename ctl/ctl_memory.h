/* SPDX-License-Identifier: MIT
 * ctl_memory - `sessionctl memory`: what stands in the shared segments, and whether it may. */
#ifndef SD_CTL_MEMORY_H
#define SD_CTL_MEMORY_H

#include "shm_layout.h"

/* One segment as the master handed it over; the descriptor stays the caller's. */
struct ctl_memory_segment {
	enum shm_kind kind;
	int fd;
	const char *name; /* the master's word for it ("worker 3"); may be NULL */
};

struct ctl_memory_source {
	const struct ctl_memory_segment *segment;
	size_t count;
};

/* argv holds what stands behind "memory": dump|verify [--json]. Writes to standard output.
 * Exit code: 0 fine, 1 findings (or a segment that cannot be mapped), 2 usage. */
int ctl_memory(const struct ctl_memory_source *src, int argc, char **argv) SD_MUSTCHECK;

#endif
