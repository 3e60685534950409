/* SPDX-License-Identifier: MIT
 * auditor_peer - takes records from peers into the batch, acknowledges what is in the trail.
 * Owns:      the peers' sockets, their credit
 * Runs in:   auditor, after its sandbox (first slots before it)
 * Fails by:  closing a peer that breaks the protocol; stopping all while the trail is stalled
 * Never:     acknowledge a record before the file has it */
#include "base.h"
#include "auditor_peer.h"

#include <unistd.h>

#include "audit_msg.h"
#include "err.h"
#include "fdpass.h"
#include "log.h"
#include "record_json.h"

#define PER_TURN 64                           /* records of one peer before others have their turn */
#define RETRY_NS (250 * 1000 * 1000LL)        /* how often a stalled trail is tried again */

struct auditor_peer {
	struct sd_io io;
	struct auditor_peers *all;
	struct auditor_peer *next;
	int fd;
	char name[24];      /* "worker-0" */
	uint64_t last_id;   /* highest taken */
	uint64_t acked;     /* highest that the trail has */
	bool owed;          /* has not been told its present credit and acknowledgement */
};

enum taken { TAKEN_NOTHING = 0, TAKEN_ONE, TAKEN_CLOSED };

static void on_peer(struct sd_io *io, uint32_t events);
static void on_flush(struct sd_task *task);
static void on_retry(struct sd_timer *timer);

void auditor_peer_init(struct auditor_peers *all, struct sd_loop *loop, struct sink_file *sink)
{
	*all = (struct auditor_peers){.loop = loop, .sink = sink, .node = ""};
}

static void close_peer(struct auditor_peer *p)
{
	struct auditor_peer **at = &p->all->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->all->count--;
	if (p->io.fd >= 0)
		sd_loop_del(p->all->loop, &p->io);
	(void)close(p->fd);
	free(p);
}

void auditor_peer_fini(struct auditor_peers *all)
{
	while (all->first != NULL)
		close_peer(all->first);
	sd_timer_off(all->loop, &all->retry);
	sd_loop_undefer(all->loop, &all->flush);
}

/* Tells a peer what it may send and what is safe; when its socket is full, once it has room. */
static void pay(struct auditor_peer *p)
{
	struct audit_credit credit = {
	    .version = AUDIT_MSG_VERSION,
	    .granted = p->all->stopped ? 0 : AUDITOR_PEER_CREDIT,
	    .acked = p->acked,
	};

	/* whatever kept it from going: told again; a peer that is gone is noticed by reading */
	p->owed = sd_fdpass_send(p->fd, &credit, sizeof(credit), NULL, 0, -1) != SD_OK;
	if (p->io.fd >= 0 &&
	    sd_loop_mod(p->all->loop, &p->io, p->owed ? EPOLLIN | EPOLLOUT : EPOLLIN) != SD_OK)
		sd_log(SD_LOG_WARN, "audit-peer-loop", SD_FS("peer", p->name));
}

int auditor_peer_add(struct auditor_peers *all, const struct hm_peer *who, int fd)
{
	struct auditor_peer *p = calloc(1, sizeof(*p));
	enum role role = who->role < ROLE_COUNT ? (enum role)who->role : ROLE_NONE;

	if (p == NULL) {
		(void)close(fd);
		return SD_ERR_MEMORY;
	}
	p->all = all;
	p->fd = fd;
	p->io.fd = -1;
	(void)snprintf(p->name, sizeof(p->name), "%s-%u", role_name(role), who->index);
	p->next = all->first;
	all->first = p;
	all->count++;
	if (!all->stopped && sd_loop_add(all->loop, &p->io, fd, EPOLLIN, on_peer) != SD_OK) {
		close_peer(p);
		return SD_ERR_SYSTEM;
	}
	pay(p);
	return SD_OK;
}

static enum taken misbehaves(struct auditor_peer *p, const char *how)
{
	sd_log(SD_LOG_ERROR, "audit-peer-refused", SD_FS("peer", p->name), SD_FS("text", how));
	close_peer(p);
	return TAKEN_CLOSED;
}

static void take_record(struct auditor_peer *p, const struct audit_record *record)
{
	struct auditor_peers *all = p->all;
	struct record_json_in in = {
	    .record = record,
	    .seq = ++all->sink->seq,
	    .node = all->node,
	    .src = p->name,
	};

	record_json(&all->sink->batch, &in);
	p->last_id = SD_MAX(p->last_id, record->id);
	p->owed = true;
	sd_loop_defer(all->loop, &all->flush, on_flush);
	if (all->stats != NULL)
		board_count(all->stats, METRIC_AUDIT_RECORDS, SHM_SLOT_NONE, 0, 0, 1);
}

static enum taken take_one(struct auditor_peer *p)
{
	char packet[AUDIT_MAX_RECORD];
	struct audit_record record;
	size_t n = 0;
	int fd = -1;
	int err = sd_fdpass_recv(p->fd, packet, sizeof(packet), &n, &fd);

	if (fd >= 0) {
		(void)close(fd);
		return misbehaves(p, "sent a descriptor");
	}
	if (err == SD_ERR_AGAIN)
		return TAKEN_NOTHING;
	if (err == SD_ERR_CLOSED) {
		close_peer(p);
		return TAKEN_CLOSED;
	}
	if (err != SD_OK)
		return misbehaves(p, sd_err_text(err));
	if (audit_record_decode(sd_slice(packet, n), &record) != SD_OK)
		return misbehaves(p, "sent what is not a record");
	take_record(p, &record);
	return TAKEN_ONE;
}

static void on_peer(struct sd_io *io, uint32_t events)
{
	struct auditor_peer *p = SD_CONTAINER_OF(io, struct auditor_peer, io);

	if ((events & EPOLLOUT) != 0 && p->owed)
		pay(p);
	for (int i = 0; i < PER_TURN && sink_file_room(p->all->sink, RECORD_JSON_MAX); i++)
		if (take_one(p) != TAKEN_ONE)
			return;
}

static void on_flush(struct sd_task *task)
{
	auditor_peer_flush(SD_CONTAINER_OF(task, struct auditor_peers, flush));
}

static void on_retry(struct sd_timer *timer)
{
	auditor_peer_flush(SD_CONTAINER_OF(timer, struct auditor_peers, retry));
}

/* Nobody is read while the trail is stalled: what they send waits in their sockets, and with
 * credit 0 they stop before those are full. */
static void stop(struct auditor_peers *all)
{
	all->stopped = true;
	sd_log(SD_LOG_ERROR, "audit-stalled", SD_FI("errno", all->sink->error),
	       SD_FS("text", strerror(all->sink->error)));
	for (struct auditor_peer *p = all->first; p != NULL; p = p->next) {
		if (p->io.fd >= 0)
			sd_loop_del(all->loop, &p->io);
		pay(p); /* nothing new is acknowledged: the batch is not safe */
	}
}

static void resume(struct auditor_peers *all)
{
	struct auditor_peer *next;

	all->stopped = false;
	sd_log(SD_LOG_INFO, "audit-resumed", SD_FI("seq", all->sink->seq));
	for (struct auditor_peer *p = all->first; p != NULL; p = next) {
		next = p->next;
		p->owed = true;
		if (p->io.fd < 0 && sd_loop_add(all->loop, &p->io, p->fd, EPOLLIN, on_peer) != SD_OK)
			(void)misbehaves(p, "cannot be polled");
	}
}

void auditor_peer_flush(struct auditor_peers *all)
{
	if (sink_file_flush(all->sink) != SD_OK) {
		if (!all->stopped)
			stop(all);
		if (sd_timer_at(all->loop, &all->retry, sd_loop_now_ns(all->loop) + RETRY_NS,
				on_retry) != SD_OK)
			sd_loop_defer(all->loop, &all->flush, on_flush);
		return;
	}
	sd_timer_off(all->loop, &all->retry);
	if (all->stopped)
		resume(all);
	for (struct auditor_peer *p = all->first; p != NULL; p = p->next) {
		p->acked = p->last_id;
		if (p->owed)
			pay(p);
	}
}

int auditor_peer_drain(struct auditor_peers *all)
{
	bool more = true;

	while (more) {
		struct auditor_peer *next;

		if (sink_file_flush(all->sink) != SD_OK)
			return SD_ERR_SYSTEM;
		more = false;
		for (struct auditor_peer *p = all->first; p != NULL; p = next) {
			enum taken taken = TAKEN_ONE;

			next = p->next;
			while (taken == TAKEN_ONE && sink_file_room(all->sink, RECORD_JSON_MAX))
				taken = take_one(p);
			more = more || taken == TAKEN_ONE;
		}
	}
	auditor_peer_flush(all);
	return all->sink->batch.len > 0 ? SD_ERR_SYSTEM : sink_file_sync(all->sink);
}
