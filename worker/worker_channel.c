/* SPDX-License-Identifier: MIT
 * worker_channel - what the master hands over.
 * Owns:      the mappings of control and revocation memory, the boot's order
 * Runs in:   worker, before and after its lock-down
 * Fails by:  HM_FAILED and exit while booting; exit when the master is gone
 * Never:     take anything from anybody else
 */
#include "base.h"
#include "worker_channel.h"

#include <unistd.h>

#include "adopt.h"
#include "clock.h"
#include "conn.h"
#include "die.h"
#include "ep_metrics.h"
#include "err.h"
#include "known_caller.h"
#include "log.h"
#include "request.h"
#include "route.h"
#include "secret.h"
#include "shm_board.h"
#include "shm_map.h"
#include "shm_revoke.h"
#include "token_warm.h"
#include "worker_sandbox.h"

#define BEATS_ALONE 2 /* of 500 ms */

SD_NORETURN static void fail(struct worker *w, const char *text)
{
	int r = hm_send(w->channel, HM_FAILED, 0, text,
			SD_MIN(strlen(text), (size_t)HERITAGE_MAX_BODY), -1);
	(void)r; /* the log line says it as well */
	sd_fatal(SD_EXIT_OSERR, "worker: %s", text);
}

static void on_store_lost(void *arg, uint32_t index)
{
	struct worker *w = arg;
	struct hm_store body = {.index = index};
	if (hm_send(w->channel, HM_STORE_LOST, 0, &body, sizeof(body), -1) == SD_OK)
		return;
	sd_log(SD_LOG_WARN, "store-lost-not-sent");
	w->lost_stores |= index < 32 ? 1u << index : 0u;
}

static void on_touch_lost(void *arg, const struct sid *sid)
{
	activity_lost(((struct worker *)arg)->activity, sid);
}

static void want_peer(struct worker *w, enum role role)
{
	struct hm_peer body = {.role = (uint32_t)role};
	sd_log(SD_LOG_WARN, "peer-wanted", SD_FS("peer", role_name(role)));
	if (hm_send(w->channel, HM_PEER_WANTED, 0, &body, sizeof(body), -1) != SD_OK)
		sd_log(SD_LOG_WARN, "peer-wanted-not-sent");
}

/* Signer and auditor come by themselves when they are new. Who has none for longer has lost its own
 * socket, or it could not be made: each refused change is one too many. */
static void want_peers(struct worker *w)
{
	bool signer = w->generation && !w->spare_signer &&
		      !(w->generation->signer && signer_link_alive(w->generation->signer));
	bool auditor = w->audit.fd < 0;
	w->beats_alone = signer || auditor ? w->beats_alone + 1 : 0;
	if (w->beats_alone < BEATS_ALONE || w->draining)
		return;
	w->beats_alone = 0;
	if (signer)
		want_peer(w, ROLE_SIGNER);
	if (auditor)
		want_peer(w, ROLE_AUDITOR);
}

void worker_channel_repeat(struct worker *w)
{
	if (w->ready_sent)
		want_peers(w);
	uint32_t lost = w->lost_stores;
	w->lost_stores = 0;
	for (uint32_t i = 0; i < 32; i++)
		if (lost & 1u << i)
			on_store_lost(w, i);
}

/* Sessions whose activity is remembered, to tokens or sessions that are: small entries, and without
 * one each use would be told to the store. */
#define ACTIVITY_FACTOR 4u
#define LATE_USES 32768u

/* What needs policy and control: made before the lock-down. */
static int make_parts(struct worker *w)
{
	const struct policy_server *s = &w->coming->view.image->server;
	const uint64_t node[2] = {w->control->seed.k0, w->control->seed.k1}; /* the other workers' too */
	uint64_t secret[2];
	int r = sd_random(secret, sizeof(secret));
	if (r == SD_OK)
		r = sd_random(&w->request_seed, sizeof(w->request_seed));
	if (r == SD_OK)
		r = remember_new(s->remembered_tokens, secret, &w->tokens);
	if (r == SD_OK)
		r = remember_new(s->remembered_sessions, secret, &w->sessions);
	if (r == SD_OK)
		r = remember_new(KNOWN_CALLERS, secret, &w->callers);
	if (r == SD_OK)
		r = activity_new(ACTIVITY_FACTOR * (uint64_t)SD_MAX(s->remembered_tokens, s->remembered_sessions),
				 secret, &w->activity);
	if (r == SD_OK)
		r = late_new(LATE_USES, &w->late);
	if (r == SD_OK)
		r = ratelimit_new(node, &w->rates);
	struct sd_slice prefix = policy_view_str(&w->coming->view, s->prefix);
	if (r == SD_OK)
		r = sd_slice_copy(prefix, w->store_prefix, sizeof(w->store_prefix));
	struct store_conf conf = {.loop = w->loop, .control = w->control, .prefix = w->store_prefix,
				  .connections = s->store_connections,
				  .timeout_ns = (int64_t)s->store_timeout_ms * SD_NS_PER_MS,
				  .lost = on_store_lost, .touch_lost = on_touch_lost,
				  .arg = w, .stats = w->stats,
				  .replica = s->durability_replica != 0};
	if (r == SD_OK)
		r = store_new(&conf, &w->store);
	for (uint32_t i = 0; i < w->early_stores && r == SD_OK; i++)
		r = store_connection(w->store, w->early_store[i].index, w->early_store[i].fd);
	w->http_limits = (struct http_limits){s->header_bytes, s->header_fields, s->body_bytes};
	return r;
}

static void lock_in(struct worker *w)
{
	struct worker_sandbox sandbox;
	struct sd_diag diag = {""};
	if (w->locked_in)
		fail(w, "a second HM_GO");
	if (!w->coming || !w->control || !w->table || !w->stats)
		fail(w, "HM_GO before policy, control, revocations and stats");
	if (token_warm_up() != SD_OK)
		fail(w, "OpenSSL does not offer what tokens need");
	int r = make_parts(w);
	if (r != SD_OK)
		fail(w, sd_err_text(r));
	struct exchange *warm = exchange_get(w); /* the parser's first use, before the lock */
	if (!warm)
		fail(w, "out of memory");
	exchange_put(w, warm);
	route_names(w->stats);
	worker_sandbox_spec(&w->boot, &sandbox);
	if (sd_sandbox_probe(&sandbox.spec, &diag) != SD_OK ||
	    sd_sandbox_enter(&sandbox.spec, &w->sandbox, &diag) != SD_OK)
		fail(w, diag.text);
	w->locked_in = true;
	adopt_begin(w);
}

/* --- messages: one function each ------------------------------------------------------------- */

static int map_new(int fd, enum shm_kind kind, size_t min, const void **into, size_t *size)
{
	const void *fresh;
	size_t fresh_size;
	struct sd_diag diag = {""};
	int r = shm_map(fd, kind, min, &fresh, &fresh_size, &diag);
	close(fd);
	if (r != SD_OK) {
		sd_log(SD_LOG_ERROR, "segment-refused", SD_FS("text", diag.text));
		return r;
	}
	shm_unmap(into, *size);
	*into = fresh;
	*size = fresh_size;
	return SD_OK;
}

static int take_boot(struct worker *w, const struct hm_msg *m, int fd)
{
	(void)fd;
	w->boot = m->u.boot;
	sd_log_level_set((enum sd_log_level)m->u.boot.log_level,
			 (enum sd_log_format)m->u.boot.log_format);
	return SD_OK;
}

static int take_policy(struct worker *w, const struct hm_msg *m, int fd)
{
	struct sd_diag diag = {""};
	(void)m;
	int r = adopt_policy(w, fd, &diag);
	if (r != SD_OK)
		sd_log(SD_LOG_ERROR, "policy-refused", SD_FS("text", diag.text));
	return r;
}

static int take_control(struct worker *w, const struct hm_msg *m, int fd)
{
	const void *control = w->control;
	size_t size = sizeof(struct shm_control);
	(void)m;
	if (control) { /* it never moves: the store and others hold pointers into it */
		close(fd);
		return SD_ERR_INVALID;
	}
	int r = map_new(fd, SHM_KIND_CONTROL, sizeof(struct shm_control), &control, &size);
	w->control = control;
	return r;
}

static int take_revocations(struct worker *w, const struct hm_msg *m, int fd)
{
	const void *table = NULL, *old = w->table;
	size_t size = 0;
	(void)m;
	int r = map_new(fd, SHM_KIND_REVOCATIONS, sizeof(struct shm_revocations), &table, &size);
	if (r == SD_OK && !shm_revoke_fits(table, size))
		r = SD_ERR_INVALID;
	if (r != SD_OK) {
		shm_unmap(&table, size);
		return r;
	}
	shm_unmap(&old, w->table_size);
	w->table = table;
	w->table_size = size;
	return SD_OK;
}

static int take_stats(struct worker *w, const struct hm_msg *m, int fd)
{
	struct sd_diag diag = {""};
	(void)m;
	if (w->stats) {
		close(fd);
		return SD_ERR_INVALID;
	}
	int r = shm_map_own_stats(fd, &w->stats, &diag);
	close(fd);
	if (r == SD_OK) {
		sd_panic_area(w->stats->panic, sizeof(w->stats->panic));
		board_state(w->stats, BOARD_BOOTING);
		board_beat(w->stats, sd_clock_boot_ns());
	}
	return r;
}

static int take_listener(struct worker *w, const struct hm_msg *m, int fd)
{
	if (w->listeners == WORKER_MAX_LISTENERS || w->ready_sent) {
		close(fd);
		return SD_ERR_FULL;
	}
	listener_init(&w->listener[w->listeners++], w, &m->u.listener, fd);
	return SD_OK;
}

static int take_store(struct worker *w, const struct hm_msg *m, int fd)
{
	uint32_t index = m->u.store.index;
	if (w->store)
		return store_connection(w->store, index, fd);
	if (w->early_stores == SD_ARRAY_LEN(w->early_store)) {
		close(fd);
		return SD_ERR_FULL;
	}
	w->early_store[w->early_stores].index = index;
	w->early_store[w->early_stores++].fd = fd;
	return SD_OK;
}

static int take_signer(struct worker *w, const struct hm_msg *m, int fd)
{
	(void)m;
	return adopt_signer(w, fd);
}

static int take_auditor(struct worker *w, const struct hm_msg *m, int fd)
{
	(void)m;
	return audit_client_connect(&w->audit, fd);
}

static int take_go(struct worker *w, const struct hm_msg *m, int fd)
{
	(void)m;
	(void)fd;
	lock_in(w);
	return SD_OK;
}

static int take_drain(struct worker *w, const struct hm_msg *m, int fd)
{
	(void)m;
	(void)fd;
	worker_drain(w);
	return SD_OK;
}

/* Without a descriptor: the master could not make them. */
static int take_metrics(struct worker *w, const struct hm_msg *m, int fd)
{
	ep_metrics_arrived(w, m->head.tag, fd);
	return SD_OK;
}

/* The next creation is the first that it counts for. */
static int take_countries(struct worker *w, const struct hm_msg *m, int fd)
{
	struct geo_view fresh = {0};
	struct sd_diag diag = {""};
	(void)m;
	int r = fd >= 0 ? geo_table_map(fd, &fresh, &diag) : SD_OK;
	if (fd >= 0)
		close(fd);
	if (r != SD_OK) {
		sd_log(SD_LOG_ERROR, "countries-refused", SD_FS("text", diag.text));
		return SD_OK; /* what there was stays: nobody is refused for it */
	}
	geo_table_close(&w->countries);
	w->countries = fresh;
	return SD_OK;
}

static int take_failures(struct worker *w, const struct hm_msg *m, int fd)
{
	(void)fd;
	if (w->rates)
		ratelimit_heard(w->rates, &m->u.failures);
	return SD_OK;
}

enum carries { NO_FD, AN_FD, PERHAPS_FD };
static const struct {
	enum hm_type type;
	enum carries fd;
	int (*take)(struct worker *w, const struct hm_msg *m, int fd);
} messages[] = {
    {HM_BOOT, NO_FD, take_boot},
    {HM_POLICY, AN_FD, take_policy},
    {HM_CONTROL, AN_FD, take_control},
    {HM_REVOCATIONS, AN_FD, take_revocations},
    {HM_STATS, AN_FD, take_stats},
    {HM_LISTENER, AN_FD, take_listener},
    {HM_STORE, AN_FD, take_store},
    {HM_SIGNER, AN_FD, take_signer},
    {HM_AUDITOR, AN_FD, take_auditor},
    {HM_GO, NO_FD, take_go},
    {HM_DRAIN, NO_FD, take_drain},
    {HM_GEO_TABLE, PERHAPS_FD, take_countries},
    {HM_FAILURES, NO_FD, take_failures},
    {HM_METRICS, PERHAPS_FD, take_metrics},
};

static int dispatch(struct worker *w, const struct hm_msg *m, int fd)
{
	for (size_t i = 0; i < SD_ARRAY_LEN(messages); i++)
		if (messages[i].type == (enum hm_type)m->head.type &&
		    (messages[i].fd == PERHAPS_FD || (messages[i].fd == AN_FD) == (fd >= 0)))
			return messages[i].take(w, m, fd);
	if (fd >= 0)
		close(fd);
	return SD_ERR_INVALID;
}

/* Out of memory or descriptors. A connection to the store is asked for again; what would not come
 * again costs this life, which beats a worker that refuses for ever. */
static void not_taken(struct worker *w, const struct hm_msg *m, int err)
{
	sd_log(SD_LOG_ERROR, "message-refused", SD_FI("type", m->head.type),
	       SD_FS("text", sd_err_text(err)));
	if (m->head.type == HM_STORE)
		on_store_lost(w, m->u.store.index);
	if (m->head.type == HM_SIGNER || m->head.type == HM_AUDITOR ||
	    m->head.type == HM_REVOCATIONS)
		sd_fatal(SD_EXIT_OSERR, "worker: what was handed over cannot be taken: %s",
			 sd_err_text(err));
}

static void on_message(struct sd_io *io, uint32_t events)
{
	struct worker *w = SD_CONTAINER_OF(io, struct worker, channel_io);
	(void)events;
	for (;;) {
		struct hm_msg m;
		int fd = -1;
		int r = hm_recv(w->channel, &m, &fd);
		if (r == SD_ERR_AGAIN)
			return;
		if (r == SD_ERR_CLOSED) {
			sd_log(SD_LOG_WARN, "master-gone");
			_exit(0);
		}
		if (r == SD_OK)
			r = dispatch(w, &m, fd);
		if (r == SD_OK)
			continue;
		if (!w->ready_sent)
			fail(w, sd_err_text(r));
		not_taken(w, &m, r);
	}
}

int worker_channel_open(struct worker *w)
{
	audit_client_init(&w->audit, w->loop);
	return sd_loop_add(w->loop, &w->channel_io, w->channel, EPOLLIN, on_message);
}
