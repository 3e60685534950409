/* SPDX-License-Identifier: MIT
 * ep_share - POST /sessions/{id}/share: a one-time code with which another client of the tenant may
 * open a session of the same user beside this one.
 * Owns:      the life of a code
 * Runs in:   worker
 * Fails by:  400 for a client that the policy does not list; 404 session-unknown; 409 session-ended
 * Never:     store a code: its hash stands in the session's record
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "ending.h"
#include "err.h"
#include "respond.h"
#include "secret.h"
#include "session_rules.h"
#include "shm_fresh.h"
#include "standing.h"

#define CODE_TTL_MS 60000

static const struct body_field fields[] = {{"client_id", BODY_STRING, true, 64}};

struct share {
	struct handle code;
	struct sd_slice client;
	int64_t expires_s;
	bool ended; /* its clock had run out: ended by this call */
	struct standing standing;
};

static enum step parse(struct request *r)
{
	struct body_value val;
	struct sid sid;
	uint32_t number;
	struct share *s = sd_arena_alloc(&r->arena, sizeof(*s));
	r->state = s;
	if (!s)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (sid_parse(r->params.id, &sid) != SD_OK)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (body_read(r, fields, 1, &val) == STEP_DONE)
		return STEP_DONE;
	s->client = val.str;
	if (!policy_view_shares(&r->gen->view, r->tenant, s->client) ||
	    policy_view_client_find(&r->gen->view, r->tenant, s->client) == POLICY_NONE)
		return body_invalid(r, "client_id", "is not in the tenant's sharing.clients");
	if (sd_random(&number, sizeof(number)) != SD_OK ||
	    handle_new(HANDLE_CODE, &sid, number, &s->code) != SD_OK)
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, "no random bytes", NULL);
	return STEP_NEXT;
}

static enum step share(struct request *r)
{
	struct share *s = r->state;
	struct store_share in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				 .code = s->code,
				 .client = s->client,
				 .ttl_ms = CODE_TTL_MS,
				 .retain_s = r->tenant->retain_sessions_s,
				 .now = session_clocks_now(request_policy(r))};
	/* An older copy of the store may know nothing of the session's end. */
	if (!shm_fresh_store_known(r->w->control))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	store_share(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

/* Before the code leaves, and before another call takes the place of this one. */
static bool audit_shared(struct request *r, const struct share *s)
{
	char sid[HANDLE_SID_LEN + 1];
	sid_text(&s->code.sid, sid);
	struct audit_note note = {.event = AUDIT_SESSION_SHARED,
				  .outcome = AUDIT_OK,
				  .user = r->call.session.user,
				  .session = sd_slice_str(sid),
				  .key = "client_id",
				  .value = s->client};
	return audit_event_send(r, &note);
}

static enum step shared(struct request *r)
{
	struct share *s = r->state;
	const struct session *of = &r->call.session;
	enum store_status status = r->call.status;
	if (ending_recorded(r, &s->code.sid, of->user, of->end_reason, true) == STEP_DONE)
		return STEP_DONE;
	if (status == STORE_ABSENT)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (status == STORE_ENDED)
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	if (status == STORE_MISMATCH)
		return body_invalid(r, "client_id", "is the session's own client");
	s->ended = status == STORE_EXPIRED;
	if (s->ended)
		return applied_wait(r);
	s->expires_s = r->call.exp_s;
	if (status != STORE_OK || !standing_keep(r, of, &s->standing))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (!audit_shared(r, s))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	return standing_check(r, &s->standing);
}

static enum step answer(struct request *r)
{
	struct share *s = r->state;
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	char text[HANDLE_TOKEN_LEN + 1];
	if (s->ended)
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	if (standing_step(r, &s->standing) == STEP_DONE)
		return STEP_DONE;
	if (handle_text(&s->code, keys->mac[0], text) != SD_OK)
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, NULL, NULL);
	sd_buf_reset(&r->body);
	sd_buf_printf(&r->body, "{\"code\":\"%s\",\"expires_at\":", text);
	sd_buf_i64(&r->body, s->expires_s);
	sd_buf_char(&r->body, '}');
	sd_wipe(text, sizeof(text));
	return respond_json(r, 201);
}

const request_step ep_share_steps[] = {parse, audit_slot_step, share, shared, answer, NULL};
