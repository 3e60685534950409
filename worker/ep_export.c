/* SPDX-License-Identifier: MIT
 * ep_export - GET /sessions/export: all sessions of a tenant, one JSON object a line.
 * Owns:      the walk; what is asked again after an outage
 * Runs in:   worker
 * Fails by:  503 before the first line; later by closing without the last chunk, so that the
 *            client knows that lines are missing
 * Never:     read on before the client has taken what it has got
 */
#include "base.h"
#include "ep.h"

#include "audit_event.h"
#include "clock.h"
#include "err.h"
#include "list_query.h"
#include "respond.h"
#include "session_json.h"
#include "store_scan.h"

#define TRIES 25      /* in a row; before the first line: */
#define TRIES_FIRST 3
#define PAUSE_NS (200 * SD_NS_PER_MS)

struct export {
	struct request *r;
	struct list_query q;
	struct store_scan *scan;
	struct store_scan_place last; /* the walk goes on behind it */
	bool has_last, begun, end, failed;
	unsigned tries;               /* in a row, without an answer */
	struct sd_timer timer;
};

static enum step parse(struct request *r)
{
	struct export *x = sd_arena_alloc(&r->arena, sizeof(*x));
	if (!x)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	r->state = x;
	x->r = r;
	return list_query_read(r, false, &x->q);
}

static void walk(struct export *x);

static void give_up(struct export *x)
{
	x->failed = true;
	request_resume(x->r);
}

static void on_timer(struct sd_timer *t)
{
	walk(SD_CONTAINER_OF(t, struct export, timer));
}

/* The store did not answer: once the answer has begun there is no other one to give. */
static void again(struct export *x)
{
	struct sd_loop *loop = x->r->w->loop;
	store_scan_free(&x->scan);
	if (++x->tries > (x->begun ? TRIES : TRIES_FIRST) ||
	    sd_timer_at(loop, &x->timer, sd_loop_now_ns(loop) + PAUSE_NS, on_timer) != SD_OK)
		give_up(x);
}

/* The client has taken everything, or is gone. */
static void on_room(struct conn *c)
{
	struct export *x = c->exchange->request.state;
	if (c->broken)
		give_up(x);
	else if (x->end)
		request_resume(x->r);
	else
		walk(x);
}

static void push(struct export *x)
{
	struct request *r = x->r;
	if (!x->begun)
		respond_stream_begin(r, 200, "application/x-ndjson");
	x->begun = true;
	respond_stream_part(r);
	if (conn_push(r->conn, on_room))
		on_room(r->conn);
}

static void on_step(void *arg)
{
	struct export *x = arg;
	struct request *r = x->r;
	struct store_scan_step s;
	store_scan_take(x->scan, &s);
	if (s.status != STORE_OK) {
		again(x);
		return;
	}
	x->tries = 0;
	for (uint32_t i = 0; i < s.count; i++) {
		if (!list_query_fits(r, &x->q, &s.row[i]))
			continue;
		session_json(r, &r->body, &s.row[i]);
		sd_buf_char(&r->body, '\n');
	}
	if (s.places > 0) {
		x->last = store_scan_place(x->scan, s.places - 1);
		x->has_last = true;
	}
	x->end = s.end || r->msg->method == HTTP_HEAD;
	push(x);
}

static void walk(struct export *x)
{
	struct request *r = x->r;
	struct store_scan_in in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				   .has_from = x->has_last,
				   .from = x->last,
				   .expect = 512,
				   .arg = x,
				   .done = on_step};
	if (!x->scan && store_scan_new(r->w->store, &in, &x->scan) != SD_OK) {
		give_up(x);
		return;
	}
	store_scan_next(x->scan, STORE_SCAN_ROWS);
}

/* What leaves is recorded before it does. */
static enum step begin(struct request *r)
{
	struct audit_note note = {.event = AUDIT_DATA_EXPORTED, .outcome = AUDIT_OK,
				  .key = "what", .value = SD_SLICE("sessions")};
	if (!audit_event_send(r, &note))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	walk(r->state);
	return STEP_PARKED;
}

static enum step finish(struct request *r)
{
	struct export *x = r->state;
	store_scan_free(&x->scan);
	sd_timer_off(r->w->loop, &x->timer);
	if (!x->begun)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return respond_stream_end(r, !x->failed);
}

const request_step ep_export_steps[] = {parse, audit_slot_step, begin, finish, NULL};
