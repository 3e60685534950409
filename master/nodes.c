/* SPDX-License-Identifier: MIT
 * nodes - this node among the others: its lease, its bounds, and what it sees of the registry.
 * Owns:      the longest staleness that this node runs with
 * Runs in:   master (after the sandbox)
 * Fails by:  leaving without a word: its lease runs out
 * Never:     says a shorter staleness than some worker still runs with */
#include "base.h"
#include "nodes.h"

#include "clock.h"
#include "log.h"
#include "master.h"

static int64_t of_policy(const struct master *m)
{
	const struct policy_view *v = &m->seg.policy.view;
	int64_t ms = 0;

	for (uint32_t i = 0; i < v->image->tenants.count; i++)
		ms = SD_MAX(ms, (int64_t)policy_view_tenant(v, i)->max_staleness_ms);
	return ms;
}

static bool all_adopted(const struct master *m)
{
	uint64_t current = policy_view_generation(&m->seg.policy.view);

	for (uint32_t i = 0; i < FLEET_MAX; i++) {
		const struct child *c = &m->fleet.child[i];

		if (c->state != CHILD_NONE && c->role == ROLE_WORKER && c->generation != current)
			return false;
	}
	return true;
}

/* Rises at once, falls when no worker runs with the old policy any more. */
static int64_t staleness_ms(void *arg)
{
	struct master *m = arg;
	int64_t ms = of_policy(m);

	if (ms > m->nodes.staleness_ms || all_adopted(m))
		m->nodes.staleness_ms = ms;
	return m->nodes.staleness_ms;
}

static void on_left_task(struct sd_task *task)
{
	struct master *m = SD_CONTAINER_OF(task, struct master, nodes.on_left);

	drain_child_ended(m);
}

/* Deferred: the subscriber is freed by what follows. */
static void on_left(void *arg)
{
	struct master *m = arg;

	m->nodes.left = true;
	sd_loop_defer(m->loop, &m->nodes.on_left, on_left_task);
}

void nodes_conf(struct master *m, struct redis_sub_conf *conf)
{
	node_row_id(m->seg.control->seed, m->nodes.id);
	conf->node = (struct redis_sub_node){.id = m->nodes.id, .name = m->node,
					     .version = PACKAGE_VERSION,
					     .staleness_ms = staleness_ms, .arg = m};
	conf->events.left = on_left;
}

void nodes_leave(struct master *m)
{
	if (m->nodes.leaving)
		return;
	m->nodes.leaving = true;
	if (m->subscriber.sub != NULL)
		redis_sub_leave(m->subscriber.sub);
	else
		on_left(m);
}

/* The longest of all live nodes, our own among them. */
static int64_t everywhere_ms(struct master *m)
{
	const struct node_row *rows;
	int64_t ms = staleness_ms(m), now_ms;
	unsigned n;

	if (m->subscriber.sub == NULL)
		return ms;
	n = redis_sub_nodes(m->subscriber.sub, &rows);
	now_ms = redis_sub_store_ms(m->subscriber.sub, sd_clock_boot_ns());
	for (unsigned i = 0; i < n; i++)
		if (node_row_is_live(&rows[i], now_ms))
			ms = SD_MAX(ms, rows[i].staleness_ms);
	return ms;
}

void nodes_log_bounds(struct master *m)
{
	char text[128];
	int64_t ms = everywhere_ms(m);

	(void)snprintf(text, sizeof(text),
		       "an acknowledged revocation is obeyed by this node at once, by every live node "
		       "within %lld ms", (long long)ms);
	sd_log(SD_LOG_INFO, "bounds", SD_FS("text", text), SD_FI("here_ms", 0), SD_FI("everywhere_ms", ms));
}

static void row(struct master *m, struct sd_buf *out, const struct node_row *r, int64_t now_ms)
{
	if (out->p[out->len - 1] == '}')
		sd_buf_char(out, ',');
	sd_buf_str(out, "{\"node\":");
	sd_buf_json_str(out, sd_slice_str(r->name));
	sd_buf_printf(out, ",\"id\":\"%s\",\"self\":%s,\"live\":%s,\"lease_ms\":%lld,\"staleness_ms\":%lld,\"lag_ms\":",
		      r->id, strcmp(r->id, m->nodes.id) == 0 ? "true" : "false",
		      node_row_is_live(r, now_ms) ? "true" : "false",
		      (long long)SD_MAX(r->lease_ms - now_ms, 0), (long long)r->staleness_ms);
	/* How far behind the store's clock what it had applied was, when it said so. */
	if (r->proven_ms > 0)
		sd_buf_i64(out, SD_MAX(r->lease_ms - NODE_LEASE_MS - r->proven_ms, 0));
	else
		sd_buf_str(out, "null");
	sd_buf_str(out, ",\"version\":");
	sd_buf_json_str(out, sd_slice_str(r->version));
	sd_buf_char(out, '}');
}

void nodes_status(struct master *m, struct sd_buf *out)
{
	const struct node_row *rows = NULL;
	unsigned n = 0;
	int64_t now_ms = 0;

	if (m->subscriber.sub != NULL) {
		n = redis_sub_nodes(m->subscriber.sub, &rows);
		now_ms = redis_sub_store_ms(m->subscriber.sub, sd_clock_boot_ns());
	}
	sd_buf_printf(out, "\"bounds\":{\"here_ms\":0,\"everywhere_ms\":%lld},\"nodes\":[",
		      (long long)everywhere_ms(m));
	for (unsigned i = 0; i < n && rows != NULL; i++)
		row(m, out, &rows[i], now_ms);
	sd_buf_char(out, ']');
}
