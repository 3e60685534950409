/* SPDX-License-Identifier: MIT
 * reload - the steps from a new image to the one in force: fresh signer ready, flip, every worker
 * has adopted, the old ones retired. Until the flip any failure keeps the old.
 * Owns:      the step, the old and the coming policy
 * Runs in:   master (after the sandbox)
 * Fails by:  a refused reload: logged, counted, audited, seen in health
 * Never:     flips with a signer that has not said it is ready */
#include "base.h"
#include "master.h"

#include "clock.h"
#include "die.h"
#include "err.h"
#include "log.h"

#define SIGNER_NS (10 * SD_NS_PER_S)
#define ADOPT_NS (5 * SD_NS_PER_S)
#define RETIRE_MS 5000
#define REPORT_MAX 262144
#define KEY_TIMER_MAX_S 3600 /* looked at again at least this often: wall and boot clock differ */

static void on_late(struct sd_timer *t);
static void flip(struct master *m);

static void step_enter(struct master *m, enum reload_step step, int64_t limit_ns)
{
	m->reload.step = step;
	sd_timer_off(m->loop, &m->reload.timer);
	if (limit_ns > 0 &&
	    sd_timer_at(m->loop, &m->reload.timer, sd_clock_boot_ns() + limit_ns, on_late) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "out of memory");
}

void reload_open(struct master *m)
{
	sd_buf_init(&m->reload.report, REPORT_MAX);
	m->reload.next.fd = m->reload.old.fd = -1;
	reload_key_timer(m);
}

static void on_key_timer(struct sd_timer *t)
{
	struct master *m = SD_CONTAINER_OF(t, struct master, reload.key_timer);

	if (m->seg.policy.next_change_s <= sd_clock_wall_ms() / 1000)
		reload_request(m, RELOAD_BY_KEY);
	else
		reload_key_timer(m);
}

void reload_key_timer(struct master *m)
{
	int64_t wait_s = KEY_TIMER_MAX_S;
	int64_t now_s = sd_clock_wall_ms() / 1000;

	if (m->seg.policy.next_change_s != INT64_MAX)
		wait_s = SD_MIN(SD_MAX(m->seg.policy.next_change_s - now_s, (int64_t)1), wait_s);
	if (sd_timer_at(m->loop, &m->reload.key_timer, sd_clock_boot_ns() + wait_s * SD_NS_PER_S,
			on_key_timer) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "out of memory");
}

static void audit(struct master *m, enum reload_result result)
{
	char generation[24];
	struct audit_detail details[] = {{"result", reload_result_text(result)},
					 {"generation", generation}, {NULL, NULL}};
	bool by_key = m->reload.cause == RELOAD_BY_KEY;

	(void)snprintf(generation, sizeof(generation), "%llu",
		       (unsigned long long)policy_view_generation(&m->seg.policy.view));
	if (result == RELOAD_REFUSED)
		audit_link_event(m, AUDIT_POLICY_REFUSED, AUDIT_FAILED, "", details);
	else if (by_key) /* becoming active changes no byte of the image: readers compute it */
		audit_link_event(m, AUDIT_KEY_STATE, AUDIT_OK, "", details);
	else if (result == RELOAD_DONE)
		audit_link_event(m, AUDIT_POLICY_RELOADED, AUDIT_OK, "", details);
	if (result != RELOAD_REFUSED)
		key_watch_look(m);
}

/* The answer is known; the old signer may still be leaving. */
static void conclude(struct master *m, enum reload_result result)
{
	struct reload *r = &m->reload;

	r->result = result;
	r->at_s = sd_clock_wall_ms() / 1000;
	board_count(m->board.p, METRIC_RELOADS, SHM_SLOT_NONE, (uint16_t)result, 0, 1);
	sd_buf_printf(&r->report, "%s: generation %llu\n", reload_result_text(result),
		      (unsigned long long)policy_view_generation(&m->seg.policy.view));
	sd_log(result == RELOAD_REFUSED ? SD_LOG_ERROR : SD_LOG_INFO, "reload",
	       SD_FS("result", reload_result_text(result)),
	       SD_FI("generation", policy_view_generation(&m->seg.policy.view)),
	       SD_FI("by", r->cause));
	audit(m, result);
	master_health_update(m);
	notify_send(&m->notify, "READY=1");
	control_reload_done(m);
}

static void idle(struct master *m)
{
	enum reload_cause again = m->reload.again;

	step_enter(m, RELOAD_IDLE, 0);
	reload_key_timer(m);
	m->reload.again = 0;
	if (again != 0)
		reload_request(m, again);
}

static void refuse(struct master *m)
{
	struct reload *r = &m->reload;

	policy_config_free(&r->config);
	r->config = NULL;
	segments_policy_close(&r->next);
	r->next.map = NULL;
	conclude(m, RELOAD_REFUSED);
	idle(m);
}

/* What the new configuration changes at once, without a restart. */
static void take_config(struct master *m)
{
	struct reload *r = &m->reload;
	struct sd_diag diag = {{0}};
	struct store_addr before = m->store;

	if (r->config == NULL)
		return;
	policy_config_free(&m->config);
	m->config = r->config;
	r->config = NULL;
	issuer_keys_config(m);
	issuer_keys_fleet(m);
	countries_config(m);
	sd_log_level_set((enum sd_log_level)m->config->server.log_level,
			 (enum sd_log_format)m->config->server.log_format);
	if (store_addr_load(&m->store, &m->server, &m->redis, &diag) != SD_OK ||
	    store_addr_resolve(&m->store, &diag) != SD_OK) {
		sd_log(SD_LOG_ERROR, "store-address", SD_FS("text", diag.text));
		m->store = before; /* what was good a moment ago */
	}
	if (m->subscriber.skipped || memcmp(&before, &m->store, sizeof(before)) != 0)
		subscriber_reread(m);
	redis_addr_wipe(&before.master);
	redis_addr_wipe(&before.worker);
}

void reload_request(struct master *m, enum reload_cause cause)
{
	struct reload *r = &m->reload;
	bool same = false;

	if (m->phase == MASTER_DRAINING)
		return;
	/* A key's change needs no file; a fuller reload asked for meanwhile includes it. */
	if (r->step != RELOAD_IDLE || m->fleet.stage != FLEET_COMPLETE) {
		if (r->again == 0 || r->again == RELOAD_BY_KEY)
			r->again = cause;
		return;
	}
	r->cause = cause;
	r->number++;
	notify_reloading(&m->notify);
	if (reload_build(m, &same) != SD_OK) {
		refuse(m);
	} else if (same) {
		take_config(m);
		m->seg.policy.next_change_s = r->next.next_change_s;
		conclude(m, RELOAD_UNCHANGED);
		idle(m);
	} else {
		step_enter(m, RELOAD_SIGNER, SIGNER_NS);
		fleet_child_want(fleet_spare_signer(&m->fleet), &r->next);
	}
}

void reload_signer_ready(struct master *m)
{
	if (m->reload.step == RELOAD_SIGNER)
		flip(m);
}

static void flip(struct master *m)
{
	struct reload *r = &m->reload;
	struct fleet *f = &m->fleet;
	struct hm_generation g;

	f->signer = 1 - f->signer;
	r->old = m->seg.policy;
	m->seg.policy = r->next;
	r->next = (struct policy_segment){.fd = -1};
	fleet_signer(f)->policy = &m->seg.policy;
	g.number = policy_view_generation(&m->seg.policy.view);
	atomic_store_explicit(&m->seg.control->generation, g.number, memory_order_release);
	board_gauge(m->board.p, GAUGE_GENERATION, g.number);
	take_config(m);
	/* First the socket to the signer that knows the generation, then the generation. */
	handover_connect_all(fleet_signer(f));
	for (uint32_t i = 0; i < f->workers; i++)
		handover_send(fleet_worker(f, i), HM_POLICY, &g, sizeof(g), m->seg.policy.fd);
	step_enter(m, RELOAD_ADOPT, ADOPT_NS);
	reload_adopted(m);
}

static bool is_lagging(const struct master *m, const struct child *c)
{
	return chan_is_open(&c->chan) && c->generation < policy_view_generation(&m->seg.policy.view);
}

void reload_adopted(struct master *m)
{
	struct reload *r = &m->reload;
	struct fleet *f = &m->fleet;

	if (r->step != RELOAD_ADOPT)
		return;
	for (uint32_t i = 0; i < f->workers; i++)
		if (is_lagging(m, fleet_worker(f, i)))
			return;
	tenant_gone_since(m, &r->old.view, &m->seg.policy.view);
	segments_policy_close(&r->old);
	conclude(m, RELOAD_DONE);
	step_enter(m, RELOAD_RETIRE, 0);
	fleet_child_retire(fleet_spare_signer(f), RETIRE_MS);
	if (fleet_spare_signer(f)->state == CHILD_NONE)
		idle(m);
}

void reload_child_ended(struct master *m, struct child *c)
{
	struct reload *r = &m->reload;

	if (m->phase == MASTER_DRAINING)
		return;
	if (r->step == RELOAD_SIGNER && c == fleet_spare_signer(&m->fleet)) {
		sd_buf_printf(&r->report, "the signer refuses the new configuration: %s\n",
			      c->told[0] != '\0' ? c->told : "it died");
		fleet_child_retire(c, 0);
		refuse(m);
	} else if (r->step == RELOAD_RETIRE && c == fleet_spare_signer(&m->fleet)) {
		idle(m);
	} else if (c->role == ROLE_WORKER) {
		reload_adopted(m);
	}
}

static void on_late(struct sd_timer *t)
{
	struct master *m = SD_CONTAINER_OF(t, struct master, reload.timer);
	struct fleet *f = &m->fleet;

	if (m->reload.step == RELOAD_SIGNER) {
		fleet_child_kill(fleet_spare_signer(f), "not ready in time for the reload");
		return; /* its end refuses the reload */
	}
	if (m->reload.step != RELOAD_ADOPT)
		return;
	for (uint32_t i = 0; i < f->workers; i++)
		if (is_lagging(m, fleet_worker(f, i)))
			fleet_child_kill(fleet_worker(f, i), "did not adopt the new policy within 5 s");
	reload_adopted(m);
}

void reload_cancel(struct master *m)
{
	struct reload *r = &m->reload;

	sd_timer_off(m->loop, &r->timer);
	sd_timer_off(m->loop, &r->key_timer);
	r->step = RELOAD_IDLE;
	r->again = 0;
	policy_config_free(&r->config);
	r->config = NULL;
}
