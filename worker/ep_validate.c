/* SPDX-License-Identifier: MIT
 * ep_validate - POST /sessions/validate: is this token still good, and whose is it?
 * Owns:      the order of refusals
 * Runs in:   worker
 * Fails by:  401 with the first reason of the contract's order; 403 for a scope; 503 when uncertain
 * Never:     change what is valid (activity is flushed aside); ask the store on the hot path
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "binding.h"
#include "body.h"
#include "ending.h"
#include "err.h"
#include "known_session.h"
#include "lookup.h"
#include "refusal.h"
#include "renewal.h"
#include "respond.h"
#include "shm_board.h"
#include "shm_fresh.h"
#include "source_tell.h"
#include "token_check.h"

enum { F_ACCESS, F_SESSION, F_IP, F_USER_AGENT, F_FINGERPRINT, F_AUDIENCE, F_SCOPE, F_COUNT };
static const struct body_field fields[F_COUNT] = {
    [F_ACCESS] = {"access_token", BODY_TOKEN, false, 16384},
    [F_SESSION] = {"session_token", BODY_TOKEN, false, 16384},
    [F_IP] = {"ip", BODY_STRING, false, 64},
    [F_USER_AGENT] = {"user_agent", BODY_STRING, false, 1024},
    [F_FINGERPRINT] = {"device_fingerprint", BODY_STRING, false, 256},
    [F_AUDIENCE] = {"audience", BODY_STRING, false, 256},
    [F_SCOPE] = {"scope", BODY_STRING, false, 1024},
};

struct validate {
	struct sd_slice token, ip, audience, scope;
	char ip_text[64];          /* one way of writing each address: failures are counted by it */
	bool is_token;             /* access token, not session token */
	struct token_check check;  /* of an access token */
	struct lookup lookup;
	struct handle handle;
	uint32_t bucket;
	uint64_t bucket_value;
	struct sd_slice client;    /* of a session we know; of this turn only */
	enum renewal_fit fit;
	struct renewal renewal;
	uint32_t turn;             /* which of the steps runs: check is the first */
	struct binding_seen seen;  /* where the user is now */
	bool bound_asked;          /* ... for the record alone, to judge that by */
	struct sd_slice user;      /* of a session that its binding ends */
	bool client_asked;         /* the store was asked for the client's rule as well */
};

static void count(const struct request *r, enum validate_result result, enum validate_source source)
{
	board_count(r->w->stats, METRIC_VALIDATE, r->tenant->slot, (uint16_t)result,
		    (uint16_t)source, 1);
}

/* Not of those that were good once, which honest clients show too. */
static bool never_was_good(enum validate_result result)
{
	return result == RESULT_MALFORMED || result == RESULT_SIGNATURE || result == RESULT_ISSUER ||
	       result == RESULT_AUDIENCE || result == RESULT_NOT_YET;
}

static void failed(struct request *r, const struct validate *v)
{
	if (v->ip.n == 0)
		return;
	ratelimit_failed(r->w->rates, r->tenant->slot, v->ip, r->now_ms);
	source_tell(r->w);
}

/* Until its minute is over. */
static enum step refuse_source(struct request *r)
{
	char *wait = sd_arena_alloc(&r->arena, 24);
	board_count(r->w->stats, METRIC_RATE_LIMITED, r->tenant->slot, 0, 0, 1);
	board_count(r->w->stats, METRIC_SOURCES_REFUSED, r->tenant->slot, 0, 0, 1);
	if (wait) {
		(void)snprintf(wait, 24, "%lld", (long long)(60 - r->now_ms / 1000 % 60));
		respond_header(r, "Retry-After", sd_slice_str(wait));
	}
	return respond_problem(r, PROBLEM_RATE_LIMITED, "too many failed validations from this ip", NULL);
}

static enum step refuse(struct request *r, const struct validate *v, enum validate_result result)
{
	enum validate_source source = v->lookup.source ? v->lookup.source : SOURCE_MEMORY;
	count(r, result, source);
	if (result != RESULT_UNAVAILABLE)
		failed(r, v);
	if (never_was_good(result))
		refusal_of_token(r, problem_code(token_check_problem(result)), v->ip);
	return respond_problem(r, token_check_problem(result), NULL, NULL);
}

/* STEP_NEXT when the scope that the request demands is granted. */
static enum step scope_granted(struct request *r, const struct validate *v, struct sd_slice granted)
{
	char why[128];
	struct sd_slice lacks = session_scope_lacks(granted, v->scope);
	if (lacks.n == 0)
		return STEP_NEXT;
	count(r, RESULT_SCOPE, v->lookup.source ? v->lookup.source : SOURCE_MEMORY);
	(void)snprintf(why, sizeof(why), "the token lacks the scope %.*s",
		       (int)SD_MIN(lacks.n, (size_t)90), lacks.p);
	return respond_problem(r, token_check_problem(RESULT_SCOPE), why, NULL);
}

static enum step parse(struct request *r)
{
	struct body_value val[F_COUNT];
	struct validate *v = sd_arena_alloc(&r->arena, sizeof(*v));
	if (!v)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	r->state = v;
	if (body_read(r, fields, F_COUNT, val) == STEP_DONE)
		return STEP_DONE;
	if (val[F_ACCESS].given == val[F_SESSION].given)
		return body_exactly_one(r, "access_token, session_token");
	v->is_token = val[F_ACCESS].given;
	v->token = v->is_token ? val[F_ACCESS].str : val[F_SESSION].str;
	v->ip = val[F_IP].given ? session_plain_ip(val[F_IP].str, v->ip_text) : sd_slice("", 0);
	if (val[F_IP].given && v->ip.n == 0)
		return body_invalid(r, "ip", "must be an IPv4 or IPv6 address");
	v->seen = (struct binding_seen){v->ip, val[F_USER_AGENT].str, val[F_FINGERPRINT].str};
	v->audience = val[F_AUDIENCE].str;
	v->scope = val[F_SCOPE].str;
	if (!ratelimit_source_ok(r->w->rates, r->tenant->slot, v->ip,
				 r->tenant->validate_failures_per_minute_per_ip, r->now_ms))
		return refuse_source(r);
	return STEP_NEXT;
}

static const char *assurance(enum validate_source source)
{
	return source == SOURCE_STORE ? "store" : source == SOURCE_SIGNED ? "signed" : "fresh";
}

static void answer(struct request *r, const struct validate *v, struct sd_slice common,
		   struct session_clocks clocks)
{
	struct sd_buf *b = &r->body;
	sd_buf_reset(b);
	sd_buf_str(b, "{\"valid\":true,");
	sd_buf_put(b, common);
	sd_buf_str(b, ",\"expires_at\":");
	sd_buf_i64(b, clocks.absolute_at_s);
	sd_buf_str(b, ",\"idle_expires_at\":");
	sd_buf_i64(b, clocks.idle_at_s);
	sd_buf_str(b, ",\"assurance\":\"");
	sd_buf_str(b, assurance(v->lookup.source));
	sd_buf_str(b, "\"");
	count(r, RESULT_VALID, v->lookup.source);
}

static enum step finish(struct request *r)
{
	sd_buf_char(&r->body, '}');
	return respond_json(r, 200);
}

/* --- binding ---------------------------------------------------------------------------------- */

/* STEP_NEXT: nothing against it, or nothing that refuses. */
static enum step bound(struct request *r, struct validate *v, struct known_session *k)
{
	switch (binding_judge(r, &k->session, &v->seen, &k->told)) {
	case BINDING_OFF:
	case BINDING_SHADOW:
	case BINDING_RECORD:
		return STEP_NEXT;
	case BINDING_STEP_UP:
		return refuse(r, v, RESULT_STEP_UP);
	case BINDING_REVOKE:
		break;
	}
	v->user = sd_arena_copy(&r->arena, k->session.user);
	if (!v->user.p)
		return refuse(r, v, RESULT_UNAVAILABLE);
	if (audit_slot_step(r) == STEP_DONE)
		return STEP_DONE;
	struct store_end in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
			       .sid = v->lookup.sid,
			       .reason = END_BINDING,
			       .retain_s = r->tenant->retain_sessions_s};
	store_end(r->w->store, &in, request_store_call(r));
	r->step += 4 - v->turn; /* parked here, it goes on with bound_ended */
	return STEP_PARKED;
}

static enum step bound_ended(struct request *r)
{
	struct validate *v = r->state;
	if (ending_recorded(r, &v->lookup.sid, v->user, END_BINDING, true) == STEP_DONE)
		return STEP_DONE;
	if (ending_failed(&r->call)) /* also: done, but no replica has it */
		return refuse(r, v, RESULT_UNAVAILABLE);
	return applied_wait(r);
}

static enum step bound_answer(struct request *r)
{
	return refuse(r, r->state, RESULT_BINDING);
}

/* --- how the device is trusted ------------------------------------------------------------------ */

/* The challenge of RFC 9470. The token is a good one: that is no failure of its source. */
static enum step stepped_up(struct request *r, const struct validate *v, const struct known_session *k)
{
	struct sd_slice acr;
	if (!session_must_step_up(request_policy(r), &k->session, &acr))
		return STEP_NEXT;
	char *text = sd_arena_alloc(&r->arena, acr.n + 96);
	if (!text)
		return refuse(r, v, RESULT_UNAVAILABLE);
	(void)snprintf(text, acr.n + 96,
		       "Bearer error=\"insufficient_user_authentication\", acr_values=\"" SD_SLICE_FMT
		       "\"", SD_SLICE_ARG(acr));
	respond_header(r, "WWW-Authenticate", sd_slice_str(text));
	count(r, RESULT_STEP_UP, v->lookup.source ? v->lookup.source : SOURCE_MEMORY);
	return respond_problem(r, PROBLEM_STEP_UP_REQUIRED,
			       "the session's device is trusted only after another authentication",
			       NULL);
}

/* Does the record say more of an access token than memory does; and may what it says refuse? */
static bool wants_record(const struct request *r, const struct validate *v)
{
	return binding_wants_record(r, &v->seen) || r->tenant->levels.count > 0;
}

static bool may_refuse(const struct request *r, const struct validate *v)
{
	return binding_may_refuse(r, &v->seen) || session_may_step_up(request_policy(r));
}

/* --- access tokens ---------------------------------------------------------------------------- */

/* What only the record tells: its clocks, and those of its device. */
static enum validate_result by_record(struct request *r, struct validate *v,
				      const struct known_session *k)
{
	struct token_check *t = &v->check;
	const struct session *s = &k->session;
	struct session_clocks clocks;
	t->idle_s = SD_MIN(s->idle_s, session_policy_idle_s(request_policy(r), s));
	return session_fate(request_policy(r), s, t->lookup.seen_ms, r->now_ms, &clocks) == FATE_EXPIRED
		   ? RESULT_SESSION_EXPIRED
		   : RESULT_VALID;
}

/* k: the session's record, where it is known. */
static enum step token_judged(struct request *r, struct validate *v, enum validate_result result,
			      struct known_session *k)
{
	struct token_check *t = &v->check;
	v->lookup = t->lookup;
	if (result == RESULT_VALID && k)
		result = by_record(r, v, k);
	if (result == RESULT_VALID && k) {
		enum step step = bound(r, v, k);
		if (step == STEP_NEXT)
			step = stepped_up(r, v, k);
		if (step != STEP_NEXT)
			return step;
	}
	if (result != RESULT_VALID)
		return refuse(r, v, result);
	if (scope_granted(r, v, t->known->claims.scope) == STEP_DONE)
		return STEP_DONE;
	token_check_seen(r, t);
	struct session_clocks c = {.idle_at_s = r->now_ms / 1000 + t->idle_s,
				   .absolute_at_s = claims_end(
				       &t->known->claims, r->tenant->access_ttl_s)};
	answer(r, v, t->known->common, c);
	return finish(r);
}

/* The store is being asked in this turn: what it will say is not older than the counter now. */
static enum step token_asked(struct request *r, struct validate *v)
{
	v->bucket = known_session_bucket(r, &v->check.lookup.sid);
	v->bucket_value = shm_bucket_read(r->w->control, v->bucket);
	return STEP_PARKED;
}

static enum step token_step(struct request *r)
{
	struct validate *v = r->state;
	v->check.token = v->token;
	v->check.audience = v->audience;
	enum validate_result result = token_check_begin(r, &v->check);
	if (result == RESULT_NONE)
		return token_asked(r, v);
	bool said = v->seen.ip.n || v->seen.user_agent.n || v->seen.fingerprint.n;
	bool wanted = wants_record(r, v);
	struct known_session *k = result == RESULT_VALID && (said || wanted)
				      ? known_session_find(r, &v->check.lookup.sid)
				      : NULL;
	if (result != RESULT_VALID || k || !wanted)
		return token_judged(r, v, result, k);
	v->bound_asked = true;
	v->check.lookup.why = FALLBACK_UNSEEN;
	token_check_ask(r, &v->check);
	return token_asked(r, v);
}

static enum step token_store_step(struct request *r)
{
	struct validate *v = r->state;
	struct known_session *k = NULL;
	enum validate_result result = token_check_store(r, &v->check);
	bool must = may_refuse(r, v);
	if (result == RESULT_UNAVAILABLE && v->bound_asked && !must) {
		v->bound_asked = false; /* memory's word was enough without the record */
		result = token_check_begin(r, &v->check);
		return result == RESULT_NONE ? token_asked(r, v) : token_judged(r, v, result, NULL);
	}
	if (result == RESULT_VALID && r->call.status == STORE_OK && wants_record(r, v)) {
		k = known_session_keep(r, &r->call.session, v->bucket, v->bucket_value);
		if (!k)
			result = RESULT_UNAVAILABLE;
	}
	if (result == RESULT_VALID && must && !k && v->check.lookup.source == SOURCE_SIGNED)
		result = RESULT_UNAVAILABLE; /* nobody can tell where it belongs */
	return token_judged(r, v, result, k);
}

/* --- session tokens --------------------------------------------------------------------------- */

static void render_session(struct sd_buf *b, const struct request *r, const struct session *s)
{
	char sid[HANDLE_SID_LEN + 1];
	sid_text(&s->sid, sid);
	sd_buf_str(b, "\"session_id\":");
	sd_buf_json_str(b, sd_slice_str(sid));
	sd_buf_str(b, ",\"user_id\":");
	sd_buf_json_str(b, s->user);
	sd_buf_str(b, ",\"tenant_id\":");
	sd_buf_json_str(b, policy_view_str(&r->gen->view, r->tenant->name));
	sd_buf_str(b, ",\"client_id\":");
	sd_buf_json_str(b, s->client);
	sd_buf_str(b, ",\"scope\":");
	sd_buf_json_str(b, s->scope);
	if (s->acr.n) {
		sd_buf_str(b, ",\"acr\":");
		sd_buf_json_str(b, s->acr);
	}
	if (s->amr.n) {
		sd_buf_str(b, ",\"amr\":");
		sd_buf_put(b, s->amr);
	}
	if (s->auth_time_s) {
		sd_buf_str(b, ",\"auth_time_at\":");
		sd_buf_i64(b, s->auth_time_s);
	}
	if (s->device_id.n) {
		sd_buf_str(b, ",\"device_id\":");
		sd_buf_json_str(b, s->device_id);
	}
	if (s->claims.n) {
		sd_buf_str(b, ",\"claims\":");
		sd_buf_put(b, s->claims);
	}
}

static enum step session_good(struct request *r, struct validate *v, struct known_session *k)
{
	enum step step = bound(r, v, k);
	if (step == STEP_NEXT)
		step = stepped_up(r, v, k);
	if (step != STEP_NEXT)
		return step;
	if (scope_granted(r, v, k->session.scope) == STEP_DONE)
		return STEP_DONE;
	token_check_touch(r, &k->session.sid, k->session.seen_ms);
	session_clocks(request_policy(r), &k->session, r->now_ms, &v->lookup.clocks);
	struct sd_buf common;
	sd_buf_init(&common, 65536);
	render_session(&common, r, &k->session);
	struct sd_slice kept = sd_arena_copy(&r->arena, sd_buf_slice(&common));
	bool failed = common.failed || !kept.p;
	sd_buf_fini(&common);
	if (failed)
		return refuse(r, v, RESULT_UNAVAILABLE);
	answer(r, v, kept, v->lookup.clocks);
	v->renewal.presented = v->handle;
	if (renewal_begin(r, &v->renewal, k, v->fit) == STEP_NEXT)
		return finish(r);
	r->step += 3 - v->turn; /* parked here, it goes on with renewed */
	return STEP_PARKED;
}

static enum step renewed(struct request *r)
{
	struct validate *v = r->state;
	renewal_end(r, &v->renewal);
	if (v->renewal.token[0]) {
		sd_buf_str(&r->body, ",\"session_token\":");
		sd_buf_json_str(&r->body, sd_slice_str(v->renewal.token));
	}
	return finish(r);
}

/* The audience of a session is a list in the record; demanded only when the request names one. */
static bool audience_fits(const struct session *s, struct sd_slice audience)
{
	struct json_value list = {.kind = JSON_ARRAY, .raw = s->audience}, item;
	size_t pos = 0;
	if (audience.n == 0)
		return true;
	while (json_array_next(&list, &pos, &item))
		if (item.kind == JSON_STRING && !item.escaped && sd_slice_eq(item.raw, audience))
			return true;
	return false;
}

static enum step session_from_memory(struct request *r, struct validate *v)
{
	lookup_proof(r, &v->lookup);
	struct known_session *k = known_session_find(r, &v->handle.sid);
	if (!k) {
		v->lookup.proof_read = false; /* of before the store is asked */
		return STEP_NEXT;
	}
	v->lookup.query = k->query;
	v->lookup.seen_ms = token_check_seen_ms(r, &k->session.sid, k->session.seen_ms);
	v->client = k->session.client;
	enum lookup_verdict verdict = lookup_memory(r, &v->lookup);
	if (verdict == LOOKUP_ASK)
		return STEP_NEXT;
	enum session_fate fate =
	    session_fate(request_policy(r), &k->session, v->lookup.seen_ms, r->now_ms, &v->lookup.clocks);
	bool idle = fate == FATE_IDLE ||
		    (fate == FATE_ACTIVE && request_now_s(r) >= v->lookup.clocks.idle_at_s);
	if (verdict == LOOKUP_GOOD && idle) {
		v->lookup.why = FALLBACK_IDLE; /* another node may have seen it since */
		return STEP_NEXT;
	}
	v->fit = renewal_fits(r, &k->session, &v->handle);
	if (v->fit == RENEWAL_NEWER)
		return STEP_NEXT; /* this copy is of before */
	if (!audience_fits(&k->session, v->audience))
		return refuse(r, v, RESULT_AUDIENCE);
	if (v->fit == RENEWAL_FOREIGN)
		return refuse(r, v, RESULT_SESSION_REVOKED);
	switch (fate) {
	case FATE_EXPIRED:
		verdict = LOOKUP_EXPIRED;
		break;
	case FATE_ENDED:
		verdict = LOOKUP_GONE;
		break;
	case FATE_IDLE:
	case FATE_ACTIVE:
		break;
	}
	return verdict == LOOKUP_GOOD ? session_good(r, v, k) : refuse(r, v, token_check_result(verdict));
}

/* The record and the rules; the client's too where its name is known. */
static enum step session_ask(struct request *r, struct validate *v, struct sd_slice client)
{
	v->client_asked = client.n > 0;
	v->bucket = known_session_bucket(r, &v->handle.sid);
	v->bucket_value = shm_bucket_read(r->w->control, v->bucket);
	board_count(r->w->stats, METRIC_FALLBACKS, SHM_SLOT_NONE, (uint16_t)v->lookup.why, 0, 1);
	store_read(r->w->store, policy_view_str(&r->gen->view, r->tenant->name), &v->handle.sid,
		   client, sd_slice("", 0), request_store_call(r));
	return STEP_PARKED;
}

static enum step session_step(struct request *r)
{
	struct validate *v = r->state;
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	switch (handle_parse(v->token, HANDLE_SESSION, keys->mac, keys->sets, &v->handle)) {
	case HANDLE_MALFORMED:
		return refuse(r, v, RESULT_MALFORMED);
	case HANDLE_BAD_MAC:
		return refuse(r, v, RESULT_SIGNATURE);
	case HANDLE_OK:
		break;
	}
	v->lookup.partition = v->handle.sid.b[0];
	v->lookup.sid = v->handle.sid;
	v->lookup.seen_ms = token_check_seen_ms(r, &v->handle.sid, 0);
	v->lookup.why = FALLBACK_UNSEEN;
	enum step step = session_from_memory(r, v);
	return step == STEP_NEXT ? session_ask(r, v, v->client) : step;
}

/* What only shared memory knows of a record that the store gave: an end that the store has lost, a
 * rule of its client, whose name we did not know when we asked. Where the table is not proven the
 * store is asked again, by that name; then its word is enough. */
static enum step session_held_against_table(struct request *r, struct validate *v,
					    struct known_session *k)
{
	v->lookup.query = k->query;
	enum lookup_verdict verdict = lookup_memory(r, &v->lookup);
	if (verdict == LOOKUP_ASK && !v->client_asked)
		return session_ask(r, v, k->session.client);
	if (verdict != LOOKUP_GOOD && verdict != LOOKUP_ASK)
		return refuse(r, v, token_check_result(verdict));
	v->lookup.source = SOURCE_STORE;
	return session_good(r, v, k);
}

static enum step session_store_step(struct request *r)
{
	struct validate *v = r->state;
	bool found = r->call.status == STORE_OK || r->call.status == STORE_ENDED;
	v->lookup.query.iat_s = found ? r->call.session.created_ms / 1000 : INT64_MAX;
	enum lookup_verdict verdict = lookup_store(r, &v->lookup, false);
	if (found)
		v->fit = renewal_fits(r, &r->call.session, &v->handle);
	if (found && !audience_fits(&r->call.session, v->audience))
		return refuse(r, v, RESULT_AUDIENCE);
	if (found && v->fit <= RENEWAL_NEWER)
		return refuse(r, v, RESULT_SESSION_REVOKED);
	if (verdict != LOOKUP_GOOD)
		return refuse(r, v, token_check_result(verdict));
	if (policy_view_client_find(&r->gen->view, r->tenant, r->call.session.client) ==
	    POLICY_NONE)
		return refuse(r, v, RESULT_REVOKED);
	struct known_session *k =
	    known_session_keep(r, &r->call.session, v->bucket, v->bucket_value);
	if (!k)
		return refuse(r, v, RESULT_UNAVAILABLE);
	return session_held_against_table(r, v, k);
}

/* --- the two kinds ---------------------------------------------------------------------------- */

static enum step check(struct request *r)
{
	((struct validate *)r->state)->turn = 1;
	return ((struct validate *)r->state)->is_token ? token_step(r) : session_step(r);
}

static enum step check_store(struct request *r)
{
	((struct validate *)r->state)->turn++;
	return ((struct validate *)r->state)->is_token ? token_store_step(r)
						       : session_store_step(r);
}

/* The store is asked twice at most: the second time with the client's name. */
const request_step ep_validate_steps[] = {parse, check, check_store, check_store, renewed,
					  bound_ended, bound_answer, NULL};
