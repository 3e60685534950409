/* SPDX-License-Identifier: MIT
 * authn - which client is calling: by its API key, or by a token of the issuer it trusts.
 * Owns:      the connection's memo of its last credential
 * Runs in:   worker
 * Fails by:  an unknown caller; PROBLEM_HEADER_INVALID
 * Never:     tell apart "no such key" and "another tenant's key"
 */
#include "base.h"
#include "authn.h"

#include "err.h"
#include "http_field.h"
#include "jws.h"
#include "known_caller.h"
#include "secret.h"

/* One of Authorization: Bearer and X-API-Key. */
enum problem authn_credential(const struct http_msg *msg, struct sd_slice *out)
{
	struct sd_slice authorization, key, proof;
	enum http_found a = http_field_get(msg, "authorization", &authorization);
	enum http_found k = http_field_get(msg, "x-api-key", &key);
	*out = sd_slice(NULL, 0);
	if (a == HTTP_FOUND_MANY || k == HTTP_FOUND_MANY ||
	    (a == HTTP_FOUND_ONE && k == HTTP_FOUND_ONE))
		return PROBLEM_HEADER_INVALID;
	/* RFC 9449 4.3: part of the credential */
	if (http_field_get(msg, "dpop", &proof) == HTTP_FOUND_MANY)
		return PROBLEM_HEADER_INVALID;
	if (k == HTTP_FOUND_ONE)
		*out = key;
	else if (a == HTTP_FOUND_ONE && !http_field_bearer(authorization, out))
		*out = sd_slice("", 0); /* another scheme: a wrong credential, not none */
	return PROBLEM_NONE;
}

void authn_accept(struct request *r, uint32_t tenant, uint32_t client)
{
	const struct policy_view *v = &r->gen->view;
	const struct policy_tenant *t = policy_view_tenant(v, tenant);
	const struct policy_client *c = policy_view_client(v, t, client);
	r->caller = (struct caller){.known = true,
				    .client = client,
				    .client_tenant = tenant,
				    .permissions = c->permissions,
				    .id = policy_view_str(v, c->id)};
}

static bool memo_fits(const struct conn_credential *memo, uint64_t generation, struct sd_slice text)
{
	return memo->n == text.n && memo->n > 0 && memo->generation == generation &&
	       sd_slice_eq_ct(sd_slice(memo->text, memo->n), text);
}

/* A key of several tenants is that of the tenant which the request names; any when it is none of them. */
static const struct policy_credential *of_named(const struct request *r,
						const struct policy_credential *c, uint32_t count)
{
	if (count == 1 || !r->params.tenant.p)
		return c;
	uint32_t tenant = policy_view_tenant_find(&r->gen->view, r->params.tenant);
	for (uint32_t i = 0; i < count; i++)
		if (c[i].tenant == tenant)
			return &c[i];
	return c;
}

enum problem authn_caller(struct request *r)
{
	struct sd_slice text;
	struct conn_credential *memo = &r->conn->credential;
	uint64_t generation = generation_number(r->gen);
	enum problem p = authn_credential(r->msg, &text);
	if (p != PROBLEM_NONE || text.n == 0)
		return p;
	if (text.n > sizeof(memo->text)) {
		known_caller_accept(r, text);
		return PROBLEM_NONE;
	}
	if (memo_fits(memo, generation, text)) {
		authn_accept(r, memo->tenant, memo->client);
		return PROBLEM_NONE;
	}
	uint8_t hash[32];
	if (jws_digest(text, hash) != SD_OK)
		return PROBLEM_STORE_UNAVAILABLE;
	uint32_t count;
	const struct policy_credential *found = policy_view_credential(&r->gen->view, hash, &count);
	if (!found)
		return PROBLEM_NONE;
	found = of_named(r, found, count);
	authn_accept(r, found->tenant, found->client);
	r->caller.many = count > 1;
	if (count > 1)
		return PROBLEM_NONE;
	*memo = (struct conn_credential){.generation = generation,
					 .tenant = found->tenant,
					 .client = found->client,
					 .n = (uint16_t)text.n};
	memcpy(memo->text, text.p, text.n);
	return PROBLEM_NONE;
}
