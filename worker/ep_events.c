/* SPDX-License-Identifier: MIT
 * ep_events - GET /events: a tenant's audit records as they come, as server-sent events.
 * Owns:      the open streams of this worker, and when each ends
 * Runs in:   worker
 * Fails by:  400 header-invalid; 429 tenant-busy; 503 before the first byte; later it goes on when
 *            the store is back
 * Never:     outlive the policy by which its caller was let in; read on before the client has taken
 *            what it has got
 */
#include "base.h"
#include "ep.h"

#include <inttypes.h>
#include <sys/socket.h>

#include "clock.h"
#include "err.h"
#include "http_field.h"
#include "ratelimit.h"
#include "record_json.h"
#include "query.h"
#include "respond.h"
#include "store_events.h"

#define STREAMS_MAX 16 /* of one tenant in one worker */
#define LOOKS 200      /* of one read */
#define POLL_NS (500 * SD_NS_PER_MS)
#define HEARTBEAT_NS (15 * SD_NS_PER_S)
#define LONGEST_NS (300 * SD_NS_PER_S) /* then the client comes again, with his credential */

struct events {
	struct request *r;
	struct events *next; /* of the worker's */
	struct store_events page;
	struct sd_timer timer;
	char at[STORE_EVENT_ID_MAX + 1]; /* the last that was looked at; "" = nothing is known yet */
	bool begun, over, broken, more;
	int64_t opened_ns, begun_ns, sent_ns;
};

static enum step parse(struct request *r)
{
	struct events *x = sd_arena_alloc(&r->arena, sizeof(*x));
	struct sd_slice last;
	uint64_t ms, seq;
	if (!x)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	*x = (struct events){.r = r, .opened_ns = sd_loop_now_ns(r->w->loop)};
	r->state = x;
	if (query_read(r, NULL, 0, NULL, NULL) == STEP_DONE)
		return STEP_DONE;
	enum http_found found = http_field_get(r->msg, "last-event-id", &last);
	if (found == HTTP_FOUND_NONE || (found == HTTP_FOUND_ONE && last.n == 0))
		return STEP_NEXT;
	if (found != HTTP_FOUND_ONE || !store_event_id(last, &ms, &seq))
		return respond_problem(r, PROBLEM_HEADER_INVALID, "Last-Event-ID is none of this stream", NULL);
	(void)snprintf(x->at, sizeof(x->at), "%" PRIu64 "-%" PRIu64, ms, seq);
	return STEP_NEXT;
}

static enum step admit(struct request *r)
{
	struct events *x = r->state;
	uint32_t count = 0;
	for (struct events *e = r->w->event_streams; e; e = e->next)
		count += e->r->tenant->slot == r->tenant->slot;
	if (count >= STREAMS_MAX)
		return respond_problem(r, PROBLEM_TENANT_BUSY, "too many streams are open", NULL);
	x->next = r->w->event_streams;
	r->w->event_streams = x;
	return STEP_NEXT;
}

/* Without a last id: from now on, so the newest entry is looked at and not shown. */
static void ask(struct events *x)
{
	struct request *r = x->r;
	char from[STORE_EVENT_ID_MAX + 2];
	bool known = x->at[0] != '\0';
	struct store_events_in in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				     .newer = known,
				     .first = known ? SD_SLICE("") : SD_SLICE("+"),
				     .last = known ? SD_SLICE("+") : SD_SLICE("-"),
				     .looks = known ? LOOKS : 1,
				     .limit = known ? LOOKS : 1,
				     .to_ms = INT64_C(1) << 51,
				     .retain_s = r->tenant->retain_events_s};
	(void)snprintf(from, sizeof(from), "(%s", x->at);
	if (known)
		in.first = sd_slice_str(from);
	store_events_read(r->w->store, &in, &x->page);
}

/* The client has shut his side, or is gone: he reads no more events. */
static bool is_gone(const struct conn *c)
{
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static bool is_over(const struct events *x)
{
	const struct worker *w = x->r->w;
	return x->over || x->broken || w->draining || w->generation != x->r->gen ||
	       sd_loop_now_ns(w->loop) - x->opened_ns >= LONGEST_NS;
}

static void go_on(struct events *x);

static void on_timer(struct sd_timer *t)
{
	struct events *x = SD_CONTAINER_OF(t, struct events, timer);
	x->broken = x->broken || (x->begun && is_gone(x->r->conn));
	if (is_over(x))
		request_resume(x->r);
	else
		ask(x);
}

static void go_on(struct events *x)
{
	struct sd_loop *loop = x->r->w->loop;
	bool now = is_over(x) || x->more;
	if (sd_timer_at(loop, &x->timer, sd_loop_now_ns(loop) + (now ? 0 : POLL_NS), on_timer) == SD_OK)
		return;
	x->broken = true;
	request_resume(x->r);
}

/* The client has taken everything, or is gone. */
static void on_room(struct conn *c)
{
	struct events *x = c->exchange->request.state;
	x->broken = x->broken || c->broken;
	go_on(x);
}

static void push(struct events *x)
{
	struct request *r = x->r;
	x->sent_ns = sd_loop_now_ns(r->w->loop);
	respond_stream_part(r);
	if (conn_push(r->conn, on_room))
		on_room(r->conn);
}

static void show(struct events *x)
{
	struct sd_buf *b = &x->r->body;
	for (uint32_t i = 0; i < x->page.count; i++) {
		struct sd_slice id, record;
		store_events_row(&x->page, i, &id, &record);
		if (!record_json_is(record))
			continue;
		sd_buf_str(b, "id: ");
		sd_buf_put(b, id);
		sd_buf_str(b, "\nevent: ");
		sd_buf_put(b, record_json_event(record));
		sd_buf_str(b, "\ndata: ");
		sd_buf_put(b, record);
		sd_buf_str(b, "\n\n");
	}
}

/* The head; from here on the stream counts among streams, not among requests under way. */
static void open_stream(struct events *x)
{
	struct request *r = x->r;
	r->conn->close_after = true;
	respond_stream_begin(r, 200, "text/event-stream");
	if (r->entered)
		ratelimit_leave(r->w->rates, r->tenant->slot);
	r->entered = false;
	x->begun = true;
	x->begun_ns = sd_clock_boot_ns();
	sd_buf_str(&r->body, "retry: 2000\n\n");
	x->over = r->msg->method == HTTP_HEAD;
}

static void take(struct events *x)
{
	bool known = x->at[0] != '\0';
	if (x->page.at.n > 0)
		(void)snprintf(x->at, sizeof(x->at), SD_SLICE_FMT, SD_SLICE_ARG(x->page.at));
	else if (!known)
		(void)snprintf(x->at, sizeof(x->at), "0-0");
	x->more = known && x->page.more;
	if (!x->begun)
		open_stream(x);
	if (known)
		show(x);
}

static void on_page(struct store_call *call)
{
	struct events *x = SD_CONTAINER_OF(call, struct events, page.call);
	struct request *r = x->r;
	bool ok = call->status == STORE_OK;
	x->more = false;
	if (ok)
		take(x);
	store_call_release(call);
	if (!ok && !x->begun) {
		x->over = true;
		go_on(x);
		return;
	}
	if (r->body.len == 0 && sd_loop_now_ns(r->w->loop) - x->sent_ns >= HEARTBEAT_NS)
		sd_buf_str(&r->body, ":\n\n");
	if (r->body.len > 0)
		push(x);
	else
		go_on(x);
}

static enum step begin(struct request *r)
{
	struct events *x = r->state;
	x->page.call.done = on_page;
	ask(x);
	return STEP_PARKED;
}

static void unlink_stream(struct events *x)
{
	struct events **at = &x->r->w->event_streams;
	while (*at && *at != x)
		at = &(*at)->next;
	if (*at)
		*at = x->next;
}

static enum step finish(struct request *r)
{
	struct events *x = r->state;
	unlink_stream(x);
	sd_timer_off(r->w->loop, &x->timer);
	if (!x->begun)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	r->now_ns += sd_clock_boot_ns() - x->begun_ns; /* what is measured is the time to its beginning */
	return respond_stream_end(r, !x->broken);
}

const request_step ep_events_steps[] = {parse, admit, begin, finish, NULL};
