/* SPDX-License-Identifier: MIT
 * chan - one channel of heritage messages on our loop: whole messages in, a bounded queue out.
 * Launcher and master. */
#ifndef SD_CHAN_H
#define SD_CHAN_H

#include "heritage.h"
#include "loop.h"

struct chan_out;

struct chan {
	struct sd_loop *loop;
	struct sd_io io;         /* fd -1 = closed */
	struct chan_out *first;  /* what the socket had no room for */
	struct chan_out **last;
	uint32_t queued;
	uint32_t life;           /* rises with each open: a callback may have replaced the channel */
	/* fd >= 0 is the callee's. */
	void (*on_msg)(struct chan *c, const struct hm_msg *m, int fd);
	/* The channel is closed already. err: SD_ERR_CLOSED, or what was wrong with a message. */
	void (*on_closed)(struct chan *c, int err);
};

/* Takes fd over (also when it fails). SD_ERR_SYSTEM. The callbacks are set by the caller. */
int chan_open(struct chan *c, struct sd_loop *loop, int fd) SD_MUSTCHECK;
/* Sends now or queues; fd stays the caller's. SD_ERR_CLOSED, SD_ERR_FULL (a reader that does not
 * read), SD_ERR_MEMORY, SD_ERR_SYSTEM: the message is lost and the peer has to go. */
int chan_send(struct chan *c, enum hm_type type, uint32_t tag, const void *body, size_t n, int fd)
    SD_MUSTCHECK;
/* No callback follows. Closed or zeroed channels are fine. */
void chan_close(struct chan *c);
static inline bool chan_is_open(const struct chan *c)
{
	return c->life > 0 && c->io.fd >= 0;
}

#endif
