/* SPDX-License-Identifier: MIT
 * spawn - asks the launcher for children, hears from it when they end.
 * Owns:      the channel to the launcher; the pids
 * Runs in:   master (after the sandbox)
 * Fails by:  a child that could not be started counts as one that died; without launcher: exit
 * Never:     forks, executes or waits: the launcher does */
#include "base.h"
#include "master.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "fdpass.h"
#include "log.h"

#define CHANNEL_BYTES (256u * 1024)
#define CLOSED_GRACE_NS (500 * SD_NS_PER_MS) /* from a closed channel to its process's end */

/* Which child, and which life of it: a late answer must not hit its successor. */
static uint32_t tag_of(const struct child *c)
{
	return (uint32_t)(c - c->m->fleet.child) << 16 | (c->life & 0xffff);
}

static struct child *by_tag(struct master *m, uint32_t tag)
{
	struct child *c = (tag >> 16) < FLEET_MAX ? &m->fleet.child[tag >> 16] : NULL;

	return c != NULL && tag_of(c) == tag ? c : NULL;
}

static struct child *by_pid(struct master *m, int32_t pid)
{
	for (uint32_t i = 0; i < FLEET_MAX && pid > 0; i++)
		if (m->fleet.child[i].pid == pid)
			return &m->fleet.child[i];
	return NULL;
}

void spawn_signal(struct child *c, int number)
{
	struct hm_child body = {.pid = c->pid, .status = number, .role = (uint32_t)c->role,
				.index = c->index};

	if (c->pid <= 0) {
		c->kill_early = true;
		return;
	}
	if (chan_send(&c->m->launcher, HM_KILL, 0, &body, sizeof(body), -1) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "the launcher cannot be told anything");
}

static void on_child_late(struct sd_timer *t)
{
	struct child *c = SD_CONTAINER_OF(t, struct child, timer);

	if (c->state == CHILD_BOOTING)
		fleet_child_kill(c, "not ready within 10 s");
	else
		spawn_signal(c, SIGKILL);
}

static void on_child_closed(struct chan *ch, int err)
{
	struct child *c = SD_CONTAINER_OF(ch, struct child, chan);

	if (err != SD_ERR_CLOSED) {
		fleet_child_kill(c, "it broke the protocol of its channel");
		return;
	}
	if (c->state == CHILD_READY || c->state == CHILD_BOOTING) {
		c->state = CHILD_LEAVING;
		if (sd_timer_at(c->m->loop, &c->timer, sd_clock_boot_ns() + CLOSED_GRACE_NS,
				on_child_late) != SD_OK)
			spawn_signal(c, SIGKILL);
	}
}

/* The descriptor the child gets: one end of its channel, or its configuration. */
static int child_fd(struct child *c, struct sd_diag *diag)
{
	int fds[2];

	if (c->role == ROLE_REDIS)
		return managed_redis_stdin(&c->m->redis, diag);
	if (sd_fdpass_pair(fds, CHANNEL_BYTES) != SD_OK) {
		(void)sd_diag_set(diag, SD_ERR_SYSTEM, "channel: %s", strerror(errno));
		return -1;
	}
	c->chan.on_msg = handover_on_msg;
	c->chan.on_closed = on_child_closed;
	if (chan_open(&c->chan, c->m->loop, fds[0]) != SD_OK) {
		(void)close(fds[1]);
		return -1;
	}
	return fds[1];
}

static void could_not(struct child *c, const char *why)
{
	sd_log(SD_LOG_ERROR, "child-not-started", SD_FS("process", role_name(c->role)),
	       SD_FI("index", c->index), SD_FS("text", why));
	fleet_child_ended(c, SD_EXIT_OSERR << 8);
}

void spawn_child(struct child *c)
{
	struct hm_spawn body = {.role = (uint32_t)c->role, .index = c->index};
	struct sd_diag diag = {{0}};
	int64_t now = sd_clock_boot_ns();
	int fd, err;

	c->life++;
	c->state = CHILD_BOOTING;
	c->pid = 0;
	c->kill_early = false;
	c->was_ready = false;
	c->reason = NULL;
	c->told[0] = '\0';
	c->generation = 0;
	c->started_ns = now;
	memset(&c->sandbox, 0, sizeof(c->sandbox));
	err = c->role == ROLE_REDIS ? SD_OK : boards_open(&c->board, c->role, c->index, &diag);
	fd = err == SD_OK ? child_fd(c, &diag) : -1;
	if (fd < 0) {
		could_not(c, diag.text);
		return;
	}
	err = chan_send(&c->m->launcher, HM_SPAWN, tag_of(c), &body, sizeof(body), fd);
	(void)close(fd);
	if (err != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "the launcher cannot be told anything");
	if (c->role != ROLE_REDIS && handover_child(c) != SD_OK)
		fleet_child_kill(c, "it could not be handed what it needs");
	else if (sd_timer_at(c->m->loop, &c->timer, now + 10 * SD_NS_PER_S, on_child_late) != SD_OK)
		fleet_child_kill(c, "no memory for its timer");
}

static void on_spawned(struct master *m, const struct hm_msg *msg)
{
	struct child *c = by_tag(m, msg->head.tag);

	if (c == NULL || c->pid != 0)
		return;
	if (msg->u.child.pid <= 0) {
		could_not(c, strerror(-msg->u.child.status));
		return;
	}
	c->pid = msg->u.child.pid;
	if (c->kill_early)
		spawn_signal(c, SIGKILL);
	else if (c->role == ROLE_REDIS)
		fleet_child_ready(c);
}

static void on_launcher(struct chan *ch, const struct hm_msg *msg, int fd)
{
	struct master *m = SD_CONTAINER_OF(ch, struct master, launcher);
	struct child *c;

	if (fd >= 0)
		(void)close(fd);
	if (msg->head.type == HM_SPAWNED) {
		on_spawned(m, msg);
	} else if (msg->head.type == HM_ENDED) {
		c = by_pid(m, msg->u.child.pid);
		if (c != NULL)
			fleet_child_ended(c, msg->u.child.status);
	} else if (msg->head.type == HM_SIGNAL) {
		signals_handle(m, msg->u.child.status);
	}
}

/* Without its launcher a master can neither start nor bury anyone; the children see it end. */
static void on_launcher_closed(struct chan *ch SD_UNUSED, int err)
{
	sd_fatal(SD_EXIT_OSERR, "the launcher is gone: %s", sd_err_text(err));
}

int spawn_open(struct master *m)
{
	m->launcher.on_msg = on_launcher;
	m->launcher.on_closed = on_launcher_closed;
	return chan_open(&m->launcher, m->loop, HERITAGE_FD_CHANNEL);
}
