/* SPDX-License-Identifier: MIT
 * ep_create - POST /sessions: a session for a user whom the caller has authenticated.
 * Owns:      the reading of the create body
 * Runs in:   worker
 * Fails by:  400 at the field; 409 session-limit; 503 without a trace left behind
 * Never:     authenticate a user; answer with tokens before the record and its audit are in
 */
#include "base.h"
#include "ep.h"

#include <arpa/inet.h>

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "ending.h"
#include "err.h"
#include "http_field.h"
#include "issue.h"
#include "respond.h"
#include "secret.h"
#include "session_rules.h"
#include "shm_board.h"

enum {
	F_USER, F_CLIENT, F_AUDIENCE, F_SCOPE, F_CLAIMS, F_ACR, F_AMR, F_AUTH_TIME, F_REMEMBER,
	F_IP, F_USER_AGENT, F_DEVICE, F_DATA, F_MODE, F_REPLACES, F_COUNT
};
static const struct body_field fields[F_COUNT] = {
    [F_USER] = {"user_id", BODY_STRING, true, 256},
    [F_CLIENT] = {"client_id", BODY_STRING, false, 64},
    [F_AUDIENCE] = {"audience", BODY_STRING_OR_ARRAY, false, 2048},
    [F_SCOPE] = {"scope", BODY_STRING, false, 1024},
    [F_CLAIMS] = {"claims", BODY_OBJECT, false, 4096},
    [F_ACR] = {"acr", BODY_STRING, false, 128},
    [F_AMR] = {"amr", BODY_ARRAY, false, 512},
    [F_AUTH_TIME] = {"auth_time_at", BODY_INT, false, 0},
    [F_REMEMBER] = {"remember_me", BODY_BOOL, false, 0},
    [F_IP] = {"ip", BODY_STRING, false, 45},
    [F_USER_AGENT] = {"user_agent", BODY_STRING, false, 1024},
    [F_DEVICE] = {"device", BODY_OBJECT, false, 2048},
    [F_DATA] = {"data", BODY_OBJECT, false, 65536},
    [F_MODE] = {"mode", BODY_STRING, false, 8},
    [F_REPLACES] = {"replaces", BODY_STRING, false, HANDLE_TOKEN_LEN},
};

struct create {
	struct store_create in;
	struct issue issue;
	char ip[64];
	char ip_kept[64];
	bool foreign_replaces; /* the replaced session is another user's: ended first, on its own */
};

static struct sd_slice some(struct sd_slice s)
{
	return s.p ? s : sd_slice("", 0);
}

/* --- fields ----------------------------------------------------------------------------------- */

static const char *const registered_claims[] = {
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "sid", "tid", "scope", "acr",
    "amr", "auth_time", "cnf", "ext", "azp", "nonce", "typ",
};

static enum step read_claims(struct request *r, struct create *c, const struct body_value *v)
{
	struct json_flat o;
	if (!v->given)
		return STEP_NEXT;
	if (json_flat_nested(&v->raw, &o) != SD_OK)
		return body_invalid(r, "claims", "has too many members");
	for (size_t i = 0; i < SD_ARRAY_LEN(registered_claims); i++)
		if (json_flat_find(&o, registered_claims[i]))
			return body_invalid(r, "claims", "must not contain registered claim names");
	c->in.claims = v->raw.raw;
	return STEP_NEXT;
}

static bool scope_ok(struct sd_slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];
		if (ch == ' ' ? i == 0 || i + 1 == s.n || s.p[i + 1] == ' '
			      : ch < 0x21 || ch > 0x7e || ch == '"' || ch == '\\')
			return false;
	}
	return true;
}

static bool audience_known(const struct request *r, struct sd_slice audience)
{
	for (uint32_t i = 0; i < r->tenant->audiences.count; i++)
		if (sd_slice_eq(policy_view_audience(&r->gen->view, r->tenant, i), audience))
			return true;
	return r->tenant->audiences.count == 0;
}

/* Kept as a JSON array text; a lone string becomes an array of one. */
static enum step read_audience(struct request *r, struct create *c, const struct body_value *v)
{
	struct sd_buf b;
	size_t pos = 0, count = 0;
	struct json_value item = v->raw;
	bool ok = true;
	c->in.audience = SD_SLICE("[]");
	if (!v->given)
		return STEP_NEXT;
	sd_buf_init(&b, 4096);
	sd_buf_char(&b, '[');
	while (ok &&
	       (v->raw.kind == JSON_STRING ? count == 0 : json_array_next(&v->raw, &pos, &item))) {
		struct sd_slice text;
		ok = json_get_str(&item, &r->arena, &text) == SD_OK && text.n >= 1 &&
		     text.n <= 256 && count < SIGN_MAX_AUD && audience_known(r, text);
		sd_buf_str(&b, count++ ? "," : "");
		if (ok)
			sd_buf_json_str(&b, text);
	}
	sd_buf_char(&b, ']');
	c->in.audience = sd_arena_copy(&r->arena, sd_buf_slice(&b));
	ok = ok && !b.failed && c->in.audience.p;
	sd_buf_fini(&b);
	return ok ? STEP_NEXT
		  : body_invalid(r, "audience",
				 "has an audience that the policy does not list, or too many");
}

static enum step read_amr(struct request *r, struct create *c, const struct body_value *v)
{
	size_t pos = 0, count = 0;
	struct json_value item;
	struct sd_slice text;
	if (!v->given)
		return STEP_NEXT;
	while (json_array_next(&v->raw, &pos, &item))
		if (count++ >= 16 || json_get_str(&item, &r->arena, &text) != SD_OK || text.n < 1 ||
		    text.n > 64)
			return body_invalid(r, "amr",
					    "must be an array of at most 16 short strings");
	c->in.amr = v->raw.raw;
	return STEP_NEXT;
}

enum { D_ID, D_NAME, D_TYPE, D_FINGERPRINT, D_TRUST, D_COUNT };
static const struct {
	const char *name, *pointer;
	size_t max;
	bool plain;
} device_fields[D_COUNT] = {
    [D_ID] = {"id", "device/id", 64, true},
    [D_NAME] = {"name", "device/name", 128, false},
    [D_TYPE] = {"type", "device/type", 64, true},
    [D_FINGERPRINT] = {"fingerprint", "device/fingerprint", 256, false},
    [D_TRUST] = {"trust", "device/trust", 64, true},
};

static enum step read_device(struct request *r, struct create *c, const struct body_value *v)
{
	struct sd_slice *into[D_COUNT] = {&c->in.device_id, &c->in.device_name, &c->in.device_type,
					  &c->in.device_fingerprint, &c->in.device_trust};
	struct json_flat o;
	uint32_t known = 0;
	for (size_t i = 0; i < D_COUNT; i++)
		*into[i] = sd_slice("", 0);
	if (!v->given)
		return STEP_NEXT;
	if (json_flat_nested(&v->raw, &o) != SD_OK)
		return body_invalid(r, "device", "has too many members");
	for (size_t i = 0; i < D_COUNT; i++) {
		const struct json_value *m = json_flat_find(&o, device_fields[i].name);
		if (!m)
			continue;
		known++;
		if (json_get_str(m, &r->arena, into[i]) != SD_OK || into[i]->n < 1 ||
		    into[i]->n > device_fields[i].max ||
		    (device_fields[i].plain && !body_name_ok(*into[i])))
			return body_invalid(r, device_fields[i].pointer, "is malformed");
	}
	if (known != o.count)
		return respond_problem(r, PROBLEM_UNKNOWN_FIELD,
				       "device has id, name, type, fingerprint, trust", "/device");
	return STEP_NEXT;
}

static enum step read_ip(struct request *r, struct create *c, const struct body_value *v)
{
	uint8_t a[16];
	c->in.ip = sd_slice("", 0);
	if (!v->given)
		return STEP_NEXT;
	if (sd_slice_copy(v->str, c->ip, sizeof(c->ip)) != SD_OK ||
	    (inet_pton(AF_INET, c->ip, a) != 1 && inet_pton(AF_INET6, c->ip, a) != 1))
		return body_invalid(r, "ip", "must be an IPv4 or IPv6 address");
	c->in.ip = session_keep_ip((enum policy_privacy)r->tenant->privacy_ip, sd_slice_str(c->ip),
				   c->ip_kept);
	return STEP_NEXT;
}

static enum step read_client(struct request *r, struct create *c, const struct body_value *v)
{
	c->in.client = v->given ? v->str : r->caller.id;
	if (policy_view_client_find(&r->gen->view, r->tenant, c->in.client) == POLICY_NONE)
		return body_invalid(r, "client_id", "is not a client of this tenant");
	return STEP_NEXT;
}

static enum step read_mode(struct request *r, struct create *c, const struct body_value *v)
{
	c->in.mode = SESSION_MODE_TOKEN;
	if (!v->given || sd_slice_is(v->str, "token"))
		return STEP_NEXT;
	if (sd_slice_is(v->str, "cookie"))
		c->in.mode = SESSION_MODE_COOKIE;
	else if (sd_slice_is(v->str, "both"))
		c->in.mode = SESSION_MODE_BOTH;
	else
		return body_invalid(r, "mode", "must be token, cookie or both");
	return STEP_NEXT;
}

/* A session token or id. What is not ours any more replaces nothing. */
static enum step read_replaces(struct request *r, struct create *c, const struct body_value *v)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	struct handle h;
	if (!v->given)
		return STEP_NEXT;
	if (sid_parse(v->str, &c->in.replaces) == SD_OK) {
		c->in.has_replaces = true;
	} else if (handle_parse(v->str, HANDLE_SESSION, keys->mac, keys->sets, &h) == HANDLE_OK) {
		c->in.replaces = h.sid;
		c->in.has_replaces = true;
	} else {
		return body_invalid(r, "replaces", "must be a session id or a session token");
	}
	return STEP_NEXT;
}

static enum step read_rest(struct request *r, struct create *c, const struct body_value *val)
{
	c->in.user = val[F_USER].str;
	c->in.scope = some(val[F_SCOPE].str);
	c->in.acr = some(val[F_ACR].str);
	c->in.user_agent = r->tenant->privacy_user_agent == PRIVACY_FULL
			       ? some(val[F_USER_AGENT].str)
			       : sd_slice("", 0);
	c->in.auth_time_s = val[F_AUTH_TIME].num;
	c->in.remember_me = val[F_REMEMBER].flag;
	if (!body_user_ok(c->in.user))
		return body_invalid(r, "user_id",
				    "must be 1 to 256 bytes without control characters");
	if (!scope_ok(c->in.scope))
		return body_invalid(r, "scope", "must be scope words separated by single spaces");
	if (val[F_AUTH_TIME].given &&
	    (c->in.auth_time_s < 1 ||
	     c->in.auth_time_s > request_now_s(r) + r->tenant->clock_skew_s))
		return body_invalid(r, "auth_time_at", "must be a time in the past");
	if (val[F_DATA].given)
		return body_invalid(r, "data", "session data is not in this version");
	return STEP_NEXT;
}

typedef enum step (*reader)(struct request *r, struct create *c, const struct body_value *v);
static const struct {
	reader read;
	int field;
} readers[] = {
    {read_client, F_CLIENT}, {read_audience, F_AUDIENCE}, {read_claims, F_CLAIMS},
    {read_amr, F_AMR}, {read_ip, F_IP}, {read_device, F_DEVICE},
    {read_mode, F_MODE}, {read_replaces, F_REPLACES},
};

static enum step parse(struct request *r)
{
	struct body_value val[F_COUNT];
	struct create *c = sd_arena_alloc(&r->arena, sizeof(*c));
	r->state = c;
	if (!c)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	struct sd_slice key;
	if (http_field_get(r->msg, "idempotency-key", &key) != HTTP_FOUND_NONE) /* better than a promise not kept */
		return respond_problem(r, PROBLEM_HEADER_INVALID, "Idempotency-Key is not in this version", NULL);
	if (body_read(r, fields, F_COUNT, val) == STEP_DONE || read_rest(r, c, val) == STEP_DONE)
		return STEP_DONE;
	c->in.claims = c->in.amr = c->in.data = sd_slice("", 0);
	for (size_t i = 0; i < SD_ARRAY_LEN(readers); i++)
		if (readers[i].read(r, c, &val[readers[i].field]) == STEP_DONE)
			return STEP_DONE;
	return STEP_NEXT;
}

/* --- making it -------------------------------------------------------------------------------- */

static void fill_policy(const struct request *r, struct store_create *in)
{
	const struct policy_tenant *t = r->tenant;
	uint32_t random = 0;
	if (sd_random(&random, sizeof(random)) != SD_OK)
		random = 0; /* full length: jitter only shortens */
	in->tenant = policy_view_str(&r->gen->view, t->name);
	in->idle_s = session_idle_s(t, in->remember_me);
	in->absolute_s = session_absolute_s(t, in->remember_me);
	in->access_ttl_s = in->mode == SESSION_MODE_COOKIE ? 0 : session_access_ttl_s(t, random);
	in->refresh_ttl_s = t->refresh_ttl_s;
	in->retain_s = t->retain_sessions_s;
	in->max_per_user = t->max_per_user;
	in->on_limit = t->on_limit;
}

/* Fresh id and tokens; only their hashes go into the store. */
static int make_tokens(struct request *r, struct create *c)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	struct handle h;
	int e = sid_new(handle_partition(c->in.tenant, c->in.user), &c->in.sid);
	if (e == SD_OK && c->in.mode != SESSION_MODE_COOKIE) {
		e = handle_new(HANDLE_REFRESH, &c->in.sid, 1, &h);
		handle_hash(&h, c->in.refresh_hash);
		if (e == SD_OK)
			e = handle_text(&h, keys->mac[0], c->issue.refresh_token);
	}
	if (e == SD_OK && c->in.mode != SESSION_MODE_TOKEN) {
		e = handle_new(HANDLE_SESSION, &c->in.sid, 1, &h);
		handle_hash(&h, c->in.session_hash);
		if (e == SD_OK)
			e = handle_text(&h, keys->mac[0], c->issue.session_token);
	}
	sd_wipe(&h, sizeof(h));
	return e;
}

static enum step replace_foreign(struct request *r)
{
	struct create *c = r->state;
	fill_policy(r, &c->in);
	if (make_tokens(r, c) != SD_OK)
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, "no random bytes", NULL);
	c->foreign_replaces = c->in.has_replaces && c->in.replaces.b[0] != c->in.sid.b[0];
	if (!c->foreign_replaces)
		return STEP_NEXT;
	struct store_end end = {.tenant = c->in.tenant,
				.sid = c->in.replaces,
				.reason = END_REPLACED,
				.retain_s = c->in.retain_s};
	store_end(r->w->store, &end, request_store_call(r));
	return STEP_PARKED;
}

static enum step replaced_foreign(struct request *r)
{
	struct create *c = r->state;
	if (!c->foreign_replaces)
		return STEP_NEXT;
	if (r->call.ended &&
	    !ending_audit(r, &c->in.replaces, r->call.session.user, END_REPLACED, false))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	if (ending_failed(&r->call))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	c->in.has_replaces = false;
	return applied_wait(r);
}

static enum step store_it(struct request *r)
{
	struct create *c = r->state;
	/* the first was spent on the replaced one */
	if (!r->slot && audit_slot_step(r) == STEP_DONE)
		return STEP_DONE;
	store_create(r->w->store, &c->in, request_store_call(r));
	return STEP_PARKED;
}

static enum step limit_reached(struct request *r, struct create *c)
{
	struct audit_note note = {.event = AUDIT_LIMIT_REACHED,
				  .outcome = AUDIT_REFUSED,
				  .user = c->in.user,
				  .ip = c->in.ip};
	audit_event_refused(r, &note);
	return respond_problem(r, PROBLEM_SESSION_LIMIT, NULL, NULL);
}

static bool audit_created(struct request *r, struct create *c)
{
	char sid[HANDLE_SID_LEN + 1];
	sid_text(&c->in.sid, sid);
	struct audit_note note = {.event = AUDIT_SESSION_CREATED,
				  .outcome = AUDIT_OK,
				  .user = c->in.user,
				  .session = sd_slice_str(sid),
				  .ip = c->in.ip,
				  .key = "client_id",
				  .value = c->in.client};
	bool ok = audit_event_send(r, &note);
	uint32_t listed = SD_MIN(r->call.evicted_count, (uint32_t)SD_ARRAY_LEN(r->call.evicted));
	for (uint32_t i = 0; i < listed; i++)
		ok = ending_audit(r, &r->call.evicted[i], c->in.user, END_LIMIT, true) && ok;
	listed = SD_MIN(r->call.also_count, (uint32_t)SD_ARRAY_LEN(r->call.also));
	for (uint32_t i = 0; i < listed; i++) {
		const struct store_also *a = &r->call.also[i];
		/* by the caller; anything else by its clock */
		bool replaced = a->reason == END_REPLACED;
		struct sd_slice user = replaced ? sd_slice("", 0) : c->in.user;
		ok = ending_audit(r, &a->sid, user, a->reason, !replaced) && ok;
	}
	return ok;
}

static enum step stored(struct request *r)
{
	struct create *c = r->state;
	/* done, but no replica has the ends */
	if (r->call.status == STORE_UNAVAILABLE && r->call.ended) {
		(void)!audit_created(r, c);
		ending_detached(r, &c->in.sid, c->in.user, END_ADMIN); /* nobody has its tokens */
	}
	switch (r->call.status) {
	case STORE_OK:
		break;
	case STORE_LIMIT:
		return limit_reached(r, c);
	case STORE_UNAVAILABLE: case STORE_CORRUPT: case STORE_LATE: case STORE_ABSENT:
	case STORE_ENDED: case STORE_EXPIRED: case STORE_REUSED: case STORE_MISMATCH:
	case STORE_SUCCESSOR:
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	}
	board_count(r->w->stats, METRIC_CREATED, r->tenant->slot, 0, 0, 1);
	if (!audit_created(r, c)) {
		ending_detached(r, &c->in.sid, c->in.user, END_ADMIN); /* nobody has its tokens */
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	}
	return r->call.log_pos ? applied_wait(r) : STEP_NEXT;
}

static enum step sign(struct request *r)
{
	struct create *c = r->state;
	struct issue *i = &c->issue;
	i->sid = c->in.sid;
	i->mode = c->in.mode;
	i->user = c->in.user;
	i->client = c->in.client;
	i->scope = c->in.scope;
	i->acr = c->in.acr;
	i->amr = c->in.amr;
	i->claims = c->in.claims;
	i->audience = c->in.audience;
	i->auth_time_s = c->in.auth_time_s;
	i->remember_me = c->in.remember_me;
	i->iat_s = r->call.iat_s;
	i->exp_s = r->call.exp_s;
	i->now_s = i->created_s = r->call.now_ms / 1000;
	i->absolute_at_s = r->call.absolute_at_s;
	i->refresh_expires_s = r->call.refresh_expires_s;
	return issue_sign(r, i);
}

static enum step answer(struct request *r)
{
	struct create *c = r->state;
	if (!issue_signed(r, &c->issue)) {
		ending_detached(r, &c->in.sid, c->in.user, END_ADMIN); /* nobody has its tokens */
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, NULL, NULL);
	}
	issue_render(r, &c->issue);
	sd_buf_str(&r->body, ",\"evicted\":[");
	uint32_t listed = SD_MIN(r->call.evicted_count, (uint32_t)SD_ARRAY_LEN(r->call.evicted));
	for (uint32_t i = 0; i < listed; i++) {
		char sid[HANDLE_SID_LEN + 1];
		sid_text(&r->call.evicted[i], sid);
		sd_buf_str(&r->body, i ? "," : "");
		sd_buf_json_str(&r->body, sd_slice_str(sid));
	}
	sd_buf_str(&r->body, "]}");
	char *location = sd_arena_alloc(&r->arena, 160);
	if (location) {
		char sid[HANDLE_SID_LEN + 1];
		sid_text(&c->in.sid, sid);
		(void)snprintf(location, 160, "/tenants/" SD_SLICE_FMT "/sessions/%s",
			       SD_SLICE_ARG(c->in.tenant), sid);
		respond_header(r, "Location", sd_slice_str(location));
	}
	return respond_json(r, 201);
}

const request_step ep_create_steps[] = {
    parse, audit_slot_step, replace_foreign, replaced_foreign, store_it, stored, sign, answer, NULL,
};
