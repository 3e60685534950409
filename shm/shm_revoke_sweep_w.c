/* SPDX-License-Identifier: MIT
 * shm_revoke_sweep_w - frees what is over and gives tombstones back, a piece at a time.
 * Owns:      the sweep's place; the end of a tenant's vagueness
 * Runs in:   master
 * Fails by:  never
 * Never:     frees an entry whose time is not over */
#include "base.h"

#include "shm_revoke_priv.h"

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void free_expired(struct shm_revoke_w *w, uint64_t first)
{
	for (uint64_t n = first; n < first + SHM_REVOKE_SLOTS; n++) {
		const struct shm_revoke_slot *slot = &w->seg.table->slot[n];

		if (load(&slot->tag) >= REVOKE_FIRST_TAG && revoke_until(load(&slot->word)) < w->now_s)
			revoke_free_slot(w, n);
	}
}

/* Does the way of an entry lead past this bucket? Not when it ends here, nor when it must end in
 * the next one and everything there is at home. */
static bool is_passed(const struct shm_revocations *table, uint64_t bucket)
{
	uint64_t mask = table->buckets - 1, next = (bucket + 1) & mask;
	const struct shm_revoke_slot *slot = &table->slot[next * SHM_REVOKE_SLOTS];

	if (revoke_bucket_ends(table, bucket * SHM_REVOKE_SLOTS))
		return false;
	if (!revoke_bucket_ends(table, next * SHM_REVOKE_SLOTS))
		return true;
	for (uint32_t i = 0; i < SHM_REVOKE_SLOTS; i++) {
		uint64_t tag = load(&slot[i].tag);

		if (tag >= REVOKE_FIRST_TAG && (tag & mask) != next)
			return true;
	}
	return false;
}

static void clear_tombs(struct shm_revocations *table, uint64_t bucket)
{
	struct shm_revoke_slot *slot = &table->slot[bucket * SHM_REVOKE_SLOTS];
	uint64_t cleared = 0;

	if (is_passed(table, bucket))
		return;
	for (uint32_t i = 0; i < SHM_REVOKE_SLOTS; i++)
		if (load(&slot[i].tag) == REVOKE_TOMB) {
			atomic_store_explicit(&slot[i].tag, REVOKE_EMPTY, memory_order_release);
			cleared++;
		}
	if (cleared > 0)
		atomic_store_explicit(&table->used, load(&table->used) - cleared,
				      memory_order_relaxed);
}

static void sweep_vague(struct shm_revoke_w *w)
{
	for (uint32_t g = 0; g < REVOKE_GROUPS && w->vague > 0; g++) {
		_Atomic int64_t *at = revoke_vague_at(w->control, g);
		int64_t until_s = atomic_load_explicit(at, memory_order_relaxed);

		if (until_s == 0 || until_s >= w->now_s)
			continue;
		atomic_store_explicit(at, 0, memory_order_release);
		w->vague--;
	}
}

/* From high buckets to low ones: a bucket's tombstones go after those of the next one. */
void shm_revoke_w_sweep(struct shm_revoke_w *w, int64_t now_s, uint64_t max_slots)
{
	uint64_t buckets = w->seg.table->buckets;
	uint64_t visits = max_slots / SHM_REVOKE_SLOTS + (max_slots % SHM_REVOKE_SLOTS != 0);

	w->now_s = SD_MAX(w->now_s, now_s);
	if (w->vague > 0)
		sweep_vague(w);
	for (visits = SD_MIN(visits, buckets); visits > 0; visits--) {
		w->sweep_at = (w->sweep_at == 0 ? buckets : w->sweep_at) - 1;
		free_expired(w, w->sweep_at * SHM_REVOKE_SLOTS);
		clear_tombs(w->seg.table, w->sweep_at);
	}
}

void shm_revoke_w_sweep_confirmed(struct shm_revoke_w *w, uint64_t max_slots)
{
	int64_t ms = atomic_load_explicit(&w->control->wall_floor_ms, memory_order_relaxed);

	shm_revoke_w_sweep(w, ms / 1000, max_slots);
}
