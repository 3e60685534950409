/* SPDX-License-Identifier: MIT
 * shm_revoke_grow_w - replaces the revocation table by another, a piece at a time.
 * Owns:      the successor while it is filled; control.table; `moved`
 * Runs in:   master
 * Fails by:  giving the successor up: the present segment stays in force, whole as it always was
 * Never:     an entry only in the new segment while the old one is not marked */
#include "base.h"

#include "shm_revoke_priv.h"

#include "err.h"
#include "shm_map.h"

/* Tried again after so many insertions. */
#define HOLD_AFTER_FAILURE 4096u
/* Pages reserved at once, and what that and giving a piece back cost, told in slots copied. */
#define RESERVE_PIECE ((size_t)256 << 10)
#define PIECE_COST 1024u

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void give_up(struct shm_revoke_w *w)
{
	revoke_segment_fini(&w->next.seg);
	w->grow_hold = HOLD_AFTER_FAILURE;
}

bool revoke_grow_begin(struct shm_revoke_w *w, uint64_t buckets)
{
	if (revoke_growing(w))
		return true;
	w->next = (struct revoke_growth){.reserved = 0};
	if (revoke_segment_begin(&w->next.seg, w->number + 1, buckets, NULL) == 0)
		return true;
	w->grow_hold = HOLD_AFTER_FAILURE;
	return false;
}

static void reserve_piece(struct shm_revoke_w *w)
{
	struct revoke_growth *g = &w->next;
	size_t bytes = SD_MIN(g->seg.size - g->reserved, RESERVE_PIECE);

	if (shm_reserve(g->seg.fd, g->reserved, bytes) != 0)
		give_up(w);
	else
		g->reserved += bytes;
}

/* In the order of the old buckets: the new table is filled in two streams, not at random. What is
 * over is not taken along. */
static void copy_slots(struct shm_revoke_w *w, uint64_t slots)
{
	struct revoke_growth *g = &w->next;
	uint64_t left = SD_MIN(revoke_slots(&w->seg) - g->copied, slots);

	for (; left > 0; left--, g->copied++) {
		const struct shm_revoke_slot *slot = &w->seg.table->slot[g->copied];
		uint64_t tag = load(&slot->tag), word = load(&slot->word);

		if (tag < REVOKE_FIRST_TAG)
			continue;
		if (revoke_until(word) < w->now_s) {
			revoke_free_slot(w, g->copied);
		} else if (!revoke_copy_in(&g->seg, tag, word, w->seg.owner[g->copied])) {
			give_up(w);
			return;
		}
	}
}

/* From the first store on a reader of the old segment says UNKNOWN, whatever happens to us. */
static void put_in_force(struct shm_revoke_w *w)
{
	revoke_segment_fini(&w->old);
	w->old = w->seg;
	atomic_store_explicit(&w->old.table->moved, 1, memory_order_release);
	atomic_store_explicit(&w->control->table, w->number + 1, memory_order_release);
	w->seg = w->next.seg;
	w->next = (struct revoke_growth){.seg = {.fd = -1}};
	w->number++;
	w->sweep_at = 0;
}

bool revoke_grow_step(struct shm_revoke_w *w, uint64_t slots)
{
	while (revoke_growing(w)) {
		struct revoke_growth *g = &w->next;
		uint64_t before = g->copied, cost = PIECE_COST;

		if (g->reserved < g->seg.size) {
			reserve_piece(w);
		} else if (g->copied < revoke_slots(&w->seg)) {
			copy_slots(w, slots);
			cost = w->next.copied - before;
		} else {
			put_in_force(w);
			return true;
		}
		if (slots <= cost)
			break;
		slots -= cost;
	}
	return false;
}

bool revoke_grow(struct shm_revoke_w *w, uint64_t buckets)
{
	if (!revoke_grow_begin(w, buckets))
		return false;
	return revoke_grow_step(w, UINT64_MAX);
}

/* --- what comes, changes and goes meanwhile --- */

static bool is_copied(const struct shm_revoke_w *w, uint64_t n)
{
	return revoke_growing(w) && n < w->next.copied;
}

/* The successor's slot of an entry, or UINT64_MAX. */
static uint64_t find(const struct revoke_segment *s, uint64_t tag, uint64_t identity)
{
	uint64_t buckets = s->table->buckets, way = revoke_way(buckets);

	for (uint64_t i = 0; i < way; i++) {
		uint64_t n = revoke_bucket(buckets, tag, i);

		for (uint64_t end = n + SHM_REVOKE_SLOTS; n < end; n++)
			if (load(&s->table->slot[n].tag) == tag &&
			    (load(&s->table->slot[n].word) & REVOKE_IDENTITY_MASK) == identity)
				return n;
		if (revoke_bucket_ends(s->table, n - 1))
			break;
	}
	return UINT64_MAX;
}

void revoke_grow_written(struct shm_revoke_w *w, uint64_t n)
{
	struct revoke_segment *to = &w->next.seg;
	const struct shm_revoke_slot *slot = &w->seg.table->slot[n];
	uint64_t tag = load(&slot->tag), word = load(&slot->word), at;

	if (!is_copied(w, n))
		return;
	at = find(to, tag, word & REVOKE_IDENTITY_MASK);
	if (at != UINT64_MAX)
		atomic_store_explicit(&to->table->slot[at].word, word, memory_order_relaxed);
	else if (!revoke_copy_in(to, tag, word, w->seg.owner[n]))
		give_up(w);
}

void revoke_grow_freed(struct shm_revoke_w *w, uint64_t n)
{
	struct revoke_segment *to = &w->next.seg;
	const struct shm_revoke_slot *slot = &w->seg.table->slot[n];
	uint64_t word = load(&slot->word), at;
	bool ends;

	if (!is_copied(w, n))
		return;
	at = find(to, load(&slot->tag), word & REVOKE_IDENTITY_MASK);
	if (at == UINT64_MAX)
		return;
	ends = revoke_bucket_ends(to->table, at);
	atomic_store_explicit(&to->table->slot[at].tag, ends ? REVOKE_EMPTY : REVOKE_TOMB,
			      memory_order_relaxed);
	to->owner[at] = 0;
	revoke_count_add(&to->table->live, -1);
	revoke_count_add(&to->table->used, ends ? -1 : 0);
	revoke_count_add(&to->table->collapsed, revoke_kind(word) == REVOKE_USER ? -1 : 0);
}
