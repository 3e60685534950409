/* SPDX-License-Identifier: MIT
 * applied - answers that wait until this node obeys them.
 * Owns:      the list of waiting requests
 * Runs in:   worker
 * Fails by:  503 store-unavailable: the store became another one meanwhile; else the wait is bounded by
 *            max_staleness
 * Never:     answer earlier because it takes long; promise what may have gone with a server
 */
#include "base.h"
#include "applied.h"

#include "clock.h"
#include "die.h"
#include "err.h"
#include "respond.h"
#include "shm_fresh.h"

#define LOOK_NS (SD_NS_PER_MS / 2)

static void look(struct sd_timer *t);

static void look_again(struct worker *w)
{
	if (!w->waiting_applied || w->applied_timer.heap_pos != 0)
		return;
	int r = sd_timer_at(w->loop, &w->applied_timer, sd_loop_now_ns(w->loop) + LOOK_NS, look);
	sd_bug_if(r != SD_OK); /* the heap has room for as many timers as connections */
}

/* The entry is in, or a read of the log that was sent after the store's reply. */
static bool is_passed(const struct request *r)
{
	const struct shm_control *c = r->w->control;
	return (r->wait_pos != 0 && shm_fresh_applied(c, r->wait_partition, r->wait_pos)) ||
	       shm_fresh_as_of(c, r->wait_partition) >= r->wait_since_ns;
}

enum outcome { WAITING = 0, LOST, APPLIED };

/* The log that was read on may be another one, in which the entry is not, though others have passed
 * its position, and a proof of it says nothing of the entry: looked at after both. */
static enum outcome outcome_of(const struct request *r, int64_t now)
{
	bool over = is_passed(r) || now >= r->wait_until_ns;
	if (shm_fresh_resets(r->w->control) != r->wait_resets)
		return LOST;
	return over ? APPLIED : WAITING;
}

static const char lost[] = "the store became another one meanwhile: ask again";

static void look(struct sd_timer *t)
{
	struct worker *w = SD_CONTAINER_OF(t, struct worker, applied_timer);
	struct request *done = NULL;
	int64_t now = sd_clock_boot_ns();
	for (struct request **p = &w->waiting_applied; *p;) {
		struct request *r = *p;
		if (outcome_of(r, now) != WAITING) {
			*p = r->next_waiting;
			r->next_waiting = done;
			done = r;
		} else {
			p = &r->next_waiting;
		}
	}
	while (done) {
		struct request *r = done;
		done = r->next_waiting;
		r->next_waiting = NULL;
		if (outcome_of(r, now) == LOST)
			request_fail(r, PROBLEM_STORE_UNAVAILABLE, lost);
		else
			request_resume(r);
	}
	look_again(w);
}

/* Nothing was appended by this call, nor by another one that a trusted table might not know. */
static bool nothing_to_wait_for(const struct request *r)
{
	const struct store_call *call = &r->call;
	if (call->log_pos != 0)
		return false;
	return call->status == STORE_ABSENT ||
	       (call->status == STORE_ENDED &&
		call->now_ms - call->session.ended_ms > (int64_t)r->tenant->max_staleness_ms);
}

enum step applied_wait(struct request *r)
{
	struct worker *w = r->w;
	if (nothing_to_wait_for(r))
		return STEP_NEXT;
	r->wait_partition = (uint8_t)r->call.partition;
	/* A position that this node had passed before the script was sent is not that entry's: a
	 * promoted server whose clock is behind gives out again what died with the one before. Then
	 * only a proof counts. */
	r->wait_pos = r->call.log_pos > r->call.applied_before ? r->call.log_pos : 0;
	r->wait_since_ns = sd_clock_boot_ns();
	r->wait_until_ns = r->wait_since_ns + (int64_t)r->tenant->max_staleness_ms * SD_NS_PER_MS;
	r->wait_resets = r->call.resets_before;
	switch (outcome_of(r, r->wait_since_ns)) {
	case LOST:
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, lost, NULL);
	case APPLIED:
		return STEP_NEXT;
	case WAITING:
		break;
	}
	r->next_waiting = w->waiting_applied;
	w->waiting_applied = r;
	look_again(w);
	return STEP_PARKED;
}
