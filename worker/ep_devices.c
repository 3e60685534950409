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

static enum step parse_user(struct request *r)
{
	return body_user_ok(r->params.user) ? STEP_NEXT
					    : respond_problem(r, PROBLEM_USER_UNKNOWN, NULL, NULL);
}

/* --- list ------------------------------------------------------------------------------------- */

static enum step list_it(struct request *r)
{
	struct store_device_ask in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				      .user = r->params.user};
	if (r->msg->query.n)
		return respond_problem(r, PROBLEM_FIELD_INVALID, "the route takes no query", "?");
	store_device_read(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static enum step show(struct request *r)
{
	struct store_device d;
	if (r->call.status != STORE_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	sd_buf_str(&r->body, "{\"items\":[");
	for (uint32_t i = 0; i < r->call.row_count; i++) {
		store_device_at(&r->call, i, &d);
		sd_buf_str(&r->body, i ? "," : "");
		device_json(r, r->params.user, &d, sd_slice("", 0));
	}
	sd_buf_str(&r->body, "],\"next_cursor\":null}");
	return respond_json(r, 200);
}

/* --- register --------------------------------------------------------------------------------- */

/* The caller's, or one of our own making. */
static enum step read_id(struct request *r, const struct body_value *val, struct sd_slice *out)
{
	const struct body_value *v = val[F_ID].given ? &val[F_ID] : &val[F_DEVICE_ID];
	struct sid made;
	if (val[F_ID].given && val[F_DEVICE_ID].given)
		return respond_problem(r, PROBLEM_EXACTLY_ONE, "id, device_id", NULL);
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
	if (parse_user(r) == STEP_DONE || body_read(r, fields, F_COUNT, val) == STEP_DONE ||
	    read_id(r, val, &id) == STEP_DONE)
		return STEP_DONE;
	e->in.may_make = true;
	return device_edit_read(r, e, id, val);
}

const request_step ep_devices_list_steps[] = {parse_user, list_it, show, NULL};
const request_step ep_devices_post_steps[] = {parse_post, audit_slot_step, device_edit_key,
					      device_edit_write, device_edit_written, NULL};
