/* SPDX-License-Identifier: MIT
 * ep_self - what a user does with his own sessions: POST /api/v1/auth/sessions/revoke,
 * GET /api/v1/auth/devices.
 * Owns:      the bodies of these
 * Runs in:   worker
 * Fails by:  400; 503 (then nothing is promised)
 * Never:     touch a session of another user: a foreign id is an unknown one */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "cursor.h"
#include "ending.h"
#include "err.h"
#include "query.h"
#include "respond.h"
#include "session_rules.h"
#include "shm_board.h"
#include "standing.h"
#include "store_device.h"

/* --- revoke ----------------------------------------------------------------------------------- */

enum { F_SESSION, F_OTHERS, F_ALL, F_COUNT };
static const struct body_field fields[F_COUNT] = {
    [F_SESSION] = {"session_id", BODY_STRING, false, 64},
    [F_OTHERS] = {"others", BODY_BOOL, false, 0},
    [F_ALL] = {"all", BODY_BOOL, false, 0},
};

enum self_target { SELF_NOTHING = 0, SELF_LOOK, SELF_ONE, SELF_OTHERS, SELF_ALL };

struct self_revoke {
	enum self_target target;
	enum end_reason reason;
	struct sid sid;
};

static bool same_sid(const struct sid *a, const struct sid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* His own current session needs no look; what lies in another partition cannot be his. */
static void target_one(const struct request *r, struct self_revoke *v)
{
	v->reason = END_USER;
	if (same_sid(&v->sid, &r->caller.sid)) {
		v->target = SELF_ONE;
		v->reason = END_LOGOUT;
	} else if (v->sid.b[0] == r->caller.sid.b[0]) {
		v->target = SELF_LOOK;
	}
}

static enum step parse(struct request *r)
{
	struct body_value val[F_COUNT];
	struct self_revoke *v = sd_arena_alloc(&r->arena, sizeof(*v));
	r->state = v;
	if (!v)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (body_read(r, fields, F_COUNT, val) == STEP_DONE)
		return STEP_DONE;
	if (val[F_SESSION].given + val[F_OTHERS].given + val[F_ALL].given != 1)
		return body_exactly_one(r, "session_id, others, all");
	for (int i = F_OTHERS; i <= F_ALL; i++)
		if (val[i].given && !val[i].flag)
			return body_invalid(r, fields[i].name, "must be true");
	v->reason = END_USER;
	if (val[F_OTHERS].given)
		v->target = SELF_OTHERS;
	else if (val[F_ALL].given)
		v->target = SELF_ALL;
	else if (sid_parse(val[F_SESSION].str, &v->sid) != SD_OK)
		return body_invalid(r, "session_id", "is not a session id");
	else
		target_one(r, v);
	return STEP_NEXT;
}

static enum step look(struct request *r)
{
	struct self_revoke *v = r->state;
	if (v->target != SELF_LOOK)
		return STEP_NEXT;
	store_read(r->w->store, policy_view_str(&r->gen->view, r->tenant->name), &v->sid,
		   sd_slice("", 0), sd_slice("", 0), request_store_call(r));
	return STEP_PARKED;
}

static enum step looked(struct request *r)
{
	struct self_revoke *v = r->state;
	if (v->target != SELF_LOOK)
		return STEP_NEXT;
	if (ending_failed(&r->call))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	bool found = r->call.status == STORE_OK || r->call.status == STORE_ENDED;
	v->target = found && sd_slice_eq(r->call.session.user, r->caller.id) ? SELF_ONE
									     : SELF_NOTHING;
	return STEP_NEXT;
}

static enum step end_it(struct request *r)
{
	struct self_revoke *v = r->state;
	struct sd_slice tenant = policy_view_str(&r->gen->view, r->tenant->name);
	if (v->target == SELF_NOTHING)
		return STEP_NEXT;
	if (v->target == SELF_ONE) {
		struct store_end in = {.tenant = tenant, .sid = v->sid, .reason = v->reason,
				       .retain_s = r->tenant->retain_sessions_s};
		store_end(r->w->store, &in, request_store_call(r));
		return STEP_PARKED;
	}
	struct store_end_user in = {.tenant = tenant,
				    .user = r->caller.id,
				    .reason = v->reason,
				    .has_except = v->target == SELF_OTHERS,
				    .except = r->caller.sid,
				    .device_id = sd_slice("", 0),
				    .retain_s = r->tenant->retain_sessions_s};
	store_end_user(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static bool audit_ended(struct request *r, const struct self_revoke *v)
{
	if (v->target != SELF_ONE)
		return ending_audit_user(r, r->caller.id, v->reason);
	return !r->call.ended || (ending_audit(r, &v->sid, r->caller.id, v->reason, false) &&
				  ending_audit_children(r, r->caller.id));
}

static enum step ended(struct request *r)
{
	struct self_revoke *v = r->state;
	if (v->target == SELF_NOTHING)
		return STEP_NEXT;
	if (!audit_ended(r, v))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	if (ending_failed(&r->call)) /* also: done, but no replica has it */
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return applied_wait(r);
}

static enum step answer(struct request *r)
{
	const struct self_revoke *v = r->state;
	bool asked = v->target != SELF_NOTHING;
	sd_buf_printf(&r->body, "{\"revoked\":%u", asked ? r->call.ended : 0);
	if (asked && r->call.log_id[0])
		sd_buf_printf(&r->body, ",\"log_position\":\"%02x:%s\"}", r->call.partition,
			      r->call.log_id);
	else
		sd_buf_str(&r->body, ",\"log_position\":null}");
	return respond_json(r, 200);
}

/* --- devices ---------------------------------------------------------------------------------- */

struct self_device {
	struct self_device *next;
	struct sd_slice id, name, type, trust;
	int64_t seen_ms;
	uint32_t sessions;
	bool current;
};

struct self_devices {
	struct store_list list;
	struct query_page page; /* its cursor's ms: how many were shown before */
	struct self_device *first, **end;
	uint32_t count;
};

static struct sd_slice devices_scope(struct request *r)
{
	return cursor_scope(r, "own-devices", r->caller.id);
}

static enum step devices_first(struct request *r)
{
	struct self_devices *d = sd_arena_alloc(&r->arena, sizeof(*d));
	r->state = d;
	if (!d)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (query_page_read(r, devices_scope(r), true, &d->page) == STEP_DONE)
		return STEP_DONE;
	d->end = &d->first;
	d->list = (struct store_list){.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				      .user = r->caller.id,
				      .from_ms = INT64_MAX,
				      .limit = STORE_MAX_ROWS};
	store_list_user(r->w->store, &d->list, request_store_call(r));
	return STEP_PARKED;
}

static struct self_device *device_of(struct request *r, struct self_devices *d,
				     const struct session *s)
{
	for (struct self_device *i = d->first; i; i = i->next)
		if (sd_slice_eq(i->id, s->device_id))
			return i;
	struct self_device *new = sd_arena_alloc(&r->arena, sizeof(*new));
	if (!new)
		return NULL;
	const struct sd_slice from[] = {s->device_id, s->device_name, s->device_type, s->device_trust};
	struct sd_slice *to[] = {&new->id, &new->name, &new->type, &new->trust};
	for (size_t i = 0; i < SD_ARRAY_LEN(from); i++) {
		*to[i] = sd_arena_copy(&r->arena, from[i].p ? from[i] : sd_slice("", 0));
		if (!to[i]->p)
			return NULL;
	}
	*d->end = new;
	d->end = &new->next;
	d->count++;
	return new;
}

/* The devices of the sessions that are active; false when memory ran out. */
static bool gather(struct request *r, struct self_devices *d)
{
	for (uint32_t i = 0; r->call.status == STORE_OK && i < r->call.row_count; i++) {
		const struct session *s = &r->call.rows[i];
		struct session_clocks clocks;
		if (!s->device_id.n ||
		    standing_end(r, s, &clocks) != END_NONE)
			continue;
		struct self_device *at = device_of(r, d, s);
		if (!at)
			return false;
		at->seen_ms = SD_MAX(at->seen_ms, s->seen_ms);
		at->sessions++;
		at->current |= same_sid(&s->sid, &r->caller.sid);
	}
	return true;
}

static enum step devices_more(struct request *r)
{
	struct self_devices *d = r->state;
	if (r->call.status != STORE_OK && r->call.status != STORE_ABSENT)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (!gather(r, d))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (r->call.status != STORE_OK || r->call.next_score_ms < 0)
		return STEP_NEXT;
	d->list.from_ms = r->call.next_score_ms;
	d->list.from_sid = r->call.next_sid;
	store_list_user(r->w->store, &d->list, request_store_call(r));
	r->step--; /* this step again */
	return STEP_PARKED;
}

static void member(struct sd_buf *b, const char *name, struct sd_slice value)
{
	if (!value.n)
		return;
	sd_buf_str(b, name);
	sd_buf_json_str(b, value);
}

/* What is registered as well: its word on name, type and trust. */
static enum step devices_registered(struct request *r)
{
	struct store_device_ask in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				      .user = r->caller.id};
	store_device_read(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static enum step devices_merge(struct request *r)
{
	struct self_devices *d = r->state;
	struct store_device one;
	if (r->call.status != STORE_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	for (uint32_t i = 0; i < r->call.row_count; i++) {
		store_device_at(&r->call, i, &one);
		struct session like = {.device_id = one.id, .device_name = one.name,
				       .device_type = one.type, .device_trust = one.trust};
		struct self_device *at = device_of(r, d, &like);
		if (!at)
			return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
		at->name = one.name; /* the reply stays as long as the request */
		at->type = one.type;
		at->trust = one.trust;
		at->seen_ms = SD_MAX(at->seen_ms, one.seen_ms);
	}
	return STEP_NEXT;
}

static enum step devices_show(struct request *r)
{
	struct self_devices *d = r->state;
	struct sd_buf *b = &r->body;
	int64_t from = d->page.has_cursor ? d->page.cursor.ms : 0, at = 0;
	struct cursor next = {.ms = from + d->page.limit};
	sd_buf_str(b, "{\"items\":[");
	for (struct self_device *i = d->first; i && at < next.ms; i = i->next) {
		if (at++ < from)
			continue;
		member(b, at == from + 1 ? "{\"device_id\":" : ",{\"device_id\":", i->id);
		member(b, ",\"name\":", i->name);
		member(b, ",\"type\":", i->type);
		member(b, ",\"trust\":", i->trust);
		if (i->seen_ms)
			sd_buf_printf(b, ",\"last_seen_at\":%lld", (long long)(i->seen_ms / 1000));
		sd_buf_printf(b, ",\"sessions\":%u,\"current\":%s}", i->sessions,
			      i->current ? "true" : "false");
	}
	cursor_end(r, devices_scope(r), next.ms < (int64_t)d->count ? &next : NULL);
	return respond_json(r, 200);
}

const request_step ep_self_revoke_steps[] = {parse, audit_slot_step, look, looked, end_it,
					     ended, answer, NULL};
const request_step ep_self_devices_steps[] = {devices_first, devices_more, devices_registered,
					      devices_merge, devices_show, NULL};
