/* SPDX-License-Identifier: MIT
 * fleet - decides who runs: start order, replacement, watchdog, retirement.
 * Owns:      the state of each child
 * Runs in:   master (after the sandbox)
 * Fails by:  never; a role that cannot live is tried again, ever more slowly
 * Never:     keeps a process whose behaviour it cannot explain: it is killed and replaced */
#include "base.h"
#include "master.h"

#include <signal.h>
#include <sys/wait.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "log.h"
#include "obituary.h"

/* Beats come once a second; replaced within 5 s of the last one, watch period included. */
#define HEARTBEAT_LATE_NS (4 * SD_NS_PER_S)
#define DISK_LATE_NS (10 * SD_NS_PER_S) /* the auditor waits for its disk at each batch */

static void on_start(struct sd_timer *t)
{
	spawn_child(SD_CONTAINER_OF(t, struct child, timer));
}

static void on_overdue(struct sd_timer *t)
{
	struct child *c = SD_CONTAINER_OF(t, struct child, timer);

	fleet_child_kill(c, "did not end in time");
}

static void timer_set(struct child *c, int64_t wait_ms, void (*fn)(struct sd_timer *))
{
	if (sd_timer_at(c->m->loop, &c->timer, sd_clock_boot_ns() + wait_ms * SD_NS_PER_MS, fn) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "out of memory");
}

void fleet_child_want(struct child *c, const struct policy_segment *policy)
{
	c->wanted = true;
	c->policy = policy;
	if (c->state == CHILD_NONE)
		spawn_child(c);
}

void fleet_start(struct master *m)
{
	struct fleet *f = &m->fleet;

	f->workers = m->workers;
	for (uint32_t i = 0; i < FLEET_MAX; i++) {
		struct child *c = &f->child[i];

		c->m = m;
		c->role = i == FLEET_REDIS ? ROLE_REDIS : i == FLEET_AUDITOR ? ROLE_AUDITOR :
			  i == FLEET_FETCHER ? ROLE_FETCHER : i == FLEET_GEO ? ROLE_GEO :
			  i < FLEET_WORKER ? ROLE_SIGNER : ROLE_WORKER;
		c->index = i < FLEET_SIGNER ? 0 : i < FLEET_WORKER ? i - FLEET_SIGNER : i - FLEET_WORKER;
		c->board.fd = -1;
	}
	f->stage = FLEET_WAIT_AUDITOR;
	if (m->server.store_mode == STORE_MODE_MANAGED)
		fleet_child_want(&f->child[FLEET_REDIS], NULL);
	fleet_child_want(fleet_auditor(f), NULL);
	issuer_keys_fleet(m);
	countries_tick(m);
}

uint32_t fleet_ready_workers(const struct fleet *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->workers; i++)
		n += f->child[FLEET_WORKER + i].state == CHILD_READY;
	return n;
}

bool fleet_role_gone(const struct fleet *f, enum role role)
{
	for (uint32_t i = 0; i < FLEET_MAX; i++)
		if (f->child[i].role == role && f->child[i].state != CHILD_NONE &&
		    f->child[i].state != CHILD_HELD)
			return false;
	return true;
}

/* The start order: auditor, signer, workers. */
static void advance(struct master *m)
{
	struct fleet *f = &m->fleet;

	if (f->stage == FLEET_WAIT_AUDITOR && fleet_auditor(f)->state == CHILD_READY) {
		f->stage = FLEET_WAIT_SIGNER;
		fleet_child_want(fleet_signer(f), &m->seg.policy);
	}
	if (f->stage == FLEET_WAIT_SIGNER && fleet_signer(f)->state == CHILD_READY) {
		f->stage = FLEET_WAIT_WORKERS;
		for (uint32_t i = 0; i < f->workers; i++)
			fleet_child_want(fleet_worker(f, i), &m->seg.policy);
	}
	if (f->stage == FLEET_WAIT_WORKERS && fleet_ready_workers(f) == f->workers)
		f->stage = FLEET_COMPLETE;
	issuer_keys_tick(m);
	master_check_serving(m);
}

void fleet_child_ready(struct child *c)
{
	struct master *m = c->m;

	c->state = CHILD_READY;
	c->was_ready = true;
	sd_timer_off(m->loop, &c->timer);
	sd_log(SD_LOG_INFO, "child-ready", SD_FS("process", role_name(c->role)), SD_FI("index", c->index),
	       SD_FI("child", c->pid), SD_FI("generation", c->generation),
	       SD_FI("ms", (sd_clock_boot_ns() - c->started_ns) / SD_NS_PER_MS));
	if (c->role == ROLE_AUDITOR) {
		audit_link_connect(m);
		handover_connect_all(c);
	} else if (c->role == ROLE_FETCHER) {
		issuer_keys_tick(m);
	} else if (c->role == ROLE_SIGNER && c == fleet_signer(&m->fleet)) {
		handover_connect_all(c);
	} else if (c->role == ROLE_SIGNER) {
		reload_signer_ready(m);
	} else if (c->role == ROLE_WORKER) {
		reload_adopted(m);
	}
	audit_link_process(m, AUDIT_PROCESS_STARTED, c, "");
	advance(m);
}

static void bury(struct child *c, int status)
{
	char text[1024], panic[512], route[64];
	struct obituary o = {.status = status, .told = c->told, .panic = panic, .route = route,
			     .reason = c->reason,
			     .uptime_ms = (sd_clock_boot_ns() - c->started_ns) / SD_NS_PER_MS};
	bool expected = !c->wanted && (status == 0 || c->role == ROLE_REDIS);

	boards_panic(&c->board, panic, sizeof(panic));
	boards_last_route(&c->board, route, sizeof(route));
	obituary_write(&o, text, sizeof(text));
	sd_log(expected ? SD_LOG_INFO : SD_LOG_WARN, "child-ended", SD_FS("process", role_name(c->role)),
	       SD_FI("index", c->index), SD_FI("child", c->pid), SD_FS("text", text));
	audit_link_process(c->m, AUDIT_PROCESS_ENDED, c, text);
}

/* At the first start a role that says "I cannot" is the operator's business, not ours to repeat. */
static void refuse_to_start(struct child *c)
{
	if (c->m->phase == MASTER_STARTING && c->told[0] != '\0' && c->restarts == 0)
		sd_fatal(SD_EXIT_OSERR, "%s: %s", role_name(c->role), c->told);
}

static int64_t replacement_wait_ms(struct child *c, int status)
{
	int64_t lived_ns = sd_clock_boot_ns() - c->started_ns;
	bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && c->reason == NULL;

	return c->was_ready && killed ? throttle_killed(lived_ns) : throttle_died(&c->throttle, lived_ns);
}

void fleet_child_ended(struct child *c, int status)
{
	struct master *m = c->m;
	int64_t wait_ms;

	if (c->state == CHILD_NONE || c->state == CHILD_HELD)
		return;
	bury(c, status);
	refuse_to_start(c);
	if (c->role == ROLE_AUDITOR)
		audit_link_lost(m);
	if (c->role == ROLE_FETCHER)
		issuer_keys_lost(m);
	if (c->role == ROLE_GEO)
		countries_lost(m);
	chan_close(&c->chan);
	sd_timer_off(m->loop, &c->timer);
	boards_retire(&c->board, m->board.p);
	c->pid = 0;
	c->state = CHILD_NONE;
	if (c->role == ROLE_WORKER)
		connector_worker_ended(m, c->index);
	wait_ms = replacement_wait_ms(c, status);
	if (c->wanted && m->phase != MASTER_DRAINING) {
		board_count(m->board.p, METRIC_CHILD_RESTARTS, SHM_SLOT_NONE, (uint16_t)c->role, 0, 1);
		c->restarts++;
		c->state = CHILD_HELD;
		if (wait_ms > 0)
			sd_log(SD_LOG_WARN, "child-held-back", SD_FS("process", role_name(c->role)),
			       SD_FI("index", c->index), SD_FI("wait_ms", wait_ms));
		timer_set(c, wait_ms, on_start);
	}
	reload_child_ended(m, c);
	drain_child_ended(m);
}

void fleet_child_kill(struct child *c, const char *reason)
{
	if (c->state == CHILD_NONE || c->state == CHILD_HELD)
		return;
	if (c->reason == NULL)
		c->reason = reason;
	c->state = CHILD_LEAVING;
	chan_close(&c->chan);
	sd_timer_off(c->m->loop, &c->timer);
	spawn_signal(c, SIGKILL);
}

void fleet_child_retire(struct child *c, int64_t wait_ms)
{
	c->wanted = false;
	if (c->state == CHILD_HELD) {
		sd_timer_off(c->m->loop, &c->timer);
		c->state = CHILD_NONE;
	}
	if (c->state == CHILD_NONE)
		return;
	if (c->state == CHILD_BOOTING && c->role != ROLE_REDIS) {
		fleet_child_kill(c, "no longer needed");
		return;
	}
	c->state = CHILD_LEAVING;
	if (c->role == ROLE_REDIS)
		spawn_signal(c, SIGTERM);
	else
		handover_send(c, HM_DRAIN, NULL, 0, -1);
	if (c->state == CHILD_LEAVING && c->reason == NULL)
		timer_set(c, wait_ms, on_overdue);
}

void fleet_watch(struct master *m)
{
	int64_t now = sd_clock_boot_ns();

	for (uint32_t i = FLEET_AUDITOR; i < FLEET_WORKER + m->fleet.workers; i++) {
		struct child *c = &m->fleet.child[i];
		bool disk = c->role == ROLE_AUDITOR;
		int64_t beat;

		/* The fetcher waits in its resolver; issuer_keys_tick() bounds each fetch instead. */
		if (c->state != CHILD_READY || c->board.p == NULL || c->role == ROLE_FETCHER)
			continue;
		beat = atomic_load_explicit(&c->board.p->heartbeat_ns, memory_order_relaxed);
		if (now - SD_MAX(beat, c->started_ns) > (disk ? DISK_LATE_NS : HEARTBEAT_LATE_NS))
			fleet_child_kill(c, disk ? "no heartbeat for 10 s" : "no heartbeat for 4 s");
	}
}
