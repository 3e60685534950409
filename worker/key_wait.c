/* SPDX-License-Identifier: MIT
 * key_wait - requests that wait for a key which their caller's issuer may just have made.
 * Owns:      the list of those who wait; which issuers were waited for in vain
 * Runs in:   worker
 * Fails by:  STEP_NEXT: the caller is refused as he would have been
 * Never:     hold more than KEY_WAIT_MOST requests, or one for longer than KEY_WAIT_NS: anybody can name
 *            a key that is none
 */
#include "base.h"
#include "key_wait.h"

#include "clock.h"
#include "die.h"
#include "err.h"

static void look(struct sd_timer *t);

static void look_at(struct worker *w, int64_t at_ns)
{
	int err = sd_timer_at(w->loop, &w->key_wait.timer, at_ns, look);
	sd_bug_if(err != SD_OK); /* the heap has room for as many timers as connections */
}

static bool is_over(const struct request *r, int64_t now)
{
	return now >= r->wait_until_ns || r->gen != r->w->generation || r->w->draining;
}

static void look(struct sd_timer *t)
{
	struct worker *w = SD_CONTAINER_OF(t, struct worker, key_wait.timer);
	struct request *over = NULL;
	int64_t now = sd_clock_boot_ns(), next = INT64_MAX;
	for (struct request **p = &w->key_wait.first; *p;) {
		struct request *r = *p;
		if (is_over(r, now)) {
			*p = r->next_waiting;
			r->next_waiting = over;
			over = r;
			w->key_wait.count--;
		} else {
			next = SD_MIN(next, r->wait_until_ns);
			p = &r->next_waiting;
		}
	}
	if (w->key_wait.first)
		look_at(w, next);
	while (over) {
		struct request *r = over;
		over = r->next_waiting;
		r->next_waiting = NULL;
		request_resume(r);
	}
}

static bool in_vain(const struct worker *w, uint64_t issuer, int64_t now)
{
	for (size_t i = 0; i < SD_ARRAY_LEN(w->key_wait.vain); i++)
		if (w->key_wait.vain[i].issuer == issuer && now < w->key_wait.vain[i].until_ns)
			return true;
	return false;
}

static void note_vain(struct worker *w, uint64_t issuer, int64_t now)
{
	size_t oldest = 0;
	for (size_t i = 1; i < SD_ARRAY_LEN(w->key_wait.vain); i++)
		if (w->key_wait.vain[i].until_ns < w->key_wait.vain[oldest].until_ns)
			oldest = i;
	if (!in_vain(w, issuer, now)) {
		w->key_wait.vain[oldest].issuer = issuer;
		w->key_wait.vain[oldest].until_ns = now + KEY_WAIT_VAIN_NS;
	}
}

enum step key_wait(struct request *r)
{
	struct worker *w = r->w;
	int64_t now = sd_clock_boot_ns();
	if (r->caller.key_issuer == 0 || w->draining)
		return STEP_NEXT;
	if (r->wait_until_ns == 0) {
		if (w->key_wait.count >= KEY_WAIT_MOST || in_vain(w, r->caller.key_issuer, now))
			return STEP_NEXT;
		if (r->head_only)
			return STEP_PARKED;
		r->wait_until_ns = now + KEY_WAIT_NS;
	} else if (now >= r->wait_until_ns) {
		note_vain(w, r->caller.key_issuer, now);
		return STEP_NEXT;
	}
	r->next_waiting = w->key_wait.first;
	w->key_wait.first = r;
	w->key_wait.count++;
	if (w->key_wait.count == 1)
		look_at(w, r->wait_until_ns);
	r->step--; /* the same step again */
	return STEP_PARKED;
}

void key_wait_renew(struct request *r)
{
	if (r->wait_until_ns == 0 || r->gen == r->w->generation)
		return;
	generation_unref(&r->gen);
	r->gen = generation_ref(r->w->generation);
	memset(&r->caller, 0, sizeof(r->caller));
}

void key_wait_adopted(struct worker *w)
{
	if (w->key_wait.first)
		look_at(w, sd_loop_now_ns(w->loop));
}
