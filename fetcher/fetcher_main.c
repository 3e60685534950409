/* SPDX-License-Identifier: MIT
 * fetcher_main - the fetcher: boots from its channel, locks itself in, fetches when it is asked.
 * Owns:      the process's context, the order of its life
 * Runs in:   fetcher
 * Fails by:  HM_FAILED with a text, then exit 71; a fetch by HM_FETCHED with the reason
 * Never:     decide what to fetch, or keep anything between two fetches */
#include "base.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "die.h"
#include "err.h"
#include "fetcher_get.h"
#include "fetcher_keys.h"
#include "fetcher_sandbox.h"
#include "log.h"
#include "shm_board.h"

#define DOCUMENT_MAX (256u << 10)
#define CA_MAX (1u << 20)

struct fetcher {
	struct hm_boot boot;
	bool booted, serving, over;
	struct shm_stats *stats;
};

static void on_boot(struct fetcher *f, const struct hm_msg *m)
{
	child_boot(m, &f->boot);
	f->booted = true;
}

static void on_stats(struct fetcher *f, int fd)
{
	if (f->stats == NULL && !f->serving)
		f->stats = child_stats(fd);
}

static void on_go(struct fetcher *f)
{
	struct hm_ready ready = {0};
	struct fetcher_sandbox sandbox;
	struct sd_diag diag = {{0}};

	if (f->serving)
		return;
	if (!f->booted || fetcher_get_init() != SD_OK)
		child_fail("fetcher: libcurl cannot be used");
	fetcher_sandbox_spec(&f->boot, &sandbox);
	if (sd_sandbox_probe(&sandbox.spec, &diag) != SD_OK ||
	    sd_sandbox_enter(&sandbox.spec, &ready.sandbox, &diag) != SD_OK)
		child_fail(diag.text);
	f->serving = true;
	if (f->stats != NULL)
		board_state(f->stats, BOARD_SERVING);
	child_say(HM_READY, 0, &ready, sizeof(ready), -1);
}

/* All of a descriptor handed over; false when it is none that we take. */
static bool read_ca(int fd, struct sd_buf *out)
{
	struct stat st;
	char chunk[4096];
	ssize_t n;

	sd_buf_init(out, CA_MAX);
	if (fd < 0)
		return true;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)CA_MAX)
		return false;
	while ((n = pread(fd, chunk, sizeof(chunk), (off_t)out->len)) > 0)
		sd_buf_append(out, chunk, (size_t)n);
	return n == 0 && !out->failed;
}

static int get(const char *url, struct sd_slice ca, struct sd_buf *set, struct hm_fetched *out,
	       struct sd_diag *diag)
{
	struct fetcher_got got;
	int err = fetcher_get(url, ca, DOCUMENT_MAX, &got, diag);

	out->max_age_s = got.max_age_s;
	if (err == SD_OK)
		err = fetcher_keys(sd_buf_slice(&got.body), set, diag);
	sd_buf_fini(&got.body);
	return err;
}

static void on_fetch(struct fetcher *f, const struct hm_msg *m, int fd)
{
	struct hm_fetched answer = {0};
	struct sd_diag diag = {{0}};
	struct sd_buf ca, set;

	if (!f->serving)
		return;
	sd_buf_init(&set, HM_FETCHED_MOST);
	bool ca_good = read_ca(fd, &ca);
	int err = ca_good ? get(m->u.fetch.url, sd_buf_slice(&ca), &set, &answer, &diag)
			  : sd_diag_set(&diag, SD_ERR_INVALID, "its certificates cannot be read");

	for (size_t at = 0; err == SD_OK && at < set.len; at += HERITAGE_MAX_BODY)
		child_say(HM_FETCHED_PART, m->head.tag, set.p + at,
			  SD_MIN(set.len - at, (size_t)HERITAGE_MAX_BODY), -1);
	answer.good = err == SD_OK;
	answer.size = err == SD_OK ? (uint32_t)set.len : 0;
	(void)snprintf(answer.why, sizeof(answer.why), "%.199s",
		       err == SD_OK ? "" : diag.text[0] ? diag.text : sd_err_text(err));
	child_say(HM_FETCHED, m->head.tag, &answer, sizeof(answer), -1);
	sd_buf_fini(&set);
	sd_buf_fini(&ca);
}

static void dispatch(struct fetcher *f, const struct hm_msg *m, int fd)
{
	if (m->head.type == HM_BOOT)
		on_boot(f, m);
	else if (m->head.type == HM_STATS)
		on_stats(f, fd);
	else if (m->head.type == HM_GO)
		on_go(f);
	else if (m->head.type == HM_FETCH)
		on_fetch(f, m, fd);
	else if (m->head.type == HM_DRAIN)
		f->over = true;
	else
		sd_log(SD_LOG_WARN, "message-unknown", SD_FI("type", m->head.type));
}

static void serve(struct fetcher *f)
{
	while (!f->over) {
		struct hm_msg m;
		int fd = -1;
		int err = hm_recv(HERITAGE_FD_CHANNEL, &m, &fd);

		if (err == SD_OK)
			dispatch(f, &m, fd);
		else if (err == SD_ERR_AGAIN)
			child_await(POLLIN);
		else if (err == SD_ERR_CLOSED)
			return;
		else
			sd_fatal(SD_EXIT_OSERR, "channel: %s", sd_err_text(err));
		if (fd >= 0)
			(void)close(fd);
	}
}

int main(void)
{
	static struct fetcher f;

	child_begin(ROLE_FETCHER);
	serve(&f);
	return 0;
}
