/* SPDX-License-Identifier: MIT
 * sweeper - ends sessions whose clocks have run out, removes records past their retention.
 * Owns:      the turn through the partitions, what was asked and not answered
 * Runs in:   master (after the sandbox)
 * Fails by:  asking again; a session is judged by its script, never here
 * Never:     wait for a reply, or end more at once than the audit trail has room for
 */
#include "base.h"
#include "sweeper.h"

#include "clock.h"
#include "err.h"
#include "log.h"
#include "master.h"
#include "policy_rules.h"

/* 256 partitions: a turn takes some five seconds when nothing is due. */
#define PACE_NS (20 * SD_NS_PER_MS)
#define SOON_NS SD_NS_PER_MS
#define PAUSE_NS (250 * SD_NS_PER_MS)
#define LEASE_MS 45000 /* who vanishes is followed within this and a turn */
#define LATE_SLACK_MS 50
/* For sessions of a tenant that is configured no more: creation's clocks, the longest of the rest. */
#define UNKNOWN_S (INT64_C(1) << 40)
#define UNKNOWN_TOUCH_S 3600
#define UNKNOWN_RETAIN_S (30 * 86400)
#define RULES_MAX (1u << 20)

static void turn(struct sweeper *s);

static void on_timer(struct sd_timer *t)
{
	turn(SD_CONTAINER_OF(t, struct sweeper, timer));
}

static void later(struct sweeper *s, int64_t ns)
{
	struct master *m = s->m;

	if (m->phase == MASTER_DRAINING)
		return;
	if (sd_timer_at(m->loop, &s->timer, sd_loop_now_ns(m->loop) + ns, on_timer) != SD_OK)
		sd_log(SD_LOG_ERROR, "sweeper-stopped", SD_FS("text", "out of memory"));
}

int sweeper_open(struct master *m)
{
	m->sweeper.m = m;
	return store_sweep_new(m->server.store_prefix, &m->sweeper.store);
}

void sweeper_start(struct master *m)
{
	/* Not all nodes that start together begin with the same partition. */
	m->sweeper.partition = (uint8_t)(sd_clock_boot_ns() / SD_NS_PER_MS);
	later(&m->sweeper, PAUSE_NS);
}

void sweeper_stop(struct master *m)
{
	sd_timer_off(m->loop, &m->sweeper.timer);
}

static int64_t deadline_ms(const struct master *m)
{
	return atomic_load_explicit(&m->seg.control->store_offset_ms, memory_order_relaxed) +
	       sd_clock_boot_ns() / SD_NS_PER_MS + m->server.store_timeout_ms + LATE_SLACK_MS;
}

/* Takes the command; false: the connection does not. */
static bool send_command(struct sweeper *s, struct sd_slice command, struct redis_req *req)
{
	int err = redis_sub_send(s->m->subscriber.sub, command, req);

	free((void *)(uintptr_t)command.p);
	s->waiting += err == SD_OK;
	return err == SD_OK;
}

/* --- one session ------------------------------------------------------------------------------ */

static const struct policy_tenant *policy_of(const struct master *m, const char *tenant)
{
	const struct policy_view *v = &m->seg.policy.view;
	uint32_t index = policy_view_tenant_find(v, sd_slice_str(tenant));

	return index == POLICY_NONE ? NULL : policy_view_tenant(v, index);
}

static void note_one(struct sweeper *s, const char *tenant, enum end_reason reason,
		     struct sd_slice user, struct sd_slice sid)
{
	struct master *m = s->m;
	const struct policy_tenant *t = policy_of(m, tenant);
	struct audit_ended e = {sd_slice_str(tenant), user, sid, sd_slice_str(end_reason_text(reason))};

	board_count(m->board.p, METRIC_ENDED, t != NULL ? t->slot : SHM_SLOT_NONE, (uint16_t)reason, 0, 1);
	audit_link_ended(m, &e);
}

static void note_end(struct sweeper *s, const struct sweeper_item *item,
		     const struct store_sweep_end *end)
{
	char sid[HANDLE_SID_LEN + 1];

	sid_text(&item->sid, sid);
	note_one(s, item->tenant, end->reason, end->user, sd_slice_str(sid));
	for (size_t i = 0; i < end->children.n; i += HANDLE_SID_LEN)
		note_one(s, item->tenant, END_PARENT, end->user,
			 sd_slice(end->children.p + i, HANDLE_SID_LEN));
}

/* All that was asked has been answered, or will not be. */
static void settle(struct sweeper *s)
{
	bool owed = false;

	for (uint32_t i = 0; i < s->count; i++)
		owed |= s->item[i].owed;
	if (owed) {
		later(s, PAUSE_NS);
		return;
	}
	s->count = 0;
	if (!s->more)
		s->partition++;
	later(s, s->more ? SOON_NS : PACE_NS);
}

static void on_expired(struct redis_req *req, struct redisReply *reply, bool late SD_UNUSED)
{
	struct sweeper_item *item = SD_CONTAINER_OF(req, struct sweeper_item, req);
	struct sweeper *s = SD_CONTAINER_OF(item - req->index, struct sweeper, item[0]);
	struct store_sweep_end end;
	enum store_sweep_result result = store_sweep_take_expire(reply, &end);

	switch (result) {
	case STORE_SWEEP_UNKNOWN:
		s->known = false;
		break;
	case STORE_SWEEP_AGAIN:
		item->again = true;
		break;
	case STORE_SWEEP_ENDED:
		note_end(s, item, &end);
		item->owed = false;
		break;
	case STORE_SWEEP_BROKEN:
	case STORE_SWEEP_HELD:
	case STORE_SWEEP_DONE:
		item->owed = false;
		break;
	}
	store_sweep_reply_free(reply);
	if (--s->waiting == 0)
		settle(s);
}

static bool send_expire(struct sweeper *s, struct sweeper_item *item)
{
	const struct policy_tenant *t = policy_of(s->m, item->tenant);
	struct store_sweep_expire_in in = {
		.tenant = sd_slice_str(item->tenant),
		.sid = item->sid,
		.now = {UNKNOWN_S, UNKNOWN_S, UNKNOWN_S, UNKNOWN_S, UNKNOWN_TOUCH_S, SD_SLICE("")},
		.retain_s = UNKNOWN_RETAIN_S,
		.owner = s->m->nodes.id,
		.again = item->again,
	};
	struct sd_slice command;
	struct sd_buf rules;

	sd_buf_init(&rules, RULES_MAX);
	if (t != NULL) {
		policy_rules_text(&s->m->seg.policy.view, t, s->m->seg.control, &rules);
		in.now = (struct store_clocks){t->idle_s, t->absolute_s, t->remember_idle_s,
					       t->remember_absolute_s, t->touch_interval_s,
					       policy_view_str(&s->m->seg.policy.view,
							       t->levels_text)};
		in.retain_s = t->retain_sessions_s;
	}
	item->req.fn = on_expired;
	item->req.index = (uint32_t)(item - s->item);
	in.rules = rules.failed ? sd_slice("", 0) : sd_buf_slice(&rules);
	/* The first of a batch brings the script to a server that may not have it. */
	bool sent = store_sweep_expire(s->store, &in, deadline_ms(s->m), !s->known && s->waiting == 0,
				       &command) == SD_OK &&
		    send_command(s, command, &item->req);
	sd_buf_fini(&rules);
	return sent;
}

static void send_batch(struct sweeper *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->item[i].owed && !send_expire(s, &s->item[i]))
			break;
	if (s->waiting == 0)
		later(s, PAUSE_NS);
	else
		s->known = true; /* until it says otherwise */
}

/* --- one partition ---------------------------------------------------------------------------- */

static void on_due(struct redis_req *req, struct redisReply *reply, bool late SD_UNUSED)
{
	struct sweeper *s = SD_CONTAINER_OF(req, struct sweeper, due);
	struct store_sweep_found found;
	enum store_sweep_result result = store_sweep_take_due(reply, s->partition, &found);

	store_sweep_reply_free(reply);
	s->waiting--;
	if (result == STORE_SWEEP_UNKNOWN || result == STORE_SWEEP_AGAIN) {
		s->known = false;
		later(s, result == STORE_SWEEP_UNKNOWN ? SOON_NS : PAUSE_NS);
		return;
	}
	s->count = result == STORE_SWEEP_DONE ? found.count : 0;
	s->more = s->count == STORE_SWEEP_MAX;
	for (uint32_t i = 0; i < s->count; i++) {
		s->item[i] = (struct sweeper_item){.sid = found.member[i].sid, .owed = true};
		memcpy(s->item[i].tenant, found.member[i].tenant, STORE_SWEEP_TENANT);
	}
	if (s->count > 0)
		send_batch(s);
	else
		settle(s);
}

static void ask_due(struct sweeper *s)
{
	struct store_sweep_due_in in = {.partition = s->partition, .owner = s->m->nodes.id,
					.lease_ms = LEASE_MS, .limit = STORE_SWEEP_MAX};
	struct sd_slice command;

	s->due.fn = on_due;
	if (store_sweep_due(s->store, &in, deadline_ms(s->m), !s->known, &command) != SD_OK ||
	    !send_command(s, command, &s->due))
		later(s, PAUSE_NS);
	else
		s->known = true;
}

static void turn(struct sweeper *s)
{
	struct master *m = s->m;

	/* A store whose log is not read and given back might end what it does not know better. */
	if (s->waiting > 0 || m->subscriber.sub == NULL || !redis_sub_is_fresh(m->subscriber.sub) ||
	    audit_link_room(m) < STORE_SWEEP_MAX + AUDIT_LINK_MAX / 4)
		later(s, PAUSE_NS);
	else if (s->count > 0)
		send_batch(s);
	else
		ask_due(s);
}
