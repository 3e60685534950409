/* SPDX-License-Identifier: MIT
 * launcher_main - the program `sessiond`: its options, its own privileges, then the loop.
 * Owns:      the order of the launcher's start
 * Runs in:   launcher
 * Fails by:  exit 64 (usage), 71 (system), 78 (configuration)
 * Never:     opens the configuration: that is the master's, as another user */
#include "base.h"
#include "launcher.h"

#include <fcntl.h>
#include <getopt.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "die.h"
#include "err.h"
#include "log.h"

struct options {
	const char *config;
	bool tool; /* -t -T -V -h: the master answers in our place */
};

static void options_parse(int argc, char **argv, struct options *out)
{
	int c;

	*out = (struct options){.config = LAUNCHER_CONFIG};
	opterr = 0;
	while ((c = getopt(argc, argv, "c:tTVh")) != -1) {
		if (c == 'c')
			out->config = optarg;
		else
			out->tool = true; /* usage errors too */
	}
	if (optind < argc)
		out->tool = true;
}

/* The folder becomes the working directory here, while its parents can be passed. */
static void enter_config_folder(struct launcher *l, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];
	int dir;

	l->config = slash != NULL ? slash + 1 : path;
	if (l->config[0] == '\0' || strlen(l->config) >= CONFIG_NAME_MAX)
		sd_fatal(SD_EXIT_CONFIG, "%s: not the name of a file", path);
	if (slash == NULL)
		return;
	if ((size_t)(slash - path) >= sizeof(folder))
		sd_fatal(SD_EXIT_CONFIG, "%s: too long", path);
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	dir = open(slash == path ? "/" : folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fchdir(dir) != 0)
		sd_fatal(SD_EXIT_CONFIG, "%s: %s", folder, strerror(errno));
	(void)close(dir);
}

/* Sockets of the service manager: counted, marked; the master finds out what they are. */
static void take_listen_fds(struct launcher *l)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	uint64_t n = 0, who = 0;

	if (pid == NULL || count == NULL || sd_slice_u64(sd_slice_str(pid), &who) != SD_OK ||
	    who != (uint64_t)getpid() || sd_slice_u64(sd_slice_str(count), &n) != SD_OK)
		return;
	for (uint64_t i = 0; i < n && i < LAUNCHER_MAX_LISTEN; i++) {
		/* sd_listen_fds(3): they begin after standard error */
		l->listen_fd[i] = fcntl(STDERR_FILENO + 1 + (int)i, F_DUPFD_CLOEXEC,
					HERITAGE_FD_LISTEN + LAUNCHER_MAX_LISTEN);
		if (l->listen_fd[i] < 0)
			sd_fatal(SD_EXIT_OSERR, "LISTEN_FDS: %s", strerror(errno));
		(void)close(STDERR_FILENO + 1 + (int)i);
		l->listen_count++;
	}
}

static void privileges(struct launcher *l)
{
	struct sd_diag diag = {{0}};
	int code;

	l->own_users = launcher_may_change_users();
	code = launcher_users_resolve(l);
	if (code != 0)
		exit(code);
	if (launcher_caps_trim(&diag) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "%s", diag.text);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (launcher_redis_judge(l, &diag) != SD_OK || launcher_sandbox_enter(&l->users, &diag) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "%s", diag.text);
}

int main(int argc, char **argv)
{
	struct launcher *l = calloc(1, sizeof(*l));
	struct sd_diag diag = {{0}};
	struct options options;

	sd_log_init(STDERR_FILENO, role_name(ROLE_LAUNCHER), SD_LOG_JSON, SD_LOG_INFO);
	if (l == NULL)
		sd_fatal(SD_EXIT_OSERR, "out of memory");
	options_parse(argc, argv, &options);
	l->self = getpid();
	if (launcher_programs_open(l, &diag) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "%s", diag.text);
	if (options.tool) {
		int err = launcher_exec(l, ROLE_MASTER, argv, environ);

		sd_fatal(SD_EXIT_OSERR, "sessiond-master: %s", strerror(-err));
	}
	take_listen_fds(l);
	l->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (l->null_fd < 0)
		sd_fatal(SD_EXIT_OSERR, "/dev/null: %s", strerror(errno));
	enter_config_folder(l, options.config);
	privileges(l);
	int code = launcher_serve(l);

	free(l);
	return code;
}
