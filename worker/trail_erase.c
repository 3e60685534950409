/* SPDX-License-Identifier: MIT
 * trail_erase - the copy of the audit records in the store forgets a user, a piece at a time.
 * Owns:      how long is waited, before and for others
 * Runs in:   worker
 * Fails by:  503 when the store, or the time, is not enough
 * Never:     hold the store up: a piece is a millisecond or two
 */
#include "base.h"
#include "trail_erase.h"

#include "clock.h"
#include "err.h"
#include "respond.h"

#define AT_ONCE 100
#define LEASE_MS 10000
#define LONGEST_NS (60 * SD_NS_PER_S)
#define PAUSE_NS (100 * SD_NS_PER_MS)
#define SLACK_NS (100 * SD_NS_PER_MS)
#define TRIES 10 /* without an answer */

static void on_timer(struct sd_timer *timer)
{
	request_resume(SD_CONTAINER_OF(timer, struct trail_erase, timer)->r);
}

static enum step wait_for(struct request *r, struct trail_erase *t, int64_t ns)
{
	struct sd_loop *loop = r->w->loop;
	if (sd_timer_at(loop, &t->timer, sd_loop_now_ns(loop) + ns, on_timer) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	return STEP_PARKED;
}

/* A record in which the user himself acted names him there. */
static struct sd_slice actor_of(struct request *r, struct sd_slice user)
{
	struct sd_slice out;
	struct sd_buf b;
	sd_buf_init(&b, 4096);
	sd_buf_str(&b, "{\"type\":\"user\",\"id\":");
	sd_buf_json_str(&b, user);
	out = b.failed ? sd_slice(NULL, 0) : sd_arena_copy(&r->arena, sd_buf_slice(&b));
	sd_buf_fini(&b);
	return out;
}

enum step trail_erase_begin(struct request *r, struct trail_erase *t, struct sd_slice user, const char *owner)
{
	int64_t timeout_ns = (int64_t)r->gen->view.image->server.store_timeout_ms * SD_NS_PER_MS;
	t->r = r;
	t->since_ns = sd_clock_boot_ns();
	t->in = (struct store_erase_events){.tenant = policy_view_str(&r->gen->view, r->tenant->name),
					    .user = user,
					    .actor = actor_of(r, user),
					    .retain_s = r->tenant->retain_events_s,
					    .limit = AT_ONCE,
					    .owner = sd_slice_str(owner),
					    .lease_ms = LEASE_MS};
	if (!t->in.actor.p)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	/* Who asked the store something of him before he was erased had an answer within the timeout, and
	 * its record has arrived within another, or never will: its deadline is over then. */
	return wait_for(r, t, 2 * timeout_ns + SLACK_NS);
}

enum step trail_erase_ask(struct request *r, struct trail_erase *t)
{
	store_erase_events(r->w->store, &t->in, request_store_call(r));
	return STEP_PARKED;
}

enum step trail_erase_asked(struct request *r, struct trail_erase *t)
{
	bool over = sd_clock_boot_ns() - t->since_ns > LONGEST_NS;
	if (r->call.status == STORE_OK) {
		t->tries = 0;
		t->records = r->call.privacy.records;
		if (r->call.privacy.left == 0)
			return STEP_NEXT;
	} else if (r->call.status != STORE_LOCKED && ++t->tries > TRIES) {
		over = true;
	}
	if (over)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the copy of the audit records", NULL);
	r->step -= 2; /* to trail_erase_ask() */
	return r->call.status == STORE_OK ? STEP_NEXT : wait_for(r, t, PAUSE_NS);
}
