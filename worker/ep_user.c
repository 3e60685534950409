/* SPDX-License-Identifier: MIT
 * ep_user - all sessions of one user: GET and DELETE /sessions/user/{user_id}, and what he sees of
 * them himself (/api/v1/auth/sessions).
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  404 for a malformed user id; 400 cursor-invalid; 503
 * Never:     scan more than one user's index
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "cursor.h"
#include "ending.h"
#include "err.h"
#include "respond.h"
#include "session_json.h"
#include "session_rules.h"
#include "shm_board.h"

static enum step parse_user(struct request *r)
{
	return body_user_ok(r->params.user) ? STEP_NEXT
					    : respond_problem(r, PROBLEM_USER_UNKNOWN, NULL, NULL);
}

/* Of the lists of this route alone, and of this user. */
static struct sd_slice scope(struct request *r)
{
	struct sd_slice user = r->params.user;
	struct sd_slice tenant = policy_view_str(&r->gen->view, r->tenant->name);
	char *at = sd_arena_alloc(&r->arena, CURSOR_SCOPE_MAX);
	int n = at ? snprintf(at, CURSOR_SCOPE_MAX, "user " SD_SLICE_FMT " " SD_SLICE_FMT,
			      SD_SLICE_ARG(tenant), SD_SLICE_ARG(user))
		   : 0;
	return sd_slice(at ? at : "", (size_t)SD_MAX(n, 0));
}

static bool place_read(struct request *r, struct sd_slice text, struct store_list *list)
{
	struct cursor at;
	if (!cursor_read(r, scope(r), text, &at))
		return false;
	list->from_ms = at.ms;
	list->from_sid = at.sid;
	return true;
}

/* limit and cursor; anything else is refused, so that a misspelt filter is never ignored. */
static enum step read_query(struct request *r, struct store_list *list)
{
	struct sd_slice name, value;
	size_t pos = 0;
	bool given;
	uint64_t limit;
	while (http_query_next(r->msg->query, &pos, &name))
		if (!sd_slice_is(name, "limit") && !sd_slice_is(name, "cursor"))
			return respond_problem(r, PROBLEM_FIELD_INVALID,
					       "the list takes limit and cursor", "?");
	if (http_query_get(r->msg->query, "limit", &r->arena, &value, &given) != SD_OK ||
	    (given &&
	     (sd_slice_u64(value, &limit) != SD_OK || limit < 1 || limit > STORE_MAX_ROWS)))
		return respond_problem(r, PROBLEM_FIELD_INVALID, "limit must be 1 to 500",
				       "?limit");
	list->limit = given ? (uint32_t)limit : 50;
	if (http_query_get(r->msg->query, "cursor", &r->arena, &value, &given) != SD_OK ||
	    (given && !place_read(r, value, list)))
		return respond_problem(r, PROBLEM_CURSOR_INVALID, NULL, NULL);
	return STEP_NEXT;
}

static enum step list_it(struct request *r)
{
	struct store_list list = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				  .user = r->params.user, .from_ms = INT64_MAX};
	if (read_query(r, &list) == STEP_DONE)
		return STEP_DONE;
	store_list_user(r->w->store, &list, request_store_call(r));
	return STEP_PARKED;
}

static bool is_active(const struct request *r, const struct session *s)
{
	struct session_clocks clocks;
	return session_fate(r->tenant, s, s->seen_ms, r->now_ms, &clocks) == FATE_ACTIVE;
}

static enum step put_page(struct request *r, bool active_only)
{
	uint32_t rows = r->call.status == STORE_OK ? r->call.row_count : 0;
	const char *between = "";
	sd_buf_str(&r->body, "{\"items\":[");
	for (uint32_t i = 0; i < rows; i++) {
		if (session_is_forgotten(r->tenant, &r->call.rows[i], r->now_ms) ||
		    (active_only && !is_active(r, &r->call.rows[i])))
			continue;
		sd_buf_str(&r->body, between);
		session_json(r, &r->body, &r->call.rows[i]);
		between = ",";
	}
	sd_buf_str(&r->body, "],\"next_cursor\":");
	if (rows && r->call.next_score_ms >= 0)
		cursor_write(r, scope(r),
			     &(struct cursor){r->call.next_score_ms, r->call.next_sid}, &r->body);
	else
		sd_buf_str(&r->body, "null");
	sd_buf_char(&r->body, '}');
	return respond_json(r, 200);
}

/* A user sees of his own what he can still end. */
static enum step show(struct request *r)
{
	if (r->call.status != STORE_OK && r->call.status != STORE_ABSENT)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return put_page(r, r->caller.user);
}

static enum step end_all(struct request *r)
{
	struct store_end_user in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				    .user = r->params.user,
				    .reason = END_USER,
				    .device_id = sd_slice("", 0),
				    .retain_s = r->tenant->retain_sessions_s};
	store_end_user(r->w->store, &in, request_store_call(r));
	return STEP_PARKED;
}

static enum step ended(struct request *r)
{
	char count[12];
	(void)snprintf(count, sizeof(count), "%u", r->call.ended);
	struct audit_note note = {.event = AUDIT_SESSION_ENDED,
				  .outcome = AUDIT_OK,
				  .user = r->params.user,
				  .reason = sd_slice_str(end_reason_text(END_USER)),
				  .key = "count",
				  .value = sd_slice_str(count)};
	if (r->call.ended)
		board_count(r->w->stats, METRIC_ENDED, r->tenant->slot, END_USER, 0, r->call.ended);
	if (r->call.ended && !audit_event_send(r, &note))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	if (ending_failed(&r->call)) /* also: done, but no replica has it */
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return applied_wait(r);
}

static enum step answer(struct request *r)
{
	sd_buf_printf(&r->body, "{\"revoked\":%u}", r->call.ended);
	return respond_json(r, 200);
}

const request_step ep_user_list_steps[] = {parse_user, list_it, show, NULL};
const request_step ep_self_list_steps[] = {list_it, show, NULL};
const request_step ep_user_end_steps[] = {parse_user, audit_slot_step, end_all,
					  ended, answer, NULL};
