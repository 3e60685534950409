/* SPDX-License-Identifier: MIT
 * shm_revoke_grow_w - makes the segments of the revocation table, and replaces one by another.
 * Owns:      a segment's life; control.table; `moved`
 * Runs in:   master
 * Fails by:  SD_ERR_MEMORY/SYSTEM, or false: the present segment then stays in force
 * Never:     an entry only in the new segment while the old one is not marked */
#include "base.h"

#include "shm_revoke_priv.h"

#include <sys/mman.h>
#include <unistd.h>

#include "err.h"
#include "fault.h"
#include "shm_map.h"

/* Tried again after so many insertions. */
#define HOLD_AFTER_FAILURE 4096u

/* At three quarters at most a way is short: a bucket without an empty slot is the exception. */
uint64_t revoke_buckets_for(uint64_t entries)
{
	uint64_t buckets = REVOKE_MIN_BUCKETS;

	while (buckets * SHM_REVOKE_SLOTS * 3 / 4 < entries)
		buckets *= 2;
	return buckets;
}

int revoke_segment_new(struct revoke_segment *out, uint64_t number, uint64_t buckets,
		       struct sd_diag *diag)
{
	struct revoke_segment s = {.fd = -1};
	void *p = NULL;
	int err;

	*out = s;
	s.size = sizeof(*s.table) + buckets * SHM_REVOKE_SLOTS * sizeof(struct shm_revoke_slot);
	s.owner = calloc(buckets * SHM_REVOKE_SLOTS, sizeof(*s.owner));
	if (!s.owner || sd_fault("revoke-segment")) {
		free(s.owner);
		return sd_diag_set(diag, SD_ERR_MEMORY, "revocation table: out of memory");
	}
	err = shm_create(SHM_KIND_REVOCATIONS, number, s.size, &s.fd, &p, diag);
	if (err != 0) {
		free(s.owner);
		return err;
	}
	s.table = p;
	s.table->buckets = buckets;
	err = shm_seal_shared(s.fd);
	if (err != 0) {
		(void)sd_diag_set(diag, err, "revocation table: seal: %s", strerror(errno));
		revoke_segment_fini(&s);
		return err;
	}
	*out = s;
	return 0;
}

void revoke_segment_fini(struct revoke_segment *s)
{
	if (s->table)
		(void)munmap(s->table, s->size);
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s->owner);
	*s = (struct revoke_segment){.fd = -1};
}

bool revoke_copy_in(struct revoke_segment *s, uint64_t tag, uint64_t word, uint32_t user)
{
	uint64_t buckets = s->table->buckets, way = revoke_way(buckets);

	for (uint64_t i = 0; i < way * SHM_REVOKE_SLOTS; i++) {
		uint64_t n = revoke_bucket(buckets, tag, i / SHM_REVOKE_SLOTS) + i % SHM_REVOKE_SLOTS;
		struct shm_revoke_slot *slot = &s->table->slot[n];

		if (atomic_load_explicit(&slot->tag, memory_order_relaxed) != REVOKE_EMPTY)
			continue;
		atomic_store_explicit(&slot->word, word, memory_order_relaxed);
		atomic_store_explicit(&slot->tag, tag, memory_order_relaxed);
		s->owner[n] = user;
		return true;
	}
	return false;
}

/* In the order of the old buckets: the new table is filled in two streams, not at random. */
static bool copy_live(struct revoke_segment *to, const struct revoke_segment *from, int64_t now_s)
{
	uint64_t live = 0, collapsed = 0;

	for (uint64_t n = 0; n < revoke_slots(from); n++) {
		const struct shm_revoke_slot *slot = &from->table->slot[n];
		uint64_t tag = atomic_load_explicit(&slot->tag, memory_order_relaxed);
		uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);

		if (tag < REVOKE_FIRST_TAG || revoke_until(word) < now_s)
			continue;
		if (!revoke_copy_in(to, tag, word, from->owner[n]))
			return false;
		live++;
		collapsed += revoke_kind(word) == REVOKE_USER;
	}
	atomic_store_explicit(&to->table->live, live, memory_order_relaxed);
	atomic_store_explicit(&to->table->used, live, memory_order_relaxed);
	atomic_store_explicit(&to->table->collapsed, collapsed, memory_order_relaxed);
	return true;
}

/* The entries that the copy left out, because their time is over. */
static void forget_expired(struct shm_revoke_w *w, const struct revoke_segment *from)
{
	for (uint64_t n = 0; n < revoke_slots(from); n++) {
		const struct shm_revoke_slot *slot = &from->table->slot[n];
		uint64_t word = atomic_load_explicit(&slot->word, memory_order_relaxed);

		if (atomic_load_explicit(&slot->tag, memory_order_relaxed) >= REVOKE_FIRST_TAG &&
		    revoke_until(word) < w->now_s)
			revoke_forget(w, word, from->owner[n]);
	}
}

bool revoke_grow(struct shm_revoke_w *w, uint64_t buckets)
{
	struct revoke_segment old = w->seg, next;

	if (revoke_segment_new(&next, w->number + 1, buckets, NULL) != 0) {
		w->grow_hold = HOLD_AFTER_FAILURE;
		return false;
	}
	if (!copy_live(&next, &old, w->now_s)) {
		revoke_segment_fini(&next);
		w->grow_hold = HOLD_AFTER_FAILURE;
		return false;
	}
	/* From here on a reader of the old segment says UNKNOWN, whatever happens to us. */
	atomic_store_explicit(&old.table->moved, 1, memory_order_release);
	atomic_store_explicit(&w->control->table, w->number + 1, memory_order_release);
	w->seg = next;
	w->number++;
	w->sweep_at = 0;
	forget_expired(w, &old);
	revoke_segment_fini(&old);
	return true;
}
