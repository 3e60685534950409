/* SPDX-License-Identifier: MIT
 * worker_main - the worker program: takes over what the master hands it, locks itself in, serves.
 * Owns:      struct worker
 * Runs in:   worker
 * Fails by:  HM_FAILED and exit during boot; afterwards never by itself
 * Never:     open, connect or listen
 */
#include "base.h"
#include "worker.h"

#include <signal.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "die.h"
#include "ep_metrics.h"
#include "err.h"
#include "fdset.h"
#include "log.h"
#include "shm_board.h"
#include "token_check.h"
#include "token_warm.h"
#include "worker_channel.h"

#define BEAT_NS (500 * SD_NS_PER_MS)
#define DRAIN_NS (8 * SD_NS_PER_S)

static bool drained(const struct worker *w)
{
	return w->connections == 0 && w->in_flight == 0 && w->audit.unacked == 0;
}

static void on_beat(struct sd_timer *t)
{
	struct worker *w = SD_CONTAINER_OF(t, struct worker, beat);
	int64_t now = sd_loop_now_ns(w->loop);
	if (w->stats) {
		board_beat(w->stats, now);
		board_gauge(w->stats, GAUGE_CONNECTIONS_OPEN, w->connections);
		board_gauge(w->stats, GAUGE_IN_FLIGHT, w->in_flight);
		if (w->tokens)
			board_gauge(w->stats, GAUGE_REMEMBERED_TOKENS, remember_count(w->tokens));
	}
	ep_metrics_expire(w, now);
	worker_channel_repeat(w);
	if (w->generation)
		token_check_tell_late(w);
	if (w->draining) {
		conn_drain_all(w);
		if (drained(w) || now >= w->drain_until_ns)
			sd_loop_stop(w->loop);
	}
	int64_t next = now + (w->draining ? BEAT_NS / 10 : BEAT_NS);
	if (sd_timer_at(w->loop, &w->beat, next, on_beat) != SD_OK)
		sd_loop_stop(w->loop);
}

void worker_drain(struct worker *w)
{
	if (w->draining)
		return;
	w->draining = true;
	w->drain_until_ns = sd_loop_now_ns(w->loop) + DRAIN_NS;
	for (uint32_t i = 0; i < w->listeners; i++)
		listener_stop(&w->listener[i]);
	if (w->stats)
		board_state(w->stats, BOARD_DRAINING);
	on_beat(&w->beat);
}

int main(void)
{
	static struct worker w; /* zeroed; the one instance */
	const int keep[] = {HERITAGE_FD_CHANNEL};
	sd_log_init(STDERR_FILENO, role_name(ROLE_WORKER), SD_LOG_JSON, SD_LOG_INFO);
	if (token_watch_memory() != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "worker: OpenSSL's memory is in use already");
	(void)signal(SIGPIPE, SIG_IGN);
	/* a terminal's Ctrl-C reaches the whole group: the master drains us */
	(void)signal(SIGINT, SIG_IGN);
	w.channel = HERITAGE_FD_CHANNEL;
	if (sd_fdset_keep_only(keep, 1) != SD_OK || sd_fd_cloexec(w.channel) != SD_OK ||
	    sd_fd_nonblock(w.channel) != SD_OK || sd_loop_new(&w.loop) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "worker: no channel or no loop: %s", strerror(errno));
	if (worker_channel_open(&w) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "worker: channel: %s", strerror(errno));
	if (sd_timer_at(w.loop, &w.beat, sd_loop_now_ns(w.loop) + BEAT_NS, on_beat) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "worker: no timer");
	int r = sd_loop_run(w.loop);
	if (w.stats)
		board_state(w.stats, BOARD_ENDED);
	return r == SD_OK ? 0 : SD_EXIT_OSERR;
}
