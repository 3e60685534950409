/* SPDX-License-Identifier: MIT
 * chan - one channel of heritage messages: reads whole messages, queues what cannot leave yet.
 * Owns:      the channel's descriptor and copies of descriptors in the queue
 * Runs in:   launcher, master (before and after the sandbox)
 * Fails by:  returning SD_ERR_*; a broken frame closes the channel and is reported once
 * Never:     waits for a peer: who does not read is given up when the queue is full */
#include "base.h"
#include "chan.h"

#include <fcntl.h>
#include <unistd.h>

#include "err.h"

#define MAX_QUEUED 512u
#define MAX_READS 64 /* messages of one turn: nobody starves the others */

struct chan_out {
	struct chan_out *next;
	enum hm_type type;
	uint32_t tag;
	int fd; /* ours, or -1 */
	size_t n;
	uint8_t body[];
};

static void out_free(struct chan_out *o)
{
	if (o->fd >= 0)
		(void)close(o->fd);
	free(o);
}

static void fail(struct chan *c, int err)
{
	chan_close(c);
	if (c->on_closed != NULL)
		c->on_closed(c, err);
}

static int flush(struct chan *c)
{
	while (c->first != NULL) {
		struct chan_out *o = c->first;
		int err = hm_send(c->io.fd, o->type, o->tag, o->n > 0 ? o->body : NULL, o->n, o->fd);

		if (err == SD_ERR_AGAIN)
			return sd_loop_mod(c->loop, &c->io, EPOLLIN | EPOLLOUT);
		if (err != SD_OK)
			return err;
		c->first = o->next;
		if (c->first == NULL)
			c->last = &c->first;
		c->queued--;
		out_free(o);
	}
	return sd_loop_mod(c->loop, &c->io, EPOLLIN);
}

static void on_io(struct sd_io *io, uint32_t events)
{
	struct chan *c = SD_CONTAINER_OF(io, struct chan, io);
	uint32_t life = c->life;
	int err = SD_OK;

	for (int i = 0; (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && i < MAX_READS; i++) {
		struct hm_msg m;
		int fd;

		err = hm_recv(c->io.fd, &m, &fd);
		if (err != SD_OK)
			break;
		c->on_msg(c, &m, fd);
		if (!chan_is_open(c) || c->life != life)
			return;
	}
	if (err != SD_OK && err != SD_ERR_AGAIN) {
		fail(c, err);
		return;
	}
	if ((events & EPOLLOUT) != 0) {
		err = flush(c);
		if (err != SD_OK)
			fail(c, err);
	}
}

int chan_open(struct chan *c, struct sd_loop *loop, int fd)
{
	int err;

	chan_close(c);
	c->loop = loop;
	c->first = NULL;
	c->last = &c->first;
	c->queued = 0;
	c->life++;
	err = sd_loop_add(loop, &c->io, fd, EPOLLIN, on_io);
	if (err != SD_OK)
		(void)close(fd);
	return err;
}

static int enqueue(struct chan *c, const struct chan_out *head, const void *body)
{
	struct chan_out *o;

	if (c->queued >= MAX_QUEUED)
		return SD_ERR_FULL;
	o = malloc(sizeof(*o) + head->n);
	if (o == NULL)
		return SD_ERR_MEMORY;
	*o = *head;
	o->fd = -1;
	if (head->n > 0)
		memcpy(o->body, body, head->n);
	if (head->fd >= 0) {
		o->fd = fcntl(head->fd, F_DUPFD_CLOEXEC, HERITAGE_FD_CHANNEL + 1);
		if (o->fd < 0) {
			free(o);
			return SD_ERR_SYSTEM;
		}
	}
	o->next = NULL;
	*c->last = o;
	c->last = &o->next;
	c->queued++;
	return sd_loop_mod(c->loop, &c->io, EPOLLIN | EPOLLOUT);
}

int chan_send(struct chan *c, enum hm_type type, uint32_t tag, const void *body, size_t n, int fd)
{
	struct chan_out head = {.type = type, .tag = tag, .fd = fd, .n = n};
	int err = SD_ERR_AGAIN;

	if (!chan_is_open(c))
		return SD_ERR_CLOSED;
	if (c->first == NULL)
		err = hm_send(c->io.fd, type, tag, body, n, fd);
	return err == SD_ERR_AGAIN ? enqueue(c, &head, body) : err;
}

void chan_close(struct chan *c)
{
	int fd = c->io.fd;

	if (!chan_is_open(c))
		return;
	sd_loop_del(c->loop, &c->io);
	c->io.fd = -1;
	(void)close(fd);
	while (c->first != NULL) {
		struct chan_out *o = c->first;

		c->first = o->next;
		out_free(o);
	}
	c->last = &c->first;
	c->queued = 0;
}
