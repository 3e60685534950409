/* SPDX-License-Identifier: MIT
 * ep_preview - POST /policy/preview: what a changed policy would do to the sessions that live.
 * Owns:      the walk through the partitions
 * Runs in:   worker
 * Fails by:  400 at the key; 503 when the store, or the time, is not enough
 * Never:     estimate: every live session is counted, in the store; change anything
 */
#include "base.h"
#include "ep.h"

#include "clock.h"
#include "err.h"
#include "policy_rules.h"
#include "preview_body.h"
#include "respond.h"
#include "session_rules.h"
#include "store_preview.h"

#define LOOKS 300                  /* of one script: some milliseconds of the store */
#define LONGEST_NS (120 * SD_NS_PER_S)
#define TRIES 10
#define PAUSE_NS (200 * SD_NS_PER_MS)

struct preview {
	struct request *r;
	struct preview_policy policy;
	struct store_preview_in in;
	struct store_preview sums;
	struct sd_timer timer;
	unsigned partition, tries;
	bool failed;
};

static enum step parse(struct request *r)
{
	struct preview *p = sd_arena_alloc(&r->arena, sizeof(*p));
	if (!p)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	r->state = p;
	p->r = r;
	p->policy = preview_policy_of(r);
	return preview_body_read(r, &p->policy);
}

static void ask(struct preview *p)
{
	p->in.partition = (uint8_t)p->partition;
	store_preview(p->r->w->store, &p->in, &p->sums);
}

static void on_timer(struct sd_timer *t)
{
	ask(SD_CONTAINER_OF(t, struct preview, timer));
}

/* Nothing was counted: the same piece once more, a little later. */
static void again(struct preview *p)
{
	struct sd_loop *loop = p->r->w->loop;
	if (++p->tries <= TRIES &&
	    sd_timer_at(loop, &p->timer, sd_loop_now_ns(loop) + PAUSE_NS, on_timer) == SD_OK)
		return;
	p->failed = true;
	request_resume(p->r);
}

static void on_piece(struct store_call *call)
{
	struct preview *p = SD_CONTAINER_OF(call, struct preview, sums.call);
	enum store_status status = call->status;
	int64_t next_ms = call->next_score_ms;
	p->in.from_sid = status == STORE_OK ? call->next_sid : p->in.from_sid;
	store_call_release(call);
	if (sd_clock_boot_ns() - p->r->now_ns > LONGEST_NS || status == STORE_CORRUPT) {
		p->failed = true;
		request_resume(p->r);
		return;
	}
	if (status != STORE_OK) {
		again(p);
		return;
	}
	p->tries = 0;
	p->in.has_from = next_ms >= 0;
	p->in.from_ms = next_ms;
	if (next_ms < 0)
		p->partition++;
	if (p->partition == SHM_PARTITIONS)
		request_resume(p->r);
	else
		ask(p);
}

/* What this node's memory knows of them; in the arena. */
static struct sd_slice rules(struct request *r)
{
	struct sd_buf *b = &r->body;
	sd_buf_reset(b);
	policy_rules_text(&r->gen->view, r->tenant, r->w->control, b);
	struct sd_slice text = b->failed ? sd_slice(NULL, 0) : sd_arena_copy(&r->arena, sd_buf_slice(b));
	sd_buf_reset(b);
	return text;
}

static enum step begin(struct request *r)
{
	struct preview *p = r->state;
	const struct policy_tenant *t = r->tenant;
	const struct preview_policy *q = &p->policy;
	p->in = (struct store_preview_in){
	    .tenant = policy_view_str(&r->gen->view, t->name),
	    .looks = LOOKS,
	    .now = session_clocks_now(request_policy(r)),
	    .other = {q->idle_s, q->absolute_s, q->remember_idle_s, q->remember_absolute_s,
		      q->touch_interval_s, q->levels},
	    .max_per_user = q->max_per_user,
	    .ip_differs = q->bind_ip != t->bind_ip || q->bind_ip_v4 != t->bind_ip_v4 ||
			  q->bind_ip_v6 != t->bind_ip_v6,
	    .agent_differs = q->bind_user_agent != t->bind_user_agent,
	    .device_differs = q->bind_device != t->bind_device,
	    .rules = rules(r),
	    .removed = q->removed,
	    .types = q->types};
	if (!p->in.rules.p)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	p->sums.call.done = on_piece;
	ask(p);
	return STEP_PARKED;
}

static void put(struct sd_buf *b, const char *before, uint64_t n)
{
	sd_buf_str(b, before);
	sd_buf_u64(b, n);
}

static enum step show(struct request *r)
{
	const struct preview *p = r->state;
	const struct store_preview *s = &p->sums;
	struct sd_buf *b = &r->body;
	if (p->failed)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE,
				       "the sessions could not be counted in time", NULL);
	put(b, "{\"live_sessions\":", s->live);
	put(b, ",\"would_end\":{\"total\":", s->idle + s->absolute + s->client);
	put(b, ",\"idle\":", s->idle);
	put(b, ",\"absolute\":", s->absolute);
	put(b, ",\"client\":", s->client);
	put(b, "},\"would_limit\":{\"users\":", s->users);
	put(b, ",\"sessions\":", s->excess);
	put(b, ",\"device_types\":{\"users\":", s->type_users);
	put(b, ",\"sessions\":", s->type_excess);
	put(b, "},\"trust\":{\"users\":", s->level_users);
	put(b, ",\"sessions\":", s->level_excess);
	put(b, "}},\"would_rebind\":", s->rebound);
	put(b, ",\"would_step_up\":", s->step_up);
	put(b, ",\"policy\":{\"idle_timeout_in\":", p->policy.idle_s);
	put(b, ",\"absolute_timeout_in\":", p->policy.absolute_s);
	put(b, ",\"remember_me_idle_timeout_in\":", p->policy.remember_idle_s);
	put(b, ",\"remember_me_absolute_timeout_in\":", p->policy.remember_absolute_s);
	put(b, ",\"max_per_user\":", p->policy.max_per_user);
	sd_buf_str(b, "}}");
	return respond_json(r, 200);
}

const request_step ep_preview_steps[] = {parse, begin, show, NULL};
