/* SPDX-License-Identifier: MIT
 * store_life - the calls between a session's creation and its end: touch, touch_now,
 *	regenerate, share, renew.
 * Owns:      the order of these scripts' own arguments (with store/scripts)
 * Runs in:   worker
 * Fails by:  the call's status
 * Never:     two round trips
 */
#include "base.h"
#include "store_life.h"

#include "err.h"
#include "shm_board.h"
#include "store_op.h"

void store_cmd_clocks(struct store_cmd *c, const struct store_clocks *now)
{
	store_cmd_num(c, now->idle_s);
	store_cmd_num(c, now->absolute_s);
	store_cmd_num(c, now->remember_idle_s);
	store_cmd_num(c, now->remember_absolute_s);
	store_cmd_num(c, now->touch_interval_s);
	store_cmd_text(c, now->levels);
}

void store_touch_now(struct store *s, const struct store_touch_now *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_TOUCH_NOW, in->sid.b[0], in->tenant, in->retain_s,
				      false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);

	if (!op)
		return;
	op->sid = in->sid;
	store_cmd_sid(&c, &in->sid);
	store_cmd_clocks(&c, &in->now);
	store_op_send(op, &c);
}

void store_regenerate(struct store *s, const struct store_regenerate *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_REGENERATE, in->old.b[0], in->tenant, in->retain_s,
				      false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);

	if (!op)
		return;
	op->sid = in->sid;
	if (in->sid.b[0] != in->old.b[0]) {
		store_op_refuse(op, STORE_CORRUPT); /* two partitions: not one script's work */
		return;
	}
	store_cmd_sid(&c, &in->old);
	store_cmd_sid(&c, &in->sid);
	store_cmd_hash(&c, in->refresh_hash);
	store_cmd_hash(&c, in->session_hash);
	store_cmd_num(&c, in->version);
	store_cmd_text(&c, in->data);
	store_cmd_num(&c, in->access_ttl_s);
	store_cmd_num(&c, in->refresh_ttl_s);
	store_cmd_clocks(&c, &in->now);
	store_cmd_key_base(&c, &s->maker, &head);
	store_cmd_text(&c, in->key.standing);
	store_cmd_text(&c, in->key.put);
	store_op_send(op, &c);
}

void store_share(struct store *s, const struct store_share *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_SHARE, in->code.sid.b[0], in->tenant, in->retain_s,
				      false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);
	uint8_t hash[32];

	if (!op)
		return;
	op->sid = in->code.sid;
	handle_hash(&in->code, hash);
	store_cmd_sid(&c, &in->code.sid);
	store_cmd_num(&c, in->code.generation);
	store_cmd_hash(&c, hash);
	store_cmd_text(&c, in->client);
	store_cmd_num(&c, in->ttl_ms);
	store_cmd_clocks(&c, &in->now);
	store_op_send(op, &c);
}

void store_renew(struct store *s, const struct store_renew *in, struct store_call *call)
{
	struct store_cmd_head head = {.script = SCRIPT_RENEW,
				      .partition = in->presented.sid.b[0],
				      .tenant = in->tenant,
				      .retain_s = in->retain_s};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);
	uint8_t hash[32];

	if (!op)
		return;
	op->sid = in->presented.sid;
	handle_hash(&in->presented, hash);
	store_cmd_sid(&c, &in->presented.sid);
	store_cmd_hash(&c, hash);
	store_cmd_hash(&c, in->new_hash);
	store_cmd_text(&c, in->sealed);
	store_op_send(op, &c);
}

void store_touch(struct store *s, const struct store_touch *in)
{
	struct store_cmd_head head = {SCRIPT_TOUCH, in->sid.b[0], in->tenant, 0, false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, NULL, &head, &c);

	if (!op) {
		if (s->conf.touch_lost)
			s->conf.touch_lost(s->conf.arg, &in->sid);
		return;
	}
	op->sid = in->sid;
	store_cmd_sid(&c, &in->sid);
	store_cmd_num(&c, in->seen_ms);
	store_cmd_num(&c, in->requests);
	store_cmd_clocks(&c, &in->now);
	store_op_send(op, &c);
	if (s->conf.stats)
		board_count(s->conf.stats, METRIC_TOUCHES, SHM_SLOT_NONE, 0, 0, 1);
}
