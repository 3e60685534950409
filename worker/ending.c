/* SPDX-License-Identifier: MIT
 * ending - what all ends of sessions have in common.
 * Owns:      detached end calls until they are over
 * Runs in:   worker
 * Fails by:  false
 * Never:     end a session without a record of it
 */
#include "base.h"
#include "ending.h"

#include "audit_event.h"
#include "respond.h"
#include "shm_board.h"

bool ending_failed(const struct store_call *call)
{
	return call->status == STORE_UNAVAILABLE || call->status == STORE_CORRUPT ||
	       call->status == STORE_LATE;
}

bool ending_audit(struct request *r, const struct sid *sid, struct sd_slice user,
		  enum end_reason reason, bool by_system)
{
	char text[HANDLE_SID_LEN + 1];
	sid_text(sid, text);
	struct audit_note note = {.event = AUDIT_SESSION_ENDED,
				  .outcome = AUDIT_OK,
				  .user = user,
				  .session = sd_slice_str(text),
				  .reason = sd_slice_str(end_reason_text(reason)),
				  .by_system = by_system};
	board_count(r->w->stats, METRIC_ENDED, r->tenant->slot, (uint16_t)reason, 0, 1);
	return audit_event_send(r, &note);
}

bool ending_audit_children(struct request *r, struct sd_slice user)
{
	uint32_t listed = SD_MIN(r->call.child_count, (uint32_t)SD_ARRAY_LEN(r->call.children));
	bool ok = true;
	for (uint32_t i = 0; i < listed; i++)
		ok = ending_audit(r, &r->call.children[i], user, END_PARENT, true) && ok;
	return ok;
}

bool ending_audit_user(struct request *r, struct sd_slice user, enum end_reason reason)
{
	const struct store_call *call = &r->call;
	uint32_t listed = SD_MIN(call->evicted_count, (uint32_t)SD_ARRAY_LEN(call->evicted));
	uint32_t told = listed + call->child_count;
	bool ok = true;
	for (uint32_t i = 0; i < listed; i++)
		ok = ending_audit(r, &call->evicted[i], user, reason, false) && ok;
	if (call->ended > told) {
		char count[12];
		(void)snprintf(count, sizeof(count), "%u", call->ended - told);
		struct audit_note note = {.event = AUDIT_SESSION_ENDED,
					  .outcome = AUDIT_OK,
					  .user = user,
					  .reason = sd_slice_str(end_reason_text(reason)),
					  .key = "count",
					  .value = sd_slice_str(count)};
		board_count(r->w->stats, METRIC_ENDED, r->tenant->slot, (uint16_t)reason, 0,
			    call->ended - told);
		ok = audit_event_send(r, &note) && ok;
	}
	return ending_audit_children(r, user) && ok;
}

enum step ending_recorded(struct request *r, const struct sid *sid, struct sd_slice user,
			  enum end_reason reason, bool by_system)
{
	if (r->call.ended && (!ending_audit(r, sid, user, reason, by_system) ||
			      !ending_audit_children(r, user)))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	return STEP_NEXT;
}

struct detached {
	struct store_call call;
};

static void on_done(struct store_call *call)
{
	store_call_release(call);
	free(SD_CONTAINER_OF(call, struct detached, call));
}

void ending_detached(struct request *r, const struct sid *sid, struct sd_slice user,
		     enum end_reason reason)
{
	struct detached *d = calloc(1, sizeof(*d));
	bool recorded = ending_audit(r, sid, user, reason, true);
	(void)recorded; /* the session has no tokens out; its record is best effort */
	if (!d)
		return;
	d->call.done = on_done;
	struct store_end in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
			       .sid = *sid,
			       .reason = reason,
			       .retain_s = r->tenant->retain_sessions_s};
	store_end(r->w->store, &in, &d->call);
}
