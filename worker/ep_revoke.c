/* SPDX-License-Identifier: MIT
 * ep_revoke - POST /sessions/revoke: ends one session, a user's, a client's, or a tenant's past.
 * Owns:      the reading of the revoke body
 * Runs in:   worker
 * Fails by:  400; 503 (then nothing is promised)
 * Never:     answer before this node obeys
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "cookie.h"
#include "ending.h"
#include "err.h"
#include "known_token.h"
#include "nodes_wait.h"
#include "respond.h"
#include "shm_board.h"

enum { F_SESSION, F_ACCESS, F_REFRESH, F_TOKEN, F_USER, F_DEVICE, F_CLIENT, F_BEFORE, F_EXCEPT, F_REASON, F_COUNT };
static const struct body_field fields[F_COUNT] = {
    [F_SESSION] = {"session_id", BODY_STRING, false, 64},
    [F_ACCESS] = {"access_token", BODY_TOKEN, false, 16384},
    [F_REFRESH] = {"refresh_token", BODY_TOKEN, false, 16384},
    [F_TOKEN] = {"session_token", BODY_TOKEN, false, 16384},
    [F_USER] = {"user_id", BODY_STRING, false, 256},
    [F_DEVICE] = {"device_id", BODY_STRING, false, 64},
    [F_CLIENT] = {"client_id", BODY_STRING, false, 64},
    [F_BEFORE] = {"before_at", BODY_INT, false, 0},
    [F_EXCEPT] = {"except_session_id", BODY_STRING, false, 64},
    [F_REASON] = {"reason", BODY_STRING, false, 32},
};

enum target { TARGET_NOTHING = 0, TARGET_SESSION, TARGET_USER, TARGET_RULE };

struct revoke {
	enum target target;
	enum end_reason reason;
	struct sid sid;
	bool logout;              /* by its session token: the cookie of it goes as well */
	bool by_token;            /* it is named by a token of ours, not by its id alone */
	int64_t token_until_s;    /* that token's end; 0 = not an access token */
	struct sd_slice user, device;
	bool has_except;
	struct sid except;
	struct store_rule rule;
	struct nodes_wait *nodes; /* NULL: this node's obedience is enough */
};

enum { NOTHING = -1, SEVERAL = -2 };

/* The one field that says what to end; device_id needs user_id and is not counted. */
static int selector(const struct body_value *val)
{
	static const int kinds[] = {F_SESSION, F_ACCESS, F_REFRESH, F_TOKEN, F_USER, F_CLIENT, F_BEFORE};
	int found = NOTHING;
	for (size_t i = 0; i < SD_ARRAY_LEN(kinds); i++) {
		if (!val[kinds[i]].given)
			continue;
		if (found >= 0)
			return SEVERAL;
		found = kinds[i];
	}
	return found;
}

/* What a caller may give as the reason; the default follows from what is ended. */
static enum step read_reason(struct request *r, struct revoke *v, const struct body_value *given, int kind)
{
	static const enum end_reason allowed[] = {END_LOGOUT, END_ADMIN, END_USER, END_DEVICE, END_POLICY};
	v->reason = kind == F_SESSION ? END_ADMIN : kind == F_USER ? END_USER : kind == F_CLIENT ? END_CLIENT
		    : kind == F_BEFORE ? END_TENANT : END_LOGOUT;
	if (v->device.n)
		v->reason = END_DEVICE;
	if (!given->given)
		return STEP_NEXT;
	enum end_reason asked = end_reason_parse(given->str.p, given->str.n);
	for (size_t i = 0; i < SD_ARRAY_LEN(allowed); i++)
		if (asked == allowed[i]) {
			v->reason = asked;
			return STEP_NEXT;
		}
	return body_invalid(r, "reason", "must be logout, admin, user, device or policy");
}

static void target_handle(struct request *r, struct revoke *v, struct sd_slice text, enum handle_kind kind)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	struct handle h;
	if (handle_parse(text, kind, keys->mac, keys->sets, &h) != HANDLE_OK)
		return; /* not ours: nothing to end */
	v->target = TARGET_SESSION;
	v->sid = h.sid;
	v->by_token = true;
}

/* An expired access token still names its session; a forged one names nothing. */
static void target_access(struct request *r, struct revoke *v, struct sd_slice text)
{
	struct known_token *k;
	if (known_token_get(r, text, &k) != RESULT_VALID)
		return;
	enum validate_result result = known_token_check(r, k, sd_slice(NULL, 0));
	if (result != RESULT_VALID && result != RESULT_EXPIRED && result != RESULT_AUDIENCE &&
	    result != RESULT_NOT_YET && result != RESULT_REVOKED)
		return;
	v->target = TARGET_SESSION;
	v->sid = k->sid;
	v->by_token = true;
	v->token_until_s = k->claims.exp;
}

static enum step target_rule(struct request *r, struct revoke *v, const struct body_value *val, int kind)
{
	int64_t now = request_now_s(r);
	v->target = TARGET_RULE;
	/* Refresh and session tokens created before stand under the rule until their absolute end. */
	v->rule.until_s = now + SD_MAX(r->tenant->absolute_s, r->tenant->remember_absolute_s) + r->tenant->clock_skew_s;
	if (kind == F_CLIENT) {
		if (!body_name_ok(val[F_CLIENT].str))
			return body_invalid(r, "client_id", "is malformed");
		v->rule.kind = STORE_RULE_CLIENT;
		v->rule.id = val[F_CLIENT].str;
		v->rule.before_s = 0; /* the store's now */
		return STEP_NEXT;
	}
	if (val[F_BEFORE].num < 1 || val[F_BEFORE].num > now)
		return body_invalid(r, "before_at", "must not be in the future");
	v->rule.kind = STORE_RULE_TENANT;
	v->rule.id = sd_slice("", 0);
	v->rule.before_s = val[F_BEFORE].num;
	return STEP_NEXT;
}

static enum step target_user(struct request *r, struct revoke *v, const struct body_value *val)
{
	v->target = TARGET_USER;
	v->user = val[F_USER].str;
	if (!body_user_ok(v->user))
		return body_invalid(r, "user_id", "must be 1 to 256 bytes without control characters");
	if (v->device.n && !body_name_ok(v->device))
		return body_invalid(r, "device_id", "is malformed");
	v->has_except = val[F_EXCEPT].given;
	if (v->has_except && sid_parse(val[F_EXCEPT].str, &v->except) != SD_OK)
		return body_invalid(r, "except_session_id", "is not a session id");
	return STEP_NEXT;
}

static enum step read_target(struct request *r, struct revoke *v, const struct body_value *val, int kind)
{
	switch (kind) {
	case F_SESSION:
		if (sid_parse(val[F_SESSION].str, &v->sid) != SD_OK)
			return body_invalid(r, "session_id", "is not a session id");
		v->target = TARGET_SESSION;
		return STEP_NEXT;
	case F_ACCESS:
		target_access(r, v, val[F_ACCESS].str);
		return STEP_NEXT;
	case F_REFRESH:
		target_handle(r, v, val[F_REFRESH].str, HANDLE_REFRESH);
		return STEP_NEXT;
	case F_TOKEN:
		target_handle(r, v, val[F_TOKEN].str, HANDLE_SESSION);
		v->logout = v->target == TARGET_SESSION;
		return STEP_NEXT;
	case F_USER:
		return target_user(r, v, val);
	default:
		return target_rule(r, v, val, kind);
	}
}

static enum step parse(struct request *r)
{
	struct body_value val[F_COUNT];
	struct revoke *v = sd_arena_alloc(&r->arena, sizeof(*v));
	r->state = v;
	if (!v)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (nodes_wait_query(r, &v->nodes) == STEP_DONE)
		return STEP_DONE;
	if (body_read(r, fields, F_COUNT, val) == STEP_DONE)
		return STEP_DONE;
	int kind = selector(val);
	if (kind == NOTHING && val[F_DEVICE].given)
		return respond_problem(r, PROBLEM_FIELD_MISSING, "device_id needs user_id", "/user_id");
	if (kind < 0)
		return body_exactly_one(r,
					"session_id, access_token, refresh_token, session_token, user_id, client_id, before_at");
	if (val[F_DEVICE].given && kind != F_USER)
		return body_invalid(r, "device_id", "needs user_id");
	if (val[F_EXCEPT].given && kind != F_USER)
		return body_invalid(r, "except_session_id", "needs user_id");
	v->device = val[F_DEVICE].str;
	if (read_reason(r, v, &val[F_REASON], kind) == STEP_DONE)
		return STEP_DONE;
	return read_target(r, v, val, kind);
}

static enum step answer_with(struct request *r, int64_t revoked)
{
	const struct revoke *v = r->state;
	uint16_t status = 200;
	sd_buf_reset(&r->body);
	sd_buf_str(&r->body, "{\"revoked\":");
	if (revoked < 0)
		sd_buf_str(&r->body, "null");
	else
		sd_buf_i64(&r->body, revoked);
	if (r->call_open && r->call.log_id[0])
		sd_buf_printf(&r->body, ",\"log_position\":\"%02x:%s\"", r->call.partition, r->call.log_id);
	else
		sd_buf_str(&r->body, ",\"log_position\":null");
	if (v->nodes)
		status = nodes_wait_json(v->nodes, &r->body);
	sd_buf_char(&r->body, '}');
	return respond_json(r, status);
}

/* A token proves that there was such a session. Should the store have lost it, its end is kept all
 * the same: as long as any access token of it may live, and any copy of the store that knows it. */
static struct store_end end_of_session(const struct request *r, const struct revoke *v)
{
	const struct policy_tenant *t = r->tenant;
	int64_t now = request_now_s(r);
	return (struct store_end){
	    .sid = v->sid,
	    .reason = v->reason,
	    .retain_s = t->retain_sessions_s,
	    .by_token = v->by_token,
	    .until_s = v->token_until_s,
	    .tokens_until_s = now + t->access_ttl_s + t->clock_skew_s,
	    .absolute_s = now + SD_MAX(t->absolute_s, t->remember_absolute_s),
	};
}

static enum step end_it(struct request *r)
{
	struct revoke *v = r->state;
	struct sd_slice tenant = policy_view_str(&r->gen->view, r->tenant->name);
	switch (v->target) {
	case TARGET_NOTHING:
		return STEP_NEXT;
	case TARGET_SESSION: {
		struct store_end in = end_of_session(r, v);
		in.tenant = tenant;
		store_end(r->w->store, &in, request_store_call(r));
		return STEP_PARKED;
	}
	case TARGET_USER: {
		struct store_end_user in = {.tenant = tenant, .user = v->user, .reason = v->reason,
					    .has_except = v->has_except, .except = v->except,
					    .device_id = v->device.p ? v->device : sd_slice("", 0),
					    .retain_s = r->tenant->retain_sessions_s};
		store_end_user(r->w->store, &in, request_store_call(r));
		return STEP_PARKED;
	}
	case TARGET_RULE:
		v->rule.tenant = tenant;
		store_rule(r->w->store, &v->rule, request_store_call(r));
		return STEP_PARKED;
	}
	return STEP_NEXT;
}

static bool audit_rule(struct request *r, const struct revoke *v)
{
	bool client = v->rule.kind == STORE_RULE_CLIENT;
	struct audit_note note = {.event = AUDIT_SESSION_ENDED,
				  .outcome = AUDIT_OK,
				  .reason = sd_slice_str(end_reason_text(v->reason)),
				  .key = "rule",
				  .value = client ? v->rule.id : SD_SLICE("before_at")};
	return audit_event_send(r, &note);
}

static bool audit_revoked(struct request *r, const struct revoke *v)
{
	struct sd_slice user = r->call.session.user;
	if (v->target == TARGET_RULE)
		return ending_failed(&r->call) || audit_rule(r, v);
	if (v->target == TARGET_USER)
		return ending_audit_user(r, v->user, v->reason);
	return !r->call.ended || (ending_audit(r, &v->sid, user, v->reason, false) &&
				  ending_audit_children(r, user));
}

static enum step ended(struct request *r)
{
	struct revoke *v = r->state;
	if (v->target == TARGET_NOTHING)
		return STEP_NEXT;
	if (!audit_revoked(r, v))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	if (ending_failed(&r->call)) /* what no replica has was ended all the same */
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return applied_wait(r);
}

static enum step everywhere(struct request *r)
{
	struct revoke *v = r->state;
	return nodes_wait_begin(r, v->nodes);
}

static enum step answer(struct request *r)
{
	struct revoke *v = r->state;
	if (v->target == TARGET_NOTHING)
		return answer_with(r, 0);
	if (v->target == TARGET_SESSION && (v->logout || cookie_carries(r, &v->sid)))
		cookie_clear(r);
	return answer_with(r, v->target == TARGET_RULE ? -1 : (int64_t)r->call.ended);
}

const request_step ep_revoke_steps[] = {parse, audit_slot_step, end_it, ended, everywhere, answer, NULL};
