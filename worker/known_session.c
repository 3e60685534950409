/* SPDX-License-Identifier: MIT
 * known_session - records read from the store, remembered until their bucket moves.
 * Owns:      the content of the worker's session memory
 * Runs in:   worker
 * Fails by:  NULL
 * Never:     trust a record without freshness: lookup.c is asked as well
 */
#include "base.h"
#include "known_session.h"

#include "shm_fresh.h"
#include "starved.h"

static void key_of(const struct request *r, const struct sid *sid, uint8_t key[32])
{
	memset(key, 0, 32);
	memcpy(key, sid->b, HANDLE_SID_BYTES);
	memcpy(key + HANDLE_SID_BYTES, &r->tenant->slot, sizeof(r->tenant->slot));
}

uint32_t known_session_bucket(const struct request *r, const struct sid *sid)
{
	struct shm_tags tags;
	shm_tags(r->w->control->seed, sid->b, r->tenant->slot, sd_slice("", 0), &tags);
	return shm_bucket_of(tags.session);
}

struct known_session *known_session_find(const struct request *r, const struct sid *sid)
{
	uint8_t key[32];
	key_of(r, sid, key);
	struct known_session *k = remember_find(r->w->sessions, key);
	if (!k || k->generation != generation_number(r->gen) ||
	    shm_bucket_read(r->w->control, k->bucket) != k->bucket_value)
		return NULL;
	return k;
}

static struct sd_slice keep(char **at, struct sd_slice s)
{
	char *p = *at;
	if (s.n)
		memcpy(p, s.p, s.n);
	*at += s.n;
	return sd_slice(p, s.n);
}

/* Every slice of a session but `data`, which no validation needs. */
static struct sd_slice *const *slices_of(struct session *s, struct sd_slice *out[16])
{
	struct sd_slice *all[16] = {
	    &s->user, &s->client, &s->scope, &s->acr, &s->audience, &s->amr, &s->claims, &s->ip,
	    &s->user_agent, &s->device_id, &s->device_name, &s->device_type, &s->device_fingerprint,
	    &s->device_trust, &s->binding, NULL};
	memcpy(out, all, sizeof(all));
	return out;
}

struct known_session *known_session_keep(const struct request *r, const struct session *s,
					 uint32_t bucket, uint64_t bucket_value)
{
	struct session copy = *s;
	struct sd_slice *list[16];
	size_t n = 0;
	for (struct sd_slice *const *p = slices_of(&copy, list); *p; p++)
		n += (*p)->n;
	struct known_session *k = sd_starved_note(calloc(1, sizeof(*k) + n));
	if (!k)
		return NULL;
	char *at = k->text;
	k->session = *s;
	k->session.data = sd_slice("", 0);
	for (struct sd_slice *const *p = slices_of(&k->session, list); *p; p++)
		**p = keep(&at, **p);
	key_of(r, &s->sid, k->head.key);
	const struct known_session *old = remember_find(r->w->sessions, k->head.key);
	k->told = old && old->generation == generation_number(r->gen) ? old->told : 0;
	k->generation = generation_number(r->gen);
	k->bucket = bucket;
	k->bucket_value = bucket_value;
	uint32_t client = policy_view_client_find(&r->gen->view, r->tenant, k->session.client);
	k->query = (struct shm_query){
	    .tenant_slot = r->tenant->slot,
	    .client_slot = client == POLICY_NONE
			       ? SHM_SLOT_NONE
			       : policy_view_client(&r->gen->view, r->tenant, client)->slot,
	    .key_slot = SHM_SLOT_NONE,
	    .iat_s = s->created_ms / 1000,
	};
	shm_tags(r->w->control->seed, s->sid.b, r->tenant->slot, k->session.user, &k->query.tags);
	remember_put(r->w->sessions, &k->head);
	return k;
}
