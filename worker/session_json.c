/* SPDX-License-Identifier: MIT
 * session_json - a session as its owner may see it.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  the buffer's failed flag
 * Never:     show a hash, a token or sealed data
 */
#include "base.h"
#include "session_json.h"

#include "session_rules.h"
#include "standing.h"

static void text(struct sd_buf *b, const char *name, struct sd_slice value)
{
	if (!value.n)
		return;
	sd_buf_str(b, name);
	sd_buf_json_str(b, value);
}

static void number(struct sd_buf *b, const char *name, int64_t value)
{
	sd_buf_str(b, name);
	sd_buf_i64(b, value);
}

static void raw(struct sd_buf *b, const char *name, struct sd_slice value)
{
	if (!value.n)
		return;
	sd_buf_str(b, name);
	sd_buf_put(b, value);
}

static void device(struct sd_buf *b, const struct session *s)
{
	if (!s->device_id.n && !s->device_name.n && !s->device_type.n && !s->device_trust.n)
		return;
	sd_buf_str(b, ",\"device\":{\"id\":");
	sd_buf_json_str(b, s->device_id.p ? s->device_id : sd_slice("", 0));
	text(b, ",\"name\":", s->device_name);
	text(b, ",\"type\":", s->device_type);
	text(b, ",\"trust\":", s->device_trust);
	sd_buf_char(b, '}');
}

static const char *mode_text(enum session_mode mode)
{
	return mode == SESSION_MODE_COOKIE ? "cookie"
	       : mode == SESSION_MODE_BOTH ? "both"
					   : "token";
}

void session_json(struct request *r, struct sd_buf *b, const struct session *s)
{
	session_json_data(r, b, s, sd_slice("", 0));
}

void session_json_data(struct request *r, struct sd_buf *b, const struct session *s,
		       struct sd_slice data)
{
	struct session_clocks clocks;
	char sid[HANDLE_SID_LEN + 1];
	enum end_reason reason = standing_end(r, s, &clocks);
	sid_text(&s->sid, sid);
	text(b, "{\"session_id\":", sd_slice_str(sid));
	text(b, ",\"user_id\":", s->user);
	text(b, ",\"tenant_id\":", policy_view_str(&r->gen->view, r->tenant->name));
	text(b, ",\"client_id\":", s->client);
	text(b, ",\"status\":", reason == END_NONE ? SD_SLICE("active") : SD_SLICE("ended"));
	if (reason != END_NONE)
		text(b, ",\"end_reason\":", sd_slice_str(end_reason_text(reason)));
	number(b, ",\"created_at\":", s->created_ms / 1000);
	number(b, ",\"last_seen_at\":", s->seen_ms / 1000);
	number(b, ",\"expires_at\":", clocks.absolute_at_s);
	number(b, ",\"idle_expires_at\":", clocks.idle_at_s);
	if (s->ended_ms)
		number(b, ",\"ended_at\":", s->ended_ms / 1000);
	if (s->auth_time_s)
		number(b, ",\"auth_time_at\":", s->auth_time_s);
	number(b, ",\"request_count\":", (int64_t)s->request_count);
	sd_buf_str(b, s->remember_me ? ",\"remember_me\":true" : ",\"remember_me\":false");
	text(b, ",\"mode\":", sd_slice_str(mode_text(s->mode)));
	text(b, ",\"scope\":", s->scope);
	text(b, ",\"acr\":", s->acr);
	raw(b, ",\"amr\":", s->amr);
	raw(b, ",\"claims\":", s->claims);
	text(b, ",\"ip\":", s->ip);
	text(b, ",\"user_agent\":", s->user_agent);
	device(b, s);
	if (r->caller.user)
		sd_buf_str(b, memcmp(s->sid.b, r->caller.sid.b, sizeof(s->sid.b)) == 0
				  ? ",\"current\":true"
				  : ",\"current\":false");
	raw(b, ",\"data\":", data);
	sd_buf_char(b, '}');
}
