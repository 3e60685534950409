/* SPDX-License-Identifier: MIT
 * security_tally - which counts of refusals the store has not been told yet.
 * Owns:      what it was told of each counter; the names it counts under
 * Runs in:   master
 * Fails by:  never; a counter without a place is not told
 * Never:     send anything
 */
#include "base.h"
#include "security_tally.h"

#include "labels.h"

bool security_tally_name(const struct board_key *k, char *out, size_t size)
{
	const char *a = "", *b = "";

	out[0] = '\0';
	if (k->metric == METRIC_VALIDATE && k->a != RESULT_VALID && k->a != RESULT_UNAVAILABLE) {
		a = validate_result_text(k->a);
		(void)snprintf(out, size, "s:v:%s", a);
	} else if (k->metric == METRIC_BINDING) {
		a = binding_kind_text(k->a);
		b = binding_mode_text(k->b);
		(void)snprintf(out, size, "s:b:%s:%s", a, b);
		return a[0] != '\0' && b[0] != '\0';
	} else if (k->metric == METRIC_RATE_LIMITED || k->metric == METRIC_SECURITY) {
		a = security_event_text(k->metric == METRIC_SECURITY ? k->a : SECURITY_RATE_LIMITED);
		(void)snprintf(out, size, "s:e:%s", a);
	}
	return a[0] != '\0';
}

/* Counters never go away, so a place is found for each. */
static struct security_tally_place *place_of(struct security_tally *t, uint64_t key)
{
	uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 32);

	for (uint32_t i = 0; i < SECURITY_TALLY_PLACES; i++) {
		struct security_tally_place *p = &t->place[(at + i) % SECURITY_TALLY_PLACES];

		if (p->key == key || p->key == 0) {
			p->key = key;
			return p;
		}
	}
	return NULL;
}

uint32_t security_tally_collect(struct security_tally *t)
{
	uint32_t slot = SHM_SLOT_NONE;

	t->in.rows = 0;
	for (uint32_t i = 0; i < SHM_STATS_COUNTERS && t->in.rows < STORE_COUNT_ROWS; i++) {
		uint64_t key = atomic_load_explicit(&t->sum->counter[i].key, memory_order_relaxed);
		uint64_t n = atomic_load_explicit(&t->sum->counter[i].count, memory_order_relaxed);
		struct store_count_row *row = &t->in.row[t->in.rows];
		struct security_tally_place *p;
		struct board_key k;

		if (!board_key_read(key, &k) || k.tenant_slot >= SHM_TENANTS ||
		    (slot != SHM_SLOT_NONE && k.tenant_slot != slot) ||
		    !security_tally_name(&k, row->name, sizeof(row->name)))
			continue;
		p = place_of(t, key);
		if (p == NULL || n <= p->told)
			continue;
		row->n = n - p->told;
		p->asked = n;
		p->waiting = true;
		slot = k.tenant_slot;
		t->in.rows++;
	}
	return slot;
}

void security_tally_told(struct security_tally *t, bool arrived)
{
	for (uint32_t i = 0; i < SECURITY_TALLY_PLACES; i++) {
		struct security_tally_place *p = &t->place[i];

		if (!p->waiting)
			continue;
		p->waiting = false;
		if (arrived)
			p->told = p->asked;
	}
}
