/* SPDX-License-Identifier: MIT
 * shm_revoke_slot_w - puts an entry into a slot of the revocation table and frees one.
 * Owns:      the order of stores into a slot; the counts in the table's head
 * Runs in:   master (after the sandbox)
 * Fails by:  false: no room here
 * Never:     moves a live entry; makes a slot empty that a way leads past */
#include "base.h"

#include "shm_revoke_priv.h"

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

void revoke_forget(struct shm_revoke_w *w, uint64_t word, uint32_t user)
{
	w->group_live[revoke_group(word)]--;
	if (user == 0)
		return;
	if (revoke_kind(word) == REVOKE_USER)
		w->users.user[user].collapsed = false;
	else
		w->users.user[user].count--;
	revoke_user_tidy(&w->users, user);
}

static void remember(struct shm_revoke_w *w, uint64_t word, uint32_t user)
{
	w->group_live[revoke_group(word)]++;
	if (user == 0)
		return;
	if (revoke_kind(word) == REVOKE_USER)
		w->users.user[user].collapsed = true;
	else
		w->users.user[user].count++;
}

bool revoke_bucket_ends(const struct shm_revocations *table, uint64_t n)
{
	uint64_t first = n & ~(uint64_t)(SHM_REVOKE_SLOTS - 1);

	for (uint64_t i = first; i < first + SHM_REVOKE_SLOTS; i++)
		if (load(&table->slot[i].tag) == REVOKE_EMPTY)
			return true;
	return false;
}

void revoke_free_slot(struct shm_revoke_w *w, uint64_t n)
{
	struct shm_revocations *table = w->seg.table;
	uint64_t word = load(&table->slot[n].word);
	bool ends = revoke_bucket_ends(table, n);
	uint32_t user = w->seg.owner[n];

	revoke_grow_freed(w, n);
	atomic_store_explicit(&table->slot[n].tag, ends ? REVOKE_EMPTY : REVOKE_TOMB,
			      memory_order_release);
	revoke_count_add(&table->live, -1);
	if (ends)
		revoke_count_add(&table->used, -1);
	if (revoke_kind(word) == REVOKE_USER)
		revoke_count_add(&table->collapsed, -1);
	w->seg.owner[n] = 0;
	revoke_forget(w, word, user);
}

/* tombstone, word, tag: each visible before the next. Counts rise before the entry is there and
 * fall after it has gone, so that a killed writer leaves them too high by one at most. */
static void write_slot(struct shm_revoke_w *w, uint64_t n, const struct revoke_entry *e)
{
	struct shm_revocations *table = w->seg.table;
	uint64_t word = revoke_word(e->until_s, e->identity, e->group);

	/* First, so that freeing the last entry of the same user does not drop the user. */
	remember(w, word, e->user);
	if (load(&table->slot[n].tag) >= REVOKE_FIRST_TAG)
		revoke_free_slot(w, n);
	if (load(&table->slot[n].tag) == REVOKE_EMPTY)
		revoke_count_add(&table->used, 1);
	revoke_count_add(&table->live, 1);
	if (revoke_kind(word) == REVOKE_USER)
		revoke_count_add(&table->collapsed, 1);
	atomic_store_explicit(&table->slot[n].word, word, memory_order_release);
	atomic_store_explicit(&table->slot[n].tag, e->tag, memory_order_release);
	w->seg.owner[n] = e->user;
	revoke_grow_written(w, n);
}

/* The slot of e, or UINT64_MAX; *free_out is the first that could take it, or UINT64_MAX. */
static uint64_t find_slot(const struct shm_revoke_w *w, const struct revoke_entry *e, uint64_t *free_out)
{
	const struct shm_revocations *table = w->seg.table;
	uint64_t way = revoke_way(table->buckets);

	*free_out = UINT64_MAX;
	for (uint64_t i = 0; i < way; i++) {
		uint64_t n = revoke_bucket(table->buckets, e->tag, i);

		for (uint64_t end = n + SHM_REVOKE_SLOTS; n < end; n++) {
			uint64_t tag = load(&table->slot[n].tag), word = load(&table->slot[n].word);

			if (tag == e->tag && (word & REVOKE_IDENTITY_MASK) == e->identity)
				return n;
			if (*free_out == UINT64_MAX &&
			    (tag < REVOKE_FIRST_TAG || revoke_until(word) < w->now_s))
				*free_out = n;
		}
		if (revoke_bucket_ends(table, n - 1))
			break;
	}
	return UINT64_MAX;
}

/* How many entries this segment takes; more than usual while its successor is being filled, or
 * cannot be had. */
static uint64_t limit(const struct shm_revoke_w *w)
{
	uint64_t slots = revoke_slots(&w->seg);
	bool waits = w->grow_hold > 0 || revoke_growing(w);

	return SD_MIN(w->conf.max_entries, waits ? slots / 8 * 7 : slots / 4 * 3);
}

bool revoke_put(struct shm_revoke_w *w, const struct revoke_entry *e, bool forced)
{
	struct shm_revocations *table = w->seg.table;
	uint64_t target, at = find_slot(w, e, &target), slots = revoke_slots(&w->seg), tag;

	if (at != UINT64_MAX) {
		uint64_t word = load(&table->slot[at].word);

		if (revoke_until(word) >= SD_MIN(e->until_s, REVOKE_MAX_UNTIL))
			return true;
		atomic_store_explicit(&table->slot[at].word,
				      revoke_word(e->until_s, e->identity, revoke_group(word)),
				      memory_order_release);
		revoke_grow_written(w, at);
		return true;
	}
	if (target == UINT64_MAX)
		return false;
	tag = load(&table->slot[target].tag);
	if (!forced && tag < REVOKE_FIRST_TAG && load(&table->live) >= limit(w))
		return false;
	if (!forced && tag == REVOKE_EMPTY && load(&table->used) >= slots / 16 * 15)
		return false;
	write_slot(w, target, e);
	return true;
}
