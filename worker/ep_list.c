/* SPDX-License-Identifier: MIT
 * ep_list - GET /sessions: a tenant's sessions, newest first, a page at a time.
 * Owns:      how much one page looks at
 * Runs in:   worker
 * Fails by:  400 at the filter; 400 cursor-invalid; 503
 * Never:     look at more than PAGE_LOOKS records for one answer, or hold more than one step's
 */
#include "base.h"
#include "ep.h"

#include "err.h"
#include "list_query.h"
#include "respond.h"
#include "session_json.h"
#include "store_scan.h"

#define PAGE_LOOKS 2000           /* records of one page */
#define PAGE_BYTES (512u << 10)   /* a page that is longer ends early */
#define SLACK_S 2 /* the index has when the script ran; the record, that a user's sessions differ */

struct list {
	struct request *r;
	struct list_query q;
	struct store_scan *scan;  /* NULL: one user's, by the user's index */
	uint32_t items, looks;
	struct cursor last;       /* of the last item, or of the last that was looked at */
	bool more;                /* than this page has, or has looked at */
	enum problem failed;
};

static enum step parse(struct request *r)
{
	struct list *l = sd_arena_alloc(&r->arena, sizeof(*l));
	if (!l)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	r->state = l;
	l->r = r;
	return list_query_read(r, true, &l->q);
}

/* One record. False: the page is full. */
static bool look(struct list *l, const struct session *s, struct cursor at)
{
	struct request *r = l->r;
	l->looks++;
	if (list_query_fits(r, &l->q, s)) {
		if (l->items == l->q.page.limit || r->body.len > PAGE_BYTES) {
			l->more = true; /* it is what the next page begins with */
			return false;
		}
		sd_buf_str(&r->body, l->items ? "," : "");
		session_json(r, &r->body, s);
		l->items++;
		l->last = at;
	} else if (l->items < l->q.page.limit) {
		l->last = at;
	}
	if (l->looks < PAGE_LOOKS)
		return true;
	l->more = true;
	return false;
}

/* As many as are missing, and one more: is there another page? */
static uint32_t wanted(const struct list *l, uint32_t max)
{
	return list_query_is_plain(&l->q) ? SD_MIN(l->q.page.limit - l->items + 1, max) : max;
}

static int64_t before_ms(const struct list *l)
{
	return l->q.before_s == INT64_MAX ? INT64_MAX : l->q.before_s * 1000;
}

/* --- by the user's index ---------------------------------------------------------------------- */

static void ask_user(struct list *l, int64_t from_ms, const struct sid *from_sid);

static void on_user_page(struct store_call *call)
{
	struct request *r = SD_CONTAINER_OF(call, struct request, call);
	struct list *l = r->state;
	if (call->status != STORE_OK && call->status != STORE_ABSENT) {
		l->failed = PROBLEM_STORE_UNAVAILABLE;
		request_resume(r);
		return;
	}
	bool full = false;
	for (uint32_t i = 0; i < call->row_count && !full; i++) {
		const struct session *s = &call->rows[i];
		full = !look(l, s, (struct cursor){s->created_ms, s->sid});
	}
	int64_t next_ms = call->next_score_ms;
	struct sid next_sid = call->next_sid;
	if (full || next_ms < 0 || next_ms / 1000 < l->q.after_s)
		request_resume(r);
	else
		ask_user(l, next_ms, &next_sid);
}

static void ask_user(struct list *l, int64_t from_ms, const struct sid *from_sid)
{
	struct request *r = l->r;
	struct store_list in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				.user = l->q.user,
				.from_ms = from_ms,
				.from_sid = *from_sid,
				.limit = wanted(l, STORE_SCAN_ROWS)};
	struct store_call *call = request_store_call(r);
	call->done = on_user_page;
	store_list_user(r->w->store, &in, call);
}

/* --- by the tenant's index -------------------------------------------------------------------- */

static void on_step(void *arg)
{
	struct list *l = arg;
	struct store_scan_step s;
	store_scan_take(l->scan, &s);
	if (s.status != STORE_OK) {
		l->failed = PROBLEM_STORE_UNAVAILABLE;
		request_resume(l->r);
		return;
	}
	bool full = false;
	for (uint32_t i = 0; i < s.count && !full; i++) {
		struct store_scan_place at = store_scan_place(l->scan, s.place[i]);
		full = !look(l, &s.row[i], (struct cursor){at.ms, at.sid});
	}
	if (full || s.end)
		request_resume(l->r);
	else
		store_scan_next(l->scan, wanted(l, STORE_SCAN_ROWS));
}

/* Everything of that millisecond lies behind this place's text or is it. */
static struct store_scan_place first_before(int64_t ms)
{
	struct store_scan_place at = {.ms = ms};
	int err = sid_parse(SD_SLICE("---------------------A"), &at.sid);
	(void)err; /* a constant: the least text that an id has */
	return at;
}

static enum step ask_tenant(struct list *l)
{
	struct request *r = l->r;
	struct store_scan_in in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				   .min_ms = SD_MAX(l->q.after_s - SLACK_S, (int64_t)0) * 1000,
				   .expect = list_query_is_plain(&l->q) ? l->q.page.limit : PAGE_LOOKS,
				   .arg = l,
				   .done = on_step};
	in.has_from = l->q.page.has_cursor || before_ms(l) != INT64_MAX;
	in.from = l->q.page.has_cursor ? (struct store_scan_place){l->q.page.cursor.ms, l->q.page.cursor.sid}
				  : first_before(before_ms(l));
	if (store_scan_new(r->w->store, &in, &l->scan) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	store_scan_next(l->scan, wanted(l, STORE_SCAN_ROWS));
	return STEP_PARKED;
}

static enum step ask(struct request *r)
{
	static const struct sid none;
	struct list *l = r->state;
	sd_buf_str(&r->body, "{\"items\":[");
	if (l->q.user.n == 0)
		return ask_tenant(l);
	if (l->q.page.has_cursor)
		ask_user(l, l->q.page.cursor.ms, &l->q.page.cursor.sid);
	else
		ask_user(l, before_ms(l) == INT64_MAX ? INT64_MAX : before_ms(l) - 1, &none);
	return STEP_PARKED;
}

static enum step answer(struct request *r)
{
	struct list *l = r->state;
	store_scan_free(&l->scan);
	if (l->failed != PROBLEM_NONE)
		return respond_problem(r, l->failed, NULL, NULL);
	cursor_end(r, l->q.scope, l->more ? &l->last : NULL);
	return respond_json(r, 200);
}

const request_step ep_list_steps[] = {parse, ask, answer, NULL};
