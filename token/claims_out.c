/* SPDX-License-Identifier: MIT
 * claims_out - the claim set of our access tokens, written in one fixed order.
 * Owns:      the order of members, which claims.c expects for speed alone
 * Runs in:   signer, tools, tests
 * Fails by:  out->failed
 * Never:     a time, an id or a default of its own: the signer writes what it was told */
#include "base.h"

#include "claims.h"

static void text_put(struct sd_buf *out, const char *name, struct sd_slice s)
{
	if (!s.p)
		return;
	sd_buf_printf(out, ",\"%s\":", name);
	sd_buf_json_str(out, s);
}

static void time_put(struct sd_buf *out, const char *name, int64_t t)
{
	sd_buf_printf(out, ",\"%s\":", name);
	sd_buf_i64(out, t);
}

static void raw_put(struct sd_buf *out, const char *name, struct sd_slice raw)
{
	if (raw.n == 0)
		return;
	sd_buf_printf(out, ",\"%s\":", name);
	sd_buf_put(out, raw);
}

/* One audience is a string, as RFC 7519 4.1.3 allows; more are an array. */
static void aud_put(struct sd_buf *out, const struct claims *c)
{
	if (c->aud_count == 1) {
		text_put(out, "aud", c->aud[0]);
		return;
	}
	sd_buf_str(out, ",\"aud\":");
	for (uint32_t i = 0; i < c->aud_count; i++) {
		sd_buf_char(out, i ? ',' : '[');
		sd_buf_json_str(out, c->aud[i]);
	}
	sd_buf_str(out, c->aud_count ? "]" : "[]");
}

void claims_emit(struct sd_buf *out, const struct claims *c)
{
	sd_buf_str(out, "{\"iss\":");
	sd_buf_json_str(out, c->iss);
	text_put(out, "sub", c->sub);
	aud_put(out, c);
	time_put(out, "exp", c->exp);
	time_put(out, "iat", c->iat);
	if (c->nbf)
		time_put(out, "nbf", c->nbf);
	text_put(out, "jti", c->jti);
	text_put(out, "client_id", c->client_id);
	text_put(out, "sid", c->sid);
	text_put(out, "tid", c->tid);
	text_put(out, "device_id", c->device_id);
	if (c->auth_time)
		time_put(out, "auth_time", c->auth_time);
	text_put(out, "acr", c->acr);
	if (c->amr.kind == JSON_ARRAY)
		raw_put(out, "amr", c->amr.raw);
	text_put(out, "scope", c->scope);
	if (c->cnf.kind == JSON_OBJECT)
		raw_put(out, "cnf", c->cnf.raw);
	if (c->remember_me)
		sd_buf_str(out, ",\"remember_me\":true");
	raw_put(out, "ext", c->extra);
	sd_buf_char(out, '}');
}
