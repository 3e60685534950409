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
#include "ending.h"
#include "err.h"
#include "query.h"
#include "respond.h"
#include "session_json.h"
#include "session_rules.h"
#include "standing.h"

/* For the lists of this route alone, and of this user. */
static struct sd_slice scope(struct request *r)
{
	return cursor_scope(r, "user", r->params.user);
}

static enum step list_it(struct request *r)
{
	struct query_page page;
	if (query_page_read(r, scope(r), true, &page) == STEP_DONE)
		return STEP_DONE;
	struct store_list list = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				  .user = r->params.user,
				  .from_ms = page.has_cursor ? page.cursor.ms : INT64_MAX,
				  .from_sid = page.cursor.sid,
				  .limit = page.limit};
	store_list_user(r->w->store, &list, request_store_call(r));
	return STEP_PARKED;
}

static bool is_active(const struct request *r, const struct session *s)
{
	struct session_clocks clocks;
	return standing_end(r, s, &clocks) == END_NONE;
}

static enum step put_page(struct request *r, bool active_only)
{
	uint32_t rows = r->call.status == STORE_OK ? r->call.row_count : 0;
	const char *between = "";
	sd_buf_str(&r->body, "{\"items\":[");
	for (uint32_t i = 0; i < rows; i++) {
		if (session_is_forgotten(request_policy(r), &r->call.rows[i], r->now_ms) ||
		    (active_only && !is_active(r, &r->call.rows[i])))
			continue;
		sd_buf_str(&r->body, between);
		session_json(r, &r->body, &r->call.rows[i]);
		between = ",";
	}
	cursor_end(r, scope(r), rows && r->call.next_score_ms >= 0
				? &(struct cursor){r->call.next_score_ms, r->call.next_sid}
				: NULL);
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
	if (!ending_audit_user(r, r->params.user, END_USER))
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

const request_step ep_user_list_steps[] = {body_path_user, list_it, show, NULL};
const request_step ep_self_list_steps[] = {list_it, show, NULL};
const request_step ep_user_end_steps[] = {body_path_user, audit_slot_step, end_all,
					  ended, answer, NULL};
