/* SPDX-License-Identifier: MIT
 * ep_redeem - POST /sessions/redeem: the client for which a session was shared opens its own.
 * Owns:      what a child takes over from its parent
 * Runs in:   worker
 * Fails by:  404 code-unknown (also another client's, an ended parent's); 409 code-used, session-limit
 * Never:     tell an unknown code from another client's; let a child outlive its parent
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "err.h"
#include "grant.h"
#include "origin.h"
#include "quota.h"
#include "respond.h"
#include "shm_board.h"
#include "shm_fresh.h"
#include "standing.h"

static const struct body_field fields[] = {{"code", BODY_STRING, true, 256}};

struct redeem {
	struct grant grant;
	struct standing standing; /* of the parent */
};

static enum step unknown(struct request *r)
{
	struct audit_note note = {.event = AUDIT_TOKEN_REFUSED,
				  .outcome = AUDIT_REFUSED,
				  .reason = sd_slice_str(problem_code(PROBLEM_CODE_UNKNOWN))};
	audit_event_refused(r, &note);
	return respond_problem(r, PROBLEM_CODE_UNKNOWN, NULL, NULL);
}

static enum step parse(struct request *r)
{
	struct body_value val;
	struct redeem *x = sd_arena_alloc(&r->arena, sizeof(*x));
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	r->state = x;
	if (!x)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (body_read(r, fields, 1, &val) == STEP_DONE)
		return STEP_DONE;
	if (handle_parse(val.str, HANDLE_CODE, keys->mac, keys->sets, &x->grant.in.code) !=
		HANDLE_OK ||
	    !policy_view_shares(&r->gen->view, r->tenant, r->caller.id))
		return unknown(r);
	x->grant.in.has_parent = true;
	return STEP_NEXT;
}

static enum step read_parent(struct request *r)
{
	struct redeem *x = r->state;
	store_read(r->w->store, policy_view_str(&r->gen->view, r->tenant->name),
		   &x->grant.in.code.sid, sd_slice("", 0), sd_slice("", 0), request_store_call(r));
	return STEP_PARKED;
}

static enum step judge(struct request *r)
{
	struct redeem *x = r->state;
	if (r->call.status == STORE_ABSENT || r->call.status == STORE_ENDED)
		return unknown(r);
	if (r->call.status != STORE_OK || !grant_from_record(r, &x->grant, &r->call.session))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	x->standing = (struct standing){.sid = x->grant.in.code.sid,
					.created_s = r->call.session.created_ms / 1000,
					.user = x->grant.in.user,
					.client = x->grant.in.client};
	x->grant.in.client = r->caller.id;
	return standing_check(r, &x->standing);
}

static enum step prepare(struct request *r)
{
	struct redeem *x = r->state;
	/* An older copy of the store may know nothing of the parent's end. */
	if (!standing_told(r, &x->standing) || !shm_fresh_store_known(r->w->control))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (x->standing.gone || x->standing.refused)
		return unknown(r);
	grant_policy(r, &x->grant.in);
	origin_note(&r->w->countries, x->grant.in.ip, x->grant.in.user_agent, x->grant.in.ip, &x->grant.in);
	if (grant_tokens(r, &x->grant) != SD_OK)
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, "no random bytes", NULL);
	return quota_take(r, &x->grant.in);
}

static enum step has_place(struct request *r)
{
	return quota_taken(r, &((struct redeem *)r->state)->grant.in);
}

static enum step make(struct request *r)
{
	struct redeem *x = r->state;
	store_create(r->w->store, &x->grant.in, request_store_call(r));
	return STEP_PARKED;
}

static bool audit_redeemed(struct request *r, const struct grant *g)
{
	char parent[HANDLE_SID_LEN + 1], sid[HANDLE_SID_LEN + 1];
	sid_text(&g->in.code.sid, parent);
	sid_text(&g->in.sid, sid);
	struct audit_note note = {.event = AUDIT_SESSION_CREATED,
				  .outcome = AUDIT_OK,
				  .user = g->in.user,
				  .session = sd_slice_str(sid),
				  .ip = g->in.ip,
				  .key = "parent_session_id",
				  .value = sd_slice_str(parent)};
	bool ok = audit_event_send(r, &note);
	return grant_audit_ends(r, g) && ok;
}

static enum step refuse(struct request *r, const struct grant *g)
{
	switch (r->call.status) {
	case STORE_ABSENT:
		return unknown(r);
	case STORE_REUSED:
		return respond_problem(r, PROBLEM_CODE_USED, NULL, NULL);
	case STORE_LIMIT: case STORE_RESTRICTED:
		return grant_limit_reached(r, &g->in);
	case STORE_UNAVAILABLE: case STORE_CORRUPT: case STORE_LATE: case STORE_ENDED:
	case STORE_EXPIRED: case STORE_MISMATCH: case STORE_SUCCESSOR: case STORE_KEY:
	case STORE_CONFLICT: case STORE_LOCKED: case STORE_OK:
		break;
	}
	return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
}

static enum step made(struct request *r)
{
	struct grant *g = &((struct redeem *)r->state)->grant;
	quota_made(r, &g->in, r->call.status);
	bool undone = r->call.status == STORE_UNAVAILABLE && r->call.ended; /* no replica has it */
	if (r->call.status != STORE_OK && !undone)
		return refuse(r, g);
	bool audited = audit_redeemed(r, g);
	if (undone || !audited)
		grant_undo(r, g);
	if (undone)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (!audited)
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	board_count(r->w->stats, METRIC_CREATED, r->tenant->slot, 0, 0, 1);
	return r->call.log_pos ? applied_wait(r) : STEP_NEXT;
}

static enum step sign(struct request *r)
{
	return grant_sign(r, &((struct redeem *)r->state)->grant);
}

static enum step answer(struct request *r)
{
	return grant_answer(r, &((struct redeem *)r->state)->grant);
}

const request_step ep_redeem_steps[] = {
    parse, audit_slot_step, read_parent, judge, prepare, has_place, make, made, sign, answer,
    NULL,
};
