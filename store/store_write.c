/* SPDX-License-Identifier: MIT
 * store_write - the calls that change a session: create, refresh, end, end_user, rule.
 * Owns:      the order of each script's own arguments (with store/scripts)
 * Runs in:   worker | master (write-back)
 * Fails by:  the call's status
 * Never:     two round trips
 */
#include "base.h"
#include "store_ask.h"

#include "err.h"
#include "store_op.h"

static void create_texts(struct store_cmd *c, const struct store_create *in)
{
	const struct sd_slice texts[] = {in->client,	   in->scope,	    in->acr,
					 in->audience,	   in->amr,	    in->claims,
					 in->ip,	   in->user_agent,  in->device_id,
					 in->device_name,  in->device_type, in->device_fingerprint,
					 in->device_trust, in->data};

	for (size_t i = 0; i < SD_ARRAY_LEN(texts); i++)
		store_cmd_text(c, texts[i]);
}

/* hash outlives c: a command borrows what it says. */
static void create_parent(struct store_cmd *c, const struct store_create *in, uint8_t hash[32])
{
	if (in->has_parent)
		handle_hash(&in->code, hash);
	store_cmd_sid(c, in->has_parent ? &in->code.sid : NULL);
	store_cmd_num(c, in->code.generation);
	store_cmd_hash(c, hash);
}

void store_create(struct store *s, const struct store_create *in, struct store_call *call)
{
	uint8_t code_hash[32] = {0};
	struct store_cmd_head head = {SCRIPT_CREATE, in->sid.b[0], in->tenant, in->retain_s, false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);

	if (!op)
		return;
	op->sid = in->sid;
	if (in->has_replaces && in->replaces.b[0] != in->sid.b[0]) {
		store_op_refuse(op, STORE_CORRUPT); /* two partitions: not one script's work */
		return;
	}
	store_cmd_sid(&c, &in->sid);
	store_cmd_user(&c, in->tenant, in->user);
	store_cmd_text(&c, in->user);
	create_texts(&c, in);
	store_cmd_num(&c, in->mode);
	store_cmd_num(&c, in->remember_me ? 1 : 0);
	store_cmd_num(&c, in->auth_time_s);
	store_cmd_num(&c, in->idle_s);
	store_cmd_num(&c, in->absolute_s);
	store_cmd_num(&c, in->access_ttl_s);
	store_cmd_num(&c, in->refresh_ttl_s);
	store_cmd_num(&c, in->max_per_user);
	store_cmd_num(&c, in->on_limit);
	store_cmd_hash(&c, in->refresh_hash);
	store_cmd_hash(&c, in->session_hash);
	store_cmd_sid(&c, in->has_replaces ? &in->replaces : NULL);
	store_cmd_num(&c, in->max_per_device_type);
	store_cmd_num(&c, in->touch_interval_s);
	store_cmd_key_base(&c, &s->maker, &head);
	store_cmd_text(&c, in->key.standing);
	store_cmd_text(&c, in->key.put);
	create_parent(&c, in, code_hash);
	store_cmd_device_base(&c, &s->maker, &head);
	store_cmd_text(&c, in->binding);
	store_cmd_text(&c, sd_slice_str(in->origin.country));
	store_cmd_text(&c, in->levels);
	store_cmd_text(&c, in->places);
	store_cmd_text(&c, sd_slice_str(in->origin.network));
	store_cmd_text(&c, sd_slice_str(in->origin.browser ? in->origin.browser : "unknown"));
	store_op_send(op, &c);
}

void store_refresh(struct store *s, const struct store_refresh *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_REFRESH, in->presented.sid.b[0], in->tenant,
				      in->retain_s, false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);
	uint8_t hash[32];

	if (!op)
		return;
	op->sid = in->presented.sid;
	handle_hash(&in->presented, hash);
	store_cmd_sid(&c, &in->presented.sid);
	store_cmd_num(&c, in->presented.generation);
	store_cmd_hash(&c, hash);
	store_cmd_hash(&c, in->new_hash);
	store_cmd_text(&c, in->successor);
	store_cmd_num(&c, in->grace_ms);
	store_cmd_num(&c, in->refresh_ttl_s);
	store_cmd_num(&c, in->access_ttl_s);
	store_cmd_num(&c, in->idle_s);
	store_cmd_num(&c, in->absolute_s);
	store_cmd_num(&c, in->remember_idle_s);
	store_cmd_num(&c, in->remember_absolute_s);
	store_cmd_num(&c, in->touch_interval_s);
	store_cmd_text(&c, in->levels);
	store_cmd_num(&c, in->seen_ms);
	store_op_send(op, &c);
}

void store_end(struct store *s, const struct store_end *in, struct store_call *call)
{
	int64_t deadline_ms;
	struct store_op *op = store_op_begin(s, call, SCRIPT_END, &deadline_ms);
	struct store_cmd c;

	if (!op)
		return;
	call->partition = in->sid.b[0];
	op->sid = in->sid;
	store_cmd_end(&c, &s->maker, in, deadline_ms);
	store_op_send(op, &c);
}

void store_end_user(struct store *s, const struct store_end_user *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_END_USER, handle_partition(in->tenant, in->user),
				      in->tenant, in->retain_s, false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);

	if (!op)
		return;
	store_cmd_user(&c, in->tenant, in->user);
	store_cmd_text(&c, sd_slice_str(end_reason_text(in->reason)));
	store_cmd_sid(&c, in->has_except ? &in->except : NULL);
	store_cmd_text(&c, in->device_id);
	store_op_send(op, &c);
}

void store_rule(struct store *s, const struct store_rule *in, struct store_call *call)
{
	int64_t deadline_ms;
	struct store_op *op = store_op_begin(s, call, SCRIPT_RULE, &deadline_ms);
	struct store_cmd c;

	if (!op)
		return;
	call->partition = store_key_tenant_partition(in->tenant);
	store_cmd_rule(&c, &s->maker, in, deadline_ms);
	store_op_send(op, &c);
}
