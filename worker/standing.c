/* SPDX-License-Identifier: MIT
 * standing - does a session stand before the rules by time?
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  standing_told(): false
 * Never:     judge a clock: scripts and session_rules do
 */
#include "base.h"
#include "standing.h"

#include "ending.h"
#include "lookup.h"

enum step standing_check(struct request *r, struct standing *s)
{
	const struct policy_view *v = &r->gen->view;
	uint32_t client = policy_view_client_find(v, r->tenant, s->client);
	struct lookup l = {.partition = s->sid.b[0], .sid = s->sid};
	if (client == POLICY_NONE) {
		s->refused = END_CLIENT;
		return STEP_NEXT;
	}
	l.query = (struct shm_query){.tenant_slot = r->tenant->slot,
				     .client_slot = policy_view_client(v, r->tenant, client)->slot,
				     .key_slot = SHM_SLOT_NONE,
				     .iat_s = s->created_s};
	shm_tags(r->w->control->seed, s->sid.b, r->tenant->slot, s->user, &l.query.tags);
	switch (lookup_memory(r, &l)) {
	case LOOKUP_GOOD:
		return STEP_NEXT;
	case LOOKUP_GONE:
		s->gone = true;
		return STEP_NEXT;
	case LOOKUP_REVOKED:
		s->refused = END_TENANT;
		return STEP_NEXT;
	case LOOKUP_ASK: case LOOKUP_EXPIRED: case LOOKUP_IDLE: case LOOKUP_UNAVAILABLE:
		break;
	}
	s->asked = true;
	store_read(r->w->store, policy_view_str(v, r->tenant->name), &s->sid, s->client,
		   sd_slice("", 0), request_store_call(r));
	return STEP_PARKED;
}

bool standing_told(struct request *r, struct standing *s)
{
	const struct store_call *call = &r->call;
	if (!s->asked)
		return true;
	if (ending_failed(call))
		return false;
	s->gone = call->status != STORE_OK;
	if (s->created_s < call->client_before_s)
		s->refused = END_CLIENT;
	if (s->created_s < call->tenant_before_s)
		s->refused = END_TENANT;
	return true;
}
