/* SPDX-License-Identifier: MIT
 * nodes_wait - "?wait=nodes": waits until every registered live node has applied an entry.
 * Owns:      when the store is asked again, and for how long
 * Runs in:   worker
 * Fails by:  202: what is not known by the deadline is pending
 * Never:     block; call a node applied that has not said so itself
 */
#include "base.h"
#include "nodes_wait.h"

#include "clock.h"
#include "die.h"
#include "err.h"
#include "http_target.h"
#include "query.h"
#include "respond.h"
#include "store_nodes.h"

#define TIMEOUT_DEFAULT_S 5
#define TIMEOUT_MAX_S 10
#define LOOK_FIRST_NS (2 * SD_NS_PER_MS) /* then twice as long each time, up to */
#define LOOK_MAX_NS (40 * SD_NS_PER_MS)
#define ASK_AGAIN_NS (1000 * SD_NS_PER_MS) /* the ask, or its answers, may be lost with a server */

struct nodes_wait {
	struct store_nodes q;
	struct request *r;
	struct sd_timer timer;
	int64_t until_ns, asked_ns, pause_ns;
};

enum { Q_WAIT, Q_TIMEOUT, Q_COUNT };
static const char *const names[Q_COUNT] = {[Q_WAIT] = "wait", [Q_TIMEOUT] = "timeout_in"};

struct asked {
	bool wait;
	uint64_t timeout_s;
};

static const char *read_one(struct request *r, int which, struct sd_slice v, void *into)
{
	struct asked *a = into;
	(void)r;
	if (which == Q_WAIT) {
		a->wait = sd_slice_is(v, "nodes");
		return a->wait ? NULL : "must be nodes";
	}
	return sd_slice_u64(v, &a->timeout_s) == SD_OK && a->timeout_s >= 1 && a->timeout_s <= TIMEOUT_MAX_S
		   ? NULL
		   : "must be 1 to 10";
}

enum step nodes_wait_query(struct request *r, struct nodes_wait **out)
{
	struct asked asked = {.timeout_s = TIMEOUT_DEFAULT_S};
	*out = NULL;
	if (r->msg->query.n == 0)
		return STEP_NEXT;
	if (query_read(r, names, Q_COUNT, read_one, &asked) == STEP_DONE)
		return STEP_DONE;
	if (!asked.wait)
		return query_refuse(r, names[Q_WAIT], "must be nodes");
	struct nodes_wait *nw = sd_arena_alloc(&r->arena, sizeof(*nw));
	if (!nw)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	memset(nw, 0, sizeof(*nw));
	nw->r = r;
	nw->until_ns = r->now_ns + (int64_t)asked.timeout_s * SD_NS_PER_S;
	*out = nw;
	return STEP_NEXT;
}

static void look(struct nodes_wait *nw);

static void on_timer(struct sd_timer *t)
{
	look(SD_CONTAINER_OF(t, struct nodes_wait, timer));
}

/* Again after a pause that grows, but not beyond the deadline. */
static void look_later(struct nodes_wait *nw)
{
	struct sd_loop *loop = nw->r->w->loop;
	int64_t at_ns = SD_MIN(sd_clock_boot_ns() + nw->pause_ns, nw->until_ns);
	nw->pause_ns = SD_MIN(2 * nw->pause_ns, LOOK_MAX_NS);
	int err = sd_timer_at(loop, &nw->timer, at_ns, on_timer);
	sd_bug_if(err != SD_OK); /* the heap has room for as many timers as connections */
}

static void on_done(struct store_nodes *q)
{
	struct nodes_wait *nw = SD_CONTAINER_OF(q, struct nodes_wait, q);
	if (store_nodes_all(q) || sd_clock_boot_ns() >= nw->until_ns)
		request_resume(nw->r);
	else
		look_later(nw);
}

static void look(struct nodes_wait *nw)
{
	int64_t now = sd_clock_boot_ns();
	if (now >= nw->until_ns) {
		request_resume(nw->r);
		return;
	}
	bool ask = nw->asked_ns == 0 || now - nw->asked_ns >= ASK_AGAIN_NS;
	if (store_nodes_look(nw->r->w->store, &nw->q, ask) != SD_OK) {
		look_later(nw); /* no connection: another may come in time */
		return;
	}
	if (ask)
		nw->asked_ns = now;
}

/* What the nodes must have applied: the entry; else all that was committed when the script ran
 * (somebody else's end that this answer acknowledges too); else nothing. */
static void position(struct request *r, struct store_nodes *q)
{
	q->partition = r->call_open ? (uint8_t)r->call.partition : 0;
	if (!r->call_open || r->call.status == STORE_ABSENT)
		(void)snprintf(q->pos, sizeof(q->pos), "0-0");
	else if (r->call.log_id[0])
		(void)snprintf(q->pos, sizeof(q->pos), "%s", r->call.log_id);
	else
		(void)snprintf(q->pos, sizeof(q->pos), "%lld-18446744073709551615",
			       (long long)r->call.now_ms);
}

enum step nodes_wait_begin(struct request *r, struct nodes_wait *nw)
{
	if (!nw)
		return STEP_NEXT;
	node_row_id(r->w->control->seed, nw->q.self);
	nw->q.done = on_done;
	nw->pause_ns = LOOK_FIRST_NS;
	position(r, &nw->q);
	/* From the loop: nobody is resumed inside his own step. */
	int err = sd_timer_at(r->w->loop, &nw->timer, sd_clock_boot_ns(), on_timer);
	sd_bug_if(err != SD_OK);
	return STEP_PARKED;
}

uint16_t nodes_wait_json(const struct nodes_wait *nw, struct sd_buf *out)
{
	const struct store_nodes *q = &nw->q;
	bool all = store_nodes_all(q);
	const char *comma = "";
	sd_buf_str(out, ",\"nodes\":[");
	for (uint32_t i = 0; i < q->count; i++) {
		sd_buf_str(out, i ? ",{\"node\":" : "{\"node\":");
		sd_buf_json_str(out, sd_slice_str(q->node[i].name));
		sd_buf_str(out, q->node[i].applied ? ",\"applied\":true}" : ",\"applied\":false}");
	}
	sd_buf_char(out, ']');
	if (all)
		return 200;
	sd_buf_str(out, ",\"pending\":[");
	for (uint32_t i = 0; i < q->count; i++) {
		if (q->node[i].applied)
			continue;
		sd_buf_str(out, comma);
		sd_buf_json_str(out, sd_slice_str(q->node[i].name));
		comma = ",";
	}
	sd_buf_char(out, ']');
	return 202;
}
