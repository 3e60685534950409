/* SPDX-License-Identifier: MIT
 * policy_rules - the rules by time that are in force for a tenant and its clients.
 * Owns:      nothing
 * Runs in:   master, worker
 * Fails by:  the buffer's own mark
 * Never:     judge a session: scripts and session_rules do
 */
#include "base.h"
#include "policy_rules.h"

static int64_t of_slot(const _Atomic int64_t *before_s, uint32_t size, uint32_t slot)
{
	return slot < size ? atomic_load_explicit(&before_s[slot], memory_order_acquire) : 0;
}

static int64_t of_tenant(const struct policy_tenant *t, const struct shm_control *control)
{
	return of_slot(control->tenant_before_s, SHM_TENANTS, t->slot);
}

static int64_t of_client(const struct policy_client *k, const struct shm_control *control)
{
	return of_slot(control->client_before_s, SHM_CLIENTS, k->slot);
}

static void put(struct sd_buf *out, struct sd_slice client, int64_t before_s)
{
	if (before_s == 0)
		return;
	sd_buf_put(out, client);
	sd_buf_char(out, ' ');
	sd_buf_i64(out, before_s);
	sd_buf_char(out, '\n');
}

void policy_rules_text(const struct policy_view *v, const struct policy_tenant *t,
		       const struct shm_control *control, struct sd_buf *out)
{
	put(out, SD_SLICE(""), of_tenant(t, control));
	for (uint32_t i = 0; i < t->clients.count; i++) {
		const struct policy_client *k = policy_view_client(v, t, i);

		put(out, policy_view_str(v, k->id), of_client(k, control));
	}
}

/* They only rise, so their sum does. */
uint64_t policy_rules_mark(const struct policy_view *v, const struct policy_tenant *t,
			   const struct shm_control *control)
{
	uint64_t sum = (uint64_t)of_tenant(t, control);

	for (uint32_t i = 0; i < t->clients.count; i++)
		sum += (uint64_t)of_client(policy_view_client(v, t, i), control);
	return sum;
}
