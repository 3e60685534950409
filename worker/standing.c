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
#include "respond.h"

static struct shm_query query_of(const struct request *r, const struct standing *s,
				 uint32_t client)
{
	const struct policy_view *v = &r->gen->view;
	struct shm_query q = {.tenant_slot = r->tenant->slot,
			      .client_slot = policy_view_client(v, r->tenant, client)->slot,
			      .key_slot = SHM_SLOT_NONE,
			      .iat_s = s->created_s};
	shm_tags(r->w->control->seed, s->sid.b, r->tenant->slot, s->user, &q.tags);
	return q;
}

/* The rule that memory holds against it; END_NONE: none. */
static enum end_reason rule_of(const struct request *r, const struct shm_query *q)
{
	enum shm_scope scope = SHM_SCOPE_NONE;
	if (shm_revoke_check(r->w->control, r->w->table, q, &scope) != SHM_REVOKED)
		return END_NONE;
	return scope == SHM_SCOPE_TENANT ? END_TENANT : scope == SHM_SCOPE_CLIENT ? END_CLIENT : END_NONE;
}

enum end_reason standing_shown(const struct request *r, const struct session *session)
{
	struct standing s = {.sid = session->sid,
			     .created_s = session->created_ms / 1000,
			     .user = session->user,
			     .client = session->client};
	uint32_t client = policy_view_client_find(&r->gen->view, r->tenant, s.client);
	if (client == POLICY_NONE)
		return END_CLIENT;
	struct shm_query q = query_of(r, &s, client);
	return rule_of(r, &q);
}

enum end_reason standing_end(const struct request *r, const struct session *session,
			     struct session_clocks *clocks_out)
{
	switch (session_fate(request_policy(r), session, session->seen_ms, r->now_ms, clocks_out)) {
	case FATE_EXPIRED:
		return END_ABSOLUTE;
	case FATE_IDLE:
		return END_IDLE;
	case FATE_ENDED:
		return session->end_reason;
	case FATE_ACTIVE:
		break;
	}
	return standing_shown(r, session);
}

bool standing_keep(struct request *r, const struct session *session, struct standing *out)
{
	*out = (struct standing){.sid = session->sid,
				 .created_s = session->created_ms / 1000,
				 .user = sd_arena_copy(&r->arena, session->user),
				 .client = sd_arena_copy(&r->arena, session->client)};
	return out->user.p && out->client.p;
}

enum step standing_check(struct request *r, struct standing *s)
{
	const struct policy_view *v = &r->gen->view;
	uint32_t client = policy_view_client_find(v, r->tenant, s->client);
	struct lookup l = {.partition = s->sid.b[0], .sid = s->sid};
	if (client == POLICY_NONE) {
		s->refused = END_CLIENT;
		return STEP_NEXT;
	}
	l.query = query_of(r, s, client);
	switch (lookup_memory(r, &l)) {
	case LOOKUP_GOOD:
		return STEP_NEXT;
	case LOOKUP_GONE:
		s->gone = true;
		return STEP_NEXT;
	case LOOKUP_REVOKED:
		s->refused = rule_of(r, &l.query);
		s->gone = s->refused == END_NONE; /* its own end came in between */
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

enum step standing_step(struct request *r, struct standing *s)
{
	if (!standing_told(r, s))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (s->gone || s->refused)
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	return STEP_NEXT;
}
