/* SPDX-License-Identifier: MIT
 * source_tell - tells the master, and so the other workers, of sources that fail.
 * Owns:      when it was told last
 * Runs in:   worker
 * Fails by:  not telling: then each worker goes by what it has seen itself
 * Never:     tell for each failure of a flood: the more workers, the less often
 */
#include "base.h"
#include "source_tell.h"

#include "clock.h"
#include "err.h"
#include "generation.h"
#include "heritage.h"
#include "ratelimit.h"

static void tell(struct worker *w)
{
	struct hm_failures body;
	w->source_tell.last_ns = sd_loop_now_ns(w->loop);
	if (ratelimit_untold(w->rates, &body) &&
	    hm_send(w->channel, HM_FAILURES, 0, &body, sizeof(body), -1) != SD_OK)
		w->source_tell.lost++; /* the channel is full, or its end: told by nobody */
}

static void on_timer(struct sd_timer *t)
{
	tell(SD_CONTAINER_OF(t, struct worker, source_tell.timer));
}

void source_tell(struct worker *w)
{
	uint32_t workers = w->generation ? w->generation->view.image->server.workers : 1;
	int64_t due_ns = w->source_tell.last_ns + SOURCE_TELL_NS * (int64_t)workers;
	if (workers <= 1 || w->source_tell.timer.heap_pos != 0)
		return;
	if (sd_loop_now_ns(w->loop) >= due_ns ||
	    sd_timer_at(w->loop, &w->source_tell.timer, due_ns, on_timer) != SD_OK)
		tell(w);
}
