/* SPDX-License-Identifier: MIT
 * shm_revoke_user_w - counts the table's entries by user, so that a flood has a name.
 * Owns:      the pool of users: at most one for each entry, indexes stay valid while in use
 * Runs in:   master
 * Fails by:  index 0 (nobody) when out of memory: the entry then counts for its tenant alone
 * Never:     a user's name: tags only */
#include "base.h"

#include "shm_revoke_priv.h"

#define FIRST_SIZE 64u

static uint32_t *chain_of(const struct revoke_users *u, uint64_t tag)
{
	uint32_t hash = (uint32_t)(tag >> 20), at = hash & (2 * u->mask + 1);

	return &u->chain[at < u->chains ? at : hash & u->mask];
}

static uint32_t find(const struct revoke_users *u, const struct shm_tags *tags, uint32_t group)
{
	uint32_t at;

	if (!u->chain)
		return 0;
	for (at = *chain_of(u, tags->user); at != 0; at = u->user[at].next)
		if (u->user[at].tag == tags->user && u->user[at].group == group &&
		    u->user[at].check == (tags->user_check & 0xfff))
			return at;
	return 0;
}

/* Linear hashing: one chain more, and what belongs there comes out of the one chain it was in. So
 * there is no moment at which all are put in order anew. */
static void split(struct revoke_users *u)
{
	uint32_t from = u->chains - (u->mask + 1), at = u->chain[from];

	u->chain[from] = u->chain[u->chains] = 0;
	u->chains++;
	while (at != 0) {
		uint32_t next = u->user[at].next, *head = chain_of(u, u->user[at].tag);

		u->user[at].next = *head;
		*head = at;
		at = next;
	}
	if (u->chains == 2 * (u->mask + 1))
		u->mask = 2 * u->mask + 1;
}

static bool more_room(struct revoke_users *u)
{
	uint32_t size = u->size ? u->size * 2 : FIRST_SIZE;
	struct revoke_user *user;
	uint32_t *chain;

	if (size < u->size)
		return false;
	user = realloc(u->user, size * sizeof(*user));
	if (!user)
		return false;
	u->user = user;
	chain = realloc(u->chain, size * sizeof(*chain));
	if (!chain)
		return false;
	u->chain = chain;
	u->size = size;
	if (u->top == 0) {
		u->top = u->chains = 1;
		u->chain[0] = 0;
	}
	return true;
}

uint32_t revoke_user_get(struct revoke_users *u, const struct shm_tags *tags, uint32_t group)
{
	uint32_t at = find(u, tags, group), *head;

	if (at != 0)
		return at;
	if (u->free_list == 0 && u->top >= u->size && !more_room(u))
		return 0;
	if (u->free_list != 0) {
		at = u->free_list;
		u->free_list = u->user[at].next;
	} else {
		at = u->top++;
		if (u->chains < u->top)
			split(u);
	}
	head = chain_of(u, tags->user);
	u->user[at] = (struct revoke_user){
		.tag = tags->user,
		.next = *head,
		.group = (uint16_t)group,
		.check = (uint16_t)(tags->user_check & 0xfff),
	};
	*head = at;
	return at;
}

void revoke_user_tidy(struct revoke_users *u, uint32_t index)
{
	struct revoke_user *user = &u->user[index];
	uint32_t *link;

	if (index == 0 || user->count > 0 || user->collapsed)
		return;
	for (link = chain_of(u, user->tag); *link != index; link = &u->user[*link].next)
		;
	*link = user->next;
	memset(user, 0, sizeof(*user));
	user->next = u->free_list;
	u->free_list = index;
}

void revoke_users_fini(struct revoke_users *u)
{
	free(u->user);
	free(u->chain);
	memset(u, 0, sizeof(*u));
}
