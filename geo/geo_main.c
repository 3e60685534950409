/* SPDX-License-Identifier: MIT
 * geo_main - reads the operator's file of countries once, into a sealed table, and ends.
 * Owns:      the process's context, the order of its life
 * Runs in:   geo
 * Fails by:  HM_GEO_REFUSED with the reason; HM_FAILED with a text, then exit 71
 * Never:     read the file before it is locked in: whoever made the file may have meant ill */
#include "base.h"

#include <poll.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "die.h"
#include "err.h"
#include "geo_sandbox.h"
#include "geo_walk.h"
#include "log.h"
#include "shm_board.h"
#include "shm_map.h"

struct geo {
	struct hm_boot boot;
	bool booted, done, over;
	struct shm_stats *stats;
	int file; /* -1 = none yet */
};

static void beat(void *arg)
{
	const struct geo *g = arg;

	if (g->stats != NULL)
		board_beat(g->stats, sd_clock_boot_ns());
}

/* The rows as a segment that nobody can change any more. */
static int make_table(const struct geo_rows *rows, int *fd_out, struct sd_diag *diag)
{
	size_t size = geo_table_size(rows->v4_count, rows->v6_count);
	struct geo_table *t;
	void *p;
	int err = shm_create(SHM_KIND_GEO, 1, size, fd_out, &p, diag);

	if (err != SD_OK)
		return err;
	t = p;
	t->v4_count = rows->v4_count;
	t->v6_count = rows->v6_count;
	t->built_s = rows->built_s;
	memcpy(t->source, rows->source, sizeof(t->source));
	struct geo_v6 *six = (struct geo_v6 *)(void *)(t + 1);

	if (rows->v6_count > 0)
		memcpy(six, rows->v6, rows->v6_count * sizeof(*six));
	if (rows->v4_count > 0)
		memcpy(six + rows->v6_count, rows->v4, rows->v4_count * sizeof(*rows->v4));
	if (shm_seal_final(*fd_out, &p, size) == SD_OK)
		return SD_OK;
	(void)close(*fd_out);
	return sd_diag_set(diag, SD_ERR_SYSTEM, "seal: %s", strerror(errno));
}

static void work(struct geo *g)
{
	char path[32];
	struct geo_rows rows;
	struct sd_diag diag = {{0}};
	int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", g->file);
	int err = geo_walk(path, beat, g, &rows, &diag);

	if (err == SD_OK) {
		err = make_table(&rows, &fd, &diag);
		geo_rows_free(&rows);
	}
	if (err == SD_OK) {
		child_say(HM_GEO_TABLE, 0, NULL, 0, fd);
		(void)close(fd);
		return;
	}
	if (diag.text[0] == '\0')
		(void)sd_diag_set(&diag, err, "%s", sd_err_text(err));
	child_say(HM_GEO_REFUSED, 0, diag.text, strlen(diag.text), -1);
}

static void on_go(struct geo *g)
{
	struct hm_ready ready = {0};
	struct geo_sandbox sandbox;
	struct sd_diag diag = {{0}};

	if (g->done)
		return;
	if (!g->booted || g->file < 0)
		child_fail("geo: HM_GO before the file");
	geo_sandbox_spec(&g->boot, &sandbox);
	if (sd_sandbox_probe(&sandbox.spec, &diag) != SD_OK ||
	    sd_sandbox_enter(&sandbox.spec, &ready.sandbox, &diag) != SD_OK)
		child_fail(diag.text);
	g->done = true;
	beat(g);
	if (g->stats != NULL)
		board_state(g->stats, BOARD_SERVING);
	child_say(HM_READY, 0, &ready, sizeof(ready), -1);
	work(g);
}

static void dispatch(struct geo *g, const struct hm_msg *m, int fd)
{
	if (m->head.type == HM_BOOT) {
		child_boot(m, &g->boot);
		g->booted = true;
	} else if (m->head.type == HM_STATS && g->stats == NULL) {
		g->stats = child_stats(fd);
	} else if (m->head.type == HM_GEO_FILE && g->file < 0) {
		g->file = fd; /* kept */
		return;
	} else if (m->head.type == HM_GO) {
		on_go(g);
	} else if (m->head.type == HM_DRAIN) {
		g->over = true;
	} else {
		sd_log(SD_LOG_WARN, "message-unknown", SD_FI("type", m->head.type));
	}
	if (fd >= 0)
		(void)close(fd);
}

int main(void)
{
	static struct geo g = {.file = -1};

	child_begin(ROLE_GEO);
	while (!g.over) {
		struct hm_msg m;
		int fd = -1;
		int err = hm_recv(HERITAGE_FD_CHANNEL, &m, &fd);

		if (err == SD_OK)
			dispatch(&g, &m, fd);
		else if (err == SD_ERR_AGAIN)
			child_await(POLLIN);
		else if (err == SD_ERR_CLOSED)
			return 0;
		else
			sd_fatal(SD_EXIT_OSERR, "channel: %s", sd_err_text(err));
	}
	return 0;
}
