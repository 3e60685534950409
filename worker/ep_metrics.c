/* SPDX-License-Identifier: MIT
 * ep_metrics - GET /metrics on the admin listener: the master reads all statistics segments and
 * hands the text over as a sealed segment.
 * Owns:      the list of requests that wait for it
 * Runs in:   worker
 * Fails by:  503 when the master cannot be asked
 * Never:     read another process's statistics
 */
#include "base.h"
#include "ep.h"
#include "ep_metrics.h"

#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "respond.h"

#define WAIT_NS (2 * SD_NS_PER_S)

static enum step ask(struct request *r)
{
	struct worker *w = r->w;
	r->metrics_tag = (uint32_t)++w->request_count;
	if (hm_send(w->channel, HM_METRICS_WANTED, r->metrics_tag, NULL, 0, -1) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the master does not answer",
				       NULL);
	r->wait_until_ns = sd_loop_now_ns(w->loop) + WAIT_NS;
	r->next_waiting = w->waiting_metrics;
	w->waiting_metrics = r;
	return STEP_PARKED;
}

static enum step answer(struct request *r)
{
	if (!r->state)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the master does not answer",
				       NULL);
	const struct sd_slice *text = r->state;
	return respond_text(r, 200, "text/plain; version=0.0.4; charset=utf-8", *text);
}

void ep_metrics_arrived(struct worker *w, uint32_t tag, int fd)
{
	struct request **p = &w->waiting_metrics;
	while (*p && (*p)->metrics_tag != tag)
		p = &(*p)->next_waiting;
	struct request *r = *p;
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	void *map = MAP_FAILED;
	if (r && size > 0 && size < (4 << 20))
		map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (r) {
		struct sd_slice text = sd_slice(map, (size_t)size);
		*p = r->next_waiting;
		r->state = map == MAP_FAILED ? NULL : &text;
		request_resume(r); /* copies the text into the output before it returns */
	}
	if (map != MAP_FAILED)
		munmap(map, (size_t)size);
}

void ep_metrics_expire(struct worker *w, int64_t now_ns)
{
	struct request *late = NULL;
	for (struct request **p = &w->waiting_metrics; *p;) {
		struct request *r = *p;
		if (now_ns < r->wait_until_ns) {
			p = &r->next_waiting;
			continue;
		}
		*p = r->next_waiting;
		r->next_waiting = late;
		late = r;
	}
	while (late) {
		struct request *r = late;
		late = r->next_waiting;
		r->next_waiting = NULL;
		request_resume(r);
	}
}

const request_step ep_metrics_steps[] = {ask, answer, NULL};
