/* SPDX-License-Identifier: MIT
 * handover - what a child is given, in which order, and what it may say.
 * Owns:      the order of the messages to a new child
 * Runs in:   master (after the sandbox)
 * Fails by:  returning SD_ERR_*; later messages that cannot be sent end the child
 * Never:     gives a role what is not its own: the rows below are the whole of it */
#include "base.h"
#include "master.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "fdpass.h"
#include "log.h"
#include "metrics.h"

#define PEER_BYTES (512u * 1024) /* between children: tens of the longest requests */

static int tell(struct child *c, enum hm_type type, const void *body, size_t n, int fd)
{
	return chan_send(&c->chan, type, 0, body, n, fd);
}

void handover_send(struct child *c, enum hm_type type, const void *body, size_t n, int fd)
{
	if (chan_is_open(&c->chan) && tell(c, type, body, n, fd) != SD_OK)
		fleet_child_kill(c, "it does not read its channel");
}

static int send_boot(struct child *c)
{
	const struct master *m = c->m;
	struct hm_boot boot;

	memset(&boot, 0, sizeof(boot)); /* padding too: it leaves the process */
	boot.role = (uint32_t)c->role;
	boot.index = c->index;
	boot.workers = m->workers;
	boot.sandbox_mode = m->server.sandbox;
	boot.sandbox_require = m->server.sandbox_require;
	boot.nofile = c->role == ROLE_WORKER ? m->server.connections + NOFILE_SPARE : NOFILE_SPARE;
	boot.nofile = SD_MIN(boot.nofile, m->nofile_max);
	boot.log_level = m->config->server.log_level;
	boot.log_format = m->config->server.log_format;
	(void)snprintf(boot.node, sizeof(boot.node), "%s", m->node);
	if (c->role == ROLE_SIGNER) {
		(void)snprintf(boot.keys_dir, sizeof(boot.keys_dir), "%s", m->server.keys_dir);
		(void)snprintf(boot.master_key_file, sizeof(boot.master_key_file), "%s",
			       m->server.master_key_file);
	}
	return tell(c, HM_BOOT, &boot, sizeof(boot), -1);
}

static int send_policy(struct child *c)
{
	struct hm_generation g = {policy_view_generation(&c->policy->view)};

	return tell(c, HM_POLICY, &g, sizeof(g), c->policy->fd);
}

static int send_table(struct child *c)
{
	struct hm_generation g = {shm_revoke_w_number(c->m->seg.table)};

	return tell(c, HM_REVOCATIONS, &g, sizeof(g), shm_revoke_w_fd(c->m->seg.table));
}

void handover_table(struct master *m)
{
	for (uint32_t i = 0; i < m->fleet.workers; i++) {
		struct child *c = fleet_worker(&m->fleet, i);

		if (chan_is_open(&c->chan) && send_table(c) != SD_OK)
			fleet_child_kill(c, "it does not read its channel");
	}
}

static int send_listeners(struct child *c)
{
	for (size_t i = 0; i < c->m->sockets.count; i++) {
		const struct sockets_one *s = &c->m->sockets.one[i];
		struct hm_listener l = {.index = (uint32_t)i, .role = s->role, .is_unix = s->is_unix};
		int err = tell(c, HM_LISTENER, &l, sizeof(l), s->fd);

		if (err != SD_OK)
			return err;
	}
	return SD_OK;
}

void handover_connect(struct child *provider, struct child *worker)
{
	struct hm_peer peer = {.role = (uint32_t)worker->role, .index = worker->index};
	int fds[2];

	if (!chan_is_open(&provider->chan) || !chan_is_open(&worker->chan))
		return;
	if (sd_fdpass_pair(fds, PEER_BYTES) != SD_OK) {
		sd_log(SD_LOG_ERROR, "peer-failed", SD_FS("text", strerror(errno)));
		return;
	}
	handover_send(provider, HM_PEER, &peer, sizeof(peer), fds[0]);
	handover_send(worker, provider->role == ROLE_SIGNER ? HM_SIGNER : HM_AUDITOR, NULL, 0, fds[1]);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

void handover_connect_all(struct child *provider)
{
	struct fleet *f = &provider->m->fleet;

	for (uint32_t i = 0; i < f->workers; i++)
		handover_connect(provider, fleet_worker(f, i));
	for (uint32_t i = 0; i < FLEET_SIGNERS && provider->role == ROLE_AUDITOR; i++)
		handover_connect(provider, &f->child[FLEET_SIGNER + i]);
}

static int send_audit_file(struct child *c)
{
	const char *path = c->m->server.audit_file;
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, S_IRUSR | S_IWUSR);
	int err;

	if (fd < 0) {
		(void)snprintf(c->told, sizeof(c->told), "audit.file %.120s: %s: the master's user must be able to write it",
			       path, strerror(errno));
		sd_log(SD_LOG_ERROR, "audit-file", SD_FS("path", path), SD_FS("text", c->told));
		return SD_ERR_SYSTEM;
	}
	err = tell(c, HM_FILE, NULL, 0, fd);
	(void)close(fd);
	return err;
}

void handover_audit_file(struct master *m)
{
	struct child *c = fleet_auditor(&m->fleet);

	if (chan_is_open(&c->chan) && send_audit_file(c) == SD_OK)
		sd_log(SD_LOG_INFO, "audit-file-reopened", SD_FS("path", m->server.audit_file));
}

static int worker_parts(struct child *c)
{
	struct fleet *f = &c->m->fleet;
	int err = tell(c, HM_CONTROL, NULL, 0, c->m->seg.control_fd);

	if (err == SD_OK)
		err = send_table(c);
	if (err == SD_OK)
		err = send_listeners(c);
	if (err == SD_OK && c->m->countries.table_fd >= 0)
		err = tell(c, HM_GEO_TABLE, NULL, 0, c->m->countries.table_fd);
	if (err != SD_OK)
		return err;
	/* Who is not ready now is handed over when it is (fleet_child_ready). */
	if (fleet_signer(f)->state == CHILD_READY)
		handover_connect(fleet_signer(f), c);
	if (fleet_auditor(f)->state == CHILD_READY)
		handover_connect(fleet_auditor(f), c);
	return SD_OK;
}

int handover_child(struct child *c)
{
	int err = send_boot(c);

	if (err == SD_OK)
		err = tell(c, HM_STATS, NULL, 0, c->board.fd);
	if (err == SD_OK && (c->role == ROLE_SIGNER || c->role == ROLE_WORKER))
		err = send_policy(c);
	if (err == SD_OK && c->role == ROLE_WORKER)
		err = worker_parts(c);
	if (err == SD_OK && c->role == ROLE_SIGNER && fleet_auditor(&c->m->fleet)->state == CHILD_READY)
		handover_connect(fleet_auditor(&c->m->fleet), c);
	if (err == SD_OK && c->role == ROLE_AUDITOR)
		err = send_audit_file(c);
	if (err == SD_OK && c->role == ROLE_GEO)
		err = tell(c, HM_GEO_FILE, NULL, 0, c->m->countries.file_fd);
	if (err == SD_OK)
		err = tell(c, HM_GO, NULL, 0, -1);
	if (err == SD_OK && c->role == ROLE_WORKER)
		connector_worker_started(c->m, c->index);
	return err;
}

static void on_failed(struct child *c, const struct hm_msg *msg)
{
	size_t n = SD_MIN((size_t)msg->head.body, sizeof(c->told) - 1);

	memcpy(c->told, msg->u.bytes, n);
	c->told[n] = '\0';
}

static void on_ready(struct child *c, const struct hm_msg *msg)
{
	if (c->state != CHILD_BOOTING)
		return;
	c->generation = msg->u.ready.generation;
	c->sandbox = msg->u.ready.sandbox;
	c->sandbox.own_user = c->m->own_users;
	fleet_child_ready(c);
}

/* A provider that is not ready is handed over when it is. */
static void peer_again(struct child *c, uint32_t role)
{
	struct child *provider = role == ROLE_SIGNER ? fleet_signer(&c->m->fleet)
						      : fleet_auditor(&c->m->fleet);

	if (provider->state == CHILD_READY)
		handover_connect(provider, c);
}

/* What one worker has counted the others count too. Who has not read what came before misses it: it is
 * no reason to end a worker that stands still for a moment. */
static void tell_others(struct child *c, const struct hm_failures *what)
{
	struct fleet *f = &c->m->fleet;

	for (uint32_t i = 0; i < f->workers; i++) {
		struct child *other = fleet_worker(f, i);

		if (other != c && other->state == CHILD_READY && chan_is_open(&other->chan) &&
		    other->chan.queued == 0)
			handover_send(other, HM_FAILURES, what, sizeof(*what), -1);
	}
}

void handover_on_msg(struct chan *ch, const struct hm_msg *msg, int fd)
{
	struct child *c = SD_CONTAINER_OF(ch, struct child, chan);

	if (msg->head.type == HM_GEO_TABLE && c->role == ROLE_GEO && fd >= 0) {
		countries_made(c->m, fd);
		return;
	}
	if (fd >= 0)
		(void)close(fd); /* else no child hands us anything */
	switch (msg->head.type) {
	case HM_READY:
		on_ready(c, msg);
		break;
	case HM_FAILED:
		on_failed(c, msg);
		break;
	case HM_ADOPTED:
		c->generation = msg->u.generation.number;
		reload_adopted(c->m);
		break;
	case HM_STORE_LOST:
		if (c->role == ROLE_WORKER)
			connector_lost(c->m, c->index, msg->u.store.index);
		break;
	case HM_PEER_WANTED:
		if (c->role == ROLE_WORKER && c->state == CHILD_READY)
			peer_again(c, msg->u.peer.role);
		break;
	case HM_KEY_UNKNOWN:
		if (c->role == ROLE_WORKER)
			issuer_keys_unknown(c->m, &msg->u.key_unknown);
		break;
	case HM_FAILURES:
		if (c->role == ROLE_WORKER)
			tell_others(c, &msg->u.failures);
		break;
	case HM_FETCHED_PART:
	case HM_FETCHED:
		if (c->role != ROLE_FETCHER || issuer_keys_msg(c->m, msg) != SD_OK)
			fleet_child_kill(c, "it said what it may not say");
		break;
	case HM_GEO_REFUSED:
		if (c->role == ROLE_GEO)
			countries_refused(c->m, sd_slice((const char *)msg->u.bytes, msg->head.body));
		break;
	case HM_METRICS_WANTED:
		if (c->role == ROLE_WORKER)
			metrics_answer(c->m, c, msg->head.tag);
		break;
	default:
		fleet_child_kill(c, "it said what it may not say");
	}
}
