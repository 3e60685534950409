/* SPDX-License-Identifier: MIT
 * mint_check - what a worker, even one that is no longer ours, may have signed.
 * Owns:      the rules and their order
 * Runs in:   signer, after its sandbox
 * Fails by:  naming the first rule that does not hold
 * Never:     believe a worker about issuer, type, key, algorithm or token id: it cannot say them */
#include "base.h"
#include "mint_check.h"

#include "err.h"
#include "handle.h"
#include "json_in.h"
#include "mint.h"

#define TIME_MAX 9007199254740991LL /* 2^53-1: exact in every JSON reader */

const char *mint_check_place(const struct policy_view *v, const struct sign_request *r)
{
	if (r->generation != policy_view_generation(v))
		return "another policy generation";
	if (r->tenant >= v->image->tenants.count)
		return "no such tenant";
	return NULL;
}

static const char *check_times(const struct policy_tenant *t, const struct sign_request *r, int64_t now_s)
{
	if (r->iat_s < now_s - MINT_SKEW_S || r->iat_s > now_s + MINT_SKEW_S)
		return "issued at another time than now";
	if (r->exp_s <= r->iat_s || r->exp_s > TIME_MAX)
		return "expires before it begins";
	if (r->exp_s - r->iat_s > (int64_t)t->access_ttl_s)
		return "lives longer than the policy allows";
	if (r->auth_time_s < 0 || r->auth_time_s > now_s + MINT_SKEW_S)
		return "authenticated in the future";
	return NULL;
}

static bool has_control(struct sd_slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

static bool is_text(struct sd_slice s, size_t most)
{
	return s.n <= most && !has_control(s);
}

/* RFC 6749 3.3: visible ASCII but quote and backslash, one space between two. */
static bool is_scope(struct sd_slice s)
{
	if (s.n > MINT_MAX_SCOPE)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == ' ' && i > 0 && i + 1 < s.n && s.p[i - 1] != ' ')
			continue;
		if (c <= ' ' || c > '~' || c == '"' || c == '\\')
			return false;
	}
	return true;
}

static const char *check_who(const struct policy_view *v, const struct policy_tenant *t,
			     const struct sign_request *r)
{
	if (r->sub.n == 0 || !is_text(r->sub, MINT_MAX_SUB))
		return "user id out of bounds";
	if (r->sid[0] != handle_partition(policy_view_str(v, t->name), r->sub))
		return "session id of another user";
	if (r->client_id.n == 0 || r->client_id.n > MINT_MAX_CLIENT ||
	    policy_view_client_find(v, t, r->client_id) == POLICY_NONE)
		return "no such client";
	return NULL;
}

static bool allows_audience(const struct policy_view *v, const struct policy_tenant *t, struct sd_slice aud)
{
	for (uint32_t i = 0; i < t->audiences.count; i++)
		if (sd_slice_eq(policy_view_audience(v, t, i), aud))
			return true;
	return t->audiences.count == 0;
}

static const char *check_audiences(const struct policy_view *v, const struct policy_tenant *t,
				   const struct sign_request *r)
{
	if (r->aud_count > SIGN_MAX_AUD)
		return "too many audiences";
	for (uint32_t i = 0; i < r->aud_count; i++) {
		if (r->aud[i].n == 0 || !is_text(r->aud[i], MINT_MAX_AUD))
			return "audience out of bounds";
		if (!allows_audience(v, t, r->aud[i]))
			return "audience not of this tenant";
	}
	return NULL;
}

static const char *check_amr(struct sd_slice amr)
{
	struct json_value array = {.kind = JSON_ARRAY, .raw = amr}, item;
	size_t pos = 0, items = 0;

	if (amr.n == 0)
		return NULL;
	if (amr.n > MINT_MAX_AMR || amr.p[0] != '[' || json_check(amr, NULL) != SD_OK)
		return "amr is no JSON array";
	while (json_array_next(&array, &pos, &item))
		if (item.kind != JSON_STRING || ++items > MINT_MAX_AMR_ITEMS)
			return "amr is no short list of strings";
	return NULL;
}

static const char *check_ext(struct sd_slice ext)
{
	static const char *const registered[] = {
	    "iss", "sub", "aud",       "exp", "nbf", "iat", "jti", "client_id", "sid",
	    "tid", "acr", "auth_time", "amr", "cnf", "ext", "scope",
	};
	struct json_flat flat;

	if (ext.n == 0)
		return NULL;
	if (ext.n > MINT_MAX_EXT || ext.p[0] != '{' || json_flat_scan(ext, &flat, NULL) != SD_OK)
		return "claims are no JSON object within bounds";
	for (size_t i = 0; i < SD_ARRAY_LEN(registered); i++)
		if (json_flat_find(&flat, registered[i]) != NULL)
			return "claims with a registered name";
	return NULL;
}

static bool is_device(struct sd_slice s)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-";

	if (s.n > MINT_MAX_DEVICE)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr(allowed, s.p[i], sizeof(allowed) - 1))
			return false;
	return true;
}

static const char *check_texts(const struct sign_request *r)
{
	const char *why;

	if (!is_device(r->device_id))
		return "device id out of bounds";
	if (!is_scope(r->scope))
		return "scope out of bounds";
	if (!is_text(r->acr, MINT_MAX_ACR))
		return "acr out of bounds";
	why = check_amr(r->amr);
	return why != NULL ? why : check_ext(r->ext);
}

const char *mint_check(const struct policy_view *v, const struct sign_request *r, int64_t now_s)
{
	const char *why = mint_check_place(v, r);
	const struct policy_tenant *t;

	if (why != NULL)
		return why;
	t = policy_view_tenant(v, r->tenant);
	why = check_times(t, r, now_s);
	if (why == NULL)
		why = check_who(v, t, r);
	if (why == NULL)
		why = check_audiences(v, t, r);
	return why != NULL ? why : check_texts(r);
}
