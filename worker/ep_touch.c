/* SPDX-License-Identifier: MIT
 * ep_touch - POST /sessions/{id}/touch: activity that the caller has seen and no validation has.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  404 session-unknown; 409 session-ended (also when its clock had run out); 503
 * Never:     move the absolute end; revive what has run out
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "ending.h"
#include "err.h"
#include "respond.h"
#include "session_rules.h"
#include "shm_fresh.h"
#include "standing.h"

struct touching {
	struct sid sid;
	int64_t idle_at_s;
	bool ended; /* its clock had run out: ended by this call */
	struct standing standing;
};

static enum step parse(struct request *r)
{
	struct touching *t = sd_arena_alloc(&r->arena, sizeof(*t));
	r->state = t;
	if (!t)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (sid_parse(r->params.id, &t->sid) != SD_OK)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	return body_nothing(r);
}

static enum step touch(struct request *r)
{
	struct touching *t = r->state;
	struct store_touch_now in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				     .sid = t->sid,
				     .now = session_clocks_now(request_policy(r)),
				     .retain_s = r->tenant->retain_sessions_s};
	/* An older copy of the store may know nothing of the session's end. */
	if (!shm_fresh_store_known(r->w->control))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	store_touch_now(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static enum step touched(struct request *r)
{
	struct touching *t = r->state;
	const struct session *s = &r->call.session;
	if (ending_recorded(r, &t->sid, s->user, s->end_reason, true) == STEP_DONE)
		return STEP_DONE;
	if (r->call.status == STORE_ABSENT)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (r->call.status == STORE_ENDED)
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	t->ended = r->call.status == STORE_EXPIRED;
	if (t->ended)
		return applied_wait(r);
	t->idle_at_s = r->call.idle_at_s;
	if (r->call.status != STORE_OK || !standing_keep(r, s, &t->standing))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return standing_check(r, &t->standing);
}

static enum step answer(struct request *r)
{
	struct touching *t = r->state;
	if (t->ended)
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	if (standing_step(r, &t->standing) == STEP_DONE)
		return STEP_DONE;
	sd_buf_reset(&r->body);
	sd_buf_str(&r->body, "{\"idle_expires_at\":");
	sd_buf_i64(&r->body, t->idle_at_s);
	sd_buf_char(&r->body, '}');
	return respond_json(r, 200);
}

const request_step ep_touch_steps[] = {parse, audit_slot_step, touch, touched, answer, NULL};
