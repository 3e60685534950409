/* SPDX-License-Identifier: MIT
 * tenant_gone - a rule by time for each tenant that a reload has removed.
 * Owns:      the rules of which the store has not been told yet
 * Runs in:   master (after the sandbox)
 * Fails by:  telling it again, until the store has taken it
 * Never:     end anything of a tenant that is configured: whatever is created later is after the rule */
#include "base.h"
#include "tenant_gone.h"

#include "clock.h"
#include "die.h"
#include "err.h"
#include "log.h"
#include "master.h"

struct tenant_gone_rule {
	struct tenant_gone_rule *next;
	int64_t before_s, until_s;
	char name[64];
};

/* As long as a session of it may live. */
static int64_t longest_s(const struct policy_view *v, const struct policy_tenant *t)
{
	const struct policy_level *l = policy_view_at(v, t->levels.off);
	int64_t s = SD_MAX(t->absolute_s, t->remember_absolute_s);

	for (uint32_t i = 0; i < t->levels.count; i++)
		s = SD_MAX(s, (int64_t)l[i].absolute_s);
	return s + t->clock_skew_s;
}

static int64_t store_s(const struct master *m)
{
	int64_t ms = m->subscriber.sub ? redis_sub_store_ms(m->subscriber.sub, sd_clock_boot_ns()) : 0;

	return SD_MAX(ms / 1000, subscriber_store_s(m));
}

/* What this node's workers and its memory of rules learn from the log otherwise. */
static void obey(struct master *m, const struct policy_tenant *t, const struct tenant_gone_rule *g)
{
	struct log_entry entry = {.kind = LOG_TENANT,
				  .tenant = sd_slice_str(g->name),
				  .id = SD_SLICE(""),
				  .before_s = g->before_s,
				  .until_s = g->until_s};

	shm_revoke_w_tenant(m->seg.table, t->slot, g->before_s);
	writeback_entry(m, &entry, t->slot, t->slot);
}

void tenant_gone_since(struct master *m, const struct policy_view *old, const struct policy_view *now)
{
	for (uint32_t i = 0; i < old->image->tenants.count; i++) {
		const struct policy_tenant *t = policy_view_tenant(old, i);
		struct sd_slice name = policy_view_str(old, t->name);
		struct tenant_gone_rule *g;

		if (policy_view_tenant_find(now, name) != POLICY_NONE)
			continue;
		g = calloc(1, sizeof(*g));
		if (g == NULL || sd_slice_copy(name, g->name, sizeof(g->name)) != SD_OK)
			sd_fatal(SD_EXIT_OSERR, "out of memory");
		g->before_s = store_s(m) + 1; /* what was made in this second goes as well */
		g->until_s = g->before_s + longest_s(old, t);
		obey(m, t, g);
		g->next = m->tenant_gone.first;
		m->tenant_gone.first = g;
		sd_log(SD_LOG_INFO, "tenant-gone", SD_FS("tenant", g->name),
		       SD_FS("text", "its file was removed: its sessions have ended"));
	}
	tenant_gone_tick(m);
}

static void on_told(struct redis_req *req, struct redisReply *reply, bool late SD_UNUSED)
{
	struct tenant_gone *t = SD_CONTAINER_OF(req, struct tenant_gone, req);
	struct tenant_gone_rule **at = &t->first, *told;
	enum store_back_result result = store_back_take(reply);

	t->busy = false;
	if (result == STORE_BACK_AGAIN)
		return; /* with the next tick */
	while ((*at)->next != NULL) /* newer ones came before it */
		at = &(*at)->next;
	told = *at;
	*at = NULL;
	free(told);
	if (t->m->phase != MASTER_DRAINING)
		tenant_gone_tick(t->m);
}

/* The last of the list, the oldest, first. */
void tenant_gone_tick(struct master *m)
{
	struct tenant_gone *t = &m->tenant_gone;
	const struct tenant_gone_rule *g = t->first;
	struct sd_slice command;

	if (g == NULL || t->busy || m->subscriber.sub == NULL || !redis_sub_is_fresh(m->subscriber.sub))
		return;
	while (g->next != NULL)
		g = g->next;
	struct store_rule in = {.tenant = sd_slice_str(g->name),
				.kind = STORE_RULE_TENANT,
				.id = SD_SLICE(""),
				.before_s = g->before_s,
				.until_s = g->until_s,
				.write_back = true}; /* this time, not that of its arrival */

	t->m = m;
	t->req.fn = on_told;
	if (store_back_rule(m->writeback.store, &in, writeback_deadline_ms(&m->writeback), true, &command) != SD_OK)
		return;
	t->busy = redis_sub_send(m->subscriber.sub, command, &t->req) == SD_OK;
	free((void *)(uintptr_t)command.p);
}
