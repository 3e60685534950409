/* SPDX-License-Identifier: MIT
 * metrics - sums up the statistics of all processes and hands the text over.
 * Owns:      the rule how gauges of many processes become one
 * Runs in:   master (after the sandbox)
 * Fails by:  an answer without text
 * Never:     believes a size or a text of a child's segment: copies are bounded */
#include "base.h"
#include "metrics.h"

#include <unistd.h>

#include "err.h"
#include "master.h"
#include "shm_map.h"

/* The master alone sets these; all others are added up. */
static bool is_master_gauge(uint32_t g)
{
	return g == GAUGE_STALENESS_US || g == GAUGE_REVOCATIONS || g == GAUGE_REVOCATION_CAPACITY ||
	       g == GAUGE_REVOCATIONS_COLLAPSED || g == GAUGE_GENERATION;
}

static void add(struct shm_stats *sum, const struct board *b, bool is_master)
{
	if (b->p == NULL)
		return;
	board_merge(sum, b->p);
	for (uint32_t g = 1; g < GAUGE_COUNT; g++)
		if (is_master || !is_master_gauge(g))
			board_gauge(sum, (enum board_gauge)g,
				    atomic_load_explicit(&sum->gauge[g], memory_order_relaxed) +
					    atomic_load_explicit(&b->p->gauge[g], memory_order_relaxed));
	for (uint32_t r = 0; r < SHM_STATS_ROUTES; r++)
		if (sum->route[r][0] == '\0')
			boards_route_name(b->p, r, sum->route[r], sizeof(sum->route[r]));
}

struct sd_slice metrics_tenant_name(const void *arg, uint32_t slot)
{
	const struct master *m = arg;
	const struct policy_view *v = &m->seg.policy.view;

	for (uint32_t i = 0; i < v->image->tenants.count; i++) {
		const struct policy_tenant *t = policy_view_tenant(v, i);

		if (t->slot == slot)
			return policy_view_str(v, t->name);
	}
	return (struct sd_slice){NULL, 0};
}

static void sandboxes(const struct master *m, struct metrics_in *in)
{
	for (int r = 0; r < ROLE_COUNT; r++)
		in->sandbox[r] = -1;
	in->sandbox[ROLE_MASTER] = m->sandbox.seccomp == 2 && m->sandbox.mode == SD_SANDBOX_ENFORCE;
	for (uint32_t i = 0; i < FLEET_MAX; i++) {
		const struct child *c = &m->fleet.child[i];
		int now = c->sandbox.seccomp == 2 && c->sandbox.mode == SD_SANDBOX_ENFORCE;

		if (c->state != CHILD_READY || c->role == ROLE_REDIS)
			continue;
		if (in->sandbox[c->role] != 0)
			in->sandbox[c->role] = now;
	}
}

void metrics_sum(struct master *m, struct shm_stats *sum)
{
	add(sum, &m->board, true);
	for (uint32_t i = 0; i < FLEET_MAX; i++)
		add(sum, &m->fleet.child[i].board, false);
}

void metrics_text(struct master *m, struct sd_buf *out)
{
	struct shm_stats *sum = calloc(1, sizeof(*sum));
	struct metrics_in in = {.sum = sum, .tenant = metrics_tenant_name, .arg = m};

	if (sum == NULL) {
		out->failed = true;
		return;
	}
	metrics_sum(m, sum);
	sandboxes(m, &in);
	metrics_render(&in, out);
	free(sum);
}

void metrics_answer(struct master *m, struct child *c, uint32_t tag)
{
	struct sd_buf text;
	int fd = -1;

	sd_buf_init(&text, METRICS_MAX);
	metrics_text(m, &text);
	if (!text.failed)
		fd = shm_text_fd("sessiond-metrics", sd_buf_slice(&text));
	sd_buf_fini(&text);
	if (chan_send(&c->chan, HM_METRICS, tag, NULL, 0, fd) != SD_OK)
		fleet_child_kill(c, "it does not read its channel");
	if (fd >= 0)
		(void)close(fd);
}
