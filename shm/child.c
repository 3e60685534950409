/* SPDX-License-Identifier: MIT
 * child - how the signer, the auditor, the fetcher and geo begin.
 * Owns:      nothing
 * Runs in:   signer | auditor | fetcher | geo, before the sandbox
 * Fails by:  HM_FAILED and exit 71; exit 78 when started by hand
 * Never:     keep a descriptor but the channel
 */
#include "base.h"
#include "child.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "die.h"
#include "err.h"
#include "fdset.h"
#include "ident.h"
#include "log.h"
#include "shm_board.h"
#include "shm_map.h"

/* The master's word counts, not a key press in the terminal that started it all. A full disk is
 * an error of write(2), not a signal. */
static void ignore_signals(void)
{
	static const int ignored[] = {SIGINT,  SIGTERM, SIGHUP,	 SIGQUIT,
				      SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ};

	for (size_t i = 0; i < SD_ARRAY_LEN(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
}

void child_begin(enum role role)
{
	const int keep[] = {HERITAGE_FD_CHANNEL};
	struct sd_diag diag = {{0}};

	sd_log_init(STDERR_FILENO, role_name(role), SD_LOG_JSON, SD_LOG_INFO);
	ignore_signals();
	if (sd_fdset_keep_only(keep, SD_ARRAY_LEN(keep)) != SD_OK ||
	    sd_fd_nonblock(HERITAGE_FD_CHANNEL) != SD_OK)
		sd_fatal(SD_EXIT_CONFIG, "started by hand: this program is started by sessiond");
	if (sd_caps_drop(&diag) != SD_OK)
		child_fail(diag.text);
}

SD_NORETURN void child_fail(const char *text)
{
	if (hm_send(HERITAGE_FD_CHANNEL, HM_FAILED, 0, text,
		    SD_MIN(strlen(text), (size_t)HERITAGE_MAX_BODY), -1) != SD_OK)
		sd_log(SD_LOG_DEBUG, "channel-lost");
	sd_fatal(SD_EXIT_OSERR, "%s", text);
}

void child_await(short events)
{
	struct pollfd p = {.fd = HERITAGE_FD_CHANNEL, .events = events};

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		continue;
}

void child_say(enum hm_type type, uint32_t tag, const void *body, size_t n, int fd)
{
	int err;

	while ((err = hm_send(HERITAGE_FD_CHANNEL, type, tag, body, n, fd)) == SD_ERR_AGAIN)
		child_await(POLLOUT);
	if (err != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "channel: %s", sd_err_text(err));
}

void child_boot(const struct hm_msg *m, struct hm_boot *out)
{
	*out = m->u.boot;
	out->node[sizeof(out->node) - 1] = '\0';
	out->keys_dir[sizeof(out->keys_dir) - 1] = '\0';
	out->master_key_file[sizeof(out->master_key_file) - 1] = '\0';
	sd_log_level_set((enum sd_log_level)out->log_level, (enum sd_log_format)out->log_format);
}

struct shm_stats *child_stats(int fd)
{
	struct sd_diag diag = {{0}};
	struct shm_stats *stats = NULL;

	if (shm_map_own_stats(fd, &stats, &diag) != SD_OK)
		child_fail(diag.text);
	sd_panic_area(stats->panic, sizeof(stats->panic));
	board_state(stats, BOARD_BOOTING);
	return stats;
}
