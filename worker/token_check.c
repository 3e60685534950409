/* SPDX-License-Identifier: MIT
 * token_check - an access token judged whole, from memory or by the store.
 * Owns:      the order in which an access token's session is looked up
 * Runs in:   worker
 * Fails by:  the first reason of the contract's order; RESULT_UNAVAILABLE when uncertain
 * Never:     write an answer; ask the store on the hot path */
#include "base.h"
#include "token_check.h"

#include "session_rules.h"
#include "shm_board.h"

enum validate_result token_check_result(enum lookup_verdict verdict)
{
	switch (verdict) {
	case LOOKUP_GONE: return RESULT_SESSION_REVOKED;
	case LOOKUP_REVOKED: return RESULT_REVOKED;
	case LOOKUP_EXPIRED: return RESULT_SESSION_EXPIRED;
	case LOOKUP_IDLE: return RESULT_SESSION_IDLE;
	case LOOKUP_GOOD: return RESULT_VALID;
	case LOOKUP_ASK:
	case LOOKUP_UNAVAILABLE:
		break;
	}
	return RESULT_UNAVAILABLE;
}

enum problem token_check_problem(enum validate_result result)
{
	switch (result) {
	case RESULT_MALFORMED: return PROBLEM_TOKEN_MALFORMED;
	case RESULT_SIGNATURE: return PROBLEM_TOKEN_SIGNATURE;
	case RESULT_ISSUER: return PROBLEM_TOKEN_ISSUER;
	case RESULT_AUDIENCE: return PROBLEM_TOKEN_AUDIENCE;
	case RESULT_NOT_YET: return PROBLEM_TOKEN_NOT_YET_VALID;
	case RESULT_EXPIRED: return PROBLEM_TOKEN_EXPIRED;
	case RESULT_REVOKED: return PROBLEM_TOKEN_REVOKED;
	case RESULT_SESSION_REVOKED: return PROBLEM_SESSION_REVOKED;
	case RESULT_SESSION_EXPIRED: return PROBLEM_SESSION_EXPIRED;
	case RESULT_SESSION_IDLE: return PROBLEM_SESSION_IDLE;
	case RESULT_BINDING: return PROBLEM_BINDING_MISMATCH;
	case RESULT_STEP_UP: return PROBLEM_STEP_UP_REQUIRED;
	case RESULT_SCOPE: return PROBLEM_INSUFFICIENT_SCOPE;
	case RESULT_NONE:
	case RESULT_VALID:
	case RESULT_UNAVAILABLE:
	case RESULT_COUNT:
		break;
	}
	return PROBLEM_STORE_UNAVAILABLE;
}

#define TOLD_AT_ONCE 512 /* of the uses that are due, so that no request waits for them */

/* Told once an interval; what may not have reached the store, a second later. */
static int64_t due_ms(const struct policy_tenant *t, const struct activity_entry *e)
{
	int64_t interval_s = t->touch_interval_s;
	if (e->lost)
		interval_s = SD_MIN(interval_s, 1);
	return e->told_ms + interval_s * 1000;
}

static void tell(struct worker *w, struct session_policy p, const struct sid *sid,
		 struct activity_entry *e, int64_t now_ms)
{
	struct store_touch in = {.tenant = policy_view_str(p.view, p.t->name),
				 .sid = *sid,
				 .seen_ms = e->seen_ms,
				 .requests = e->untold,
				 .now = session_clocks_now(p)};
	e->told_ms = now_ms;
	e->untold = e->lost = 0;
	store_touch(w->store, &in);
}

void token_check_touch(struct request *r, const struct sid *sid, int64_t recorded_ms)
{
	struct activity_entry *e = activity_use(r->w->activity, sid, r->now_ms, recorded_ms);
	if (r->now_ms >= due_ms(r->tenant, e) && store_is_up(r->w->store)) {
		tell(r->w, request_policy(r), sid, e, r->now_ms);
	} else if (!e->waits) {
		struct late_use use = {due_ms(r->tenant, e), generation_number(r->gen),
				       r->tenant_index, *sid};
		e->waits = late_put(r->w->late, &use);
	}
}

/* What is not due any more was told meanwhile, by us or by another worker: it takes a later place. */
void token_check_tell_late(struct worker *w)
{
	int64_t now_ms = SD_MAX(sd_loop_wall_ms(w->loop), atomic_load_explicit(&w->control->wall_floor_ms,
									      memory_order_relaxed));
	struct late_use use;
	for (int i = 0; i < TOLD_AT_ONCE && store_is_up(w->store) &&
			late_take(w->late, w->draining ? INT64_MAX : now_ms, &use); i++) {
		struct activity_entry *e = activity_find(w->activity, &use.sid);
		const struct policy_view *v = &w->generation->view;
		if (e)
			e->waits = 0;
		if (!e || e->untold == 0 || use.generation != generation_number(w->generation))
			continue;
		const struct policy_tenant *t = policy_view_tenant(v, use.tenant);
		use.due_ms = due_ms(t, e);
		if (w->draining || now_ms >= use.due_ms)
			tell(w, (struct session_policy){v, t}, &use.sid, e, now_ms);
		else
			e->waits = late_put(w->late, &use);
	}
}

int64_t token_check_seen_ms(const struct request *r, const struct sid *sid, int64_t recorded_ms)
{
	return SD_MAX(recorded_ms, activity_seen_ms(r->w->activity, sid));
}

void token_check_seen(struct request *r, struct token_check *c)
{
	struct known_token *k = c->known;
	token_check_touch(r, &k->sid, k->recorded_ms);
}

/* Structure, signature and claims; known only with RESULT_VALID. */
static enum validate_result claims_good(struct request *r, struct token_check *c)
{
	enum validate_result result = known_token_get(r, c->token, &c->known);
	if (result == RESULT_VALID)
		result = known_token_check(r, c->known, c->audience);
	if (result != RESULT_VALID)
		c->known = NULL;
	return result;
}

enum validate_result token_check_begin(struct request *r, struct token_check *c)
{
	enum validate_result result = claims_good(r, c);
	if (result != RESULT_VALID)
		return result;
	const struct known_token *k = c->known;
	c->lookup.query = k->query;
	c->lookup.sid = k->sid;
	c->lookup.partition = k->sid.b[0];
	c->lookup.seen_ms = token_check_seen_ms(r, &k->sid, k->recorded_ms);
	/* How its device is trusted the token does not say: the shortest clock decides when to ask. */
	c->idle_s = session_least_idle_s(request_policy(r), k->claims.remember_me);
	enum lookup_verdict verdict = lookup_memory(r, &c->lookup);
	if (verdict == LOOKUP_GOOD && r->now_ms >= c->lookup.seen_ms + c->idle_s * 1000) {
		c->lookup.why = FALLBACK_IDLE; /* another node may have seen it since */
		verdict = LOOKUP_ASK;
	}
	if (verdict != LOOKUP_ASK)
		return token_check_result(verdict);
	token_check_ask(r, c);
	return RESULT_NONE;
}

void token_check_ask(struct request *r, struct token_check *c)
{
	const struct known_token *k = c->known;
	board_count(r->w->stats, METRIC_FALLBACKS, SHM_SLOT_NONE, (uint16_t)c->lookup.why, 0, 1);
	const struct policy_key *key = policy_view_key(&r->gen->view, r->tenant, k->key);
	store_read(r->w->store, policy_view_str(&r->gen->view, r->tenant->name), &k->sid,
		   k->claims.client_id, policy_view_str(&r->gen->view, key->kid),
		   request_store_call(r));
	c->known = NULL; /* may be forgotten while the store is asked */
}

enum validate_result token_check_store(struct request *r, struct token_check *c)
{
	enum lookup_verdict verdict = lookup_store(r, &c->lookup, true);
	if (verdict != LOOKUP_GOOD)
		return token_check_result(verdict);
	enum validate_result result = claims_good(r, c);
	if (result != RESULT_VALID || r->call.status != STORE_OK)
		return result;
	const struct session *s = &r->call.session;
	c->known->recorded_ms = SD_MAX(c->known->recorded_ms, s->seen_ms);
	c->idle_s = SD_MIN(s->idle_s, session_policy_idle_s(request_policy(r), s));
	return RESULT_VALID;
}
