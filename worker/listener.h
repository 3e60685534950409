/* SPDX-License-Identifier: MIT
 * listener - accepts on a socket that all workers share; backs off when descriptors run out. */
#ifndef SD_LISTENER_H
#define SD_LISTENER_H

#include "heritage.h"
#include "loop.h"

struct worker;

struct listener {
	struct sd_io io;
	struct sd_timer retry;
	struct worker *worker;
	int fd;
	enum listener_role role;
	bool is_unix;
	bool paused;
};

/* Remembers the socket (handed over by the master); accepts nothing before listener_start(). */
void listener_init(struct listener *l, struct worker *w, const struct hm_listener *what, int fd);
void listener_start(struct listener *l);
/* Stops accepting for good (drain) and closes our copy. */
void listener_stop(struct listener *l);
/* A connection ended, or more are allowed: one that paused for want of room may go on. */
void listener_resume(struct listener *l);

#endif
