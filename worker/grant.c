/* SPDX-License-Identifier: MIT
 * grant - a new session id with its tokens.
 * Owns:      nothing; its struct lives in the request's arena
 * Runs in:   worker
 * Fails by:  503, with the session ended; an error code
 * Never:     hand out a token before the record and its audit are in
 */
#include "base.h"
#include "grant.h"

#include "audit_event.h"
#include "ending.h"
#include "err.h"
#include "respond.h"
#include "sealed.h"
#include "secret.h"
#include "session_rules.h"
#include "shm_board.h"

void grant_policy(const struct request *r, struct store_create *in)
{
	const struct policy_tenant *t = r->tenant;
	uint32_t random = 0;
	if (sd_random(&random, sizeof(random)) != SD_OK)
		random = 0; /* full length: jitter only shortens */
	in->tenant = policy_view_str(&r->gen->view, t->name);
	in->idle_s = session_idle_s(t, in->remember_me);
	in->touch_interval_s = t->touch_interval_s;
	in->absolute_s = session_absolute_s(t, in->remember_me);
	in->access_ttl_s = in->mode == SESSION_MODE_COOKIE ? 0 : session_access_ttl_s(t, random);
	in->refresh_ttl_s = t->refresh_ttl_s;
	in->retain_s = t->retain_sessions_s;
	in->max_per_user = t->max_per_user;
	in->max_per_device_type =
	    policy_view_limit(&r->gen->view, t->device_limits, in->device_type);
	in->on_limit = t->on_limit;
	in->levels = policy_view_str(&r->gen->view, t->levels_text);
}

int grant_tokens(struct request *r, struct grant *g)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	struct handle h;
	int e = sid_new(handle_partition(g->in.tenant, g->in.user), &g->in.sid);
	if (e == SD_OK && g->in.mode != SESSION_MODE_COOKIE) {
		e = handle_new(HANDLE_REFRESH, &g->in.sid, 1, &h);
		handle_hash(&h, g->in.refresh_hash);
		if (e == SD_OK)
			e = handle_text(&h, keys->mac[0], g->issue.refresh_token);
	}
	if (e == SD_OK && g->in.mode != SESSION_MODE_TOKEN) {
		e = handle_new(HANDLE_SESSION, &g->in.sid, 1, &h);
		handle_hash(&h, g->in.session_hash);
		if (e == SD_OK)
			e = handle_text(&h, keys->mac[0], g->issue.session_token);
	}
	sd_wipe(&h, sizeof(h));
	return e;
}

bool grant_from_record(struct request *r, struct grant *g, const struct session *s)
{
	struct store_create *in = &g->in;
	const struct sd_slice from[] = {s->user,	s->client,	s->scope,
					s->acr,		s->amr,		s->claims,
					s->audience,	s->ip,		s->user_agent,
					s->device_id,	s->device_name, s->device_type,
					s->device_fingerprint, s->device_trust};
	struct sd_slice *to[] = {&in->user,	   &in->client,	     &in->scope,
				 &in->acr,	   &in->amr,	     &in->claims,
				 &in->audience,	   &in->ip,	     &in->user_agent,
				 &in->device_id,   &in->device_name, &in->device_type,
				 &in->device_fingerprint, &in->device_trust};
	_Static_assert(SD_ARRAY_LEN(from) == SD_ARRAY_LEN(to), "one for one");
	for (size_t i = 0; i < SD_ARRAY_LEN(from); i++) {
		*to[i] = sd_arena_copy(&r->arena, from[i].p ? from[i] : sd_slice("", 0));
		if (!to[i]->p)
			return false;
	}
	in->data = sd_slice("", 0);
	in->mode = s->mode;
	in->remember_me = s->remember_me;
	in->auth_time_s = s->auth_time_s;
	return true;
}

int grant_seal(struct request *r, struct grant *g, struct sd_slice data, struct sd_slice key)
{
	struct sealed_of of = {g->in.user, &g->in.sid, key};
	struct sealed sealed;
	g->data = data;
	g->in.data = sd_slice("", 0);
	g->sealings++;
	if (data.n == 0 || sd_slice_is(data, "{}"))
		return SD_OK;
	int e = sealed_close(r, &of, data, &sealed);
	g->in.data = sealed.data;
	g->in.key = sealed.key;
	return e;
}

/* Others make, destroy and wrap the key meanwhile, but not for ever. */
bool grant_seal_again(struct request *r, struct grant *g)
{
	return r->call.status == STORE_KEY && g->sealings < 4 &&
	       grant_seal(r, g, g->data, r->call.kept.key) == SD_OK;
}

enum step grant_limit_reached(struct request *r, const struct store_create *in)
{
	bool restricted = r->call.status == STORE_RESTRICTED;
	struct audit_note note = {.event = AUDIT_LIMIT_REACHED,
				  .outcome = AUDIT_REFUSED,
				  .user = in->user,
				  .ip = in->ip,
				  .reason = restricted ? SD_SLICE("restricted") : SD_SLICE("")};
	board_count(r->w->stats, METRIC_SECURITY, r->tenant->slot, SECURITY_LIMIT_REACHED, 0, 1);
	audit_event_refused(r, &note);
	return respond_problem(r, PROBLEM_SESSION_LIMIT,
			       restricted ? "the user is restricted"
					  : "the user has all the sessions that the policy allows: end one first",
			       NULL);
}

/* The limit was reached, and room was made. */
static bool audit_evictions(struct request *r, const struct grant *g)
{
	char count[12];
	(void)snprintf(count, sizeof(count), "%u", r->call.evicted_count);
	struct audit_note note = {.event = AUDIT_LIMIT_REACHED,
				  .outcome = AUDIT_OK,
				  .user = g->in.user,
				  .ip = g->in.ip,
				  .reason = SD_SLICE("evicted"),
				  .key = "evicted",
				  .value = sd_slice_str(count)};
	return audit_event_send(r, &note);
}

bool grant_audit_ends(struct request *r, const struct grant *g)
{
	bool ok = true;
	uint32_t listed = SD_MIN(r->call.evicted_count, (uint32_t)SD_ARRAY_LEN(r->call.evicted));
	if (r->call.evicted_count)
		ok = audit_evictions(r, g);
	for (uint32_t i = 0; i < listed; i++)
		ok = ending_audit(r, &r->call.evicted[i], g->in.user, END_LIMIT, true) && ok;
	listed = SD_MIN(r->call.also_count, (uint32_t)SD_ARRAY_LEN(r->call.also));
	for (uint32_t i = 0; i < listed; i++) {
		const struct store_also *a = &r->call.also[i];
		/* by the caller; anything else by its clock */
		bool replaced = a->reason == END_REPLACED;
		struct sd_slice user = replaced ? sd_slice("", 0) : g->in.user;
		ok = ending_audit(r, &a->sid, user, a->reason, !replaced) && ok;
	}
	return ending_audit_children(r, g->in.user) && ok;
}

void grant_undo(struct request *r, const struct grant *g)
{
	ending_detached(r, &g->in.sid, g->in.user, END_ADMIN);
}

enum step grant_sign(struct request *r, struct grant *g)
{
	struct issue *i = &g->issue;
	i->sid = g->in.sid;
	i->mode = g->in.mode;
	i->user = g->in.user;
	i->client = g->in.client;
	i->device_id = g->in.device_id;
	i->scope = g->in.scope;
	i->acr = g->in.acr;
	i->amr = g->in.amr;
	i->claims = g->in.claims;
	i->audience = g->in.audience;
	i->auth_time_s = g->in.auth_time_s;
	i->remember_me = g->in.remember_me;
	i->iat_s = r->call.iat_s;
	i->exp_s = r->call.exp_s;
	i->now_s = r->call.now_ms / 1000;
	if (i->created_s == 0) /* a regenerated session keeps the moment of its first creation */
		i->created_s = i->now_s;
	i->absolute_at_s = r->call.absolute_at_s;
	i->refresh_expires_s = r->call.refresh_expires_s;
	return issue_sign(r, i);
}

static void evicted(struct request *r)
{
	uint32_t listed = SD_MIN(r->call.evicted_count, (uint32_t)SD_ARRAY_LEN(r->call.evicted));
	sd_buf_str(&r->body, ",\"evicted\":[");
	for (uint32_t i = 0; i < listed; i++) {
		char sid[HANDLE_SID_LEN + 1];
		sid_text(&r->call.evicted[i], sid);
		sd_buf_str(&r->body, i ? "," : "");
		sd_buf_json_str(&r->body, sd_slice_str(sid));
	}
	sd_buf_str(&r->body, "]}");
}

void grant_location(struct request *r, struct sd_slice tenant, const struct sid *of)
{
	char sid[HANDLE_SID_LEN + 1];
	char *text = sd_arena_alloc(&r->arena, 160);
	if (!text)
		return;
	sid_text(of, sid);
	(void)snprintf(text, 160, "/tenants/" SD_SLICE_FMT "/sessions/%s", SD_SLICE_ARG(tenant),
		       sid);
	respond_header(r, "Location", sd_slice_str(text));
}

enum step grant_render(struct request *r, struct grant *g)
{
	if (!issue_signed(r, &g->issue)) {
		grant_undo(r, g);
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, NULL, NULL);
	}
	issue_render(r, &g->issue);
	evicted(r);
	grant_location(r, g->in.tenant, &g->in.sid);
	return STEP_NEXT;
}

enum step grant_answer(struct request *r, struct grant *g)
{
	return grant_render(r, g) == STEP_DONE ? STEP_DONE : respond_json(r, 201);
}
