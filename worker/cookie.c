/* SPDX-License-Identifier: MIT
 * cookie - the tenant's session cookie.
 * Owns:      its attributes
 * Runs in:   worker
 * Fails by:  no header
 * Never:     clear a cookie that the request did not carry: it may be another session's
 */
#include "base.h"
#include "cookie.h"

#include "http_field.h"
#include "respond.h"

static const char *same_site(uint32_t value)
{
	return value == SAME_SITE_LAX ? "Lax" : value == SAME_SITE_NONE ? "None" : "Strict";
}

void cookie_set(struct request *r, const char *token, int64_t max_age_s)
{
	const struct policy_view *v = &r->gen->view;
	struct sd_buf b;
	sd_buf_init(&b, 4096);
	sd_buf_put(&b, policy_view_str(v, r->tenant->cookie_name));
	sd_buf_printf(&b, "=%s; Path=", token);
	sd_buf_put(&b, policy_view_str(v, r->tenant->cookie_path));
	if (r->tenant->cookie_domain.len) {
		sd_buf_str(&b, "; Domain=");
		sd_buf_put(&b, policy_view_str(v, r->tenant->cookie_domain));
	}
	sd_buf_printf(&b, "; Secure; HttpOnly; SameSite=%s",
		      same_site(r->tenant->cookie_same_site));
	if (max_age_s >= 0) {
		sd_buf_str(&b, "; Max-Age=");
		sd_buf_i64(&b, max_age_s);
	}
	struct sd_slice kept = sd_arena_copy(&r->arena, sd_buf_slice(&b));
	if (kept.p && !b.failed)
		respond_header(r, "Set-Cookie", kept);
	sd_buf_wipe_fini(&b);
}

void cookie_clear(struct request *r)
{
	cookie_set(r, "", 0);
}

bool cookie_carries(const struct request *r, const struct sid *sid)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	struct sd_slice field, token;
	struct handle h;
	char name[256];
	if (sd_slice_copy(policy_view_str(&r->gen->view, r->tenant->cookie_name), name,
			  sizeof(name)) != 0 ||
	    http_field_get(r->msg, "cookie", &field) != HTTP_FOUND_ONE ||
	    http_field_cookie(field, name, &token) != HTTP_FOUND_ONE ||
	    handle_parse(token, HANDLE_SESSION, keys->mac, keys->sets, &h) != HANDLE_OK)
		return false;
	return memcmp(h.sid.b, sid->b, HANDLE_SID_BYTES) == 0;
}
