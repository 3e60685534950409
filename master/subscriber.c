/* SPDX-License-Identifier: MIT
 * subscriber - from the store's revocation log to the table, the bucket counters and the proofs.
 * Owns:      the order of the writer: table, bucket, applied, then clock
 * Runs in:   master (after the sandbox)
 * Fails by:  proving nothing: workers then ask the store themselves
 * Never:     sets a clock for what could not be entered into the table */
#include "base.h"
#include "subscriber.h"

#include <inttypes.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "log.h"
#include "master.h"
#include "quota_release.h"
#include "shm_fresh.h"

#define SWEEP_SECONDS 60 /* a whole turn through the table */
/* A growing table: so many slots are copied in one turn of the loop, a fraction of a millisecond. */
#define GROW_SLOTS 8192u
#define GROW_PAUSE_NS SD_NS_PER_MS

static void bump(struct master *m, const struct log_entry *e, uint32_t slot)
{
	struct shm_tags tags;

	shm_tags(m->seg.control->seed, e->sid.b, slot, e->user, &tags);
	shm_bucket_bump(m->seg.control, shm_bucket_of(tags.session));
}

static void grow_later(struct master *m);

static void grow_on(struct sd_timer *t)
{
	struct master *m = SD_CONTAINER_OF(t, struct master, subscriber.grow);

	switch (shm_revoke_w_step(m->seg.table, GROW_SLOTS)) {
	case SHM_REVOKE_GROWN:
		handover_table(m);
		grow_later(m);
		break;
	case SHM_REVOKE_BUSY:
		grow_later(m);
		break;
	case SHM_REVOKE_IDLE:
		break;
	}
}

/* Without the timer the entries that come do the work. */
static void grow_later(struct master *m)
{
	(void)!sd_timer_at(m->loop, &m->subscriber.grow, sd_clock_boot_ns() + GROW_PAUSE_NS, grow_on);
}

/* After this the table answers for the session whatever else happens; a table that cannot take it
 * ends the master: a fresh one reads the whole log, this one would lie by its next proof. */
static void enter_session(struct master *m, const struct log_entry *e, uint32_t slot)
{
	bool grown = false;

	if (shm_revoke_w_session(m->seg.table, e->sid.b, slot, e->user, e->until_s, &grown) != SD_OK) {
		shm_fresh_clear_all(m->seg.control);
		sd_fatal(SD_EXIT_OSERR, "the revocation table cannot take an entry: out of memory");
	}
	if (grown)
		handover_table(m);
	if (m->subscriber.grow.heap_pos == 0 && shm_revoke_w_busy(m->seg.table))
		grow_later(m);
	bump(m, e, slot);
	writeback_entry(m, e, slot, slot);
	quota_release(m, e);
}

static void enter_rule(struct master *m, const struct log_entry *e, uint32_t tenant)
{
	uint32_t slot = tenant;

	if (e->kind == LOG_CLIENT)
		slot = policy_slots_client(m->seg.slots, e->tenant, e->id);
	else if (e->kind == LOG_KEY)
		slot = policy_slots_key(m->seg.slots, e->tenant, e->id);
	if (slot == SHM_SLOT_NONE) {
		m->subscriber.skipped = true;
		return;
	}
	if (e->kind == LOG_TENANT)
		shm_revoke_w_tenant(m->seg.table, slot, e->before_s);
	else if (e->kind == LOG_CLIENT)
		shm_revoke_w_client(m->seg.table, slot, e->before_s);
	else
		shm_revoke_w_key(m->seg.table, slot, e->before_s);
	writeback_entry(m, e, tenant, slot);
}

static void on_entry(void *arg, const struct log_entry *e)
{
	struct master *m = arg;
	uint32_t slot = policy_slots_tenant(m->seg.slots, e->tenant);
	int64_t store_now = sd_clock_boot_ns() / SD_NS_PER_MS +
			    atomic_load_explicit(&m->seg.control->store_offset_ms, memory_order_relaxed);

	board_count(m->board.p, METRIC_LOG_ENTRIES, SHM_SLOT_NONE, 0, 0, 1);
	if (slot == SHM_SLOT_NONE) {
		m->subscriber.skipped = true; /* a tenant that is not configured (yet): see reread */
		return;
	}
	switch (e->kind) {
	case LOG_SESSION_END:
		enter_session(m, e, slot);
		break;
	case LOG_CHANGE:
		bump(m, e, slot);
		break;
	case LOG_TENANT:
	case LOG_CLIENT:
	case LOG_KEY:
		enter_rule(m, e, slot);
		break;
	case LOG_NONE:
		return;
	}
	if (m->subscriber.proven_ns != 0 && store_now >= e->at_ms) /* not the first reading of old ones */
		board_observe(m->board.p, HISTOGRAM_APPLY, (uint64_t)(store_now - e->at_ms) * 1000);
}

static void on_reset(void *arg, bool first)
{
	struct master *m = arg;

	if (!first)
		shm_fresh_reset(m->seg.control);
	shm_fresh_clear_all(m->seg.control);
	for (uint32_t p = 0; p < SHM_PARTITIONS; p++)
		shm_applied_reset(m->seg.control, (uint8_t)p);
	shm_bucket_bump_all(m->seg.control);
	m->subscriber.proven_ns = 0;
	writeback_reset(m);
	if (first)
		return;
	board_count(m->board.p, METRIC_GAPS, SHM_SLOT_NONE, 0, 0, 1);
	sd_log(SD_LOG_WARN, "log-reset", SD_FS("text", "the revocation log is read again from its start"));
}

static void on_unsure(void *arg)
{
	struct master *m = arg;

	shm_fresh_set_store_known(m->seg.control, false);
	m->event_copy.known = false;
}

static bool on_settled(void *arg)
{
	return writeback_settled(arg);
}

static void on_proof(void *arg, int64_t sent_at_ns)
{
	struct master *m = arg;

	for (uint32_t p = 0; p < SHM_PARTITIONS; p++)
		shm_fresh_set(m->seg.control, (uint8_t)p, sent_at_ns);
	shm_fresh_set_store_known(m->seg.control, true);
	if (m->subscriber.proven_ns == 0)
		sd_log(SD_LOG_INFO, "fresh", SD_FS("text", "the revocation log is read completely"));
	m->subscriber.proven_ns = sent_at_ns;
	if (m->phase == MASTER_STARTING)
		master_check_serving(m);
}

static void on_applied(void *arg, uint8_t partition, uint64_t pos)
{
	struct master *m = arg;

	shm_applied_set(m->seg.control, partition, pos);
}

static void on_clock(void *arg, int64_t store_wall_ms, int64_t boot_ns)
{
	struct master *m = arg;
	struct shm_control *c = m->seg.control;

	atomic_store_explicit(&c->store_offset_ms, store_wall_ms - boot_ns / SD_NS_PER_MS,
			      memory_order_release);
	if (store_wall_ms > atomic_load_explicit(&c->wall_floor_ms, memory_order_relaxed))
		atomic_store_explicit(&c->wall_floor_ms, store_wall_ms, memory_order_release);
}

static void audit(struct master *m, bool up, const char *text)
{
	char written[24];
	struct audit_detail details[] = {{NULL, NULL}, {NULL, NULL}, {NULL, NULL}};
	size_t n = 0;

	if (text[0] != '\0')
		details[n++] = (struct audit_detail){"text", text};
	if (up) {
		(void)snprintf(written, sizeof(written), "%" PRIu64, m->writeback.written_since);
		details[n] = (struct audit_detail){"written_back", written};
		m->writeback.written_since = 0;
	}
	audit_link_event(m, up ? AUDIT_STORE_BACK : AUDIT_STORE_LOST, up ? AUDIT_OK : AUDIT_FAILED, "",
			 details);
}

static void on_state(void *arg, enum health_status status, enum health_reason reason)
{
	struct master *m = arg;
	struct subscriber *s = &m->subscriber;
	const char *text = health_reason_text(reason);
	/* A store whose log is being read again, and given back what it lost, is not back yet. */
	bool up = status != HEALTH_DOWN && reason != HEALTH_LOG_RESET;

	if (status == s->status && reason == s->reason)
		return;
	s->status = status;
	s->reason = reason;
	/* Until it was up once a store that is still starting is no news. */
	sd_log(up || !s->was_up ? SD_LOG_INFO : SD_LOG_WARN, "store-state", SD_FS("state", health_status_name(status)),
	       SD_FS("text", text));
	if (up ? s->lost : s->was_up && !s->lost)
		audit(m, up, text);
	s->lost = !up && s->was_up;
	s->was_up = s->was_up || up;
	master_health_update(m);
}

int subscriber_open(struct master *m)
{
	struct redis_sub_conf conf = {
		.loop = m->loop,
		.addr = m->store.master,
		.prefix = m->server.store_prefix,
		.poll_interval_ns = (int64_t)m->server.poll_interval_ms * SD_NS_PER_MS,
		.timeout_ns = (int64_t)m->server.store_timeout_ms * SD_NS_PER_MS,
		.events = {.arg = m, .entry = on_entry, .reset = on_reset,
			   .unsure = on_unsure, .settled = on_settled, .proof = on_proof,
			   .applied = on_applied, .clock = on_clock, .state = on_state},
		.managed = m->server.store_mode == STORE_MODE_MANAGED,
	};
	int err;

	nodes_conf(m, &conf);
	err = redis_sub_new(&conf, &m->subscriber.sub);

	redis_addr_wipe(&conf.addr);
	return err;
}

void subscriber_stop(struct master *m)
{
	redis_sub_free(&m->subscriber.sub);
	writeback_stop(m);
	shm_fresh_clear_all(m->seg.control);
}

void subscriber_reread(struct master *m)
{
	m->subscriber.skipped = false;
	subscriber_stop(m);
	on_reset(m, true);
	if (subscriber_open(m) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "the subscription cannot be made: out of memory");
}

int64_t subscriber_staleness_ns(const struct subscriber *s, int64_t now_ns)
{
	return s->proven_ns == 0 ? INT64_MAX : now_ns - s->proven_ns;
}

int64_t subscriber_store_s(const struct master *m)
{
	return atomic_load_explicit(&m->seg.control->wall_floor_ms, memory_order_relaxed) / 1000;
}

static void gauges(struct master *m, const struct shm_revoke_counts *counts)
{
	int64_t stale = subscriber_staleness_ns(&m->subscriber, sd_clock_boot_ns());

	board_gauge(m->board.p, GAUGE_REVOCATIONS, counts->live);
	board_gauge(m->board.p, GAUGE_REVOCATION_CAPACITY, counts->capacity);
	board_gauge(m->board.p, GAUGE_REVOCATIONS_COLLAPSED, counts->collapsed);
	board_gauge(m->board.p, GAUGE_STALENESS_US,
		    stale == INT64_MAX ? (uint64_t)(sd_clock_boot_ns() - m->started_ns) / 1000 :
					 (uint64_t)stale / 1000);
}

void subscriber_tick(struct master *m)
{
	struct shm_revoke_counts counts;

	segments_table_counts(&m->seg, &counts);
	shm_revoke_w_sweep_confirmed(m->seg.table, counts.capacity / SWEEP_SECONDS + 1024);
	gauges(m, &counts);
}
