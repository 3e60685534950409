/* SPDX-License-Identifier: MIT
 * ep_self_export - GET /api/v1/auth/export and GET /users/{user_id}/export: all that is kept about a user,
 * page by page.
 * Owns:      the form of an export
 * Runs in:   worker
 * Fails by:  400 cursor-invalid; 404 user-unknown; 503
 * Never:     hold more of a user in memory than a page; leave out in silence what a page had no room for
 */
#include "base.h"
#include "ep.h"

#include "audit_event.h"
#include "body.h"
#include "device_edit.h"
#include "err.h"
#include "query.h"
#include "respond.h"
#include "sealed.h"
#include "session_json.h"
#include "session_rules.h"
#include "store_data.h"
#include "store_privacy.h"

#define PAGE_BYTES (160u << 10) /* a page ends when it is longer; opened data stands in the arena too */

struct export {
	struct store_list list;
	uint32_t count, at;       /* sessions of the page; the next to be read */
	struct cursor place[100]; /* theirs, newest first */
	bool more;                /* the index goes on after them */
	uint32_t shown;
	int64_t restricted_ms;    /* 0 = not */
	bool first;               /* page */
	struct sd_slice *device;  /* ids */
	uint32_t devices, device_at, devices_shown;
	struct cursor last;       /* passed: a next page begins behind it */
};

static struct sd_slice tenant_of(const struct request *r)
{
	return policy_view_str(&r->gen->view, r->tenant->name);
}

static struct sd_slice scope(struct request *r)
{
	return cursor_scope(r, "export", r->params.user);
}

static enum step parse(struct request *r)
{
	struct export *e = sd_arena_alloc(&r->arena, sizeof(*e));
	struct query_page page;
	r->state = e;
	if (!e)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (query_page_read(r, scope(r), false, &page) == STEP_DONE)
		return STEP_DONE;
	e->list = (struct store_list){.tenant = tenant_of(r),
				      .user = r->params.user,
				      .from_ms = page.has_cursor ? page.cursor.ms : INT64_MAX,
				      .from_sid = page.cursor.sid,
				      .limit = SD_ARRAY_LEN(e->place)};
	e->first = !page.has_cursor;
	return STEP_NEXT;
}

static enum step ask_restriction(struct request *r)
{
	struct store_restrict in = {.tenant = tenant_of(r), .user = r->params.user,
				    .how = STORE_RESTRICTION_ASK};
	store_restrict(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static enum step ask_shared(struct request *r)
{
	struct export *e = r->state;
	if (r->call.status != STORE_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	e->restricted_ms = r->call.privacy.restricted_ms;
	store_shared_read(r->w->store, tenant_of(r), r->params.user, request_store_call(r));
	return STEP_PARKED;
}

/* The head, with what the user's sessions share. Data that cannot be opened here is not shown. */
static enum step put_shared(struct request *r)
{
	struct sealed_of of = {r->params.user, NULL, r->call.kept.key};
	struct sd_buf *b = &r->body;
	struct sd_slice data;
	struct export *e = r->state;
	if (r->call.status != STORE_OK && r->call.status != STORE_ABSENT)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (r->call.status == STORE_ABSENT && !e->restricted_ms && !r->caller.user)
		return respond_problem(r, PROBLEM_USER_UNKNOWN, NULL, NULL);
	sd_buf_str(b, "{\"user_id\":");
	sd_buf_json_str(b, r->params.user);
	sd_buf_str(b, ",\"tenant_id\":");
	sd_buf_json_str(b, tenant_of(r));
	sd_buf_str(b, ",\"exported_at\":");
	sd_buf_i64(b, request_now_s(r));
	if (e->restricted_ms) {
		sd_buf_str(b, ",\"restricted_at\":");
		sd_buf_i64(b, e->restricted_ms / 1000);
	}
	if (r->call.status == STORE_OK && r->call.kept.data.n &&
	    sealed_open(r, &of, r->call.kept.data, &data) == SEALED_OK) {
		sd_buf_str(b, ",\"data\":");
		sd_buf_put(b, data);
	}
	return STEP_NEXT;
}

/* --- his devices: on the first page ----------------------------------------------------------- */

static enum step ask_devices(struct request *r)
{
	const struct export *e = r->state;
	struct store_device_ask in = {.tenant = tenant_of(r), .user = r->params.user};
	if (!e->first)
		return STEP_NEXT;
	store_device_read(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static enum step devices_listed(struct request *r)
{
	struct export *e = r->state;
	struct store_device d;
	if (!e->first)
		return STEP_NEXT;
	if (r->call.status != STORE_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	e->device = sd_arena_alloc(&r->arena, sizeof(*e->device) * (r->call.row_count + 1));
	if (!e->device)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	for (e->devices = 0; e->devices < r->call.row_count; e->devices++) {
		store_device_at(&r->call, e->devices, &d);
		e->device[e->devices] = sd_arena_copy(&r->arena, d.id);
		if (!e->device[e->devices].p)
			return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	}
	sd_buf_str(&r->body, ",\"devices\":[");
	return STEP_NEXT;
}

static enum step ask_device(struct request *r)
{
	const struct export *e = r->state;
	if (e->device_at == e->devices)
		return STEP_NEXT;
	struct store_device_ask in = {.tenant = tenant_of(r), .user = r->params.user,
				      .id = e->device[e->device_at]};
	store_device_read(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static enum step put_device(struct request *r)
{
	struct export *e = r->state;
	struct sid bound;
	struct sealed_of of = {r->params.user, &bound, r->call.kept.key};
	struct store_device d;
	struct sd_slice data;
	if (e->device_at == e->devices) {
		sd_buf_str(&r->body, e->first ? "],\"sessions\":[" : ",\"sessions\":[");
		return STEP_NEXT;
	}
	if (r->call.status != STORE_OK && r->call.status != STORE_ABSENT)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (r->call.status == STORE_OK && r->call.row_count == 1) { /* else it went meanwhile */
		if (device_edit_seal_id(e->device[e->device_at], &bound) != SD_OK ||
		    sealed_open(r, &of, r->call.kept.data, &data) != SEALED_OK)
			data = sd_slice("", 0);
		store_device_at(&r->call, 0, &d);
		sd_buf_str(&r->body, e->devices_shown++ ? "," : "");
		device_json(r, r->params.user, &d, data);
	}
	e->device_at++;
	r->step -= 2; /* the next one */
	return STEP_NEXT;
}

/* --- his sessions ----------------------------------------------------------------------------- */

static enum step ask_list(struct request *r)
{
	struct export *e = r->state;
	store_list_user(r->w->store, &e->list, request_store_call(r));
	return STEP_PARKED;
}

static enum step listed(struct request *r)
{
	struct export *e = r->state;
	if (r->call.status != STORE_OK && r->call.status != STORE_ABSENT)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	for (uint32_t i = 0; r->call.status == STORE_OK && i < r->call.row_count; i++)
		e->place[e->count++] =
		    (struct cursor){r->call.rows[i].created_ms, r->call.rows[i].sid};
	e->more = r->call.status == STORE_OK && r->call.next_score_ms >= 0;
	e->last = (struct cursor){r->call.next_score_ms, r->call.next_sid};
	return STEP_NEXT;
}

static enum step ask_session(struct request *r)
{
	struct export *e = r->state;
	if (e->at == e->count)
		return STEP_NEXT;
	if (e->at > 0 && r->body.len > PAGE_BYTES) {
		e->more = true;
		e->last = e->place[e->at - 1];
		e->at = e->count;
		return STEP_NEXT;
	}
	store_data_read(r->w->store, tenant_of(r), &e->place[e->at].sid, request_store_call(r));
	return STEP_PARKED;
}

static enum step put_session(struct request *r)
{
	struct export *e = r->state;
	const struct session *s = &r->call.session;
	struct sealed_of of = {s->user, &s->sid, r->call.kept.key};
	struct sd_slice data;
	bool known = r->call.status == STORE_OK || r->call.status == STORE_ENDED;
	if (e->at == e->count)
		return STEP_NEXT;
	if (!known && r->call.status != STORE_ABSENT)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	e->at++;
	if (known && sd_slice_eq(s->user, r->params.user) &&
	    !session_is_forgotten(request_policy(r), s, r->now_ms)) {
		if (sealed_open(r, &of, s->data, &data) != SEALED_OK)
			data = sd_slice("", 0);
		sd_buf_str(&r->body, e->shown++ ? "," : "");
		session_json_data(r, &r->body, s, data);
	}
	r->step -= 2; /* the next one */
	return STEP_NEXT;
}

static enum step finish(struct request *r)
{
	struct export *e = r->state;
	struct audit_note note = {.event = AUDIT_DATA_EXPORTED, .outcome = AUDIT_OK, .user = r->params.user};
	if (!audit_event_send(r, &note))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	cursor_end(r, scope(r), e->more ? &e->last : NULL);
	return respond_json(r, 200);
}

#define STEPS                                                                                      \
	parse, audit_slot_step, ask_restriction, ask_shared, put_shared, ask_devices,              \
	    devices_listed, ask_device, put_device, ask_list, listed, ask_session, put_session,    \
	    finish, NULL
const request_step ep_self_export_steps[] = {STEPS};
const request_step ep_user_export_steps[] = {body_path_user, STEPS};
