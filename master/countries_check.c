/* SPDX-License-Identifier: MIT
 * countries_check - reads the file of countries as a start would, and throws away what comes of it.
 * Owns:      the one child of a tool
 * Runs in:   the operator's shell (sessiond -t)
 * Fails by:  SD_ERR_INVALID with the reason; SD_ERR_SYSTEM
 * Never:     run in a master that serves: only the launcher starts processes there */
#include "base.h"
#include "countries_check.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "countries.h"
#include "err.h"
#include "fdpass.h"
#include "heritage.h"
#include "policy_geo.h"

#define CHANNEL_BYTES (64u * 1024)
#define PATIENCE_MS 30000
#define FILES 64

/* Beside this program, or where the build installs it. -1: it was not built. */
static int open_program(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("sessiond-geo"));
	char *slash;

	if (n <= 0)
		return -1;
	path[n] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash ? slash + 1 : path, "sessiond-geo", sizeof("sessiond-geo"));
	n = open(path, O_PATH | O_CLOEXEC);
	return n >= 0 ? (int)n : open(PKGLIBEXECDIR "/sessiond-geo", O_PATH | O_CLOEXEC);
}

static pid_t start(int program, int channel)
{
	static char name[] = "sessiond-geo";
	char *argv[] = {name, NULL}, *env[] = {NULL};
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	program = fcntl(program, F_DUPFD_CLOEXEC, HERITAGE_FD_CHANNEL + 1); /* out of the channel's place */
	channel = fcntl(channel, F_DUPFD_CLOEXEC, HERITAGE_FD_CHANNEL + 1);
	if (program >= 0 && channel >= 0 && dup2(channel, HERITAGE_FD_CHANNEL) == HERITAGE_FD_CHANNEL)
		(void)fexecve(program, argv, env);
	_exit(127);
}

static int hand_over(int channel, const struct server_conf *server, int file)
{
	struct hm_boot boot;

	memset(&boot, 0, sizeof(boot));
	boot.role = ROLE_GEO;
	boot.sandbox_mode = server->sandbox;
	boot.nofile = FILES;
	if (hm_send(channel, HM_BOOT, 0, &boot, sizeof(boot), -1) != SD_OK ||
	    hm_send(channel, HM_GEO_FILE, 0, NULL, 0, file) != SD_OK)
		return SD_ERR_SYSTEM;
	return hm_send(channel, HM_GO, 0, NULL, 0, -1);
}

/* SD_ERR_AGAIN: it has not said yet. */
static int judge(const struct hm_msg *m, int fd, struct sd_diag *diag)
{
	struct geo_view view;
	int err;

	if (m->head.type == HM_READY)
		return SD_ERR_AGAIN;
	if (m->head.type != HM_GEO_TABLE || fd < 0)
		return sd_diag_set(diag, m->head.type == HM_FAILED ? SD_ERR_SYSTEM : SD_ERR_INVALID, "%.*s",
				   (int)SD_MIN(m->head.body, 200u), (const char *)m->u.bytes);
	err = geo_table_open(fd, &view, diag);
	geo_table_close(&view);
	return err;
}

static int hear(int channel, struct sd_diag *diag)
{
	struct pollfd p = {.fd = channel, .events = POLLIN};
	int err = SD_ERR_AGAIN;

	while (err == SD_ERR_AGAIN) {
		struct hm_msg m;
		int fd = -1;

		if (poll(&p, 1, PATIENCE_MS) <= 0)
			return sd_diag_set(diag, SD_ERR_INVALID, "who reads it comes to no end");
		err = hm_recv(channel, &m, &fd);
		if (err == SD_ERR_CLOSED)
			err = sd_diag_set(diag, SD_ERR_INVALID, "who reads it dies of it");
		else if (err == SD_OK)
			err = judge(&m, fd, diag);
		if (fd >= 0)
			(void)close(fd);
	}
	return err;
}

static int try(int program, const struct server_conf *server, int file, struct sd_diag *diag)
{
	int pair[2], err;
	pid_t pid;

	if (sd_fdpass_pair(pair, CHANNEL_BYTES) != SD_OK)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "channel: %s", strerror(errno));
	pid = start(program, pair[1]);
	(void)close(pair[1]);
	err = pid < 0 ? sd_diag_set(diag, SD_ERR_SYSTEM, "fork: %s", strerror(errno))
		      : hand_over(pair[0], server, file);
	if (err == SD_OK)
		err = hear(pair[0], diag);
	(void)close(pair[0]); /* it ends by that; who hangs does not */
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return err;
}

int countries_check(const struct server_conf *server, struct sd_diag *diag)
{
	struct sd_buf bytes;
	int program, file = -1;
	int err = SD_OK;

	if (server->geo_file[0] == '\0')
		return SD_OK;
	program = open_program();
	if (program < 0)
		return SD_OK;
	if (policy_geo_read(server->geo_file, &bytes, NULL) == SD_OK)
		file = countries_copy(sd_buf_slice(&bytes));
	sd_buf_fini(&bytes);
	err = file >= 0 ? try(program, server, file, diag)
			: sd_diag_set(diag, SD_ERR_SYSTEM, "it cannot be copied: %s", strerror(errno));
	if (file >= 0)
		(void)close(file);
	(void)close(program);
	return err;
}
