/* SPDX-License-Identifier: MIT
 * late - a heap of uses of which the store is still to be told, the first that is due on top.
 * Owns:      its places
 * Runs in:   worker
 * Fails by:  SD_ERR_MEMORY at creation; a use that finds no place is left out
 * Never:     tell the store itself; know whether it has been told meanwhile */
#include "base.h"
#include "late.h"

#include "err.h"

struct late {
	uint32_t count, most;
	struct late_use use[]; /* each is due no sooner than its parent, (i - 1) / 2 */
};

int late_new(uint32_t most, struct late **out)
{
	*out = calloc(1, sizeof(**out) + (size_t)most * sizeof((*out)->use[0]));
	if (!*out)
		return SD_ERR_MEMORY;
	(*out)->most = most;
	return SD_OK;
}

void late_free(struct late **l)
{
	free(*l);
	*l = NULL;
}

bool late_put(struct late *l, const struct late_use *use)
{
	if (l->count == l->most)
		return false;
	uint32_t i = l->count++;
	for (; i > 0 && l->use[(i - 1) / 2].due_ms > use->due_ms; i = (i - 1) / 2)
		l->use[i] = l->use[(i - 1) / 2];
	l->use[i] = *use;
	return true;
}

bool late_take(struct late *l, int64_t now_ms, struct late_use *out)
{
	memset(out, 0, sizeof(*out));
	if (l->count == 0 || l->use[0].due_ms > now_ms)
		return false;
	*out = l->use[0];
	const struct late_use last = l->use[--l->count];
	uint32_t i = 0;
	for (uint32_t child = 1; child < l->count; child = 2 * i + 1) {
		if (child + 1 < l->count && l->use[child + 1].due_ms < l->use[child].due_ms)
			child++;
		if (l->use[child].due_ms >= last.due_ms)
			break;
		l->use[i] = l->use[child];
		i = child;
	}
	l->use[i] = last;
	return true;
}
