/* SPDX-License-Identifier: MIT
 * known_caller - tokens of other issuers, verified once.
 * Owns:      the content of the worker's caller memory
 * Runs in:   worker
 * Fails by:  an unknown caller, with a word for the audit trail
 * Never:     take a key, an algorithm or an address from the token; give more than the client's own
 *            permissions; tell the caller what was wrong */
#include "base.h"
#include "known_caller.h"

#include "authn.h"
#include "caller_claims.h"
#include "clock.h"
#include "err.h"
#include "jws.h"
#include "remember.h"
#include "starved.h"

#define TELL_NS (200 * SD_NS_PER_MS)

struct known_caller {
	struct remember_head head;
	uint64_t generation;
	int64_t nbf_s, exp_s;
	uint32_t tenant, client, permissions;
};

/* RFC 8725 3.11: a token that says what it is must say that it is for this. An ID token does not,
 * but its audience is the client that logged in, not this service. */
static bool typ_fits(struct sd_slice typ)
{
	static const char *const fit[] = {"JWT", "at+jwt", "application/at+jwt"};
	if (!typ.p)
		return true;
	for (size_t i = 0; i < SD_ARRAY_LEN(fit); i++)
		if (typ.n == strlen(fit[i]) && strncasecmp(typ.p, fit[i], typ.n) == 0)
			return true;
	return false;
}

/* The row whose party is the token's; else the one that takes any. NULL: neither. */
static const struct policy_caller *row_of(struct request *r, const struct caller_claims *c)
{
	const struct policy_view *v = &r->gen->view;
	const struct policy_caller *any = NULL;
	uint32_t i = policy_view_caller_first(v, c->iss);
	for (; i != POLICY_NONE && i < v->image->callers.count; i++) {
		const struct policy_caller *row = policy_view_caller(v, i);
		if (!sd_slice_eq(policy_view_str(v, row->issuer), c->iss))
			break;
		if (!caller_claims_for(c, &r->arena, policy_view_str(v, row->audience)))
			continue;
		if (row->party.len == 0)
			any = any ? any : row;
		else if (c->party.p && sd_slice_eq(policy_view_str(v, row->party), c->party))
			return row;
	}
	return any;
}

static const struct policy_caller_key *key_of(const struct policy_view *v,
					      const struct policy_caller *row, struct sd_slice kid)
{
	const struct policy_caller_key *k = policy_view_at(v, row->keys.off);
	for (uint32_t i = 0; i < row->keys.count; i++)
		if (sd_slice_eq(policy_view_str(v, k[i].kid), kid))
			return &k[i];
	return NULL;
}

static bool signature_good(const struct policy_view *v, const struct policy_caller_key *k,
			   const struct jws *jws)
{
	struct jwk jwk;
	if (jwk_from_spki(policy_view_str(v, k->spki), (enum jose_alg)k->alg, jws->kid, &jwk) !=
	    SD_OK)
		return false;
	bool good = jws_verify(jws, &jwk) == JWS_OK;
	jwk_fini(&jwk);
	return good;
}

struct granting {
	const struct policy_view *view;
	const struct policy_caller *row;
	uint32_t given;
};

/* A word is a role of the row, or else the name of a permission, or else nothing. */
static void grant(struct sd_slice word, void *arg)
{
	struct granting *g = arg;
	const struct policy_role *role = policy_view_at(g->view, g->row->roles.off);
	for (uint32_t i = 0; i < g->row->roles.count; i++)
		if (sd_slice_eq(policy_view_str(g->view, role[i].name), word)) {
			g->given |= role[i].permissions;
			return;
		}
	int bit = permission_parse(word);
	if (bit >= 0)
		g->given |= 1u << bit;
}

/* What the client may at most, less what the token's claim does not name. */
static uint32_t permissions_of(struct request *r, const struct policy_caller *row,
			       struct sd_slice payload)
{
	const struct policy_view *v = &r->gen->view;
	const struct policy_tenant *t = policy_view_tenant(v, row->tenant);
	uint32_t most = policy_view_client(v, t, row->client)->permissions;
	struct granting g = {.view = v, .row = row};
	if (row->claim.len == 0)
		return most;
	caller_claims_words(payload, policy_view_str(v, row->claim), &r->arena, grant, &g);
	return most & g.given;
}

/* The issuer may have a new key. Anybody can name one, so the master is told a few times a second at
 * most, and asks the issuer more seldom still. */
static void tell_unknown(struct request *r, const struct policy_caller *row)
{
	const struct policy_view *v = &r->gen->view;
	struct hm_key_unknown body = {.generation = generation_number(r->gen),
				      .caller = (uint32_t)(row - policy_view_caller(v, 0))};
	struct sd_slice issuer = policy_view_str(v, row->issuer);
	struct sd_siphash_key seed = {r->w->request_seed, 0};
	if (row->jwks_url.len == 0)
		return;
	r->caller.key_issuer = sd_siphash(seed, issuer.p, issuer.n) | 1; /* never 0 */
	if (r->now_ns - r->w->key_unknown_ns < TELL_NS)
		return;
	if (hm_send(r->w->channel, HM_KEY_UNKNOWN, 0, &body, sizeof(body), -1) == SD_OK)
		r->w->key_unknown_ns = r->now_ns;
}

/* Verified now: NULL with *why_out, or a value ready to be remembered. */
static struct known_caller *verify(struct request *r, struct sd_slice token, const char **why_out)
{
	const struct policy_view *v = &r->gen->view;
	struct jws jws;
	struct caller_claims c;
	*why_out = "caller-malformed";
	if (token.n > JWS_MAX_TOKEN || jws_split_foreign(token, &r->arena, &jws, NULL) != JWS_OK ||
	    !jws.kid.p || !typ_fits(jws.typ) ||
	    caller_claims_parse(jws.payload, &r->arena, &c) != SD_OK)
		return NULL;
	*why_out = "caller-issuer";
	const struct policy_caller *row = row_of(r, &c);
	if (!row)
		return NULL;
	*why_out = "caller-key";
	const struct policy_caller_key *key = key_of(v, row, jws.kid);
	if (!key) {
		tell_unknown(r, row);
		return NULL;
	}
	*why_out = "caller-signature";
	if (!signature_good(v, key, &jws))
		return NULL;
	struct known_caller *k = sd_starved_note(calloc(1, sizeof(*k)));
	if (!k)
		return NULL;
	k->generation = generation_number(r->gen);
	k->nbf_s = SD_MAX(c.nbf, c.iat);
	k->exp_s = c.exp;
	k->tenant = row->tenant;
	k->client = row->client;
	k->permissions = permissions_of(r, row, jws.payload);
	return k;
}

static void accept(struct request *r, const struct known_caller *k)
{
	const struct policy_tenant *t = policy_view_tenant(&r->gen->view, k->tenant);
	int64_t now = request_now_s(r);
	r->caller.why_not = "caller-times";
	if (now >= k->exp_s || now + (int64_t)t->clock_skew_s < k->nbf_s)
		return;
	authn_accept(r, k->tenant, k->client);
	r->caller.permissions = k->permissions;
}

void known_caller_accept(struct request *r, struct sd_slice token)
{
	uint8_t digest[32];
	if (r->gen->view.image->callers.count == 0 || jws_digest(token, digest) != SD_OK)
		return;
	struct known_caller *k = remember_find(r->w->callers, digest);
	if (!k || k->generation != generation_number(r->gen)) {
		k = verify(r, token, &r->caller.why_not);
		if (!k)
			return;
		memcpy(k->head.key, digest, sizeof(digest));
		remember_put(r->w->callers, &k->head);
	}
	accept(r, k);
}
