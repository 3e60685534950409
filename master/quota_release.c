/* SPDX-License-Identifier: MIT
 * quota_release - the place of a session that has ended is free again.
 * Owns:      nothing
 * Runs in:   master (after the sandbox)
 * Fails by:  a place that is counted until somebody who is refused looks into it
 * Never:     wait for an answer
 */
#include "base.h"
#include "quota_release.h"

#include "clock.h"
#include "err.h"
#include "log.h"
#include "master.h"

static bool is_limited(const struct master *m, struct sd_slice tenant)
{
	const struct policy_view *v = &m->seg.policy.view;
	uint32_t index = policy_view_tenant_find(v, tenant);
	const struct policy_tenant *t;

	if (index == POLICY_NONE)
		return false;
	t = policy_view_tenant(v, index);
	return t->max_total > 0 || t->client_limits.count > 0;
}

void quota_release(struct master *m, const struct log_entry *e)
{
	struct sd_slice command;
	int err;

	if (!is_limited(m, e->tenant))
		return;
	err = store_back_release(m->writeback.store, e->tenant, &e->sid,
				 writeback_deadline_ms(&m->writeback), &command);
	if (err == SD_OK) {
		err = redis_sub_send(m->subscriber.sub, command, NULL);
		free((void *)(uintptr_t)command.p);
	}
	if (err != SD_OK)
		sd_log(SD_LOG_DEBUG, "quota-release", SD_FS("text", sd_err_text(err)));
}
