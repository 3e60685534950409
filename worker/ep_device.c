/* SPDX-License-Identifier: MIT
 * ep_device - GET, PUT and DELETE /users/{user_id}/devices/{device_id}.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  404 device-unknown; 400, 413 at the field; 503 (then nothing is promised)
 * Never:     forget a device and leave its sessions
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "device_edit.h"
#include "ending.h"
#include "err.h"
#include "respond.h"
#include "sealed.h"

static const struct body_field fields[DEVICE_FIELDS] = {
    [DEVICE_NAME] = {"name", BODY_STRING, false, 128},
    [DEVICE_TYPE] = {"type", BODY_STRING, false, 64},
    [DEVICE_TRUST] = {"trust", BODY_STRING, false, 64},
    [DEVICE_DATA] = {"data", BODY_OBJECT, false, UINT32_MAX},
};

static struct store_device_ask of_request(const struct request *r)
{
	return (struct store_device_ask){.tenant = policy_view_str(&r->gen->view, r->tenant->name),
					 .user = r->params.user,
					 .id = r->params.id,
					 .reason = END_DEVICE,
					 .retain_s = r->tenant->retain_sessions_s};
}

static enum step parse(struct request *r)
{
	if (body_path_user(r) == STEP_DONE)
		return STEP_DONE;
	if (!body_name_ok(r->params.id))
		return respond_problem(r, PROBLEM_DEVICE_UNKNOWN, NULL, NULL);
	return STEP_NEXT;
}

/* --- read ------------------------------------------------------------------------------------- */

static enum step read_it(struct request *r)
{
	struct store_device_ask in = of_request(r);
	store_device_read(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static enum step show(struct request *r)
{
	struct sid bound;
	struct sealed_of of = {r->params.user, &bound, r->call.kept.key};
	struct store_device d;
	struct sd_slice data;
	if (r->call.status == STORE_ABSENT)
		return respond_problem(r, PROBLEM_DEVICE_UNKNOWN, NULL, NULL);
	if (r->call.status != STORE_OK || r->call.row_count != 1 ||
	    device_edit_seal_id(r->params.id, &bound) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (sealed_open(r, &of, r->call.kept.data, &data) != SEALED_OK)
		data = sd_slice("", 0); /* not shown */
	store_device_at(&r->call, 0, &d);
	device_json(r, r->params.user, &d, data);
	return respond_json(r, 200);
}

/* --- change ----------------------------------------------------------------------------------- */

static enum step parse_put(struct request *r)
{
	struct device_edit *e = sd_arena_alloc(&r->arena, sizeof(*e));
	struct body_value val[DEVICE_FIELDS];
	r->state = e;
	if (!e)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (parse(r) == STEP_DONE || body_read(r, fields, DEVICE_FIELDS, val) == STEP_DONE)
		return STEP_DONE;
	return device_edit_read(r, e, r->params.id, val);
}

/* --- forget ----------------------------------------------------------------------------------- */

static enum step end_it(struct request *r)
{
	struct store_device_ask in = of_request(r);
	store_device_end(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static bool audit_forgotten(struct request *r)
{
	struct audit_note note = {.event = AUDIT_DEVICE_CHANGED,
				  .outcome = AUDIT_OK,
				  .user = r->params.user,
				  .reason = SD_SLICE("removed"),
				  .key = "device_id",
				  .value = r->params.id};
	return audit_event_send(r, &note);
}

static enum step ended(struct request *r)
{
	bool ok = !r->call.kept.renewed || audit_forgotten(r);
	ok = ending_audit_user(r, r->params.user, END_DEVICE) && ok;
	if (!ok)
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	if (ending_failed(&r->call)) /* also: done, but no replica has it */
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return applied_wait(r);
}

static enum step answer(struct request *r)
{
	return respond_empty(r, 204);
}

const request_step ep_device_get_steps[] = {parse, read_it, show, NULL};
const request_step ep_device_put_steps[] = {parse_put, audit_slot_step, device_edit_key,
					    device_edit_write, device_edit_written,
					    device_edit_answer, NULL};
const request_step ep_device_end_steps[] = {parse, audit_slot_step, end_it, ended, answer, NULL};
