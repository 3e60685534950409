/* SPDX-License-Identifier: MIT
 * ep_session - GET and DELETE /sessions/{id}.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  404 session-unknown (also for another tenant's id); 503
 * Never:     tell "exists elsewhere" from "does not exist"
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "cookie.h"
#include "ending.h"
#include "err.h"
#include "respond.h"
#include "sealed.h"
#include "session_json.h"
#include "session_rules.h"
#include "store_data.h"

static enum step parse(struct request *r)
{
	struct sid *sid = sd_arena_alloc(&r->arena, sizeof(*sid));
	r->state = sid;
	if (!sid)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (sid_parse(r->params.id, sid) != SD_OK)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	return STEP_NEXT;
}

static enum step read_it(struct request *r)
{
	store_data_read(r->w->store, policy_view_str(&r->gen->view, r->tenant->name), r->state,
			request_store_call(r));
	return STEP_PARKED;
}

static enum step show(struct request *r)
{
	const struct session *s = &r->call.session;
	struct sealed_of of = {s->user, &s->sid, r->call.kept.key};
	char *etag = sd_arena_alloc(&r->arena, SEALED_ETAG_MAX);
	struct sd_slice data;
	bool known = r->call.status == STORE_OK || r->call.status == STORE_ENDED;
	if (r->call.status == STORE_ABSENT ||
	    (known && session_is_forgotten(request_policy(r), s, r->now_ms)))
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (!etag || !known)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	sealed_etag(s->version, s->data, etag);
	respond_header(r, "ETag", sd_slice_str(etag));
	/* No 304: the tag stands for the data (If-Match), while clocks and status change without
	 * it. */
	if (sealed_open(r, &of, s->data, &data) != SEALED_OK)
		data = sd_slice("", 0); /* not shown */
	session_json_data(r, &r->body, s, data);
	return respond_json(r, 200);
}

static enum step end_it(struct request *r)
{
	struct store_end in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
			       .sid = *(struct sid *)r->state,
			       .reason = END_LOGOUT,
			       .retain_s = r->tenant->retain_sessions_s};
	store_end(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static enum step ended(struct request *r)
{
	struct sd_slice user = r->call.session.user;
	if (ending_recorded(r, r->state, user, END_LOGOUT, false) == STEP_DONE)
		return STEP_DONE;
	if (ending_failed(&r->call)) /* also: done, but no replica has it */
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return applied_wait(r);
}

static enum step answer(struct request *r)
{
	if (cookie_carries(r, r->state))
		cookie_clear(r);
	return respond_empty(r, 204);
}

const request_step ep_session_get_steps[] = {parse, read_it, show, NULL};
const request_step ep_session_end_steps[] = {parse, audit_slot_step, end_it, ended, answer, NULL};
