/* SPDX-License-Identifier: MIT
 * event_copy - the copy of a tenant's audit record in the store.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  a copy that is not there: the auditor's file is the trail
 * Never:     hold up a change, or answer otherwise because of it
 */
#include "base.h"
#include "event_copy.h"

#include "record_json.h"
#include "store_events.h"

static void put(struct request *r, const struct audit_record *record, struct sd_slice line)
{
	struct store_event in = {
	    .tenant = record->tenant,
	    .ts_ms = record->ts_ms,
	    .retain_s = r->tenant->retain_events_s,
	    .event = sd_slice_str(audit_event_name(record->event)),
	    .user = record->user_id,
	    .session = record->session_id,
	    .record = sd_slice(line.p, line.n - 1), /* without its newline */
	};
	store_event_put(r->w->store, &in);
}

void event_copy_put(struct request *r, const struct audit_record *record)
{
	char src[24];
	struct record_json_in in = {.record = record, .node = r->w->boot.node, .src = src};
	struct sd_buf line;
	if (!r->w->store || !r->tenant || record->tenant.n == 0)
		return;
	(void)snprintf(src, sizeof(src), "worker-%u", r->w->boot.index);
	sd_buf_init(&line, RECORD_JSON_MAX);
	record_json(&line, &in);
	if (!line.failed)
		put(r, record, sd_buf_slice(&line));
	sd_buf_fini(&line);
}
