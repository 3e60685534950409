/* SPDX-License-Identifier: MIT
 * ends_memory - a hash that grows by one chain at a time (linear hashing: no pause at any size),
 * and a heap by absolute end.
 * Owns:      the places, the chains, the heap
 * Runs in:   master
 * Fails by:  SD_ERR_MEMORY at its making; afterwards never: at the bound what is over first goes
 * Never:     hold more than its bound, or forget the newest for the oldest
 */
#include "base.h"
#include "ends_memory.h"

#include "err.h"

_Static_assert(sizeof(struct ends_memory_end) == 48, "48 bytes each");

struct ends_memory {
	struct sd_siphash_key key;
	uint32_t bound, count;
	uint32_t top;		       /* places ever used: 1 .. top */
	uint32_t free_list;	       /* by next; 0 = none */
	struct ends_memory_end *place; /* bound + 1; 0 is nobody's */
	uint32_t *heap;		       /* count places, the first over first */
	uint32_t *chain;       /* up to bound rounded up to 2^n; chains of them are in use */
	uint32_t chains, mask; /* mask + 1 <= chains <= 2 * (mask + 1) */
	int64_t dropped_until_s;
	uint64_t dropped;
};

int ends_memory_new(uint32_t bound, struct sd_siphash_key key, struct ends_memory **out)
{
	struct ends_memory *m = calloc(1, sizeof(*m));
	size_t chains = 2;

	*out = NULL;
	if (!m)
		return SD_ERR_MEMORY;
	while (chains < (size_t)bound + 2)
		chains *= 2;
	m->key = key;
	m->bound = bound;
	m->chains = 1;
	m->place = calloc((size_t)bound + 1, sizeof(*m->place));
	m->heap = calloc((size_t)bound + 1, sizeof(*m->heap));
	m->chain = calloc(chains, sizeof(*m->chain));
	if (!m->place || !m->heap || !m->chain) {
		ends_memory_free(&m);
		return SD_ERR_MEMORY;
	}
	*out = m;
	return SD_OK;
}

void ends_memory_free(struct ends_memory **mp)
{
	struct ends_memory *m = *mp;

	if (!m)
		return;
	free(m->place);
	free(m->heap);
	free(m->chain);
	free(m);
	*mp = NULL;
}

/* --- chains --- */

static uint32_t *chain_of(const struct ends_memory *m, const uint8_t sid[16])
{
	uint32_t hash = (uint32_t)sd_siphash(m->key, sid, 16);
	uint32_t at = hash & (2 * m->mask + 1);

	return &m->chain[at < m->chains ? at : hash & m->mask];
}

static uint32_t find(const struct ends_memory *m, const uint8_t sid[16])
{
	uint32_t at = *chain_of(m, sid);

	while (at != 0 && memcmp(m->place[at].sid, sid, 16) != 0)
		at = m->place[at].next;
	return at;
}

/* One chain more: what belongs there comes out of the one chain it was in. */
static void split(struct ends_memory *m)
{
	uint32_t at = m->chain[m->chains - (m->mask + 1)];

	m->chain[m->chains - (m->mask + 1)] = 0;
	m->chains++;
	while (at != 0) {
		uint32_t next = m->place[at].next;
		uint32_t *head = chain_of(m, m->place[at].sid);

		m->place[at].next = *head;
		*head = at;
		at = next;
	}
	if (m->chains == 2 * (m->mask + 1))
		m->mask = 2 * m->mask + 1;
}

static void unchain(struct ends_memory *m, uint32_t at)
{
	uint32_t *link = chain_of(m, m->place[at].sid);

	while (*link != at)
		link = &m->place[*link].next;
	*link = m->place[at].next;
}

/* --- heap --- */

static void heap_set(struct ends_memory *m, uint32_t i, uint32_t at)
{
	m->heap[i] = at;
	m->place[at].heap_at = i;
}

static bool before(const struct ends_memory *m, uint32_t a, uint32_t b)
{
	return m->place[a].absolute_s < m->place[b].absolute_s;
}

static void sift_up(struct ends_memory *m, uint32_t i)
{
	uint32_t at = m->heap[i];

	for (; i > 0 && before(m, at, m->heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap_set(m, i, m->heap[(i - 1) / 2]);
	heap_set(m, i, at);
}

static void sift_down(struct ends_memory *m, uint32_t i)
{
	uint32_t at = m->heap[i], child;

	for (; (child = 2 * i + 1) < m->count; i = child) {
		if (child + 1 < m->count && before(m, m->heap[child + 1], m->heap[child]))
			child++;
		if (!before(m, m->heap[child], at))
			break;
		heap_set(m, i, m->heap[child]);
	}
	heap_set(m, i, at);
}

static void drop_first(struct ends_memory *m)
{
	uint32_t at = m->heap[0];

	unchain(m, at);
	m->count--;
	if (m->count > 0) {
		heap_set(m, 0, m->heap[m->count]);
		sift_down(m, 0);
	}
	memset(&m->place[at], 0, sizeof(m->place[at]));
	m->place[at].next = m->free_list;
	m->free_list = at;
}

static void make_room(struct ends_memory *m, int64_t now_s)
{
	const struct ends_memory_end *first = &m->place[m->heap[0]];

	if (first->absolute_s > now_s) {
		m->dropped++;
		m->dropped_until_s = SD_MAX(m->dropped_until_s, first->absolute_s);
	}
	drop_first(m);
}

static void enter(struct ends_memory *m, const struct ends_memory_end *e)
{
	uint32_t at = m->free_list, *head;

	if (at != 0)
		m->free_list = m->place[at].next;
	else
		at = ++m->top;
	if (m->count >= m->chains)
		split(m);
	head = chain_of(m, e->sid);
	m->place[at] = *e;
	m->place[at].next = *head;
	*head = at;
	m->heap[m->count] = at;
	sift_up(m, m->count++);
}

void ends_memory_put(struct ends_memory *m, const struct ends_memory_end *e, int64_t now_s)
{
	uint32_t at = find(m, e->sid);
	struct ends_memory_end *have = &m->place[at];

	if (at == 0) {
		if (e->absolute_s <= now_s)
			return;
		if (m->count == m->bound)
			make_room(m, now_s);
		enter(m, e);
		return;
	}
	have->until_s = SD_MAX(have->until_s, e->until_s);
	have->epoch = e->epoch;
	if (e->absolute_s > have->absolute_s) {
		have->absolute_s = e->absolute_s;
		sift_down(m, have->heap_at);
	}
}

void ends_memory_confirm(struct ends_memory *m, const uint8_t sid[16], uint32_t epoch)
{
	uint32_t at = find(m, sid);

	if (at != 0)
		m->place[at].epoch = epoch;
}

void ends_memory_expire(struct ends_memory *m, int64_t now_s, uint32_t max)
{
	for (; max > 0 && m->count > 0 && m->place[m->heap[0]].absolute_s <= now_s; max--)
		drop_first(m);
}

const struct ends_memory_end *ends_memory_next(const struct ends_memory *m, uint32_t epoch,
					       uint32_t max, uint32_t *cursor)
{
	for (; max > 0 && *cursor < m->top; max--) {
		const struct ends_memory_end *e = &m->place[++*cursor];

		if (e->reason != 0 && e->epoch != epoch)
			return e;
	}
	if (*cursor >= m->top)
		*cursor = 0;
	return NULL;
}

uint32_t ends_memory_count(const struct ends_memory *m)
{
	return m->count;
}

int64_t ends_memory_dropped_until_s(const struct ends_memory *m)
{
	return m->dropped_until_s;
}

uint64_t ends_memory_dropped(const struct ends_memory *m)
{
	return m->dropped;
}
