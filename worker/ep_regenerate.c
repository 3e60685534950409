/* SPDX-License-Identifier: MIT
 * ep_regenerate - POST /sessions/{id}/regenerate: the same session under a new id with new tokens.
 * Owns:      the order: read, judge, exchange (one script), obey, sign
 * Runs in:   worker
 * Fails by:  404 session-unknown; 409 session-ended (also for the one that lost a race); 503
 * Never:     move the absolute end; leave the old id usable when the new one is handed out
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "ending.h"
#include "err.h"
#include "grant.h"
#include "quota.h"
#include "respond.h"
#include "sealed.h"
#include "session_rules.h"
#include "shm_board.h"
#include "shm_fresh.h"
#include "standing.h"
#include "store_data.h"

struct regenerate {
	struct grant grant;
	struct sid old;
	uint32_t version;
	struct sd_slice data, key; /* of the session, opened; the user's data key as it was read */
	unsigned tries;
	bool ended; /* its clock had run out: ended by this call */
	struct standing standing;
};

static enum step parse(struct request *r)
{
	struct regenerate *g = sd_arena_alloc(&r->arena, sizeof(*g));
	r->state = g;
	if (!g)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (sid_parse(r->params.id, &g->old) != SD_OK)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	return body_nothing(r);
}

static enum step read_it(struct request *r)
{
	struct regenerate *g = r->state;
	g->tries++;
	store_data_read(r->w->store, policy_view_str(&r->gen->view, r->tenant->name), &g->old,
			request_store_call(r));
	return STEP_PARKED;
}

/* Data is sealed for an id: opened here, sealed anew for the next. Of an erased user none is left. */
static bool take_data(struct request *r, struct regenerate *g)
{
	struct sealed_of of = {r->call.session.user, &g->old, r->call.kept.key};
	g->version = r->call.session.version;
	g->key = sd_arena_copy(&r->arena, r->call.kept.key);
	g->data = sd_slice("", 0);
	return g->key.p && sealed_open(r, &of, r->call.session.data, &g->data) != SEALED_UNREADABLE;
}

/* Clocks are left to the script, which ends what has run out. */
static enum step judge(struct request *r)
{
	struct regenerate *g = r->state;
	const struct session *s = &r->call.session;
	if (r->call.status == STORE_ABSENT)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (r->call.status == STORE_ENDED)
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	if (r->call.status != STORE_OK || !grant_from_record(r, &g->grant, s))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (!take_data(r, g))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the data cannot be read",
				       NULL);
	g->standing = (struct standing){.sid = g->old,
					.created_s = s->created_ms / 1000,
					.user = g->grant.in.user,
					.client = g->grant.in.client};
	g->grant.issue.created_s = g->standing.created_s;
	return standing_check(r, &g->standing);
}

static enum step prepare(struct request *r)
{
	struct regenerate *g = r->state;
	struct store_create *in = &g->grant.in;
	/* An older copy of the store may know nothing of the session's end. */
	if (!shm_fresh_store_known(r->w->control))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (standing_step(r, &g->standing) == STEP_DONE)
		return STEP_DONE;
	grant_policy(r, in);
	if (grant_tokens(r, &g->grant) != SD_OK ||
	    grant_seal(r, &g->grant, g->data, g->key) != SD_OK)
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, "no random bytes", NULL);
	in->has_replaces = true; /* its place is given back when the new one's is taken */
	in->replaces = g->old;
	return quota_take(r, in);
}

static enum step has_place(struct request *r)
{
	return quota_taken(r, &((struct regenerate *)r->state)->grant.in);
}

static enum step exchange(struct request *r)
{
	struct regenerate *g = r->state;
	struct store_create *in = &g->grant.in;
	struct store_regenerate x = {.tenant = in->tenant,
				     .old = g->old,
				     .sid = in->sid,
				     .version = g->version,
				     .data = in->data,
				     .key = in->key,
				     .access_ttl_s = in->access_ttl_s,
				     .refresh_ttl_s = in->refresh_ttl_s,
				     .retain_s = in->retain_s,
				     .now = session_clocks_now(request_policy(r))};
	memcpy(x.refresh_hash, in->refresh_hash, sizeof(x.refresh_hash));
	memcpy(x.session_hash, in->session_hash, sizeof(x.session_hash));
	store_regenerate(r->w->store, &x, request_store_call(r));
	return STEP_PARKED;
}

static bool audit_regenerated(struct request *r, const struct regenerate *g)
{
	char old[HANDLE_SID_LEN + 1], sid[HANDLE_SID_LEN + 1];
	sid_text(&g->old, old);
	sid_text(&g->grant.in.sid, sid);
	struct audit_note note = {.event = AUDIT_SESSION_REGENERATED,
				  .outcome = AUDIT_OK,
				  .user = g->grant.in.user,
				  .session = sd_slice_str(sid),
				  .key = "old_session_id",
				  .value = sd_slice_str(old)};
	board_count(r->w->stats, METRIC_CREATED, r->tenant->slot, 0, 0, 1);
	bool ok = audit_event_send(r, &note);
	ok = ending_audit(r, &g->old, g->grant.in.user, END_REGENERATED, false) && ok;
	return ending_audit_children(r, g->grant.in.user) && ok;
}

/* What the script did, also where no replica has it yet: then nobody gets the new tokens. */
static enum step exchanged(struct request *r)
{
	struct regenerate *g = r->state;
	const struct session *s = &r->call.session;
	enum store_status status = r->call.status;
	bool made = s->status == SESSION_ACTIVE && r->call.ended > 0;
	bool audited = true;
	g->ended = status == STORE_EXPIRED;
	quota_made(r, &g->grant.in, status);
	if (made)
		audited = audit_regenerated(r, g);
	else if (r->call.ended)
		audited = ending_audit(r, &g->old, g->grant.in.user, s->end_reason, true) &&
			  ending_audit_children(r, g->grant.in.user);
	if (made && (status != STORE_OK || !audited))
		grant_undo(r, &g->grant);
	if (!audited)
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	if (status == STORE_MISMATCH && g->tries < 4) { /* its data changed meanwhile: from the start */
		r->step -= 5;				/* parked here, it goes on with judge */
		return read_it(r);
	}
	if (status == STORE_ENDED)
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	if (status == STORE_ABSENT)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (status != STORE_OK && status != STORE_EXPIRED)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return applied_wait(r);
}

static enum step sign(struct request *r)
{
	struct regenerate *g = r->state;
	if (g->ended)
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	return grant_sign(r, &g->grant);
}

static enum step answer(struct request *r)
{
	return grant_answer(r, &((struct regenerate *)r->state)->grant);
}

const request_step ep_regenerate_steps[] = {
    parse, audit_slot_step, read_it, judge, prepare, has_place, exchange, exchanged, sign, answer,
    NULL,
};
