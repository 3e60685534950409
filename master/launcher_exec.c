/* SPDX-License-Identifier: MIT
 * launcher_exec - between fork and exec: descriptors, signals, user, capabilities, parent's death.
 * Owns:      the state in which a role's program begins
 * Runs in:   launcher, and its children until their exec
 * Fails by:  -errno to the launcher; a child that cannot become what it must says why and exits 71
 * Never:     lets a descriptor, a signal mask or a variable through that is not named here */
#include "base.h"
#include "launcher.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "die.h"
#include "err.h"
#include "fdset.h"

#define MAX_ENV 8
/* Above every fixed number, so that no dup2 below overwrites what is still needed. */
#define FD_HIGH (HERITAGE_FD_LISTEN + LAUNCHER_MAX_LISTEN)

SD_NORETURN static void child_fail(const char *what, const char *why)
{
	struct sd_diag diag;

	(void)sd_diag_set(&diag, 0, "sessiond: %s: %s\n", what, why != NULL ? why : strerror(errno));
	(void)!write(STDERR_FILENO, diag.text, strlen(diag.text));
	_exit(SD_EXIT_OSERR);
}

int launcher_exec(const struct launcher *l, enum role role, char *const *argv, char *const *envp)
{
	(void)syscall(SYS_execveat, l->program[role], "", argv, envp, AT_EMPTY_PATH);
	return -errno;
}

static void signals_reset(void)
{
	sigset_t none;

	for (int n = 1; n < NSIG; n++)
		if (n != SIGKILL && n != SIGSTOP)
			(void)signal(n, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int lift(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, FD_HIGH);

	if (up < 0)
		child_fail("descriptor", NULL);
	return up;
}

static void settle(int from, int to)
{
	if (dup2(from, to) != to) /* clears close-on-exec */
		child_fail("dup2", NULL);
}

/* Descriptors to their fixed numbers; the program's own stays, close-on-exec. */
static void descriptors(struct launcher *l, const struct launcher_start *s)
{
	int keep[2 + LAUNCHER_MAX_LISTEN];
	int listen_fd[LAUNCHER_MAX_LISTEN];
	size_t n = 0, listen_n = s->pass_listen ? l->listen_count : 0;
	int in = lift(s->stdin_fd >= 0 ? s->stdin_fd : l->null_fd);
	int out = lift(s->stdout_fd >= 0 ? s->stdout_fd : l->null_fd);
	int channel = s->channel_fd >= 0 ? lift(s->channel_fd) : -1;

	l->program[s->role] = lift(l->program[s->role]);
	for (size_t i = 0; i < listen_n; i++)
		listen_fd[i] = lift(l->listen_fd[i]);
	settle(in, STDIN_FILENO);
	settle(out, STDOUT_FILENO);
	keep[n++] = l->program[s->role];
	if (channel >= 0) {
		settle(channel, HERITAGE_FD_CHANNEL);
		keep[n++] = HERITAGE_FD_CHANNEL;
	}
	for (size_t i = 0; i < listen_n; i++) {
		settle(listen_fd[i], HERITAGE_FD_LISTEN + (int)i);
		keep[n++] = HERITAGE_FD_LISTEN + (int)i;
	}
	if (sd_fdset_keep_only(keep, n) != SD_OK)
		child_fail("close_range", NULL);
}

static void become(const struct launcher *l, const struct launcher_start *s)
{
	struct sd_diag diag = {{0}};

	if (s->keep_user)
		return;
	if (l->own_users && sd_ident_become(&l->ident[s->role], &diag) != SD_OK)
		child_fail(role_name(s->role), diag.text);
	if (sd_caps_drop(&diag) != SD_OK)
		child_fail(role_name(s->role), diag.text);
}

static void limits(const struct launcher_start *s)
{
	struct rlimit none = {0, 0};
	struct rlimit cpu = {s->cpu_s, s->cpu_s};

	(void)setrlimit(RLIMIT_CORE, &none);
	if (s->cpu_s > 0 && setrlimit(RLIMIT_CPU, &cpu) != 0)
		child_fail("RLIMIT_CPU", NULL);
}

/* What the service manager tells the first process and the master needs. The variables are those
 * of sd_notify(3) and sd_listen_fds(3); the sockets begin at HERITAGE_FD_LISTEN. */
static void environment(const struct launcher *l, const struct launcher_start *s, char **envp)
{
	static const char *const passed[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDNAMES"};
	static char listen[32];
	size_t n = 0;

	for (size_t i = 0; s->role == ROLE_MASTER && i < SD_ARRAY_LEN(passed); i++) {
		const char *value = getenv(passed[i]);
		size_t size = value != NULL ? strlen(passed[i]) + strlen(value) + 2 : 0;
		char *text = value != NULL ? malloc(size) : NULL;

		if (text == NULL)
			continue;
		(void)snprintf(text, size, "%s=%s", passed[i], value);
		envp[n++] = text; /* of a process about to exec */
	}
	if (s->pass_listen && l->listen_count > 0) {
		(void)snprintf(listen, sizeof(listen), "LISTEN_FDS=%zu", l->listen_count);
		envp[n++] = listen;
	}
	envp[n] = NULL;
}

SD_NORETURN static void child(struct launcher *l, const struct launcher_start *s)
{
	struct sd_diag diag = {{0}};
	char *envp[MAX_ENV];

	descriptors(l, s);
	signals_reset();
	(void)umask(S_IRWXG | S_IRWXO);
	(void)setsid(); /* a terminal's signals are for the launcher */
	environment(l, s, envp);
	become(l, s);
	limits(s);
	/* After the change of user, which clears it; then the parent may be gone already. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		child_fail("PR_SET_PDEATHSIG", NULL);
	if (getppid() != l->self)
		_exit(SD_EXIT_OSERR);
	if (s->role == ROLE_REDIS && launcher_redis_confine(l, &diag) != SD_OK)
		child_fail(role_name(s->role), diag.text);
	(void)launcher_exec(l, s->role, s->argv, envp);
	child_fail(s->argv[0], NULL);
}

pid_t launcher_start(struct launcher *l, const struct launcher_start *s)
{
	pid_t pid;

	if (l->program[s->role] < 0)
		return -ENOENT;
	pid = fork();
	if (pid == 0)
		child(l, s);
	return pid > 0 ? pid : -errno;
}
