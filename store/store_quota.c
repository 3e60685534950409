/* SPDX-License-Identifier: MIT
 * store_quota - the quota script's arguments.
 * Owns:      their order (with store/scripts/quota.lua)
 * Runs in:   worker | master (release)
 * Fails by:  the call's status
 * Never:     count in the user's partition: a tenant's users lie in all of them
 */
#include "base.h"
#include "store_quota.h"

#include "store_op.h"

void store_cmd_quota(struct store_cmd *c, struct store_maker *m, const struct store_quota *in,
		     const char *how, int64_t deadline_ms)
{
	struct store_cmd_head head = {SCRIPT_QUOTA, store_key_tenant_partition(in->tenant),
				      in->tenant, 0, false};

	store_cmd_begin(c, m, &head, deadline_ms);
	store_cmd_quota_base(c, m, in->tenant);
	store_cmd_text(c, sd_slice_str(how));
	store_cmd_sid(c, &in->sid);
	store_cmd_text(c, in->client);
	store_cmd_num(c, in->max_total);
	store_cmd_num(c, in->max_client);
	store_cmd_num(c, in->absolute_s);
	store_cmd_sid(c, in->has_replaces ? &in->replaces : NULL);
}

static void ask(struct store *s, const struct store_quota *in, const char *how,
		struct store_call *call)
{
	int64_t deadline_ms;
	struct store_op *op = store_op_begin(s, call, SCRIPT_QUOTA, &deadline_ms);
	struct store_cmd c;

	if (!op)
		return;
	if (call)
		call->partition = store_key_tenant_partition(in->tenant);
	op->sid = in->sid;
	store_cmd_quota(&c, &s->maker, in, how, deadline_ms);
	store_op_send(op, &c);
}

void store_quota_take(struct store *s, const struct store_quota *in, struct store_call *call)
{
	ask(s, in, "take", call);
}

void store_quota_end(struct store *s, struct sd_slice tenant, const struct sid *sid,
		     enum store_quota_end how)
{
	struct store_quota in = {.tenant = tenant, .client = SD_SLICE(""), .sid = *sid};

	ask(s, &in, how == STORE_QUOTA_CONFIRM ? "confirm" : "release", NULL);
}
