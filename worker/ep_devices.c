/* SPDX-License-Identifier: MIT
 * ep_devices - GET and POST /users/{user_id}/devices: what a user works on.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  400 at the field; 404 for a malformed user id; 409, 413; 503
 * Never:     trust a device more than its registration says
 */
#include "base.h"
#include "ep.h"

#include "audit_event.h"
#include "device_edit.h"
#include "err.h"
#include "query.h"
#include "respond.h"

enum { F_ID = DEVICE_FIELDS, F_DEVICE_ID, F_COUNT };
static const struct body_field fields[F_COUNT] = {
    [DEVICE_NAME] = {"name", BODY_STRING, false, 128},
    [DEVICE_TYPE] = {"type", BODY_STRING, false, 64},
    [DEVICE_TRUST] = {"trust", BODY_STRING, false, 64},
    [DEVICE_DATA] = {"data", BODY_OBJECT, false, UINT32_MAX},
    [F_ID] = {"id", BODY_STRING, false, 64},
    [F_DEVICE_ID] = {"device_id", BODY_STRING, false, 64},
};

/* --- list ------------------------------------------------------------------------------------- */

/* In the order in which they became known; which of two of one moment is first the ids say. */
struct listed {
	struct store_device d;
	struct cursor at;
};

static int compare(const struct cursor *a, const struct cursor *b)
{
	if (a->ms != b->ms)
		return a->ms < b->ms ? -1 : 1;
	return memcmp(a->sid.b, b->sid.b, sizeof(a->sid.b));
}

/* Few enough to be put in by hand: qsort() asks the system how much memory there is. */
static void put_in(struct listed *all, uint32_t n, const struct listed *one)
{
	while (n > 0 && compare(&one->at, &all[n - 1].at) < 0) {
		all[n] = all[n - 1];
		n--;
	}
	all[n] = *one;
}

/* For the devices of this user alone. */
static struct sd_slice scope(struct request *r)
{
	return cursor_scope(r, "devices", r->params.user);
}

static enum step list_it(struct request *r)
{
	struct store_device_ask in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				      .user = r->params.user};
	r->state = sd_arena_alloc(&r->arena, sizeof(struct query_page));
	if (!r->state)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (query_page_read(r, scope(r), true, r->state) == STEP_DONE)
		return STEP_DONE;
	store_device_read(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

/* All of them, in order; NULL when that cannot be. */
static struct listed *sorted(struct request *r)
{
	uint32_t n = r->call.row_count;
	struct listed *all = sd_arena_alloc(&r->arena, (n + 1) * sizeof(*all));
	for (uint32_t i = 0; all && i < n; i++) {
		struct listed one;
		store_device_at(&r->call, i, &one.d);
		one.at.ms = one.d.made_ms;
		if (device_edit_seal_id(one.d.id, &one.at.sid) != SD_OK)
			return NULL;
		put_in(all, i, &one);
	}
	return all;
}

static enum step show(struct request *r)
{
	const struct query_page *page = r->state;
	uint32_t from = 0, n = r->call.row_count;
	if (r->call.status != STORE_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	const struct listed *all = sorted(r);
	if (!all)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	while (page->has_cursor && from < n && compare(&all[from].at, &page->cursor) <= 0)
		from++;
	uint32_t end = SD_MIN(n, from + page->limit);
	sd_buf_str(&r->body, "{\"items\":[");
	for (uint32_t i = from; i < end; i++) {
		sd_buf_str(&r->body, i > from ? "," : "");
		device_json(r, r->params.user, &all[i].d, sd_slice("", 0));
	}
	cursor_end(r, scope(r), end < n ? &all[end - 1].at : NULL);
	return respond_json(r, 200);
}

/* --- register --------------------------------------------------------------------------------- */

/* The caller's, or one of our own making. */
static enum step read_id(struct request *r, const struct body_value *val, struct sd_slice *out)
{
	const struct body_value *v = val[F_ID].given ? &val[F_ID] : &val[F_DEVICE_ID];
	struct sid made;
	if (val[F_ID].given && val[F_DEVICE_ID].given)
		return body_exactly_one(r, "id, device_id");
	*out = v->str;
	if (v->given)
		return body_name_ok(v->str) ? STEP_NEXT
					    : body_invalid(r, val[F_ID].given ? "id" : "device_id",
							   "is malformed");
	char *text = sd_arena_alloc(&r->arena, HANDLE_SID_LEN + 1);
	if (!text || sid_new(0, &made) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	sid_text(&made, text);
	*out = sd_slice_str(text);
	return STEP_NEXT;
}

static enum step parse_post(struct request *r)
{
	struct device_edit *e = sd_arena_alloc(&r->arena, sizeof(*e));
	struct body_value val[F_COUNT];
	struct sd_slice id = {0};
	r->state = e;
	if (!e)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (body_path_user(r) == STEP_DONE || body_read(r, fields, F_COUNT, val) == STEP_DONE ||
	    read_id(r, val, &id) == STEP_DONE)
		return STEP_DONE;
	e->in.may_make = true;
	return device_edit_read(r, e, id, val);
}

const request_step ep_devices_list_steps[] = {body_path_user, list_it, show, NULL};
const request_step ep_devices_post_steps[] = {parse_post, audit_slot_step, device_edit_key,
					      device_edit_write, device_edit_written,
					      device_edit_answer, NULL};
