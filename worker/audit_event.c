/* SPDX-License-Identifier: MIT
 * audit_event - what a request leaves in the audit trail.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  503 audit-unavailable before a change; false after one
 * Never:     write a token, a key, or session data into a record
 */
#include "base.h"
#include "audit_event.h"

#include "err.h"
#include "event_copy.h"
#include "respond.h"

enum step audit_slot_step(struct request *r)
{
	if (!audit_slot_take(&r->w->audit))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	r->slot = true;
	return STEP_NEXT;
}

static struct sd_slice or_empty(struct sd_slice s)
{
	return s.p ? s : sd_slice("", 0);
}

static void add_detail(struct audit_record *record, const char *key, struct sd_slice value)
{
	record->detail[record->detail_count].key = sd_slice_str(key);
	record->detail[record->detail_count++].value = or_empty(value);
}

static struct audit_record record_of(const struct request *r, const struct audit_note *n)
{
	struct audit_record record = {
	    .ts_ms = sd_loop_wall_ms(r->w->loop),
	    .gen = generation_number(r->gen),
	    .event = n->event,
	    .outcome = n->outcome,
	    .actor_type = n->by_system      ? AUDIT_ACTOR_SYSTEM
			  : r->caller.user ? AUDIT_ACTOR_USER
					   : AUDIT_ACTOR_CLIENT,
	    .tenant = r->tenant ? policy_view_str(&r->gen->view, r->tenant->name) : sd_slice("", 0),
	    .actor_id = n->by_system ? SD_SLICE("sessiond") : or_empty(r->caller.id),
	    .user_id = or_empty(n->user),
	    .session_id = or_empty(n->session),
	    .ip = or_empty(n->ip),
	    .reason = or_empty(n->reason),
	    .request_id = r->request_id,
	};
	if (n->key)
		add_detail(&record, n->key, n->value);
	for (size_t i = 0; i < SD_ARRAY_LEN(n->also); i++)
		if (n->also[i])
			add_detail(&record, n->also[i], SD_SLICE("true"));
	if (r->trace.n)
		add_detail(&record, "trace_id", r->trace);
	return record;
}

bool audit_event_send(struct request *r, const struct audit_note *note)
{
	struct audit_record record = record_of(r, note);
	int err = r->slot ? audit_send(&r->w->audit, &record) : audit_send_more(&r->w->audit, &record);
	r->slot = false;
	event_copy_put(r, &record);
	return err == SD_OK;
}

void audit_event_refused(struct request *r, const struct audit_note *note)
{
	struct audit_record record = record_of(r, note);
	char text[24];

	if (r->w->refusals_untold > 0) {
		(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)r->w->refusals_untold);
		add_detail(&record, "suppressed", sd_slice_str(text));
	}
	if (!audit_try(&r->w->audit, &record)) { /* a flood of refusals must not push out records of changes */
		r->w->refusals_untold++;
		return;
	}
	r->w->refusals_untold = 0;
	event_copy_put(r, &record);
}
