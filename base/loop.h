/* SPDX-License-Identifier: MIT
 * loop - one epoll loop per process: descriptors, timers, tasks deferred to the end of a turn.
 * Objects are embedded in their owners; the loop owns nothing and allocates only its heap. */
#ifndef SD_LOOP_H
#define SD_LOOP_H

#include <sys/epoll.h>

#include "base.h"

struct sd_loop;

struct sd_io {
	int fd;          /* -1 = not in a loop */
	uint32_t events; /* EPOLLIN, EPOLLOUT, EPOLLEXCLUSIVE ... as registered */
	void (*fn)(struct sd_io *io, uint32_t events);
};

struct sd_timer {
	int64_t at_ns;   /* CLOCK_BOOTTIME */
	size_t heap_pos; /* 0 = not armed */
	void (*fn)(struct sd_timer *t);
};

/* Runs once, after this turn's events and before the next wait. Deferring twice is once. */
struct sd_task {
	struct sd_task *next;
	bool queued;
	void (*fn)(struct sd_task *t);
};

int sd_loop_new(struct sd_loop **out) SD_MUSTCHECK;
void sd_loop_free(struct sd_loop **loop);

/* The io must stay where it is until removed. SD_ERR_SYSTEM. */
int sd_loop_add(struct sd_loop *loop, struct sd_io *io, int fd, uint32_t events,
		void (*fn)(struct sd_io *io, uint32_t events)) SD_MUSTCHECK;
int sd_loop_mod(struct sd_loop *loop, struct sd_io *io, uint32_t events) SD_MUSTCHECK;
/* Events of this turn still pending for io are dropped too. Does not close the fd. */
void sd_loop_del(struct sd_loop *loop, struct sd_io *io);

/* (Re)arms at an absolute boot time; fires once. SD_ERR_MEMORY only when the heap must grow. */
int sd_timer_at(struct sd_loop *loop, struct sd_timer *t, int64_t at_ns, void (*fn)(struct sd_timer *))
    SD_MUSTCHECK;
void sd_timer_off(struct sd_loop *loop, struct sd_timer *t);

void sd_loop_defer(struct sd_loop *loop, struct sd_task *task, void (*fn)(struct sd_task *));
void sd_loop_undefer(struct sd_loop *loop, struct sd_task *task);

/* Boot and wall time, read once per turn. */
int64_t sd_loop_now_ns(const struct sd_loop *loop);
int64_t sd_loop_wall_ms(const struct sd_loop *loop);

/* Until sd_loop_stop(); 0, or SD_ERR_SYSTEM when epoll_wait fails. */
int sd_loop_run(struct sd_loop *loop) SD_MUSTCHECK;
void sd_loop_stop(struct sd_loop *loop);
/* One turn, waiting at most wait_ms (tests, boot). */
int sd_loop_turn(struct sd_loop *loop, int wait_ms) SD_MUSTCHECK;

#endif
