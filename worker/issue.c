/* SPDX-License-Identifier: MIT
 * issue - the tokens of an answer.
 * Owns:      nothing; its struct lives in the request's arena
 * Runs in:   worker
 * Fails by:  503 signer-unavailable; false
 * Never:     hold a private key; decide issuer, kid, type or algorithm: the signer does
 */
#include "base.h"
#include "issue.h"

#include "clock.h"
#include "cookie.h"
#include "err.h"
#include "respond.h"
#include "starved.h"

#define SIGN_TIMEOUT_NS (400 * SD_NS_PER_MS)

static void on_signed(struct sign_call *call)
{
	struct request *r = SD_CONTAINER_OF(call, struct request, sign);
	call->answer.payload = sd_arena_copy(&r->arena, call->answer.payload);
	request_resume(r);
}

static bool listed(const struct request *r, struct sd_slice audience)
{
	for (uint32_t a = 0; a < r->tenant->audiences.count; a++)
		if (sd_slice_eq(policy_view_audience(&r->gen->view, r->tenant, a), audience))
			return true;
	return r->tenant->audiences.count == 0;
}

/* Those of the session that the policy still lists. A session that was made for some has no others
 * for them: false when none is left. */
static bool audiences(struct request *r, const struct issue *i, struct sign_request *q)
{
	struct json_value list = {.kind = JSON_ARRAY, .raw = i->audience}, item;
	size_t pos = 0, named = 0;
	for (; i->audience.n && json_array_next(&list, &pos, &item); named++) {
		if (q->aud_count == SIGN_MAX_AUD ||
		    json_get_str(&item, &r->arena, &q->aud[q->aud_count]) != SD_OK)
			return false;
		q->aud_count += listed(r, q->aud[q->aud_count]);
	}
	if (named > 0)
		return q->aud_count > 0;
	for (uint32_t a = 0;
	     q->aud_count == 0 && a < r->tenant->audiences.count && a < SIGN_MAX_AUD; a++)
		q->aud[a] = policy_view_audience(&r->gen->view, r->tenant, a);
	if (q->aud_count == 0)
		q->aud_count = SD_MIN(r->tenant->audiences.count, (uint32_t)SIGN_MAX_AUD);
	/* RFC 9068 demands one: a tenant without a list is its own audience */
	if (q->aud_count == 0)
		q->aud[q->aud_count++] = policy_view_str(&r->gen->view, r->tenant->issuer);
	return true;
}

bool issue_has_audience(struct request *r, const struct issue *i)
{
	struct sign_request q = {0};
	return i->mode == SESSION_MODE_COOKIE || audiences(r, i, &q) || sd_starved();
}

enum step issue_sign(struct request *r, struct issue *i)
{
	if (i->mode == SESSION_MODE_COOKIE)
		return STEP_NEXT;
	struct sign_request q = {
	    .op = SIGN_OP_ACCESS_TOKEN,
	    .generation = generation_number(r->gen),
	    .tenant = r->tenant_index,
	    .iat_s = i->iat_s,
	    .exp_s = i->exp_s,
	    .auth_time_s = i->auth_time_s,
	    .sub = i->user,
	    .client_id = i->client,
	    .device_id = i->device_id,
	    .scope = i->scope,
	    .acr = i->acr,
	    .amr = i->amr,
	    .ext = i->claims,
	    .remember_me = i->remember_me,
	};
	memcpy(q.sid, i->sid.b, sizeof(q.sid));
	memset(&r->sign, 0, sizeof(r->sign));
	r->sign.done = on_signed;
	if (audiences(r, i, &q) &&
	    signer_call(r->gen->signer, &q, SIGN_TIMEOUT_NS, &r->sign) == SD_OK)
		return STEP_PARKED;
	r->sign.answer.status = SIGN_FAILED;
	return STEP_NEXT;
}

bool issue_signed(struct request *r, struct issue *i)
{
	if (i->mode == SESSION_MODE_COOKIE)
		return true;
	if (r->sign.answer.status != SIGN_DONE || !r->sign.answer.payload.p)
		return false;
	i->access_token = r->sign.answer.payload;
	return true;
}

static void put(struct sd_buf *b, const char *name, struct sd_slice value)
{
	sd_buf_str(b, name);
	sd_buf_json_str(b, value);
}

static void put_num(struct sd_buf *b, const char *name, int64_t value)
{
	sd_buf_str(b, name);
	sd_buf_i64(b, value);
}

void issue_render(struct request *r, const struct issue *i)
{
	struct sd_buf *b = &r->body;
	char sid[HANDLE_SID_LEN + 1];
	sid_text(&i->sid, sid);
	sd_buf_reset(b);
	put(b, "{\"session_id\":", sd_slice_str(sid));
	put(b, ",\"user_id\":", i->user);
	put(b, ",\"tenant_id\":", policy_view_str(&r->gen->view, r->tenant->name));
	put_num(b, ",\"created_at\":", i->created_s);
	put_num(b, ",\"expires_at\":", i->absolute_at_s);
	if (i->access_token.p) {
		put(b, ",\"access_token\":", i->access_token);
		put_num(b, ",\"token_type\":\"Bearer\",\"expires_in\":", i->exp_s - i->iat_s);
	}
	if (i->refresh_token[0]) {
		put(b, ",\"refresh_token\":", sd_slice_str(i->refresh_token));
		put_num(b, ",\"refresh_expires_in\":",
			SD_MAX(i->refresh_expires_s - i->now_s, (int64_t)0));
	}
	if (i->session_token[0]) {
		put(b, ",\"session_token\":", sd_slice_str(i->session_token));
		cookie_set(r, i->session_token,
			   i->remember_me ? i->absolute_at_s - i->now_s : COOKIE_OF_BROWSER);
	}
}
