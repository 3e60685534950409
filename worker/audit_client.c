/* SPDX-License-Identifier: MIT
 * audit_client - slots before, records after, kept until acknowledged.
 * Owns:      the socket to the auditor, the records that it has not acknowledged
 * Runs in:   worker
 * Fails by:  false (no slot), SD_ERR_* (cannot encode or keep)
 * Never:     drop a record of a change that was made */
#include "base.h"
#include "audit_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include "err.h"

struct audit_kept {
	struct audit_kept *next;
	uint64_t id;
	bool sent;
	size_t n;
	uint8_t packet[];
};

void audit_client_init(struct audit_client *c, struct sd_loop *loop)
{
	*c = (struct audit_client){.loop = loop, .fd = -1, .next_id = 1};
}

static void disconnect(struct audit_client *c)
{
	if (c->fd < 0)
		return;
	sd_loop_del(c->loop, &c->io);
	close(c->fd);
	c->fd = -1;
	c->granted = 0;
	for (struct audit_kept *k = c->first; k; k = k->next)
		k->sent = false;
}

void audit_client_fini(struct audit_client *c)
{
	disconnect(c);
	while (c->first) {
		struct audit_kept *k = c->first;
		c->first = k->next;
		free(k);
	}
}

static void flush(struct audit_client *c)
{
	for (struct audit_kept *k = c->first; k && c->fd >= 0; k = k->next) {
		if (k->sent)
			continue;
		ssize_t n;
		do {
			n = send(c->fd, k->packet, k->n, MSG_DONTWAIT | MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
		if (n < 0) {
			if (errno != EAGAIN)
				disconnect(c);
			return; /* the next credit (or auditor) brings us back */
		}
		k->sent = true;
	}
}

static void acknowledge(struct audit_client *c, uint64_t upto)
{
	while (c->first && c->first->id <= upto) {
		struct audit_kept *k = c->first;
		c->first = k->next;
		if (!c->first)
			c->last = NULL;
		c->unacked--;
		free(k);
	}
}

static void on_io(struct sd_io *io, uint32_t events)
{
	struct audit_client *c = SD_CONTAINER_OF(io, struct audit_client, io);
	(void)events;
	for (;;) {
		struct audit_credit credit;
		ssize_t n = recv(c->fd, &credit, sizeof(credit), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n != (ssize_t)sizeof(credit) || credit.version != AUDIT_MSG_VERSION) {
			disconnect(c);
			return;
		}
		c->granted = credit.granted;
		acknowledge(c, credit.acked);
	}
	flush(c);
}

int audit_client_connect(struct audit_client *c, int fd)
{
	disconnect(c);
	int r = sd_loop_add(c->loop, &c->io, fd, EPOLLIN, on_io);
	if (r != SD_OK) {
		close(fd);
		return r;
	}
	c->fd = fd;
	flush(c);
	return SD_OK;
}

bool audit_slot_take(struct audit_client *c)
{
	if (c->fd < 0 || c->reserved + c->unacked >= c->granted)
		return false;
	c->reserved++;
	return true;
}

void audit_slot_return(struct audit_client *c)
{
	if (c->reserved > 0)
		c->reserved--;
}

int audit_send(struct audit_client *c, struct audit_record *record)
{
	struct audit_kept *k = malloc(sizeof(*k) + AUDIT_MAX_RECORD);
	audit_slot_return(c);
	if (!k)
		return SD_ERR_MEMORY;
	record->id = c->next_id;
	int r = audit_record_encode(record, k->packet, AUDIT_MAX_RECORD, &k->n);
	if (r != SD_OK) {
		free(k);
		return r;
	}
	k->id = c->next_id++;
	k->sent = false;
	k->next = NULL;
	if (c->last)
		c->last->next = k;
	else
		c->first = k;
	c->last = k;
	c->unacked++;
	flush(c);
	return SD_OK;
}

int audit_send_more(struct audit_client *c, struct audit_record *record)
{
	c->reserved++;
	return audit_send(c, record);
}

bool audit_try(struct audit_client *c, struct audit_record *record)
{
	return audit_slot_take(c) && audit_send(c, record) == SD_OK;
}
