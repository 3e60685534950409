/* SPDX-License-Identifier: MIT
 * master_health - looks at the whole node and writes one word for each check of /health.
 * Owns:      the health words of the control segment
 * Runs in:   master (several times a second)
 * Fails by:  never
 * Never:     says ok for what it has not seen */
#include "base.h"
#include "master.h"

#include "clock.h"
#include "log.h"
#include "shm_health.h"

static void set(struct master *m, enum shm_check check, enum health_status status,
		enum health_reason reason)
{
	if (!health_write(m->seg.control, check, status, reason, sd_clock_wall_ms() / 1000))
		return;
	if (m->phase == MASTER_STARTING && status != HEALTH_OK)
		return; /* seen in /health; that it is starting is no news in the log */
	sd_log(status == HEALTH_OK ? SD_LOG_INFO : SD_LOG_WARN, "health",
	       SD_FS("check", health_check_name(check)), SD_FS("status", health_status_name(status)),
	       SD_FS("text", health_reason_text(reason)));
}

/* The strictest tenant's bound: beyond it somebody's answers come from the store. */
static int64_t strictest_staleness_ns(const struct master *m)
{
	const struct policy_view *v = &m->seg.policy.view;
	int64_t ms = 1000;

	for (uint32_t i = 0; i < v->image->tenants.count; i++)
		ms = SD_MIN(ms, (int64_t)policy_view_tenant(v, i)->max_staleness_ms);
	return ms * SD_NS_PER_MS;
}

static void freshness(struct master *m)
{
	struct shm_revoke_counts counts;
	int64_t stale = subscriber_staleness_ns(&m->subscriber, sd_clock_boot_ns());

	segments_table_counts(&m->seg, &counts);
	if (stale == INT64_MAX && m->phase == MASTER_STARTING)
		set(m, CHECK_FRESHNESS, HEALTH_DOWN, HEALTH_STARTING);
	else if (stale > strictest_staleness_ns(m))
		set(m, CHECK_FRESHNESS, HEALTH_DEGRADED, HEALTH_NOT_PROVEN);
	else if (counts.collapsed > 0)
		set(m, CHECK_FRESHNESS, HEALTH_DEGRADED, HEALTH_TABLE_COLLAPSED);
	else if (writeback_is_full(m, subscriber_store_s(m)))
		set(m, CHECK_FRESHNESS, HEALTH_DEGRADED, HEALTH_ENDS_DROPPED);
	else
		set(m, CHECK_FRESHNESS, HEALTH_OK, HEALTH_REASON_NONE);
}

static void single(struct master *m, enum shm_check check, const struct child *c)
{
	if (c->state == CHILD_READY)
		set(m, check, HEALTH_OK, HEALTH_REASON_NONE);
	else if (m->phase == MASTER_STARTING)
		set(m, check, HEALTH_DOWN, HEALTH_STARTING);
	else
		set(m, check, HEALTH_DOWN,
		    throttle_is_crash_loop(&c->throttle) ? HEALTH_CRASH_LOOP : HEALTH_CHILD_MISSING);
}

static void workers(struct master *m)
{
	uint32_t ready = fleet_ready_workers(&m->fleet);
	enum health_status status = ready > 0 ? HEALTH_DEGRADED : HEALTH_DOWN;
	bool loop = false;

	for (uint32_t i = 0; i < m->fleet.workers; i++) {
		const struct child *c = fleet_worker(&m->fleet, i);

		loop = loop || (c->state != CHILD_READY && throttle_is_crash_loop(&c->throttle));
	}
	if (ready == m->fleet.workers && ready > 0)
		set(m, CHECK_WORKERS, HEALTH_OK, HEALTH_REASON_NONE);
	else if (m->phase == MASTER_STARTING)
		set(m, CHECK_WORKERS, status, HEALTH_STARTING);
	else
		set(m, CHECK_WORKERS, status, loop ? HEALTH_CRASH_LOOP : HEALTH_CHILD_MISSING);
}

static void policy(struct master *m)
{
	const struct policy_view *v = &m->seg.policy.view;
	int64_t now_s = sd_clock_wall_ms() / 1000;

	for (uint32_t i = 0; i < v->image->tenants.count; i++) {
		if (policy_view_signing_key(v, policy_view_tenant(v, i), now_s) == POLICY_NONE) {
			set(m, CHECK_POLICY, HEALTH_DEGRADED, HEALTH_KEYS_MISSING);
			return;
		}
	}
	if (m->reload.result == RELOAD_REFUSED)
		set(m, CHECK_POLICY, HEALTH_DEGRADED, HEALTH_RELOAD_REFUSED);
	else
		set(m, CHECK_POLICY, HEALTH_OK, HEALTH_REASON_NONE);
}

static bool is_partial(const struct sd_sandbox_report *r)
{
	return r->seccomp != 0 && (r->landlock_abi == 0 || r->mdwe == 0);
}

static void sandbox(struct master *m)
{
	bool partial = is_partial(&m->sandbox);

	for (uint32_t i = 0; i < FLEET_MAX; i++) {
		const struct child *c = &m->fleet.child[i];

		/* The auditor keeps its file and the store is not ours: what they lack is no news. */
		if (c->state == CHILD_READY && (c->role == ROLE_WORKER || c->role == ROLE_SIGNER))
			partial = partial || is_partial(&c->sandbox);
	}
	if (m->server.sandbox != SD_SANDBOX_ENFORCE)
		set(m, CHECK_SANDBOX, HEALTH_DEGRADED, HEALTH_SANDBOX_OFF);
	else if (partial)
		set(m, CHECK_SANDBOX, HEALTH_DEGRADED, HEALTH_SANDBOX_PARTIAL);
	else if (!m->own_users)
		/* a fact of how it was started, not a fault that would keep traffic away */
		set(m, CHECK_SANDBOX, HEALTH_OK, HEALTH_SHARED_USER);
	else
		set(m, CHECK_SANDBOX, HEALTH_OK, HEALTH_REASON_NONE);
}

void master_health_update(struct master *m)
{
	const struct subscriber *s = &m->subscriber;

	if (m->phase == MASTER_STARTING && s->status == HEALTH_DOWN && s->reason == HEALTH_REASON_NONE)
		set(m, CHECK_STORE, HEALTH_DOWN, HEALTH_STARTING);
	else
		set(m, CHECK_STORE, s->status, s->reason);
	freshness(m);
	single(m, CHECK_SIGNER, fleet_signer(&m->fleet));
	if (m->audit.stalled && fleet_auditor(&m->fleet)->state == CHILD_READY)
		set(m, CHECK_AUDITOR, HEALTH_DOWN, HEALTH_AUDIT_STALLED);
	else
		single(m, CHECK_AUDITOR, fleet_auditor(&m->fleet));
	workers(m);
	policy(m);
	sandbox(m);
}
