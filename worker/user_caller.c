/* SPDX-License-Identifier: MIT
 * user_caller - a user who calls with his own access token.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  401 caller-unauthenticated, naming the reason once the signature is known to be ours;
 *            503 where /sessions/validate would say so
 * Never:     believe a claim before the signature of the tenant that it names is verified */
#include "base.h"
#include "user_caller.h"

#include "authn.h"
#include "jws.h"
#include "refusal.h"
#include "respond.h"
#include "token_check.h"

/* The tenant that a token claims to be of, so that its keys can be asked; POLICY_NONE. */
static uint32_t claimed_tenant(struct request *r, struct sd_slice token)
{
	struct jws jws;
	struct claims claims;
	if (token.n > JWS_MAX_TOKEN || jws_split(token, &r->arena, &jws, NULL) != JWS_OK ||
	    claims_parse(jws.payload, &r->arena, &claims, NULL) != CLAIMS_OK)
		return POLICY_NONE;
	return policy_view_tenant_find(&r->gen->view, claims.tid);
}

static enum step refuse(struct request *r, enum validate_result result)
{
	r->caller = (struct caller){0};
	if (result == RESULT_UNAVAILABLE)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	const char *why = problem_code(token_check_problem(result));
	if (result == RESULT_MALFORMED || result == RESULT_SIGNATURE)
		return refusal_unauthenticated(r, why);
	return refusal_told(r, why);
}

/* What the endpoint needs of the token: it may be forgotten while the endpoint waits. */
static enum step accept(struct request *r, const struct known_token *k)
{
	char *sid = sd_arena_alloc(&r->arena, HANDLE_SID_LEN + 1);
	struct sd_slice user = sd_arena_copy(&r->arena, k->claims.sub);
	if (!user.p || !sid)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	sid_text(&k->sid, sid);
	r->caller = (struct caller){.known = true,
				    .user = true,
				    .client_tenant = r->tenant_index,
				    .id = user,
				    .sid = k->sid};
	r->params.user = user;
	sd_buf_reset(&r->body); /* the token was made ready in it */
	if (r->route->scope == USER_EXPIRED)
		r->params.id = sd_slice(sid, HANDLE_SID_LEN);
	return STEP_NEXT;
}

static enum step judged(struct request *r, struct token_check *c, enum validate_result result)
{
	if (result != RESULT_VALID)
		return refuse(r, result);
	token_check_seen(r, c);
	return accept(r, c->known);
}

/* Who refreshes may come late: the refresh token decides, the access token only says whose. */
static enum step judge_expired(struct request *r, struct token_check *c)
{
	enum validate_result result = known_token_get(r, c->token, &c->known);
	if (result == RESULT_VALID)
		result = known_token_check(r, c->known, c->audience);
	if (result != RESULT_VALID && result != RESULT_EXPIRED)
		return refuse(r, result);
	return accept(r, c->known);
}

enum step user_caller_step(struct request *r)
{
	struct token_check *c = sd_arena_alloc(&r->arena, sizeof(*c));
	if (!c)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	r->state = c;
	enum problem p = authn_credential(r->msg, &c->token);
	if (p != PROBLEM_NONE)
		return respond_problem(r, p, "send one credential, once", NULL);
	uint32_t tenant = c->token.n ? claimed_tenant(r, c->token) : POLICY_NONE;
	if (tenant == POLICY_NONE)
		return refusal_unauthenticated(r, c->token.n ? "token-malformed" : NULL);
	r->tenant_index = tenant;
	r->tenant = policy_view_tenant(&r->gen->view, tenant);
	if (r->route->scope == USER_EXPIRED)
		return judge_expired(r, c);
	enum validate_result result = token_check_begin(r, c);
	if (result != RESULT_NONE)
		return judged(r, c, result);
	/* Parked with the tenant's place taken: the signature is good by now. */
	return request_enter(r) == STEP_DONE ? STEP_DONE : STEP_PARKED;
}

enum step user_caller_store_step(struct request *r)
{
	if (r->caller.known)
		return STEP_NEXT;
	struct token_check *c = r->state;
	return judged(r, c, token_check_store(r, c));
}
