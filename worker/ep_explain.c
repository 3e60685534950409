/* SPDX-License-Identifier: MIT
 * ep_explain - GET /sessions/{id}/explain: what decides a session's fate, and when.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  404 session-unknown; 503
 * Never:     change anything; decide otherwise than session_rules and lookup do
 */
#include "base.h"
#include "ep.h"

#include "clock.h"
#include "err.h"
#include "respond.h"
#include "session_rules.h"
#include "shm_fresh.h"
#include "shm_revoke.h"
#include "standing.h"

struct explain {
	struct sid sid;
	struct session_clocks clocks;
	const char *decided_by; /* of what lies ahead: the first */
	const char *origin;
	int64_t at_s;
	enum end_reason rule;   /* of the store's, that has ended it */
};

static enum step parse(struct request *r)
{
	struct explain *e = sd_arena_alloc(&r->arena, sizeof(*e));
	r->state = e;
	if (!e)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (sid_parse(r->params.id, &e->sid) != SD_OK)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	return STEP_NEXT;
}

static void ask(struct request *r, struct sd_slice client)
{
	struct explain *e = r->state;
	store_read(r->w->store, policy_view_str(&r->gen->view, r->tenant->name), &e->sid, client,
		   sd_slice("", 0), request_store_call(r));
}

static enum step read_it(struct request *r)
{
	ask(r, sd_slice("", 0));
	return STEP_PARKED;
}

/* Which client's rule to ask for stands in the record. */
static enum step read_rules(struct request *r)
{
	struct sd_slice client = r->call.session.client;
	if ((r->call.status != STORE_OK && r->call.status != STORE_ENDED) || client.n == 0)
		return STEP_NEXT;
	client = sd_arena_copy(&r->arena, client);
	if (!client.p)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	ask(r, client);
	return STEP_PARKED;
}

static void name(struct sd_buf *b, const char *before, const char *value)
{
	sd_buf_str(b, before);
	sd_buf_json_str(b, sd_slice_str(value));
}

static void number(struct sd_buf *b, const char *before, int64_t value)
{
	sd_buf_str(b, before);
	sd_buf_i64(b, value);
}

static void flag(struct sd_buf *b, const char *before, bool value)
{
	sd_buf_str(b, before);
	sd_buf_str(b, value ? "true" : "false");
}

struct clock_row {
	const char *name;
	int64_t creation_s, policy_s, level_s, from_s, at_s, slack_s; /* level_s 0: it has none */
};

/* Whose duration is the shortest. */
static const char *origin_of(const struct clock_row *c)
{
	if (c->level_s && c->level_s < SD_MIN(c->creation_s, c->policy_s))
		return "trust";
	return c->policy_s < c->creation_s ? "policy" : "creation";
}

static void put_clock(struct sd_buf *b, const struct clock_row *c)
{
	name(b, "{\"clock\":", c->name);
	number(b, ",\"creation_in\":", c->creation_s);
	number(b, ",\"policy_in\":", c->policy_s);
	if (c->level_s)
		number(b, ",\"trust_in\":", c->level_s);
	name(b, ",\"origin\":", origin_of(c));
	number(b, ",\"counted_from_at\":", c->from_s);
	number(b, ",\"at\":", c->at_s);
	number(b, ",\"ended_by_at\":", c->at_s + c->slack_s);
	sd_buf_char(b, '}');
}

static void consider(struct explain *e, const char *what, const char *origin, int64_t at_s)
{
	if (e->decided_by && e->at_s <= at_s)
		return;
	e->decided_by = what;
	e->origin = origin;
	e->at_s = at_s;
}

static void put_clocks(struct request *r, struct explain *e)
{
	const struct session *s = &r->call.session;
	const struct policy_level *l = session_level(request_policy(r), s);
	struct clock_row idle = {"idle", s->idle_s, session_idle_s(r->tenant, s->remember_me),
				 l ? l->idle_s : 0, s->seen_ms / 1000, 0, r->tenant->touch_interval_s};
	struct clock_row absolute = {"absolute", s->absolute_s,
				     session_absolute_s(r->tenant, s->remember_me),
				     l ? l->absolute_s : 0, s->created_ms / 1000,
				     e->clocks.absolute_at_s, 0};
	idle.at_s = idle.from_s + SD_MIN(s->idle_s, session_policy_idle_s(request_policy(r), s));
	sd_buf_str(&r->body, ",\"clocks\":[");
	put_clock(&r->body, &absolute);
	sd_buf_char(&r->body, ',');
	put_clock(&r->body, &idle);
	sd_buf_char(&r->body, ']');
	consider(e, "absolute", origin_of(&absolute), absolute.at_s);
	consider(e, "idle", origin_of(&idle), idle.at_s);
}

/* A rule by time that concerns it: decided since then. */
static bool put_rule(struct request *r, enum end_reason which, int64_t before_s, const char *comma)
{
	struct explain *e = r->state;
	bool applies = before_s > r->call.session.created_ms / 1000;
	if (before_s == 0)
		return false;
	sd_buf_str(&r->body, comma);
	name(&r->body, "{\"rule\":", end_reason_text(which));
	number(&r->body, ",\"before_at\":", before_s);
	flag(&r->body, ",\"applies\":", applies);
	sd_buf_char(&r->body, '}');
	if (applies) { /* one of this second is in force already */
		consider(e, end_reason_text(which), "rule", SD_MIN(before_s, r->now_ms / 1000));
		e->rule = which;
	}
	return true;
}

static void put_rules(struct request *r)
{
	sd_buf_str(&r->body, ",\"rules\":[");
	bool first = put_rule(r, END_TENANT, r->call.tenant_before_s, "");
	(void)put_rule(r, END_CLIENT, r->call.client_before_s, first ? "," : "");
	sd_buf_char(&r->body, ']');
}

/* What this node's memory says, and how old its knowledge is. */
static void put_memory(struct request *r, struct explain *e)
{
	static const char *const verdicts[] = {"unknown", "revoked", "clear"};
	const struct session *s = &r->call.session;
	const struct shm_control *control = r->w->control;
	int64_t as_of = SD_MIN(shm_fresh_as_of(control, e->sid.b[0]),
			       shm_fresh_as_of(control, r->gen->partition[r->tenant_index]));
	struct shm_query q = {.tenant_slot = r->tenant->slot, .client_slot = SHM_SLOT_NONE,
			      .key_slot = SHM_SLOT_NONE, .iat_s = s->created_ms / 1000};
	enum shm_scope scope = SHM_SCOPE_NONE;
	shm_tags(control->seed, e->sid.b, r->tenant->slot, s->user, &q.tags);
	enum shm_verdict v = shm_revoke_check(control, r->w->table, &q, &scope);
	int64_t now = sd_clock_boot_ns();
	name(&r->body, ",\"freshness\":{\"verdict\":", verdicts[v]);
	flag(&r->body, ",\"fresh\":",
	     shm_fresh_holds(as_of, now, (int64_t)r->tenant->max_staleness_ms * SD_NS_PER_MS));
	if (as_of > 0)
		number(&r->body, ",\"proof_age_ms\":", (now - as_of) / SD_NS_PER_MS);
	number(&r->body, ",\"max_staleness_ms\":", r->tenant->max_staleness_ms);
	sd_buf_char(&r->body, '}');
	if (v == SHM_REVOKED)
		consider(e, "revocation", "table", r->now_ms / 1000);
}

static void put_policy(struct request *r)
{
	static const char *const modes[] = {"off", "shadow", "record", "step_up", "revoke"};
	static const char *const limits[] = {"reject", "evict_oldest", "evict_least_recent",
					     "evict_same_device"};
	const struct policy_tenant *t = r->tenant;
	number(&r->body, ",\"limits\":{\"max_per_user\":", t->max_per_user);
	name(&r->body, ",\"on_limit\":", limits[SD_MIN(t->on_limit, 3u)]);
	name(&r->body, "},\"binding\":{\"ip\":", modes[SD_MIN(t->bind_ip, 4u)]);
	name(&r->body, ",\"user_agent\":", modes[SD_MIN(t->bind_user_agent, 4u)]);
	name(&r->body, ",\"device\":", modes[SD_MIN(t->bind_device, 4u)]);
	sd_buf_char(&r->body, '}');
}

/* How its device is trusted, and what the policy makes of that. */
static void put_trust(struct request *r)
{
	const struct session *s = &r->call.session;
	const struct policy_level *l = session_level(request_policy(r), s);
	struct sd_buf *b = &r->body;
	struct sd_slice acr;
	bool must = session_must_step_up(request_policy(r), s, &acr);
	sd_buf_str(b, ",\"trust\":{\"level\":");
	if (l)
		sd_buf_json_str(b, policy_view_str(&r->gen->view, l->name));
	else
		sd_buf_str(b, "null");
	if (s->device_trust.n) {
		sd_buf_str(b, ",\"device_trust\":");
		sd_buf_json_str(b, s->device_trust);
	}
	if (l && l->max_per_user)
		number(b, ",\"max_per_user\":", l->max_per_user);
	if (acr.n) {
		sd_buf_str(b, ",\"step_up\":");
		sd_buf_json_str(b, acr);
	}
	flag(b, ",\"must_step_up\":", must);
	sd_buf_char(b, '}');
}

static void put_tokens(struct request *r)
{
	const struct session *s = &r->call.session;
	number(&r->body, ",\"tokens\":{\"access_until_at\":", s->until_s);
	number(&r->body, ",\"refresh_until_at\":", s->refresh_expires_s);
	number(&r->body, "},\"retention_in\":", r->tenant->retain_sessions_s);
}

/* reason: why it has ended, END_NONE when it has not. */
static void put_fate(struct request *r, struct explain *e, enum end_reason reason)
{
	const struct session *s = &r->call.session;
	bool ended = s->status == SESSION_ENDED;
	if (ended) {
		e->decided_by = end_reason_text(s->end_reason);
		e->origin = "record";
		e->at_s = s->ended_ms / 1000;
	} else if ((reason == END_CLIENT || reason == END_TENANT) && reason != e->rule) {
		/* the file has no such client any more, or only the table knows */
		e->decided_by = end_reason_text(reason);
		e->origin = "policy";
		e->at_s = r->now_ms / 1000;
	}
	name(&r->body, ",\"decided_by\":", e->decided_by);
	name(&r->body, ",\"origin\":", e->origin);
	number(&r->body, ",\"decided_at\":", e->at_s);
	flag(&r->body, ",\"over\":", reason != END_NONE || e->at_s <= r->now_ms / 1000);
	if (ended)
		number(&r->body, ",\"record_until_at\":",
		       e->at_s + (int64_t)r->tenant->retain_sessions_s);
	name(&r->body, ",\"status\":", reason == END_NONE ? "active" : "ended");
	if (reason != END_NONE)
		name(&r->body, ",\"end_reason\":", end_reason_text(reason));
}

static enum step show(struct request *r)
{
	struct explain *e = r->state;
	const struct session *s = &r->call.session;
	char sid[HANDLE_SID_LEN + 1];
	bool known = r->call.status == STORE_OK || r->call.status == STORE_ENDED;
	if (r->call.status == STORE_ABSENT ||
	    (known && session_is_forgotten(request_policy(r), s, r->now_ms)))
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (!known)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	enum end_reason reason = standing_end(r, s, &e->clocks);
	sid_text(&e->sid, sid);
	name(&r->body, "{\"session_id\":", sid);
	sd_buf_str(&r->body, ",\"user_id\":");
	sd_buf_json_str(&r->body, s->user);
	if (s->has_parent) {
		sid_text(&s->parent, sid);
		name(&r->body, ",\"parent_session_id\":", sid);
	}
	number(&r->body, ",\"now_at\":", r->now_ms / 1000);
	put_clocks(r, e);
	put_rules(r);
	put_memory(r, e);
	put_policy(r);
	put_trust(r);
	put_tokens(r);
	put_fate(r, e, reason != END_NONE ? reason : e->rule);
	sd_buf_char(&r->body, '}');
	return respond_json(r, 200);
}

const request_step ep_explain_steps[] = {parse, read_it, read_rules, show, NULL};
