/* SPDX-License-Identifier: MIT
 * ep_create - POST /sessions: a session for a user whom the caller has authenticated.
 * Owns:      the order: what is replaced ends first, then the record, its audit, the tokens
 * Runs in:   worker
 * Fails by:  400 at the field; 409 session-limit; 503 without a trace left behind
 * Never:     authenticate a user; answer with tokens before the record and its audit are in
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "create_body.h"
#include "ending.h"
#include "err.h"
#include "grant.h"
#include "idempotency.h"
#include "quota.h"
#include "respond.h"
#include "shm_board.h"

struct create {
	struct grant grant;
	struct idempotency idempotency;
	bool foreign_replaces; /* the replaced session is another user's: ended first, on its own */
};

static enum step parse(struct request *r)
{
	struct create *c = sd_arena_alloc(&r->arena, sizeof(*c));
	r->state = c;
	if (!c)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (idempotency_read(r, &c->idempotency) == STEP_DONE)
		return STEP_DONE;
	return create_body_read(r, &c->grant.in);
}

static enum step prepare(struct request *r)
{
	struct create *c = r->state;
	struct store_create *in = &c->grant.in;
	grant_policy(r, in);
	if (grant_tokens(r, &c->grant) != SD_OK ||
	    grant_seal(r, &c->grant, in->data, sd_slice("", 0)) != SD_OK)
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, "no random bytes", NULL);
	return idempotency_claim(r, &c->idempotency, &c->grant);
}

static enum step claimed(struct request *r)
{
	return idempotency_claimed(r, &((struct create *)r->state)->idempotency);
}

static enum step decided(struct request *r)
{
	struct create *c = r->state;
	if (idempotency_decide(r, &c->idempotency) == STEP_DONE)
		return STEP_DONE;
	return quota_take(r, &c->grant.in);
}

static enum step has_place(struct request *r)
{
	struct create *c = r->state;
	enum step step = quota_taken(r, &c->grant.in);
	if (step == STEP_DONE)
		idempotency_drop(r, &c->idempotency);
	return step;
}

static enum step replace_foreign(struct request *r)
{
	struct create *c = r->state;
	struct store_create *in = &c->grant.in;
	c->foreign_replaces = in->has_replaces && in->replaces.b[0] != in->sid.b[0];
	if (!c->foreign_replaces)
		return STEP_NEXT;
	struct store_end end = {.tenant = in->tenant,
				.sid = in->replaces,
				.reason = END_REPLACED,
				.retain_s = in->retain_s};
	store_end(r->w->store, &end, request_store_call(r));
	return STEP_PARKED;
}

static enum step replaced_foreign(struct request *r)
{
	struct create *c = r->state;
	if (!c->foreign_replaces)
		return STEP_NEXT;
	struct sd_slice user = r->call.session.user;
	if (ending_recorded(r, &c->grant.in.replaces, user, END_REPLACED, false) == STEP_DONE)
		return STEP_DONE;
	if (ending_failed(&r->call))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	c->grant.in.has_replaces = false;
	return applied_wait(r);
}

static enum step store_it(struct request *r)
{
	struct create *c = r->state;
	/* the first was spent on the replaced one */
	if (!r->slot && audit_slot_step(r) == STEP_DONE)
		return STEP_DONE;
	store_create(r->w->store, &c->grant.in, request_store_call(r));
	return STEP_PARKED;
}

/* A login from a device that the user was not known by. */
static bool audit_new_device(struct request *r, const struct grant *g, struct sd_slice sid)
{
	struct audit_note note = {.event = AUDIT_DEVICE_CHANGED,
				  .outcome = AUDIT_OK,
				  .user = g->in.user,
				  .session = sid,
				  .ip = g->in.ip,
				  .reason = SD_SLICE("new"),
				  .key = "device_id",
				  .value = g->in.device_id};
	return audit_event_send(r, &note);
}

static bool audit_created(struct request *r, const struct grant *g)
{
	char sid[HANDLE_SID_LEN + 1];
	sid_text(&g->in.sid, sid);
	struct audit_note note = {.event = AUDIT_SESSION_CREATED,
				  .outcome = AUDIT_OK,
				  .user = g->in.user,
				  .session = sd_slice_str(sid),
				  .ip = g->in.ip,
				  .key = "client_id",
				  .value = g->in.client,
				  .also = {r->call.kept.new_place ? "new_place" : NULL,
					   r->call.kept.renewed ? "new_device" : NULL}};
	bool ok = audit_event_send(r, &note);
	ok = (!r->call.kept.renewed || audit_new_device(r, g, sd_slice_str(sid))) && ok;
	return grant_audit_ends(r, g) && ok;
}

static void count_new(struct request *r)
{
	const struct store_kept *k = &r->call.kept;
	if (k->new_place)
		board_count(r->w->stats, METRIC_NEW_PLACES, r->tenant->slot, BINDING_KIND_IP, 0, 1);
	if (k->renewed)
		board_count(r->w->stats, METRIC_NEW_PLACES, r->tenant->slot, BINDING_KIND_DEVICE, 0, 1);
}

static enum step stored(struct request *r)
{
	struct grant *g = &((struct create *)r->state)->grant;
	/* done, but no replica has the ends */
	if (r->call.status == STORE_UNAVAILABLE && r->call.ended) {
		(void)!audit_created(r, g);
		grant_undo(r, g);
	}
	if (grant_seal_again(r, g)) {
		store_create(r->w->store, &g->in, request_store_call(r));
		r->step--; /* comes back here */
		return STEP_PARKED;
	}
	quota_made(r, &g->in, r->call.status);
	switch (r->call.status) {
	case STORE_OK:
		break;
	case STORE_LIMIT: case STORE_RESTRICTED:
		idempotency_drop(r, &((struct create *)r->state)->idempotency);
		return grant_limit_reached(r, &g->in);
	case STORE_UNAVAILABLE: case STORE_CORRUPT: case STORE_LATE: case STORE_ABSENT:
	case STORE_ENDED: case STORE_EXPIRED: case STORE_REUSED: case STORE_MISMATCH:
	case STORE_SUCCESSOR: case STORE_KEY: case STORE_CONFLICT: case STORE_LOCKED:
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	}
	board_count(r->w->stats, METRIC_CREATED, r->tenant->slot, 0, 0, 1);
	count_new(r);
	if (!audit_created(r, g)) {
		grant_undo(r, g);
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	}
	return r->call.log_pos ? applied_wait(r) : STEP_NEXT;
}

static enum step sign(struct request *r)
{
	return grant_sign(r, &((struct create *)r->state)->grant);
}

static enum step render(struct request *r)
{
	struct create *c = r->state;
	if (grant_render(r, &c->grant) == STEP_DONE)
		return STEP_DONE;
	return idempotency_keep(r, &c->idempotency);
}

static enum step answer(struct request *r)
{
	struct create *c = r->state;
	if (idempotency_kept(r, &c->idempotency, &c->grant) == STEP_DONE)
		return STEP_DONE;
	return respond_json(r, 201);
}

const request_step ep_create_steps[] = {
    parse, audit_slot_step, prepare, claimed, decided, has_place, replace_foreign, replaced_foreign,
    store_it, stored, sign, render, answer, NULL,
};
