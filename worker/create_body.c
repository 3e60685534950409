/* SPDX-License-Identifier: MIT
 * create_body - the body of POST /sessions.
 * Owns:      the fields of it and what each may hold
 * Runs in:   worker
 * Fails by:  400 at the field
 * Never:     ask the store; choose what the policy chooses
 */
#include "base.h"
#include "create_body.h"

#include <arpa/inet.h>

#include "binding.h"
#include "body.h"
#include "data_body.h"
#include "err.h"
#include "origin.h"
#include "pseudonym.h"
#include "respond.h"
#include "session_rules.h"

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
    [F_DATA] = {"data", BODY_OBJECT, false, UINT32_MAX},
    [F_MODE] = {"mode", BODY_STRING, false, 8},
    [F_REPLACES] = {"replaces", BODY_STRING, false, 16384},
};

static struct sd_slice some(struct sd_slice s)
{
	return s.p ? s : sd_slice("", 0);
}

static bool text_ok(struct sd_slice s, size_t most)
{
	return s.n >= 1 && s.n <= most && !sd_slice_has_control_utf8(s);
}

/* --- fields ----------------------------------------------------------------------------------- */

static const char *const registered_claims[] = {
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "sid", "tid", "scope", "acr",
    "amr", "auth_time", "cnf", "ext", "azp", "nonce", "typ",
};

static enum step read_claims(struct request *r, struct store_create *in,
			     const struct body_value *v)
{
	struct json_flat o;
	if (!v->given)
		return STEP_NEXT;
	if (json_flat_nested(&v->raw, &o) != SD_OK)
		return body_invalid(r, "claims", "has too many members");
	for (size_t i = 0; i < SD_ARRAY_LEN(registered_claims); i++)
		if (json_flat_find(&o, registered_claims[i]))
			return body_invalid(r, "claims", "must not contain registered claim names");
	in->claims = v->raw.raw;
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
static enum step read_audience(struct request *r, struct store_create *in,
			     const struct body_value *v)
{
	struct sd_buf b;
	size_t pos = 0, count = 0;
	struct json_value item = v->raw;
	bool ok = true;
	in->audience = SD_SLICE("[]");
	if (!v->given)
		return STEP_NEXT;
	sd_buf_init(&b, 4096);
	sd_buf_char(&b, '[');
	while (ok &&
	       (v->raw.kind == JSON_STRING ? count == 0 : json_array_next(&v->raw, &pos, &item))) {
		struct sd_slice text;
		ok = json_get_str(&item, &r->arena, &text) == SD_OK && text_ok(text, 256) &&
		     count < SIGN_MAX_AUD && audience_known(r, text);
		sd_buf_str(&b, count++ ? "," : "");
		if (ok)
			sd_buf_json_str(&b, text);
	}
	sd_buf_char(&b, ']');
	in->audience = sd_arena_copy(&r->arena, sd_buf_slice(&b));
	ok = ok && !b.failed && in->audience.p;
	sd_buf_fini(&b);
	return ok ? STEP_NEXT
		  : body_invalid(r, "audience",
				 "has an audience that the policy does not list or that is no text, or too many");
}

static enum step read_amr(struct request *r, struct store_create *in,
			     const struct body_value *v)
{
	size_t pos = 0, count = 0;
	struct json_value item;
	struct sd_slice text;
	if (!v->given)
		return STEP_NEXT;
	while (json_array_next(&v->raw, &pos, &item))
		if (count++ >= 16 || json_get_str(&item, &r->arena, &text) != SD_OK ||
		    !text_ok(text, 64))
			return body_invalid(r, "amr",
					    "must be an array of at most 16 short strings");
	in->amr = v->raw.raw;
	return STEP_NEXT;
}

enum { D_ID, D_NAME, D_TYPE, D_FINGERPRINT, D_TRUST, D_COUNT };
static const struct {
	const char *name;
	size_t max;
	bool plain;
} device_fields[D_COUNT] = {
    [D_ID] = {"id", 64, true},
    [D_NAME] = {"name", 128, false},
    [D_TYPE] = {"type", 64, true},
    [D_FINGERPRINT] = {"fingerprint", 256, false},
    [D_TRUST] = {"trust", 64, true},
};

static enum step unknown_in_device(struct request *r, const struct json_flat *o)
{
	for (uint32_t i = 0; i < o->count; i++) {
		size_t d = 0;
		while (d < D_COUNT && json_flat_find(o, device_fields[d].name) != &o->m[i].value)
			d++;
		if (d == D_COUNT)
			return body_unknown_in(r, "device", o->m[i].name,
					       "the fields of a device are id, name, type, fingerprint, trust");
	}
	return STEP_NEXT;
}

static enum step read_device(struct request *r, struct store_create *in,
			     const struct body_value *v)
{
	struct sd_slice *into[D_COUNT] = {&in->device_id, &in->device_name, &in->device_type,
					  &in->device_fingerprint, &in->device_trust};
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
		if (json_get_str(m, &r->arena, into[i]) != SD_OK ||
		    !text_ok(*into[i], device_fields[i].max) ||
		    (device_fields[i].plain && !body_name_ok(*into[i])))
			return body_invalid_in(r, "device", device_fields[i].name,
					       device_fields[i].plain
						   ? "must be 1 to 64 of A-Z a-z 0-9 . _ ~ -"
						   : "is no string, empty, too long, or has control characters");
	}
	return known == o.count ? STEP_NEXT : unknown_in_device(r, &o);
}

static enum step read_ip(struct request *r, struct store_create *in,
			     const struct body_value *v)
{
	uint8_t a[16];
	in->ip = sd_slice("", 0);
	if (!v->given)
		return STEP_NEXT;
	char *ip = sd_arena_alloc(&r->arena, 64);
	if (!ip)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (sd_slice_copy(v->str, ip, 64) != SD_OK ||
	    (inet_pton(AF_INET, ip, a) != 1 && inet_pton(AF_INET6, ip, a) != 1))
		return body_invalid(r, "ip", "must be an IPv4 or IPv6 address");
	in->ip = pseudonym_keep_ip(r, sd_slice_str(ip));
	return STEP_NEXT;
}

static enum step read_client(struct request *r, struct store_create *in,
			     const struct body_value *v)
{
	in->client = v->given ? v->str : r->caller.id;
	if (policy_view_client_find(&r->gen->view, r->tenant, in->client) == POLICY_NONE)
		return body_invalid(r, "client_id", "is not a client of this tenant");
	return STEP_NEXT;
}

static enum step read_mode(struct request *r, struct store_create *in,
			     const struct body_value *v)
{
	in->mode = SESSION_MODE_TOKEN;
	if (!v->given || sd_slice_is(v->str, "token"))
		return STEP_NEXT;
	if (sd_slice_is(v->str, "cookie"))
		in->mode = SESSION_MODE_COOKIE;
	else if (sd_slice_is(v->str, "both"))
		in->mode = SESSION_MODE_BOTH;
	else
		return body_invalid(r, "mode", "must be token, cookie or both");
	return STEP_NEXT;
}

/* A session token or id. What is not ours any more replaces nothing. */
static enum step read_replaces(struct request *r, struct store_create *in,
			     const struct body_value *v)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	struct handle h;
	if (!v->given)
		return STEP_NEXT;
	in->has_replaces = sid_parse(v->str, &in->replaces) == SD_OK;
	if (in->has_replaces)
		return STEP_NEXT;
	switch (handle_parse(v->str, HANDLE_SESSION, keys->mac, keys->sets, &h)) {
	case HANDLE_OK:
		in->replaces = h.sid;
		in->has_replaces = true;
		return STEP_NEXT;
	case HANDLE_BAD_MAC: /* a browser's old cookie must not keep its user from logging in */
		return STEP_NEXT;
	case HANDLE_MALFORMED:
		break;
	}
	return body_invalid(r, "replaces", "must be a session id or a session token");
}

static enum step read_rest(struct request *r, struct store_create *in,
			     const struct body_value *val)
{
	in->user = val[F_USER].str;
	in->scope = some(val[F_SCOPE].str);
	in->acr = some(val[F_ACR].str);
	in->user_agent = pseudonym_keep_agent(r, some(val[F_USER_AGENT].str));
	in->auth_time_s = val[F_AUTH_TIME].num;
	in->remember_me = val[F_REMEMBER].flag;
	if (!body_user_ok(in->user))
		return body_invalid(r, "user_id",
				    "must be 1 to 256 bytes without control characters");
	if (!scope_ok(in->scope))
		return body_invalid(r, "scope", "must be scope words separated by single spaces");
	if (val[F_AUTH_TIME].given &&
	    (in->auth_time_s < 1 ||
	     in->auth_time_s > request_now_s(r) + r->tenant->clock_skew_s))
		return body_invalid(r, "auth_time_at", "must be a time in the past");
	return data_body_read(r, &val[F_DATA], &in->data);
}

/* What is left of JWS_MAX_TOKEN for what a caller chooses and the issuer: without header, a signature
 * of 4096 bits, the names and the claims of fixed length, and some for a longer issuer later. */
#define PAYLOAD_ROOM 5134

/* As a JSON string: the reader has refused what is longer than two characters there. */
static size_t json_bytes(struct sd_slice s)
{
	size_t n = s.n + 2;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '"' || s.p[i] == '\\';
	return n;
}

static size_t audience_bytes(const struct request *r, const struct store_create *in)
{
	size_t n = in->audience.n;
	for (uint32_t i = 0; sd_slice_is(in->audience, "[]") && i < r->tenant->audiences.count; i++)
		n += json_bytes(policy_view_audience(&r->gen->view, r->tenant, i)) + 1;
	return n;
}

/* Each may be as long as it is alone; together they must fit into a token that is accepted again. */
static enum step fits_a_token(struct request *r, const struct store_create *in)
{
	size_t n = policy_view_str(&r->gen->view, r->tenant->issuer).n + json_bytes(in->user) +
		   audience_bytes(r, in) + in->scope.n + json_bytes(in->acr) + in->amr.n + in->claims.n;
	if (n <= PAYLOAD_ROOM)
		return STEP_NEXT;
	return body_invalid(r, in->claims.n ? "claims" : "audience",
			    "does not fit into an access token with the rest");
}

typedef enum step (*reader)(struct request *r, struct store_create *in,
			    const struct body_value *v);
static const struct {
	reader read;
	int field;
} readers[] = {
    {read_client, F_CLIENT}, {read_audience, F_AUDIENCE}, {read_claims, F_CLAIMS},
    {read_amr, F_AMR}, {read_ip, F_IP}, {read_device, F_DEVICE},
    {read_mode, F_MODE}, {read_replaces, F_REPLACES},
};

enum step create_body_read(struct request *r, struct store_create *in)
{
	struct body_value val[F_COUNT];
	if (body_read(r, fields, F_COUNT, val) == STEP_DONE || read_rest(r, in, val) == STEP_DONE)
		return STEP_DONE;
	in->claims = in->amr = sd_slice("", 0);
	for (size_t i = 0; i < SD_ARRAY_LEN(readers); i++)
		if (readers[i].read(r, in, &val[readers[i].field]) == STEP_DONE)
			return STEP_DONE;
	if (fits_a_token(r, in) == STEP_DONE)
		return STEP_DONE;
	origin_note(&r->w->countries, some(val[F_IP].str), some(val[F_USER_AGENT].str), in->ip, in);
	struct binding_seen seen = {val[F_IP].str, val[F_USER_AGENT].str, in->device_fingerprint};
	if (binding_make(r, &seen, &in->binding) != SD_OK ||
	    binding_places(r, seen.ip, &in->places) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	return STEP_NEXT;
}
