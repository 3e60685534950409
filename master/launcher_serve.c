/* SPDX-License-Identifier: MIT
 * launcher_serve - the launcher's loop: signals in, dead children out.
 * Owns:      the signal descriptor
 * Runs in:   launcher
 * Fails by:  an exit code
 * Never:     blocks; installs a handler (signals are read from a descriptor) */
#include "base.h"
#include "launcher.h"

#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "log.h"

#define PATIENCE_NS (30 * SD_NS_PER_S) /* from the first TERM; more than the longest drain */

static void on_patience(struct sd_timer *t)
{
	struct launcher *l = SD_CONTAINER_OF(t, struct launcher, timer);

	sd_log(SD_LOG_ERROR, "stop-overdue", SD_FS("text", "the master does not end: killing all"));
	launcher_clear(l, LAUNCHER_LEAVING, 1);
}

static void stop_wanted(struct launcher *l, int number)
{
	if (l->phase == LAUNCHER_LEAVING)
		return;
	if (number == SIGQUIT || l->phase == LAUNCHER_STOPPING || l->master_pid == 0) {
		launcher_clear(l, LAUNCHER_LEAVING, 0);
		return;
	}
	l->phase = LAUNCHER_STOPPING;
	launcher_signal_forward(l, SIGTERM);
	if (sd_timer_at(l->loop, &l->timer, sd_clock_boot_ns() + PATIENCE_NS, on_patience) != SD_OK)
		launcher_clear(l, LAUNCHER_LEAVING, 1);
}

static void reap_one(struct launcher *l, pid_t pid, int status)
{
	struct launcher_child *c = NULL;

	if (pid == l->master_pid) {
		launcher_master_ended(l, status);
		return;
	}
	for (size_t i = 0; i < LAUNCHER_MAX_CHILDREN; i++)
		if (l->child[i].pid == pid)
			c = &l->child[i];
	if (c == NULL)
		return; /* an orphan given to us as the first process of a container */
	launcher_ended_report(l, c, status);
	c->pid = 0;
	if (l->phase >= LAUNCHER_CLEARING && !launcher_has_children(l))
		launcher_cleared(l);
}

static void reap(struct launcher *l)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		reap_one(l, pid, status);
}

static void on_signal(struct sd_io *io, uint32_t events SD_UNUSED)
{
	struct launcher *l = SD_CONTAINER_OF(io, struct launcher, signal_io);
	struct signalfd_siginfo info[16];
	ssize_t n = read(io->fd, info, sizeof(info));

	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(info[0]); i++) {
		int number = (int)info[i].ssi_signo;

		if (number == SIGCHLD)
			continue;
		if (number == SIGTERM || number == SIGINT || number == SIGQUIT)
			stop_wanted(l, number);
		else if (l->phase == LAUNCHER_RUNNING)
			launcher_signal_forward(l, number);
	}
	reap(l);
}

static int signals_open(struct launcher *l)
{
	static const int wanted[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < SD_ARRAY_LEN(wanted); i++)
		(void)sigaddset(&set, wanted[i]);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return SD_ERR_SYSTEM;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return SD_ERR_SYSTEM;
	return sd_loop_add(l->loop, &l->signal_io, fd, EPOLLIN, on_signal);
}

int launcher_serve(struct launcher *l)
{
	if (sd_loop_new(&l->loop) != SD_OK || signals_open(l) != SD_OK) {
		sd_log(SD_LOG_ERROR, "launcher-failed", SD_FS("text", strerror(errno)));
		return SD_EXIT_OSERR;
	}
	launcher_master_start(l);
	if (sd_loop_run(l->loop) != SD_OK) {
		launcher_clear(l, LAUNCHER_LEAVING, SD_EXIT_OSERR);
		while (waitpid(-1, NULL, 0) > 0)
			continue;
		l->exit_code = SD_EXIT_OSERR;
	}
	sd_loop_free(&l->loop);
	return l->exit_code;
}
