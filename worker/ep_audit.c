/* SPDX-License-Identifier: MIT
 * ep_audit - GET /audit: a tenant's audit records out of the store, newest first.
 * Owns:      how much one page looks at
 * Runs in:   worker
 * Fails by:  400 at the filter; 400 cursor-invalid; 503
 * Never:     look at more than PAGE_LOOKS entries for one answer; show what would not be one object
 */
#include "base.h"
#include "ep.h"

#include <inttypes.h>

#include "audit_query.h"
#include "err.h"
#include "record_json.h"
#include "respond.h"
#include "store_events.h"

#define PAGE_LOOKS 2000         /* entries of one page */
#define LOOKS 500               /* of one script */
#define PAGE_BYTES (512u << 10) /* a page that is longer ends early */
#define SLACK_MS 10000          /* from a record's time to its arrival in the store, and clocks */

struct audit {
	struct request *r;
	struct audit_query q;
	struct store_events page;
	uint32_t items, looks;
	char first[STORE_EVENT_ID_MAX + 1], last[STORE_EVENT_ID_MAX + 1];
	struct cursor at; /* looked at last */
	bool more, failed;
};

static enum step parse(struct request *r)
{
	struct audit *a = sd_arena_alloc(&r->arena, sizeof(*a));
	if (!a)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	r->state = a;
	a->r = r;
	return audit_query_read(r, &a->q);
}

static int64_t to_ms(const struct audit *a)
{
	return a->q.to_s == INT64_MAX ? INT64_C(1) << 51 : a->q.to_s * 1000;
}

static void ask(struct audit *a)
{
	struct request *r = a->r;
	struct store_events_in in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				     .first = sd_slice_str(a->first),
				     .last = sd_slice_str(a->last),
				     .looks = LOOKS,
				     .limit = a->q.page.limit - a->items,
				     .from_ms = a->q.from_s * 1000,
				     .to_ms = to_ms(a),
				     .retain_s = r->tenant->retain_events_s,
				     .event = a->q.event,
				     .user = a->q.user,
				     .session = a->q.session};
	store_events_read(r->w->store, &in, &a->page);
}

static void take(struct audit *a)
{
	struct sd_buf *b = &a->r->body;
	for (uint32_t i = 0; i < a->page.count; i++) {
		struct sd_slice id, record;
		store_events_row(&a->page, i, &id, &record);
		if (!record_json_is(record))
			continue;
		sd_buf_str(b, a->items ? "," : "");
		sd_buf_put(b, record);
		a->items++;
	}
	a->looks += LOOKS;
	a->more = a->page.more;
	uint64_t ms, seq;
	if (!store_event_id(a->page.at, &ms, &seq))
		return;
	a->at = audit_cursor_of(ms, seq);
	(void)snprintf(a->first, sizeof(a->first), "(%" PRIu64 "-%" PRIu64, ms, seq);
}

static void on_page(struct store_call *call)
{
	struct audit *a = SD_CONTAINER_OF(call, struct audit, page.call);
	a->failed = call->status != STORE_OK;
	if (!a->failed)
		take(a);
	store_call_release(call);
	if (a->failed || !a->more || a->items >= a->q.page.limit || a->looks >= PAGE_LOOKS ||
	    a->r->body.len > PAGE_BYTES)
		request_resume(a->r);
	else
		ask(a);
}

static enum step begin(struct request *r)
{
	struct audit *a = r->state;
	if (a->q.page.has_cursor)
		(void)snprintf(a->first, sizeof(a->first), "(%" PRId64 "-%" PRIu64, a->q.page.cursor.ms,
			       audit_cursor_seq(&a->q.page.cursor));
	else if (a->q.to_s == INT64_MAX)
		(void)snprintf(a->first, sizeof(a->first), "+");
	else
		(void)snprintf(a->first, sizeof(a->first), "%" PRId64, to_ms(a) + SLACK_MS);
	if (a->q.from_s == 0)
		(void)snprintf(a->last, sizeof(a->last), "-");
	else
		(void)snprintf(a->last, sizeof(a->last), "%" PRId64,
			       SD_MAX(a->q.from_s * 1000 - SLACK_MS, (int64_t)0));
	sd_buf_str(&r->body, "{\"items\":[");
	a->page.call.done = on_page;
	ask(a);
	return STEP_PARKED;
}

static enum step answer(struct request *r)
{
	struct audit *a = r->state;
	if (a->failed)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	cursor_end(r, a->q.scope, a->more ? &a->at : NULL);
	return respond_json(r, 200);
}

const request_step ep_audit_steps[] = {parse, begin, answer, NULL};
