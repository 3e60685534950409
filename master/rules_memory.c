/* SPDX-License-Identifier: MIT
 * rules_memory - a list: rules are few and rarely looked for.
 * Owns:      the rules
 * Runs in:   master
 * Fails by:  SD_ERR_MEMORY
 * Never:     lower a rule's time, or drop a rule: its slot is for ever, too
 */
#include "base.h"
#include "rules_memory.h"

#include "err.h"

int rules_memory_put(struct rules_memory *m, const struct rules_memory_in *in)
{
	struct rules_memory_rule *r = m->first;

	while (r && (r->kind != in->kind || r->slot != in->slot))
		r = r->next;
	if (!r) {
		r = calloc(1, sizeof(*r) + in->id.n);
		if (!r)
			return SD_ERR_MEMORY;
		r->kind = in->kind;
		r->slot = in->slot;
		r->tenant = in->tenant;
		r->id_n = in->id.n;
		if (in->id.n > 0)
			memcpy(r->id, in->id.p, in->id.n);
		r->next = m->first;
		m->first = r;
	}
	if (in->before_s >= r->before_s)
		r->epoch = in->epoch;
	r->before_s = SD_MAX(r->before_s, in->before_s);
	r->until_s = SD_MAX(r->until_s, in->until_s);
	return SD_OK;
}

struct rules_memory_rule *rules_memory_next(const struct rules_memory *m,
					    const struct rules_memory_rule *after, uint32_t epoch,
					    int64_t now_s)
{
	struct rules_memory_rule *r = after ? after->next : m->first;

	while (r && (r->until_s <= now_s || r->epoch == epoch))
		r = r->next;
	return r;
}

void rules_memory_fini(struct rules_memory *m)
{
	while (m->first) {
		struct rules_memory_rule *next = m->first->next;

		free(m->first);
		m->first = next;
	}
}
