/* SPDX-License-Identifier: MIT
 * reclock - tells the index of deadlines when a policy's clocks have become shorter, or a rule has come.
 * Owns:      which tenants are owed a walk, and the walk under way
 * Runs in:   master (after the sandbox)
 * Fails by:  asking again
 * Never:     end a session: the sweeper does; move a deadline to a later time
 */
#include "base.h"
#include "reclock.h"

#include "clock.h"
#include "err.h"
#include "log.h"
#include "master.h"
#include "policy_rules.h"
#include "siphash.h"

#define LOOK_NS SD_NS_PER_S
#define PACE_NS (5 * SD_NS_PER_MS)
#define PAUSE_NS (250 * SD_NS_PER_MS)
#define PIECE 200 /* sessions of one script: a millisecond or two of the store */
#define LATE_SLACK_MS 50
#define RULES_MAX (1u << 20)

static void turn(struct reclock *c);

static void on_timer(struct sd_timer *t)
{
	turn(SD_CONTAINER_OF(t, struct reclock, timer));
}

static void later(struct reclock *c, int64_t ns)
{
	struct master *m = c->m;

	if (m->phase == MASTER_DRAINING)
		return;
	if (sd_timer_at(m->loop, &c->timer, sd_loop_now_ns(m->loop) + ns, on_timer) != SD_OK)
		sd_log(SD_LOG_ERROR, "reclock-stopped", SD_FS("text", "out of memory"));
}

int reclock_open(struct master *m)
{
	m->reclock.m = m;
	m->reclock.tenant = calloc(SHM_TENANTS, sizeof(*m->reclock.tenant));
	return m->reclock.tenant != NULL ? SD_OK : SD_ERR_MEMORY;
}

void reclock_start(struct master *m)
{
	later(&m->reclock, PAUSE_NS);
}

void reclock_stop(struct master *m)
{
	sd_timer_off(m->loop, &m->reclock.timer);
}

static struct store_clocks clocks_of(const struct policy_view *v, const struct policy_tenant *t)
{
	return (struct store_clocks){t->idle_s,
				     t->absolute_s,
				     t->remember_idle_s,
				     t->remember_absolute_s,
				     t->touch_interval_s,
				     policy_view_str(v, t->levels_text)};
}

static bool is_shorter(const struct reclock_tenant *was, const struct store_clocks *now, int64_t retain_s)
{
	return now->idle_s < was->now.idle_s || now->absolute_s < was->now.absolute_s ||
	       now->remember_idle_s < was->now.remember_idle_s ||
	       now->remember_absolute_s < was->now.remember_absolute_s || retain_s < was->retain_s;
}

/* Who has less time now, by another policy (levels of trust that are others may be shorter ones) or by a rule
 * that ends what began before? */
static void compare(struct reclock *c)
{
	static const struct sd_siphash_key key = {1, 2}; /* compared with itself alone */
	const struct shm_control *control = c->m->seg.control;
	const struct policy_view *v = &c->m->seg.policy.view;

	for (uint32_t i = 0; i < v->image->tenants.count; i++) {
		const struct policy_tenant *t = policy_view_tenant(v, i);
		struct store_clocks now = clocks_of(v, t);
		struct reclock_tenant *x = &c->tenant[t->slot];
		uint64_t levels = sd_siphash(key, now.levels.p, now.levels.n);

		uint64_t rules = policy_rules_mark(v, t, control);

		if (rules != x->rules ||
		    (x->known && (is_shorter(x, &now, t->retain_sessions_s) || x->levels != levels))) {
			x->owed = true;
			c->walking = c->walking && c->slot != t->slot; /* from the start again */
		}
		x->known = true;
		x->rules = rules;
		x->now = now;
		x->now.levels = SD_SLICE(""); /* the image that they stand in may go */
		x->levels = levels;
		x->retain_s = t->retain_sessions_s;
	}
}

/* False: nobody is owed one. */
static bool next_tenant(struct reclock *c)
{
	const struct policy_view *v = &c->m->seg.policy.view;

	for (uint32_t i = 0; i < v->image->tenants.count; i++) {
		const struct policy_tenant *t = policy_view_tenant(v, i);
		struct sd_slice name = policy_view_str(v, t->name);

		if (!c->tenant[t->slot].owed || sd_slice_copy(name, c->name, sizeof(c->name)) != SD_OK)
			continue;
		c->slot = t->slot;
		c->partition = 0;
		c->from.given = false;
		c->walking = true;
		return true;
	}
	return false;
}

static void advance(struct reclock *c)
{
	if (c->from.given)
		return;
	if (++c->partition < SHM_PARTITIONS)
		return;
	c->walking = false;
	c->tenant[c->slot].owed = false;
	sd_log(SD_LOG_INFO, "deadlines-shortened", SD_FS("tenant", c->name));
}

static void on_piece(struct redis_req *req, struct redisReply *reply, bool late SD_UNUSED)
{
	struct reclock *c = SD_CONTAINER_OF(req, struct reclock, req);
	struct store_sweep_place from;
	enum store_sweep_result result = store_sweep_take_reindex(reply, &from);

	store_sweep_reply_free(reply);
	c->busy = false;
	if (result == STORE_SWEEP_UNKNOWN || result == STORE_SWEEP_AGAIN) {
		c->known = false;
		later(c, PAUSE_NS);
		return;
	}
	if (c->walking) { /* else the policy has changed meanwhile */
		c->from = from; /* not given when broken: then the next partition */
		advance(c);
	}
	later(c, PACE_NS);
}

static bool ask(struct reclock *c)
{
	struct master *m = c->m;
	const struct reclock_tenant *x = &c->tenant[c->slot];
	struct store_sweep_reindex_in in = {.tenant = sd_slice_str(c->name),
					    .partition = (uint8_t)c->partition,
					    .from = c->from,
					    .limit = PIECE,
					    .now = x->now,
					    .retain_s = x->retain_s};
	struct sd_buf rules;
	int64_t deadline_ms =
	    atomic_load_explicit(&m->seg.control->store_offset_ms, memory_order_relaxed) +
	    sd_clock_boot_ns() / SD_NS_PER_MS + m->server.store_timeout_ms + LATE_SLACK_MS;
	const struct policy_view *v = &m->seg.policy.view;
	uint32_t index = policy_view_tenant_find(v, in.tenant);
	struct sd_slice command;

	sd_buf_init(&rules, RULES_MAX);
	if (index != POLICY_NONE) {
		in.now.levels = policy_view_str(v, policy_view_tenant(v, index)->levels_text);
		policy_rules_text(v, policy_view_tenant(v, index), m->seg.control, &rules);
	}
	in.rules = rules.failed ? sd_slice("", 0) : sd_buf_slice(&rules);
	c->req.fn = on_piece;
	int err = store_sweep_reindex(m->sweeper.store, &in, deadline_ms, !c->known, &command);
	sd_buf_fini(&rules);
	if (err != SD_OK)
		return false;
	c->busy = redis_sub_send(m->subscriber.sub, command, &c->req) == SD_OK;
	free((void *)(uintptr_t)command.p);
	c->known = c->busy;
	return c->busy;
}

static void turn(struct reclock *c)
{
	struct master *m = c->m;
	uint64_t generation = policy_view_generation(&m->seg.policy.view);

	if (c->busy)
		return;
	int64_t now = sd_loop_now_ns(m->loop);

	if (generation != c->generation || now - c->looked_ns >= LOOK_NS) {
		c->generation = generation;
		c->looked_ns = now;
		compare(c);
	}
	if (!c->walking && !next_tenant(c))
		later(c, LOOK_NS);
	else if (m->subscriber.sub == NULL || !redis_sub_is_fresh(m->subscriber.sub) || !ask(c))
		later(c, PAUSE_NS);
}
