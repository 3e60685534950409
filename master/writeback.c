/* SPDX-License-Identifier: MIT
 * writeback - runs the idempotent scripts for what the store lost, batch by batch, by the
 * connection that reads the log; then the next poll may count.
 * Owns:      the memory of what was applied, and the run under way
 * Runs in:   master (after the sandbox)
 * Fails by:  staying owed: nothing counts until it is done
 * Never:     wait for a reply, or send more than a batch before the last one was answered
 */
#include "base.h"
#include "writeback.h"

#include <stdlib.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "log.h"
#include "master.h"

#define PAUSE_NS (10 * SD_NS_PER_MS) /* between batches: at most 50,000 a second */
#define RETRY_NS (100 * SD_NS_PER_MS)
#define SCAN 50000 /* places looked at in one turn of the loop */
#define EXPIRE_MAX 100000
#define LATE_SLACK_MS 50

static void step(struct writeback *w);

int writeback_open(struct master *m)
{
	struct writeback *w = &m->writeback;
	int err;

	w->m = m;
	w->tenant = calloc(SHM_TENANTS, sizeof(*w->tenant));
	if (w->tenant == NULL)
		return SD_ERR_MEMORY;
	err = ends_memory_new((uint32_t)m->server.mem_remembered_ends, m->seg.control->seed,
			      &w->ends);
	return err == SD_OK ? store_back_new(m->server.store_prefix, &w->store) : err;
}

void writeback_stop(struct master *m)
{
	sd_timer_off(m->loop, &m->writeback.timer);
}

/* --- what is remembered --- */

static void note_tenant(struct writeback *w, uint32_t slot, struct sd_slice name)
{
	if (w->tenant[slot] != NULL)
		return;
	w->tenant[slot] = calloc(1, name.n + 1);
	if (w->tenant[slot] == NULL)
		sd_fatal(SD_EXIT_OSERR, "out of memory");
	memcpy(w->tenant[slot], name.p, name.n);
}

void writeback_entry(struct master *m, const struct log_entry *e, uint32_t tenant, uint32_t slot)
{
	struct writeback *w = &m->writeback;
	struct rules_memory_in rule = {(uint32_t)e->kind, slot,	     tenant, w->epoch, e->id,
				       e->before_s,	  e->until_s};
	struct ends_memory_end end = {
	    .absolute_s = SD_MAX(e->absolute_s, e->until_s),
	    .until_s = e->until_s,
	    .epoch = w->epoch,
	    .tenant = (uint16_t)tenant,
	    .reason = (uint8_t)e->reason,
	};

	note_tenant(w, tenant, e->tenant);
	if (e->kind != LOG_SESSION_END) {
		if (rules_memory_put(&w->rules, &rule) != SD_OK)
			sd_fatal(SD_EXIT_OSERR, "out of memory");
		return;
	}
	memcpy(end.sid, e->sid.b, sizeof(end.sid));
	ends_memory_put(w->ends, &end, subscriber_store_s(m));
}

bool writeback_is_full(const struct master *m, int64_t now_s)
{
	return ends_memory_dropped_until_s(m->writeback.ends) > now_s;
}

void writeback_tick(struct master *m)
{
	struct writeback *w = &m->writeback;
	uint64_t dropped = ends_memory_dropped(w->ends);

	ends_memory_expire(w->ends, subscriber_store_s(m), EXPIRE_MAX);
	board_gauge(m->board.p, GAUGE_REMEMBERED_ENDS, ends_memory_count(w->ends));
	if (dropped > w->dropped_told)
		board_count(m->board.p, METRIC_ENDS_DROPPED, SHM_SLOT_NONE, 0, 0,
			    dropped - w->dropped_told);
	w->dropped_told = dropped;
}

/* --- giving back --- */

static void on_timer(struct sd_timer *t)
{
	step(SD_CONTAINER_OF(t, struct writeback, timer));
}

static void later(struct writeback *w, int64_t ns)
{
	/* Without memory for a timer the next poll begins again. */
	if (sd_timer_at(w->m->loop, &w->timer, sd_loop_now_ns(w->m->loop) + ns, on_timer) != SD_OK)
		w->state = WRITEBACK_OWED;
}

static void on_answer(struct redis_req *req, struct redisReply *reply, bool late SD_UNUSED)
{
	struct writeback_item *item = SD_CONTAINER_OF(req, struct writeback_item, req);
	struct writeback *w = SD_CONTAINER_OF(item - req->index, struct writeback, item);
	enum store_back_result result = store_back_take(reply);

	w->waiting--;
	if (result == STORE_BACK_AGAIN || item->epoch != w->epoch) {
		w->again = true;
	} else {
		w->asked++;
		w->refused += result == STORE_BACK_REFUSED;
		if (result == STORE_BACK_WRITTEN) {
			w->written++;
			w->written_since++;
			board_count(w->m->board.p, METRIC_WRITEBACKS, SHM_SLOT_NONE, 0, 0, 1);
		}
		if (item->rule != NULL)
			item->rule->epoch = w->epoch;
		else
			ends_memory_confirm(w->ends, item->sid, w->epoch);
	}
	if (w->waiting == 0 && w->state == WRITEBACK_RUNNING)
		later(w, w->again ? RETRY_NS : PAUSE_NS);
}

int64_t writeback_deadline_ms(const struct writeback *w)
{
	int64_t offset =
	    atomic_load_explicit(&w->m->seg.control->store_offset_ms, memory_order_relaxed);

	return offset + sd_clock_boot_ns() / SD_NS_PER_MS + w->m->server.store_timeout_ms +
	       LATE_SLACK_MS;
}

static int64_t retain_s(const struct writeback *w, const char *tenant)
{
	const struct policy_view *v = &w->m->seg.policy.view;
	uint32_t index = policy_view_tenant_find(v, sd_slice_str(tenant));

	return index == POLICY_NONE ? 0 : policy_view_tenant(v, index)->retain_sessions_s;
}

/* Takes the command; false: the connection does not. */
static bool send_item(struct writeback *w, struct sd_slice command, struct rules_memory_rule *rule,
		      const uint8_t *sid)
{
	struct writeback_item *item = &w->item[w->waiting];
	int err;

	*item = (struct writeback_item){.rule = rule, .epoch = w->epoch};
	item->req.fn = on_answer;
	item->req.index = w->waiting;
	if (sid != NULL)
		memcpy(item->sid, sid, sizeof(item->sid));
	err = redis_sub_send(w->m->subscriber.sub, command, &item->req);
	free((void *)(uintptr_t)command.p);
	w->waiting += err == SD_OK;
	return err == SD_OK;
}

static bool send_end(struct writeback *w, const struct ends_memory_end *e)
{
	const char *tenant = w->tenant[e->tenant];
	struct store_end in = {
	    .tenant = sd_slice_str(tenant),
	    .reason = (enum end_reason)e->reason,
	    .retain_s = retain_s(w, tenant),
	    .tombstone = true,
	    .until_s = e->until_s,
	    .absolute_s = e->absolute_s,
	};
	struct sd_slice command;

	memcpy(in.sid.b, e->sid, sizeof(e->sid));
	/* The first of a batch brings the script: the server may be a new one. */
	return store_back_end(w->store, &in, writeback_deadline_ms(w), w->waiting == 0, &command) == SD_OK &&
	       send_item(w, command, NULL, e->sid);
}

static bool send_rule(struct writeback *w, struct rules_memory_rule *r)
{
	struct store_rule in = {
	    .tenant = sd_slice_str(w->tenant[r->tenant]),
	    .kind = r->kind == LOG_TENANT   ? STORE_RULE_TENANT
		    : r->kind == LOG_CLIENT ? STORE_RULE_CLIENT
					    : STORE_RULE_KEY,
	    .id = sd_slice(r->id, r->id_n),
	    .before_s = r->before_s,
	    .until_s = r->until_s,
	    .write_back = true,
	};
	struct sd_slice command;

	return store_back_rule(w->store, &in, writeback_deadline_ms(w), w->waiting == 0, &command) == SD_OK &&
	       send_item(w, command, r, NULL);
}

/* False: the connection takes no more. */
static bool send_rules(struct writeback *w)
{
	int64_t now_s = subscriber_store_s(w->m);
	struct rules_memory_rule *r = NULL;

	while (w->waiting < WRITEBACK_BATCH &&
	       (r = rules_memory_next(&w->rules, r, w->epoch, now_s)) != NULL)
		if (!send_rule(w, r))
			return false;
	if (r == NULL)
		w->stage = WRITEBACK_ENDS;
	return true;
}

static bool send_ends(struct writeback *w)
{
	uint32_t left = SCAN;

	while (w->waiting < WRITEBACK_BATCH && left > 0) {
		uint32_t from = w->cursor;
		const struct ends_memory_end *e =
		    ends_memory_next(w->ends, w->epoch, left, &w->cursor);

		if (e == NULL) {
			if (w->cursor == 0)
				w->stage = WRITEBACK_ALL;
			return true;
		}
		left -= w->cursor - from;
		if (!send_end(w, e))
			return false;
	}
	return true;
}

static void finish(struct writeback *w)
{
	w->state = WRITEBACK_NOTHING;
	if (w->asked > 0)
		sd_log(w->refused > 0 ? SD_LOG_WARN : SD_LOG_INFO, "written-back",
		       SD_FI("asked", (int64_t)w->asked), SD_FI("written", (int64_t)w->written),
		       SD_FI("refused", (int64_t)w->refused));
}

/* One batch; called again by its last answer. */
static void step(struct writeback *w)
{
	bool sent = true;

	if (w->state != WRITEBACK_RUNNING || w->waiting > 0)
		return;
	if (w->stage == WRITEBACK_RULES)
		sent = send_rules(w);
	/* Not both in one batch: its first command brings the script. */
	if (sent && w->waiting == 0 && w->stage == WRITEBACK_ENDS)
		sent = send_ends(w);
	if (!sent) {
		/* No connection, or no memory: the next poll that is read completely begins again.
		 */
		w->state = WRITEBACK_OWED;
	} else if (w->waiting == 0 && w->stage != WRITEBACK_ALL) {
		later(w, 0);
	} else if (w->waiting == 0 && w->again) {
		w->again = false;
		w->stage = WRITEBACK_RULES;
		later(w, RETRY_NS);
	} else if (w->waiting == 0) {
		finish(w);
		redis_sub_poll(w->m->subscriber.sub);
	}
}

void writeback_reset(struct master *m)
{
	struct writeback *w = &m->writeback;

	w->epoch++;
	w->state = WRITEBACK_OWED;
	sd_timer_off(m->loop, &w->timer);
}

bool writeback_settled(struct master *m)
{
	struct writeback *w = &m->writeback;

	if (w->state == WRITEBACK_OWED && w->waiting == 0) {
		w->state = WRITEBACK_RUNNING;
		w->again = false;
		w->stage = WRITEBACK_RULES;
		w->cursor = 0;
		w->asked = w->written = w->refused = 0;
		step(w);
	}
	return w->state == WRITEBACK_NOTHING;
}
