/* SPDX-License-Identifier: MIT
 * auditor_main - the auditor: boots from its channel, locks itself in, serves until told to end.
 * Owns:      the process's context, the order of its life
 * Runs in:   auditor
 * Fails by:  HM_FAILED with a text, then exit 71; exit 1 when records could not be written
 * Never:     open anything: files and sockets come over the channel */
#include "base.h"

#include <unistd.h>

#include "auditor_peer.h"
#include "auditor_sandbox.h"
#include "child.h"
#include "clock.h"
#include "die.h"
#include "err.h"
#include "log.h"
#include "loop.h"
#include "shm_board.h"
#include "sink_file.h"

#define BEAT_NS (500 * SD_NS_PER_MS)
#define SYNC_NS (50 * SD_NS_PER_MS)  /* what a power failure may cost */
#define LEAVE_NS (2 * SD_NS_PER_S)   /* the master is gone: how long others may still send */
#define STOP_NS (5 * SD_NS_PER_S)    /* told to end: how long a full disk may take to recover */

struct auditor {
	struct sd_loop *loop;
	struct sd_io channel;
	struct sd_timer beat, sync;
	struct hm_boot boot;
	bool booted, serving, leaving;
	int64_t leave_ns; /* when leaving ends, whatever is left */
	struct sink_file sink;
	struct auditor_peers peers;
	struct shm_stats *stats;
	int exit_code;
};

static void end(struct auditor *a, int code)
{
	a->exit_code = code;
	sd_loop_stop(a->loop);
}

/* --- the master's messages: each takes the descriptor by setting *fd to -1 --- */

static void on_boot(struct auditor *a, const struct hm_msg *m, int *fd)
{
	(void)fd;
	child_boot(m, &a->boot);
	a->peers.node = a->boot.node;
	a->booted = true;
}

static void on_stats(struct auditor *a, const struct hm_msg *m, int *fd)
{
	(void)m;
	if (a->stats == NULL && !a->serving)
		a->stats = a->peers.stats = child_stats(*fd);
}

static void on_file(struct auditor *a, const struct hm_msg *m, int *fd)
{
	struct sd_diag diag = {{0}};
	int err;

	(void)m;
	if (a->sink.fd >= 0) {
		auditor_peer_flush(&a->peers); /* what was taken before belongs into the old one */
		if (sink_file_sync(&a->sink) != SD_OK)
			sd_log(SD_LOG_ERROR, "audit-sync", SD_FS("text", strerror(errno)));
	}
	err = sink_file_open(&a->sink, *fd, &diag);
	*fd = -1;
	if (err != SD_OK) {
		if (!a->serving)
			child_fail(diag.text);
		sd_log(SD_LOG_ERROR, "audit-file-refused", SD_FS("text", diag.text));
		return;
	}
	sd_log(SD_LOG_INFO, "audit-file", SD_FI("seq", a->sink.seq));
	if (a->peers.stopped)
		auditor_peer_flush(&a->peers);
}

static void on_peer(struct auditor *a, const struct hm_msg *m, int *fd)
{
	int err = auditor_peer_add(&a->peers, &m->u.peer, *fd);

	*fd = -1;
	if (err != SD_OK) /* it could change nothing for ever: rather a fresh auditor for all */
		sd_fatal(SD_EXIT_OSERR, "auditor: peer %s %u cannot be taken: %s",
			 role_name((enum role)m->u.peer.role), m->u.peer.index, sd_err_text(err));
}

/* --- time --- */

static void on_beat(struct sd_timer *t)
{
	struct auditor *a = SD_CONTAINER_OF(t, struct auditor, beat);

	if (a->stats != NULL)
		board_beat(a->stats, sd_loop_now_ns(a->loop));
	if (sd_timer_at(a->loop, t, sd_loop_now_ns(a->loop) + BEAT_NS, on_beat) != SD_OK)
		sd_log(SD_LOG_ERROR, "heartbeat-lost");
}

/* The end: everybody is read once more. While the master lives it gives the time; when it is
 * gone those who are still ending get a moment. */
static void leave(struct auditor *a)
{
	bool late = sd_loop_now_ns(a->loop) >= a->leave_ns;
	int err = auditor_peer_drain(&a->peers);

	if (err == SD_OK && (a->peers.count == 0 || late))
		end(a, 0);
	else if (err != SD_OK && late) {
		sd_log(SD_LOG_ERROR, "audit-records-lost", SD_FI("bytes", a->sink.batch.len),
		       SD_FS("text", strerror(a->sink.error)));
		end(a, 1);
	}
}

static void on_sync(struct sd_timer *t)
{
	struct auditor *a = SD_CONTAINER_OF(t, struct auditor, sync);

	if (sink_file_sync(&a->sink) != SD_OK)
		sd_log(SD_LOG_ERROR, "audit-sync", SD_FS("text", strerror(errno)));
	if (a->leaving)
		leave(a);
	if (sd_timer_at(a->loop, t, sd_loop_now_ns(a->loop) + SYNC_NS, on_sync) != SD_OK)
		sd_log(SD_LOG_ERROR, "audit-sync-timer");
}

/* --- beginning and end --- */

static void on_go(struct auditor *a, const struct hm_msg *m, int *fd)
{
	struct hm_ready ready = {0};
	struct auditor_sandbox sandbox;
	struct sd_diag diag = {{0}};

	(void)m;
	(void)fd;
	if (a->serving)
		return;
	if (!a->booted || a->sink.fd < 0)
		child_fail("auditor: told to go without its values or its file");
	auditor_sandbox_spec(&a->boot, &sandbox);
	if (sd_sandbox_probe(&sandbox.spec, &diag) != SD_OK ||
	    sd_sandbox_enter(&sandbox.spec, &ready.sandbox, &diag) != SD_OK)
		child_fail(diag.text);
	a->serving = true;
	if (a->stats != NULL)
		board_state(a->stats, BOARD_SERVING);
	on_beat(&a->beat);
	on_sync(&a->sync);
	if (hm_send(HERITAGE_FD_CHANNEL, HM_READY, 0, &ready, sizeof(ready), -1) != SD_OK)
		end(a, SD_EXIT_OSERR);
}

/* Others have ended before: what their sockets hold is all there is. */
static void on_drain(struct auditor *a, const struct hm_msg *m, int *fd)
{
	(void)m;
	(void)fd;
	if (a->stats != NULL)
		board_state(a->stats, BOARD_DRAINING);
	if (auditor_peer_drain(&a->peers) == SD_OK) {
		end(a, 0);
		return;
	}
	a->leaving = true;
	a->leave_ns = sd_loop_now_ns(a->loop) + STOP_NS;
}

static void on_master_gone(struct auditor *a)
{
	sd_loop_del(a->loop, &a->channel);
	if (!a->serving) {
		end(a, 0);
		return;
	}
	sd_log(SD_LOG_WARN, "master-gone");
	if (!a->leaving)
		a->leave_ns = sd_loop_now_ns(a->loop) + LEAVE_NS;
	a->leaving = true;
}

static void dispatch(struct auditor *a, const struct hm_msg *m, int *fd)
{
	static void (*const table[])(struct auditor *a, const struct hm_msg *m, int *fd) = {
	    [HM_BOOT] = on_boot, [HM_STATS] = on_stats, [HM_FILE] = on_file,
	    [HM_PEER] = on_peer, [HM_GO] = on_go,	[HM_DRAIN] = on_drain,
	};

	if (m->head.type < SD_ARRAY_LEN(table) && table[m->head.type] != NULL)
		table[m->head.type](a, m, fd);
	else
		sd_log(SD_LOG_WARN, "message-unknown", SD_FI("type", m->head.type));
}

static void on_channel(struct sd_io *io, uint32_t events)
{
	struct auditor *a = SD_CONTAINER_OF(io, struct auditor, channel);
	struct hm_msg m;
	int fd = -1;
	int err = hm_recv(io->fd, &m, &fd);

	(void)events;
	if (err == SD_OK)
		dispatch(a, &m, &fd);
	else if (err == SD_ERR_CLOSED)
		on_master_gone(a);
	else if (err != SD_ERR_AGAIN)
		sd_fatal(SD_EXIT_OSERR, "channel: %s", sd_err_text(err));
	if (fd >= 0)
		(void)close(fd);
}

int main(void)
{
	static struct auditor a;
	int err;

	child_begin(ROLE_AUDITOR);
	if (sink_file_init(&a.sink) != SD_OK || sd_loop_new(&a.loop) != SD_OK)
		child_fail("auditor: no memory for its loop");
	auditor_peer_init(&a.peers, a.loop, &a.sink);
	if (sd_loop_add(a.loop, &a.channel, HERITAGE_FD_CHANNEL, EPOLLIN, on_channel) != SD_OK)
		sd_fatal(SD_EXIT_CONFIG, "started by hand: this program is started by sessiond");
	err = sd_loop_run(a.loop);
	if (err != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "loop: %s", sd_err_text(err));
	auditor_peer_fini(&a.peers);
	sink_file_fini(&a.sink);
	sd_loop_free(&a.loop);
	return a.exit_code;
}
