/* SPDX-License-Identifier: MIT
 * signer_peer - answers signing requests of workers, a few of each in turn.
 * Owns:      the workers' sockets, answers that wait for room
 * Runs in:   signer, after its sandbox
 * Fails by:  closing a peer that breaks the protocol
 * Never:     read a peer that does not take its answers */
#include "base.h"
#include "signer_peer.h"

#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "fdpass.h"
#include "handle.h"
#include "log.h"
#include "secret.h"
#include "sign_msg.h"

#define PER_TURN 8      /* requests of one peer before others have their turn */
#define DRAIN_MOST 4096 /* requests of one peer at the end: a flood does not keep us */

struct signer_peer {
	struct sd_io io;
	struct signer_peers *all;
	struct signer_peer *next;
	int fd;
	char name[24];   /* "worker-0" */
	char *waiting;   /* an answer that found no room; NULL = none */
	size_t waiting_n;
};

enum served { SERVED_NOTHING = 0, SERVED_ONE, SERVED_CLOSED };

static void on_peer(struct sd_io *io, uint32_t events);

void signer_peer_init(struct signer_peers *all, struct sd_loop *loop, struct signer_audit *audit)
{
	*all = (struct signer_peers){.loop = loop, .audit = audit};
}

static void drop_waiting(struct signer_peer *p)
{
	if (p->waiting != NULL)
		sd_wipe(p->waiting, p->waiting_n); /* tokens, tenant keys */
	free(p->waiting);
	p->waiting = NULL;
}

static void close_peer(struct signer_peer *p)
{
	struct signer_peer **at = &p->all->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->all->count--;
	if (p->io.fd >= 0)
		sd_loop_del(p->all->loop, &p->io);
	(void)close(p->fd);
	drop_waiting(p);
	free(p);
}

void signer_peer_fini(struct signer_peers *all)
{
	while (all->first != NULL)
		close_peer(all->first);
}

int signer_peer_add(struct signer_peers *all, const struct hm_peer *who, int fd)
{
	struct signer_peer *p = calloc(1, sizeof(*p));
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
	if (all->mint != NULL && sd_loop_add(all->loop, &p->io, fd, EPOLLIN, on_peer) != SD_OK) {
		close_peer(p);
		return SD_ERR_SYSTEM;
	}
	return SD_OK;
}

int signer_peer_start(struct signer_peers *all, struct mint *mint)
{
	all->mint = mint;
	for (struct signer_peer *p = all->first; p != NULL; p = p->next)
		if (sd_loop_add(all->loop, &p->io, p->fd, EPOLLIN, on_peer) != SD_OK)
			return SD_ERR_SYSTEM;
	return SD_OK;
}

static enum served misbehaves(struct signer_peer *p, const char *how)
{
	struct signer_audit_event e = {
	    .peer = p->name,
	    .reason = how,
	    .generation = policy_view_generation(p->all->mint->view),
	    .wall_ms = sd_loop_wall_ms(p->all->loop),
	};

	sd_log(SD_LOG_ERROR, "sign-peer-refused", SD_FS("peer", p->name), SD_FS("text", how));
	signer_audit_refused(p->all->audit, &e);
	close_peer(p);
	return SERVED_CLOSED;
}

/* --- answers --- */

static void poll_for(struct signer_peer *p, uint32_t events)
{
	if (p->io.fd >= 0 && p->io.events != events && sd_loop_mod(p->all->loop, &p->io, events) != SD_OK)
		sd_log(SD_LOG_WARN, "sign-peer-loop", SD_FS("peer", p->name));
}

static enum served send_answer(struct signer_peer *p, const char *packet, size_t n)
{
	int err = sd_fdpass_send(p->fd, packet, n, NULL, 0, -1);

	if (err == SD_OK)
		return SERVED_ONE;
	if (err == SD_ERR_AGAIN)
		p->waiting = malloc(n);
	if (p->waiting == NULL) {
		close_peer(p);
		return SERVED_CLOSED;
	}
	memcpy(p->waiting, packet, n);
	p->waiting_n = n;
	poll_for(p, EPOLLOUT);
	return SERVED_NOTHING;
}

static enum served send_waiting(struct signer_peer *p)
{
	int err = sd_fdpass_send(p->fd, p->waiting, p->waiting_n, NULL, 0, -1);

	if (err == SD_ERR_AGAIN)
		return SERVED_NOTHING;
	if (err != SD_OK) {
		close_peer(p);
		return SERVED_CLOSED;
	}
	drop_waiting(p);
	poll_for(p, EPOLLIN);
	return SERVED_ONE;
}

static enum served answer(struct signer_peer *p, const struct sign_answer *a)
{
	char packet[SIGN_MAX_ANSWER];
	enum served served;
	size_t n = 0;

	if (sign_answer_encode(a, packet, sizeof(packet), &n) != SD_OK)
		return misbehaves(p, "asked for what has no answer");
	served = send_answer(p, packet, n);
	sd_wipe(packet, n);
	return served;
}

/* --- requests --- */

static void note_refused(struct signer_peer *p, const struct sign_request *r, const char *reason)
{
	const struct policy_view *v = p->all->mint->view;
	bool known = r->tenant < v->image->tenants.count && r->generation == policy_view_generation(v);
	const struct policy_tenant *t = known ? policy_view_tenant(v, r->tenant) : NULL;
	char sid[HANDLE_SID_LEN + 1];
	struct sid raw;
	struct signer_audit_event e = {
	    .user_id = r->sub,
	    .session_id = r->op == SIGN_OP_ACCESS_TOKEN ? sid : NULL,
	    .peer = p->name,
	    .reason = reason,
	    .generation = policy_view_generation(v),
	    .wall_ms = sd_loop_wall_ms(p->all->loop),
	};

	memcpy(raw.b, r->sid, sizeof(raw.b));
	sid_text(&raw, sid);
	if (known)
		e.tenant = policy_view_str(v, t->name);
	if (p->all->stats != NULL)
		board_count(p->all->stats, METRIC_SIGN_REFUSED, known ? t->slot : SHM_SLOT_NONE, 0, 0, 1);
	signer_audit_refused(p->all->audit, &e);
}

static void note_signed(const struct signer_peer *p, const struct sign_request *r, int64_t began_ns)
{
	struct shm_stats *stats = p->all->stats;

	if (stats == NULL)
		return;
	board_count(stats, METRIC_SIGNED, policy_view_tenant(p->all->mint->view, r->tenant)->slot, 0, 0, 1);
	board_observe(stats, HISTOGRAM_SIGN_DURATION, (uint64_t)(sd_clock_boot_ns() - began_ns) / 1000);
}

static enum served serve_token(struct signer_peer *p, const struct sign_request *r)
{
	struct mint_now now = {
	    .wall_s = sd_loop_wall_ms(p->all->loop) / 1000,
	    .boot_ns = sd_clock_boot_ns(),
	};
	struct sign_answer a = {.id = r->id, .op = r->op};
	const char *reason = NULL;
	struct sd_buf token;
	enum served served;

	sd_buf_init(&token, SIGN_MAX_TOKEN);
	a.status = mint_token(p->all->mint, r, now, &token, &reason);
	if (a.status == SIGN_DONE) {
		a.payload = sd_buf_slice(&token);
		note_signed(p, r, now.boot_ns);
	} else {
		a.payload = sd_slice_str(reason);
		note_refused(p, r, reason);
	}
	served = answer(p, &a);
	sd_buf_wipe_fini(&token);
	return served;
}

static enum served serve_keys(struct signer_peer *p, const struct sign_request *r)
{
	struct tenant_keys keys[SIGN_KEYS_BATCH];
	struct sign_answer a = {.id = r->id, .op = r->op, .first = r->tenant};
	const char *reason = NULL;
	enum served served;

	a.status = mint_tenant_keys(p->all->mint, r, keys, &a.count, &reason);
	if (a.status == SIGN_DONE) {
		a.payload = sd_slice(keys, a.count * sizeof(keys[0]));
	} else {
		a.payload = sd_slice_str(reason);
		note_refused(p, r, reason);
	}
	served = answer(p, &a);
	sd_wipe(keys, sizeof(keys));
	return served;
}

static enum served serve_one(struct signer_peer *p)
{
	char packet[SIGN_MAX_REQUEST];
	struct sign_request r;
	size_t n = 0;
	int fd = -1;
	int err = sd_fdpass_recv(p->fd, packet, sizeof(packet), &n, &fd);

	if (fd >= 0) {
		(void)close(fd);
		return misbehaves(p, "sent a descriptor");
	}
	if (err == SD_ERR_AGAIN)
		return SERVED_NOTHING;
	if (err == SD_ERR_CLOSED) {
		close_peer(p);
		return SERVED_CLOSED;
	}
	if (err != SD_OK)
		return misbehaves(p, sd_err_text(err));
	if (sign_request_decode(sd_slice(packet, n), &r) != SD_OK)
		return misbehaves(p, "sent what is not a request");
	return r.op == SIGN_OP_TENANT_KEYS ? serve_keys(p, &r) : serve_token(p, &r);
}

static enum served serve(struct signer_peer *p, int most)
{
	enum served served = SERVED_ONE;

	if (p->waiting != NULL)
		served = send_waiting(p);
	for (int i = 0; i < most && served == SERVED_ONE; i++)
		served = serve_one(p);
	return served;
}

static void on_peer(struct sd_io *io, uint32_t events)
{
	struct signer_peer *p = SD_CONTAINER_OF(io, struct signer_peer, io);

	if ((events & (EPOLLERR | EPOLLHUP)) != 0 && p->waiting != NULL) {
		close_peer(p); /* nobody will take the answer */
		return;
	}
	(void)serve(p, PER_TURN);
}

bool signer_peer_drain(struct signer_peers *all)
{
	bool clear = true;
	struct signer_peer *next;

	for (struct signer_peer *p = all->first; p != NULL; p = next) {
		next = p->next;
		if (serve(p, DRAIN_MOST) != SERVED_CLOSED && p->waiting != NULL)
			clear = false;
	}
	return clear;
}
