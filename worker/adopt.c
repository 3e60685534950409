/* SPDX-License-Identifier: MIT
 * adopt - how a policy generation and its signer come into force in a worker.
 * Owns:      the coming generation until it is in force; the spare signer
 * Runs in:   worker
 * Fails by:  keeping the generation in force
 * Never:     switch in the middle of a request: requests pin theirs
 */
#include "base.h"
#include "adopt.h"

#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "err.h"
#include "key_wait.h"
#include "log.h"
#include "shm_board.h"

#define KEYS_TIMEOUT_NS (2 * SD_NS_PER_S)
#define SERVE_LOOK_NS (2 * SD_NS_PER_MS)
#define SERVE_ANYWAY_NS (500 * SD_NS_PER_MS)
#define RETRY_NS (50 * SD_NS_PER_MS)
#define SPARE_DESCRIPTORS 64 /* channel, store, signer, segments, the next generation */

static void ask_keys(struct worker *w);

/* Connections leave room for the descriptors that the master hands over later: a worker full of
 * clients could neither be given the store again nor adopt a new generation. */
static uint32_t connections_allowed(const struct worker *w, const struct policy_server *s)
{
	uint32_t share = s->connections / SD_MAX(s->workers, 1u);
	uint32_t room = w->boot.nofile > 2 * SPARE_DESCRIPTORS ? w->boot.nofile - SPARE_DESCRIPTORS
							       : w->boot.nofile / 2;
	return SD_MAX(SD_MIN(share, room), 16u);
}

static void serve(struct worker *w);

static void on_serve(struct sd_timer *t)
{
	serve(SD_CONTAINER_OF(t, struct worker, serve_later));
}

/* Accepting before the auditor has granted a slot would refuse changes for no reason: others have
 * theirs, and take what waits. Without an auditor there is still much to answer. */
static void serve(struct worker *w)
{
	int64_t now = sd_loop_now_ns(w->loop);
	if (w->audit.granted == 0 && now < w->serve_by_ns &&
	    sd_timer_at(w->loop, &w->serve_later, now + SERVE_LOOK_NS, on_serve) == SD_OK)
		return;
	struct hm_ready ready = {.generation = generation_number(w->generation),
				 .sandbox = w->sandbox};
	for (uint32_t i = 0; i < w->listeners; i++)
		listener_start(&w->listener[i]);
	board_state(w->stats, BOARD_SERVING);
	w->ready_sent = true;
	if (hm_send(w->channel, HM_READY, 0, &ready, sizeof(ready), -1) != SD_OK)
		sd_log(SD_LOG_ERROR, "ready-not-sent");
}

static void in_force(struct worker *w)
{
	struct generation *old = w->generation;
	w->generation = w->coming;
	w->coming = NULL;
	generation_unref(&old);
	struct hm_generation body = {generation_number(w->generation)};
	atomic_store_explicit(&w->stats->generation, body.number, memory_order_relaxed);
	const struct policy_server *s = &w->generation->view.image->server;
	w->http_limits = (struct http_limits){s->header_bytes, s->header_fields, s->body_bytes};
	store_needs_replica(w->store, s->durability_replica != 0);
	w->max_connections = connections_allowed(w, s);
	sd_log_level_set((enum sd_log_level)s->log_level, (enum sd_log_format)s->log_format);
	for (uint32_t i = 0; i < w->listeners && w->ready_sent; i++)
		listener_resume(&w->listener[i]); /* more connections may be allowed now */
	key_wait_adopted(w);
	if (w->ready_sent) {
		if (hm_send(w->channel, HM_ADOPTED, 0, &body, sizeof(body), -1) != SD_OK)
			sd_log(SD_LOG_WARN, "adopted-not-sent");
		return;
	}
	if (w->serve_by_ns == 0)
		w->serve_by_ns = sd_loop_now_ns(w->loop) + SERVE_ANYWAY_NS;
	serve(w);
}

static void on_retry(struct sd_timer *t)
{
	ask_keys(SD_CONTAINER_OF(t, struct worker, keys_retry));
}

static void retry(struct worker *w)
{
	int64_t at = sd_loop_now_ns(w->loop) + RETRY_NS;
	if (sd_timer_at(w->loop, &w->keys_retry, at, on_retry) != SD_OK)
		sd_log(SD_LOG_ERROR, "no-timer");
}

static void on_keys(struct sign_call *call)
{
	struct worker *w = SD_CONTAINER_OF(call, struct worker, keys_call);
	w->keys_asked = false;
	if (!w->coming)
		return;
	if (generation_number(w->coming) != w->keys_generation) { /* an even newer one came */
		ask_keys(w);
		return;
	}
	uint32_t had = w->coming->keys_have;
	if (generation_keys(w->coming, &call->answer))
		in_force(w);
	else if (w->coming->keys_have > had)
		ask_keys(w);
	else
		retry(w);
}

static void ask_keys(struct worker *w)
{
	if (!w->coming || !w->locked_in || w->keys_asked)
		return;
	uint32_t tenants = w->coming->view.image->tenants.count;
	if (w->coming->keys_have == tenants) {
		in_force(w);
		return;
	}
	struct sign_request q = {
	    .op = SIGN_OP_TENANT_KEYS,
	    .generation = generation_number(w->coming),
	    .tenant = w->coming->keys_have,
	    .count = SD_MIN(tenants - w->coming->keys_have, (uint32_t)SIGN_KEYS_BATCH),
	};
	memset(&w->keys_call, 0, sizeof(w->keys_call));
	w->keys_call.done = on_keys;
	w->keys_generation = q.generation;
	w->keys_asked = w->coming->signer &&
			signer_call(w->coming->signer, &q, KEYS_TIMEOUT_NS, &w->keys_call) == SD_OK;
	if (!w->keys_asked)
		retry(w);
}

/* Gives a generation whose signer is dead the spare one. True when it took it. */
static bool mend(struct worker *w, struct generation *g)
{
	if (!g || signer_link_alive(g->signer) || !w->spare_signer)
		return false;
	struct signer_link *dead = g->signer;
	g->signer = signer_link_ref(w->spare_signer);
	if (dead)
		signer_link_move(dead, g->signer);
	signer_link_unref(&dead);
	return true;
}

static void mend_all(struct worker *w)
{
	bool used = mend(w, w->generation);
	used = mend(w, w->coming) || used;
	if (used)
		signer_link_unref(&w->spare_signer);
}

static void on_lost(struct signer_link *link, void *arg)
{
	struct worker *w = arg;
	if (link == w->spare_signer) {
		signer_link_unref(&w->spare_signer);
		return;
	}
	mend_all(w);
}

int adopt_signer(struct worker *w, int fd)
{
	struct signer_link_conf conf = {
	    .loop = w->loop, .ids = &w->sign_ids, .lost = on_lost, .arg = w};
	struct signer_link *link;
	int r = signer_link_new(&conf, fd, &link);
	if (r != SD_OK)
		return r;
	signer_link_unref(&w->spare_signer);
	w->spare_signer = link;
	mend_all(w);
	return SD_OK;
}

int adopt_policy(struct worker *w, int fd, struct sd_diag *diag)
{
	struct generation *g;
	struct signer_link *signer = w->spare_signer ? w->spare_signer
				     : w->generation ? w->generation->signer
						     : NULL;
	int r = generation_new(fd, signer, &g, diag);
	close(fd);
	if (r != SD_OK)
		return r;
	signer_link_unref(&w->spare_signer);
	generation_unref(&w->coming);
	w->coming = g;
	ask_keys(w);
	return SD_OK;
}

void adopt_begin(struct worker *w)
{
	ask_keys(w);
}
