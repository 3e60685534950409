/* SPDX-License-Identifier: MIT
 * known_token - access tokens verified once.
 * Owns:      the content of the worker's token memory
 * Runs in:   worker
 * Fails by:  the refusal's result code
 * Never:     answer whether the session lives: lookup.c does
 */
#include "base.h"
#include "known_token.h"

#include "err.h"
#include "jws.h"
#include "starved.h"

static enum validate_result verify(struct request *r, struct sd_slice token, struct claims *claims,
				   struct sd_slice *payload_out, uint32_t *key_out)
{
	struct jws jws;
	if (token.n > JWS_MAX_TOKEN || jws_split(token, &r->arena, &jws, NULL) != JWS_OK ||
	    !sd_slice_eq(jws.typ, SD_SLICE("at+jwt")) || jws.kid.n == 0)
		return RESULT_MALFORMED;
	const struct jwk *key =
	    generation_jwk(r->gen, r->tenant_index, jws.kid, request_now_s(r), key_out);
	if (!key || jws_verify(&jws, key) != JWS_OK)
		return RESULT_SIGNATURE;
	if (claims_parse(jws.payload, &r->arena, claims, NULL) != CLAIMS_OK)
		return RESULT_MALFORMED;
	*payload_out = jws.payload;
	return RESULT_VALID;
}

static void put_text(struct sd_buf *b, const char *name, struct sd_slice value)
{
	sd_buf_str(b, name);
	sd_buf_json_str(b, value);
}

/* The members of the answer that do not change from request to request. */
static void render_common(struct sd_buf *b, const struct claims *c)
{
	put_text(b, "\"session_id\":", c->sid);
	put_text(b, ",\"user_id\":", c->sub);
	put_text(b, ",\"tenant_id\":", c->tid);
	put_text(b, ",\"client_id\":", c->client_id);
	put_text(b, ",\"scope\":", c->scope.p ? c->scope : sd_slice("", 0));
	if (c->acr.p)
		put_text(b, ",\"acr\":", c->acr);
	if (c->amr.kind != JSON_NONE) {
		sd_buf_str(b, ",\"amr\":");
		sd_buf_put(b, c->amr.raw);
	}
	if (c->auth_time) {
		sd_buf_str(b, ",\"auth_time_at\":");
		sd_buf_i64(b, c->auth_time);
	}
	if (c->device_id.p)
		put_text(b, ",\"device_id\":", c->device_id);
	if (c->extra.p) {
		sd_buf_str(b, ",\"claims\":");
		sd_buf_put(b, c->extra);
	}
}

static size_t claims_bytes(const struct claims *c)
{
	size_t n = c->iss.n + c->sub.n + c->jti.n + c->client_id.n + c->sid.n + c->tid.n +
		   c->scope.n + c->acr.n;
	for (uint32_t i = 0; i < c->aud_count; i++)
		n += c->aud[i].n;
	return n;
}

static struct sd_slice keep(char **at, struct sd_slice s)
{
	if (!s.p)
		return s;
	char *p = *at;
	memcpy(p, s.p, s.n);
	*at += s.n;
	return sd_slice(p, s.n);
}

/* Only what checks and answers need lives on: the rest is in `common`. */
static void keep_claims(struct known_token *k, const struct claims *c, char **at)
{
	k->claims = *c;
	k->claims.iss = keep(at, c->iss);
	k->claims.sub = keep(at, c->sub);
	k->claims.jti = keep(at, c->jti);
	k->claims.client_id = keep(at, c->client_id);
	k->claims.sid = keep(at, c->sid);
	k->claims.tid = keep(at, c->tid);
	k->claims.scope = keep(at, c->scope);
	k->claims.acr = keep(at, c->acr);
	for (uint32_t i = 0; i < c->aud_count; i++)
		k->claims.aud[i] = keep(at, c->aud[i]);
	k->claims.amr = (struct json_value){0};
	k->claims.cnf = (struct json_value){0};
	k->claims.device_id = sd_slice(NULL, 0);
	k->claims.extra = sd_slice(NULL, 0);
}

static void fill_query(const struct request *r, struct known_token *k, uint32_t key_index)
{
	const struct policy_view *v = &r->gen->view;
	uint32_t client = policy_view_client_find(v, r->tenant, k->claims.client_id);
	k->query = (struct shm_query){
	    .tenant_slot = r->tenant->slot,
	    .client_slot = client == POLICY_NONE ? SHM_SLOT_NONE
						 : policy_view_client(v, r->tenant, client)->slot,
	    .key_slot = policy_view_key(v, r->tenant, key_index)->slot,
	    .iat_s = k->claims.iat,
	};
	shm_tags(r->w->control->seed, k->sid.b, r->tenant->slot, k->claims.sub, &k->query.tags);
}

static struct known_token *build(struct request *r, const uint8_t digest[32],
				 const struct claims *c, uint32_t key_index)
{
	sd_buf_reset(&r->body);
	render_common(&r->body, c);
	if (r->body.failed)
		return NULL;
	struct known_token *k =
	    sd_starved_note(calloc(1, sizeof(*k) + claims_bytes(c) + r->body.len));
	if (!k)
		return NULL;
	char *at = k->text;
	memcpy(k->head.key, digest, 32);
	k->generation = generation_number(r->gen);
	k->tenant = r->tenant_index;
	k->key = key_index;
	keep_claims(k, c, &at);
	k->common = keep(&at, sd_buf_slice(&r->body));
	k->recorded_ms = c->iat * 1000;
	if (sid_parse(k->claims.sid, &k->sid) != SD_OK) {
		free(k);
		return NULL;
	}
	fill_query(r, k, key_index);
	return k;
}

enum validate_result known_token_get(struct request *r, struct sd_slice token,
				     struct known_token **out)
{
	uint8_t digest[32];
	struct claims claims;
	struct sd_slice payload;
	uint32_t key_index = 0;
	*out = NULL;
	if (jws_digest(token, digest) != SD_OK)
		return RESULT_UNAVAILABLE;
	struct known_token *k = remember_find(r->w->tokens, digest);
	*out = k;
	if (k && k->generation == generation_number(r->gen) && k->tenant == r->tenant_index)
		return RESULT_VALID;
	int64_t recorded_ms = k ? k->recorded_ms : 0;
	*out = NULL;
	enum validate_result result = verify(r, token, &claims, &payload, &key_index);
	if (result != RESULT_VALID)
		return result;
	k = build(r, digest, &claims, key_index);
	if (!k)
		return RESULT_MALFORMED;
	k->recorded_ms = SD_MAX(k->recorded_ms, recorded_ms); /* in an older generation too */
	remember_put(r->w->tokens, &k->head);
	*out = k;
	return RESULT_VALID;
}

enum validate_result known_token_check(const struct request *r, const struct known_token *k,
				       struct sd_slice audience)
{
	const struct policy_view *v = &r->gen->view;
	struct sd_slice wanted[CLAIMS_MAX_AUD];
	uint32_t n = SD_MIN(r->tenant->audiences.count, (uint32_t)CLAIMS_MAX_AUD);
	for (uint32_t i = 0; i < n; i++)
		wanted[i] = policy_view_audience(v, r->tenant, i);
	struct claims_expect expect = {
	    .issuer = policy_view_str(v, r->tenant->issuer),
	    .tenant = policy_view_str(v, r->tenant->name),
	    .audiences = n ? wanted : NULL,
	    .audience_count = n,
	    .audience = audience,
	    .now_s = request_now_s(r),
	    .skew_s = r->tenant->clock_skew_s,
	    .max_lifetime_s = r->tenant->access_ttl_s, /* now: it may have been longer */
	};
	/* Since the token was remembered its key's time may have come, or (below) its client
	 * gone. */
	if (!policy_key_verifies(policy_view_key(v, r->tenant, k->key), request_now_s(r)))
		return RESULT_SIGNATURE;
	switch (claims_check(&k->claims, &expect)) {
	case CLAIMS_OK:
		break;
	case CLAIMS_MALFORMED:
		return RESULT_MALFORMED;
	case CLAIMS_ISSUER:
		return RESULT_ISSUER;
	case CLAIMS_AUDIENCE:
		return RESULT_AUDIENCE;
	case CLAIMS_NOT_YET:
		return RESULT_NOT_YET;
	case CLAIMS_EXPIRED:
		return RESULT_EXPIRED;
	}
	return k->query.client_slot == SHM_SLOT_NONE ? RESULT_REVOKED : RESULT_VALID;
}
