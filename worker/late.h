/* SPDX-License-Identifier: MIT
 * late - which sessions were used since the store was told of them last, by when it is to be told
 * again. Bounded: what finds no place is told with its session's next use. */
#ifndef SD_LATE_H
#define SD_LATE_H

#include "handle.h"

struct late;

struct late_use {
	int64_t due_ms;
	uint64_t generation; /* of the policy; */
	uint32_t tenant;     /* its index there */
	struct sid sid;
};

int late_new(uint32_t most, struct late **out) SD_MUSTCHECK;
void late_free(struct late **l);
/* False: no room. */
bool late_put(struct late *l, const struct late_use *use);
/* The one that is due first, when it is due at now_ms; it is taken out. */
bool late_take(struct late *l, int64_t now_ms, struct late_use *out) SD_MUSTCHECK;

#endif
