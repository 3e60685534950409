/* SPDX-License-Identifier: MIT
 * launcher_master - the master's life as the launcher sees it: started, obeyed, buried, replaced.
 * Owns:      the master's channel and back-off
 * Runs in:   launcher
 * Fails by:  never; a master that cannot be started is tried again
 * Never:     acts on a pid that it did not start itself */
#include "base.h"
#include "launcher.h"

#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "fdpass.h"
#include "log.h"

#define CHANNEL_BYTES (256u * 1024)
#define BACK_OFF_FIRST_MS 100
#define BACK_OFF_MAX_MS 10000
#define FIRST_START_NS (60 * SD_NS_PER_S) /* each role is ready within 10 s, or the start has failed */
#define STEADY_NS (10 * SD_NS_PER_S) /* who lived this long begins with the shortest wait again */

static struct launcher_child *child_free_slot(struct launcher *l)
{
	for (size_t i = 0; i < LAUNCHER_MAX_CHILDREN; i++)
		if (l->child[i].pid == 0)
			return &l->child[i];
	return NULL;
}

static struct launcher_child *child_by_pid(struct launcher *l, pid_t pid)
{
	for (size_t i = 0; i < LAUNCHER_MAX_CHILDREN && pid > 0; i++)
		if (l->child[i].pid == pid)
			return &l->child[i];
	return NULL;
}

bool launcher_has_children(const struct launcher *l)
{
	for (size_t i = 0; i < LAUNCHER_MAX_CHILDREN; i++)
		if (l->child[i].pid != 0)
			return true;
	return l->master_pid != 0;
}

static void tell(struct launcher *l, enum hm_type type, uint32_t tag, const struct hm_child *body)
{
	if (chan_send(&l->master, type, tag, body, sizeof(*body), -1) != SD_OK && l->master_pid > 0)
		(void)kill(l->master_pid, SIGKILL); /* it does not read: a fresh one will */
}

static void serve_spawn(struct launcher *l, const struct hm_msg *m, int fd)
{
	struct launcher_child *slot = child_free_slot(l);
	uint32_t role = m->u.spawn.role;
	char redis[] = "redis-server", dash[] = "-", name[32];
	char *argv[] = {name, NULL, NULL};
	struct launcher_start s = {.role = (enum role)role, .stdin_fd = -1, .stdout_fd = -1,
				   .channel_fd = fd, .argv = argv};
	struct hm_child body = {.pid = -1, .status = -EINVAL, .role = role,
				.index = m->u.spawn.index};

	(void)snprintf(name, sizeof(name), "sessiond-%s", role < ROLE_COUNT ? role_name(role) : "");
	if (role == ROLE_REDIS) {
		s.stdin_fd = fd;
		s.channel_fd = -1;
		argv[0] = redis;
		argv[1] = dash;
	}
	if (slot != NULL && fd >= 0 && l->phase <= LAUNCHER_STOPPING && role > ROLE_MASTER &&
	    role < ROLE_COUNT) {
		pid_t pid = launcher_start(l, &s);

		body.pid = pid > 0 ? (int32_t)pid : -1;
		body.status = pid > 0 ? 0 : (int32_t)pid;
		if (pid > 0)
			*slot = (struct launcher_child){pid, role, m->u.spawn.index};
	}
	tell(l, HM_SPAWNED, m->head.tag, &body);
}

static void serve_kill(struct launcher *l, const struct hm_msg *m)
{
	struct launcher_child *c = child_by_pid(l, (pid_t)m->u.child.pid);
	int number = m->u.child.status;

	if (c == NULL || (number != SIGKILL && number != SIGTERM && number != SIGABRT))
		return;
	(void)kill(c->pid, number);
}

static void on_msg(struct chan *c, const struct hm_msg *m, int fd)
{
	struct launcher *l = SD_CONTAINER_OF(c, struct launcher, master);

	if (m->head.type == HM_SPAWN)
		serve_spawn(l, m, fd);
	else if (m->head.type == HM_KILL)
		serve_kill(l, m);
	else if (m->head.type == HM_SERVING)
		l->has_served = true;
	if (fd >= 0)
		(void)close(fd);
}

static void on_closed(struct chan *c, int err)
{
	struct launcher *l = SD_CONTAINER_OF(c, struct launcher, master);

	/* A master that ends closes its channel first; one that breaks the protocol is ended, and its end says
	 * nothing about what the operator has configured. */
	if (err != SD_ERR_CLOSED && l->master_pid > 0) {
		l->master_starts++;
		(void)kill(l->master_pid, SIGKILL);
	}
}

static void on_timer(struct sd_timer *t)
{
	launcher_master_start(SD_CONTAINER_OF(t, struct launcher, timer));
}

static void start_later(struct launcher *l)
{
	if (l->back_off_ms == 0)
		l->back_off_ms = BACK_OFF_FIRST_MS;
	sd_log(SD_LOG_WARN, "master-restart", SD_FI("wait_ms", l->back_off_ms));
	if (sd_timer_at(l->loop, &l->timer, sd_clock_boot_ns() + l->back_off_ms * SD_NS_PER_MS,
			on_timer) != SD_OK)
		launcher_clear(l, LAUNCHER_LEAVING, SD_EXIT_OSERR);
	l->back_off_ms = SD_MIN(l->back_off_ms * 2, BACK_OFF_MAX_MS);
}

void launcher_master_start(struct launcher *l)
{
	char name[] = "sessiond-master", opt[] = "-c", own[] = "--own-users", config[CONFIG_NAME_MAX];
	char *argv[] = {name, opt, config, l->own_users ? own : NULL, NULL};
	struct launcher_start s = {.role = ROLE_MASTER, .stdin_fd = -1, .stdout_fd = STDOUT_FILENO,
				   .argv = argv, .pass_listen = true};
	int fds[2];
	pid_t pid = -1;

	(void)snprintf(config, sizeof(config), "%s", l->config);
	l->phase = LAUNCHER_RUNNING;
	l->master_since_ns = sd_clock_boot_ns();
	if (sd_fdpass_pair(fds, CHANNEL_BYTES) != SD_OK) {
		start_later(l);
		return;
	}
	s.channel_fd = fds[1];
	l->master.on_msg = on_msg;
	l->master.on_closed = on_closed;
	if (chan_open(&l->master, l->loop, fds[0]) == SD_OK)
		pid = launcher_start(l, &s);
	(void)close(fds[1]);
	if (pid <= 0) {
		chan_close(&l->master);
		start_later(l);
		return;
	}
	l->master_pid = pid;
	l->master_starts++;
}

void launcher_ended_report(struct launcher *l, const struct launcher_child *c, int status)
{
	struct hm_child body = {.pid = (int32_t)c->pid, .status = status, .role = c->role,
				.index = c->index};

	if (l->master_pid > 0)
		tell(l, HM_ENDED, 0, &body);
}

void launcher_signal_forward(struct launcher *l, int number)
{
	struct hm_child body = {.status = number};

	if (l->master_pid > 0)
		tell(l, HM_SIGNAL, 0, &body);
}

void launcher_clear(struct launcher *l, enum launcher_phase phase, int exit_code)
{
	l->phase = phase;
	l->exit_code = exit_code;
	sd_timer_off(l->loop, &l->timer);
	for (size_t i = 0; i < LAUNCHER_MAX_CHILDREN; i++)
		if (l->child[i].pid > 0)
			(void)kill(l->child[i].pid, SIGKILL);
	if (l->master_pid > 0)
		(void)kill(l->master_pid, SIGKILL);
	if (!launcher_has_children(l))
		launcher_cleared(l);
}

void launcher_cleared(struct launcher *l)
{
	if (l->phase == LAUNCHER_LEAVING)
		sd_loop_stop(l->loop);
	else if (l->phase == LAUNCHER_CLEARING)
		start_later(l);
}

/* Being killed from outside says nothing about the next one. */
static bool has_proved_itself(const struct launcher *l, int status)
{
	int64_t lived_ns = sd_clock_boot_ns() - l->master_since_ns;

	return lived_ns > STEADY_NS ||
	       (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && lived_ns > SD_NS_PER_S);
}

/* Later a master that gives up has served before: the next one may as well. */
static bool is_first_start(const struct launcher *l)
{
	return l->master_starts == 1 && !l->has_served && sd_clock_boot_ns() - l->master_since_ns < FIRST_START_NS;
}

void launcher_master_ended(struct launcher *l, int status)
{
	bool stopping = l->phase == LAUNCHER_STOPPING;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	l->master_pid = 0;
	chan_close(&l->master);
	if (l->phase == LAUNCHER_LEAVING) {
		if (!launcher_has_children(l))
			launcher_cleared(l);
		return;
	}
	if (!stopping || code != 0)
		sd_log(SD_LOG_ERROR, "master-ended", SD_FI("exit", code),
		       SD_FI("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0));
	if (stopping)
		launcher_clear(l, LAUNCHER_LEAVING, code == 0 ? 0 : 1);
	else if (is_first_start(l) && (code == SD_EXIT_CONFIG || code == SD_EXIT_OSERR))
		launcher_clear(l, LAUNCHER_LEAVING, code); /* the first start: the operator is there */
	else {
		if (has_proved_itself(l, status))
			l->back_off_ms = 0;
		launcher_clear(l, LAUNCHER_CLEARING, 0);
	}
}
