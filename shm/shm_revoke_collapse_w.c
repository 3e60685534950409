/* SPDX-License-Identifier: MIT
 * shm_revoke_collapse_w - when the table is full: one entry for a user, one mark for a tenant.
 * Owns:      the choice of who becomes vague
 * Runs in:   master
 * Fails by:  false when there is nothing to collapse
 * Never:     touches a tenant with fewer entries than another; frees before the general is visible */
#include "base.h"

#include "shm_revoke_priv.h"

/* A user must give back this part of the table, or the tenant is collapsed as a whole. Each
 * collapse walks the table once, so it must free more than a handful. */
#define USER_PART 256u

static uint32_t biggest_group(const struct shm_revoke_w *w)
{
	uint32_t best = 0;

	for (uint32_t g = 1; g < REVOKE_GROUPS; g++)
		if (w->group_live[g] > w->group_live[best])
			best = g;
	return best;
}

static uint32_t biggest_user(const struct shm_revoke_w *w, uint32_t group)
{
	uint32_t best = 0, most = (uint32_t)SD_MAX(w->conf.max_entries / USER_PART, (uint64_t)2);

	/* Without a slot a user's tag is not what a reader will compute once there is one. */
	if (group == REVOKE_UNOWNED)
		return 0;
	for (uint32_t i = 1; i < w->users.top; i++) {
		const struct revoke_user *u = &w->users.user[i];

		if (u->group == group && u->count >= most) {
			best = i;
			most = u->count + 1;
		}
	}
	return best;
}

static bool slot_live(const struct shm_revoke_w *w, uint64_t n, uint64_t *word)
{
	const struct shm_revoke_slot *slot = &w->seg.table->slot[n];

	*word = atomic_load_explicit(&slot->word, memory_order_relaxed);
	return atomic_load_explicit(&slot->tag, memory_order_relaxed) >= REVOKE_FIRST_TAG;
}

static bool collapse_user(struct shm_revoke_w *w, uint32_t index)
{
	const struct revoke_user *user = &w->users.user[index];
	struct revoke_entry e = {
		.tag = user->tag,
		.identity = revoke_identity(REVOKE_USER, user->check),
		.user = index,
		.group = user->group,
	};
	uint64_t word;

	for (uint64_t n = 0; n < revoke_slots(&w->seg); n++)
		if (w->seg.owner[n] == index && slot_live(w, n, &word))
			e.until_s = SD_MAX(e.until_s, revoke_until(word));
	if (!revoke_put(w, &e, true))
		return false;
	for (uint64_t n = 0; n < revoke_slots(&w->seg); n++)
		if (w->seg.owner[n] == index && slot_live(w, n, &word) &&
		    revoke_kind(word) == REVOKE_SESSION)
			revoke_free_slot(w, n);
	return true;
}

static void collapse_group(struct shm_revoke_w *w, uint32_t group)
{
	int64_t until_s = 0;
	uint64_t word;

	for (uint64_t n = 0; n < revoke_slots(&w->seg); n++)
		if (slot_live(w, n, &word) && revoke_group(word) == group)
			until_s = SD_MAX(until_s, revoke_until(word));
	revoke_vague_raise(w, group, until_s);
	for (uint64_t n = 0; n < revoke_slots(&w->seg); n++)
		if (slot_live(w, n, &word) && revoke_group(word) == group)
			revoke_free_slot(w, n);
}

bool revoke_collapse(struct shm_revoke_w *w)
{
	uint32_t group = biggest_group(w), user;

	if (w->group_live[group] == 0)
		return false;
	user = biggest_user(w, group);
	if (user == 0 || !collapse_user(w, user))
		collapse_group(w, group);
	return true;
}
