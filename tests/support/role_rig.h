/* SPDX-License-Identifier: MIT
 * role_rig - runs one role's real program, with the test in the master's place on its channel. */
#ifndef SD_ROLE_RIG_H
#define SD_ROLE_RIG_H

#include "base.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "fdpass.h"
#include "heritage.h"
#include "shm_map.h"

#define ROLE_RIG_WAIT_MS 20000

struct role_rig {
	pid_t pid;
	int channel;
};

/* dup2 on itself would leave close-on-exec where it is. */
static inline bool lift_to_channel(int fd)
{
	int high = dup(fd);

	return high >= 0 && dup2(high, HERITAGE_FD_CHANNEL) == HERITAGE_FD_CHANNEL;
}

static inline void role_rig_start(struct role_rig *r, const char *program)
{
	int fds[2];

	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	r->channel = fds[0];
	r->pid = fork();
	if (r->pid == 0) {
		if (lift_to_channel(fds[1]))
			(void)execl(program, program, (char *)NULL);
		_exit(127);
	}
	assert_true(r->pid > 0);
	(void)close(fds[1]);
}

static inline void role_rig_send(const struct role_rig *r, enum hm_type type, const void *body, size_t n, int fd)
{
	assert_int_equal(hm_send(r->channel, type, 0, body, n, fd), SD_OK);
}

static inline void role_rig_wait_for(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, ROLE_RIG_WAIT_MS), 1);
}

/* The next message of the program. */
static inline enum hm_type role_rig_hear(const struct role_rig *r, struct hm_msg *m)
{
	int fd = -1;

	role_rig_wait_for(r->channel);
	assert_int_equal(hm_recv(r->channel, m, &fd), SD_OK);
	return (enum hm_type)m->head.type;
}

static inline void role_rig_boot(const struct role_rig *r, struct hm_boot *boot)
{
	boot->sandbox_mode = SD_SANDBOX_ENFORCE;
	boot->nofile = 256;
	boot->log_level = 0; /* errors alone */
	(void)snprintf(boot->node, sizeof(boot->node), "node-1");
	role_rig_send(r, HM_BOOT, boot, sizeof(*boot), -1);
}

/* A stats segment, handed over; it stays mapped at the returned place. */
static inline struct shm_stats *role_rig_stats(const struct role_rig *r)
{
	struct sd_diag diag = {{0}};
	void *p = NULL;
	int fd = -1;

	assert_int_equal(shm_create(SHM_KIND_STATS, 1, sizeof(struct shm_stats), &fd, &p, &diag), SD_OK);
	role_rig_send(r, HM_STATS, NULL, 0, fd);
	(void)close(fd);
	return p;
}

/* A peer's socket: the other end goes to the program. */
static inline int role_rig_peer(const struct role_rig *r, enum role role)
{
	struct hm_peer who = {.role = role};
	int fds[2];

	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	role_rig_send(r, HM_PEER, &who, sizeof(who), fds[1]);
	(void)close(fds[1]);
	return fds[0];
}

/* The exit code; a signal is 1000 and its number. */
static inline int role_rig_end(struct role_rig *r)
{
	int status = 0;

	(void)close(r->channel);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#endif
