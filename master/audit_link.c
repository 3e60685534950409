/* SPDX-License-Identifier: MIT
 * audit_link - the master's own audit records on their way to the auditor.
 * Owns:      the master's socket to the auditor; its records until they are acknowledged
 * Runs in:   master (after the sandbox)
 * Fails by:  losing the oldest record when too many wait, and saying so
 * Never:     holds the master up: supervision goes on without an auditor */
#include "base.h"
#include "master.h"

#include <sys/socket.h>
#include <unistd.h>

#include "err.h"
#include "event_copy_master.h"
#include "fdpass.h"
#include "log.h"

#define PEER_BYTES (256u * 1024)

static void forget(struct audit_link *a, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		free(a->kept[i].packet);
	memmove(a->kept, a->kept + n, (a->count - n) * sizeof(a->kept[0]));
	a->count -= n;
}

/* Sends what the auditor's credit allows: at most `granted` records unacknowledged. */
static void pump(struct audit_link *a)
{
	for (uint32_t i = 0; a->open && i < a->count && i < a->granted; i++) {
		struct audit_kept *k = &a->kept[i];

		if (k->sent)
			continue;
		if (send(a->io.fd, k->packet, k->n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)k->n)
			return; /* full: the next credit comes with room */
		k->sent = true;
	}
}

static void on_credit(struct audit_link *a, const struct audit_credit *c)
{
	uint32_t n = 0;

	if (c->version != AUDIT_MSG_VERSION)
		return;
	a->granted = c->granted;
	a->stalled = c->granted == 0;
	while (n < a->count && a->kept[n].id <= c->acked && a->kept[n].sent)
		n++;
	forget(a, n);
}

static void on_io(struct sd_io *io, uint32_t events SD_UNUSED)
{
	struct audit_link *a = SD_CONTAINER_OF(io, struct audit_link, io);
	struct master *m = SD_CONTAINER_OF(a, struct master, audit);
	struct audit_credit credit;
	ssize_t n;

	while ((n = recv(io->fd, &credit, sizeof(credit), MSG_DONTWAIT)) == (ssize_t)sizeof(credit))
		on_credit(a, &credit);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		audit_link_lost(m);
		return;
	}
	pump(a);
}

void audit_link_lost(struct master *m)
{
	struct audit_link *a = &m->audit;
	int fd = a->io.fd;

	if (!a->open)
		return;
	sd_loop_del(m->loop, &a->io);
	(void)close(fd);
	a->open = false;
	a->stalled = false;
	a->granted = 0;
}

void audit_link_connect(struct master *m)
{
	struct audit_link *a = &m->audit;
	struct child *auditor = fleet_auditor(&m->fleet);
	struct hm_peer peer = {.role = ROLE_MASTER};
	int fds[2];

	audit_link_lost(m);
	if (sd_fdpass_pair(fds, PEER_BYTES) != SD_OK)
		return;
	handover_send(auditor, HM_PEER, &peer, sizeof(peer), fds[0]);
	(void)close(fds[0]);
	if (sd_loop_add(m->loop, &a->io, fds[1], EPOLLIN, on_io) != SD_OK) {
		(void)close(fds[1]);
		return;
	}
	a->open = true;
	for (uint32_t i = 0; i < a->count; i++)
		a->kept[i].sent = false;
}

static void keep(struct audit_link *a, const struct audit_record *r)
{
	uint8_t packet[AUDIT_MAX_RECORD];
	struct audit_kept *k;
	size_t n = 0;

	if (audit_record_encode(r, packet, sizeof(packet), &n) != SD_OK) {
		sd_log(SD_LOG_ERROR, "audit-record-too-big", SD_FS("record", audit_event_name(r->event)));
		return;
	}
	if (a->count == AUDIT_LINK_MAX) {
		sd_log(SD_LOG_ERROR, "audit-record-lost", SD_FI("id", a->kept[0].id),
		       SD_FS("text", "the auditor has been away for too long"));
		forget(a, 1);
	}
	k = &a->kept[a->count];
	*k = (struct audit_kept){.id = r->id, .n = n, .packet = malloc(n)};
	if (k->packet == NULL)
		return;
	memcpy(k->packet, packet, n);
	a->count++;
}

void audit_link_event(struct master *m, enum audit_event event, enum audit_outcome outcome,
		      const char *tenant, const struct audit_detail *details)
{
	struct audit_record r = {
		.id = ++m->audit.next_id,
		.ts_ms = sd_loop_wall_ms(m->loop),
		.gen = m->seg.policy.map != NULL ? policy_view_generation(&m->seg.policy.view) : 0,
		.event = event,
		.outcome = outcome,
		.actor_type = AUDIT_ACTOR_SYSTEM,
		.actor_id = SD_SLICE("master"),
		.tenant = sd_slice_str(tenant),
	};

	for (; details->key != NULL && r.detail_count < AUDIT_MAX_DETAIL; details++) {
		struct sd_slice value = sd_slice_str(details->value);

		value.n = SD_MIN(value.n, (size_t)400);
		r.detail[r.detail_count].key = sd_slice_str(details->key);
		r.detail[r.detail_count++].value = value;
	}
	keep(&m->audit, &r);
	pump(&m->audit);
}

void audit_link_ended(struct master *m, const struct audit_ended *e)
{
	struct audit_record r = {
		.id = ++m->audit.next_id,
		.ts_ms = sd_loop_wall_ms(m->loop),
		.gen = m->seg.policy.map != NULL ? policy_view_generation(&m->seg.policy.view) : 0,
		.event = AUDIT_SESSION_ENDED,
		.outcome = AUDIT_OK,
		.actor_type = AUDIT_ACTOR_SYSTEM,
		.actor_id = SD_SLICE("sessiond"),
		.tenant = e->tenant,
		.user_id = e->user,
		.session_id = e->session,
		.reason = e->reason,
	};

	keep(&m->audit, &r);
	pump(&m->audit);
	event_copy_master(m, &r);
}

uint32_t audit_link_room(const struct master *m)
{
	return AUDIT_LINK_MAX - m->audit.count;
}

void audit_link_process(struct master *m, enum audit_event event, const struct child *c,
			const char *text)
{
	char index[16], pid[16];
	struct audit_detail details[] = {
		{"role", role_name(c->role)},
		{"index", index},
		{"pid", pid},
		{text[0] != '\0' ? "text" : NULL, text},
		{NULL, NULL},
	};
	bool clean = c->reason == NULL && (event == AUDIT_PROCESS_STARTED || !c->wanted);

	(void)snprintf(index, sizeof(index), "%u", c->index);
	(void)snprintf(pid, sizeof(pid), "%d", c->pid);
	audit_link_event(m, event, clean ? AUDIT_OK : AUDIT_FAILED, "", details);
}
