/* SPDX-License-Identifier: MIT
 * signer_audit - tells the auditor what was refused, without ever waiting for it.
 * Owns:      the socket to the auditor, the records it has not acknowledged
 * Runs in:   signer, after its sandbox
 * Fails by:  counting instead of writing
 * Never:     let a flood of refusals from one worker become a flood in the trail */
#include "base.h"
#include "signer_audit.h"

#include <unistd.h>

#include "err.h"
#include "fdpass.h"
#include "log.h"

static void on_auditor(struct sd_io *io, uint32_t events);

void signer_audit_init(struct signer_audit *a, struct sd_loop *loop)
{
	memset(a, 0, sizeof(*a));
	a->loop = loop;
	a->fd = a->io.fd = -1;
}

static void disconnect(struct signer_audit *a)
{
	if (a->io.fd >= 0)
		sd_loop_del(a->loop, &a->io);
	if (a->fd >= 0)
		(void)close(a->fd);
	a->fd = -1;
	a->granted = 0;
	a->sent = 0;
}

void signer_audit_fini(struct signer_audit *a)
{
	disconnect(a);
}

static void forget_first(struct signer_audit *a, uint32_t n)
{
	memmove(a->slot, a->slot + n, (a->count - n) * sizeof(a->slot[0]));
	a->count -= n;
	a->sent -= SD_MIN(a->sent, n);
}

static void push(struct signer_audit *a)
{
	while (a->fd >= 0 && a->sent < a->count && a->sent < a->granted) {
		const struct signer_audit_slot *s = &a->slot[a->sent];

		if (sd_fdpass_send(a->fd, s->bytes, s->n, NULL, 0, -1) != SD_OK)
			return; /* a credit or a new auditor brings us back */
		a->sent++;
	}
}

int signer_audit_connect(struct signer_audit *a, int fd)
{
	disconnect(a);
	if (sd_loop_add(a->loop, &a->io, fd, EPOLLIN, on_auditor) != SD_OK) {
		(void)close(fd);
		return SD_ERR_SYSTEM;
	}
	a->fd = fd;
	return SD_OK;
}

static void on_auditor(struct sd_io *io, uint32_t events)
{
	struct signer_audit *a = SD_CONTAINER_OF(io, struct signer_audit, io);
	struct audit_credit credit;
	uint32_t done = 0;
	size_t n = 0;
	int fd = -1;
	int err = sd_fdpass_recv(a->fd, &credit, sizeof(credit), &n, &fd);

	(void)events;
	if (fd >= 0)
		(void)close(fd);
	if (err == SD_ERR_AGAIN)
		return;
	if (err != SD_OK || fd >= 0 || n != sizeof(credit) || credit.version != AUDIT_MSG_VERSION) {
		sd_log(SD_LOG_WARN, "auditor-lost", SD_FS("text", sd_err_text(err)));
		disconnect(a);
		return;
	}
	a->granted = credit.granted;
	while (done < a->sent && a->slot[done].id <= credit.acked)
		done++;
	forget_first(a, done);
	push(a);
}

static bool within_rate(struct signer_audit *a, int64_t wall_ms)
{
	if (wall_ms / 1000 != a->second) {
		a->second = wall_ms / 1000;
		a->left = SIGNER_AUDIT_PER_SECOND;
	}
	if (a->left == 0 || a->count == SIGNER_AUDIT_KEEP)
		return false;
	a->left--;
	return true;
}

void signer_audit_refused(struct signer_audit *a, const struct signer_audit_event *e)
{
	struct signer_audit_slot *s;
	char suppressed[24];
	struct audit_record r = {
	    .id = a->last_id + 1,
	    .ts_ms = e->wall_ms,
	    .gen = e->generation,
	    .event = AUDIT_TOKEN_REFUSED,
	    .outcome = AUDIT_REFUSED,
	    .actor_type = AUDIT_ACTOR_SYSTEM,
	    .actor_id = SD_SLICE("signer"),
	    .tenant = e->tenant,
	    .user_id = e->user_id,
	    .session_id = sd_slice_str(e->session_id),
	    .reason = sd_slice_str(e->reason),
	    .detail_count = 2,
	    .detail = {{SD_SLICE("peer"), sd_slice_str(e->peer)}},
	};

	if (!within_rate(a, e->wall_ms)) {
		a->suppressed++;
		return;
	}
	(void)snprintf(suppressed, sizeof(suppressed), "%llu", (unsigned long long)a->suppressed);
	r.detail[1].key = SD_SLICE("suppressed");
	r.detail[1].value = sd_slice_str(suppressed);
	s = &a->slot[a->count];
	if (audit_record_encode(&r, s->bytes, sizeof(s->bytes), &s->n) != SD_OK) {
		r.user_id = sd_slice(NULL, 0); /* the one long field, and a hostile one */
		if (audit_record_encode(&r, s->bytes, sizeof(s->bytes), &s->n) != SD_OK) {
			a->suppressed++;
			return;
		}
	}
	s->id = ++a->last_id;
	a->count++;
	a->suppressed = 0;
	push(a);
}
