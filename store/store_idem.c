/* SPDX-License-Identifier: MIT
 * store_idem - the arguments and the answer of the idem script.
 * Owns:      their order (with store/scripts/idem.lua)
 * Runs in:   worker
 * Fails by:  the call's status
 * Never:     store a key: its hash is the name
 */
#include "base.h"
#include "store_idem.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "store_op.h"

static const char *op_text(enum store_idem_op how)
{
	return how == STORE_IDEM_CLAIM ? "claim" : how == STORE_IDEM_KEEP ? "keep" : "drop";
}

void store_idem(struct store *s, enum store_idem_op how, const struct store_idem *in,
		struct store_call *call)
{
	struct store_cmd_head head = {.script = SCRIPT_IDEM,
				      .partition = handle_partition(in->tenant, in->name),
				      .tenant = in->tenant};
	struct store_key base;
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);
	char hash[33], name[sizeof(base.s) + sizeof(hash)];

	if (!op)
		return;
	op->sid = in->sid;
	store_key_idem_base(&base, s->maker.prefix, head.partition, in->tenant);
	if (store_key_user_hash(in->tenant, in->name, hash) != SD_OK)
		c.failed = true;
	snprintf(name, sizeof(name), "%s%s", base.s, hash);
	store_cmd_text(&c, sd_slice_str(name));
	store_cmd_text(&c, sd_slice_str(op_text(how)));
	store_cmd_text(&c, sd_slice(in->nonce, sizeof(in->nonce)));
	store_cmd_text(&c, sd_slice(in->print, sizeof(in->print)));
	store_cmd_sid(&c, &in->sid);
	store_cmd_num(&c, in->claim_ms);
	store_cmd_num(&c, in->replay_ms);
	store_cmd_num(&c, in->memory_ms);
	store_cmd_text(&c, in->answer.p ? in->answer : SD_SLICE(""));
	store_op_send(op, &c);
}

int store_idem_reply(struct store_call *call, struct redisReply *const *e, size_t n)
{
	struct sd_slice sid;

	if (n != 2)
		return SD_ERR_INVALID;
	sid = redis_slice(e[0]);
	call->kept.data = redis_slice(e[1]);
	if (!sid.p || !call->kept.data.p)
		return SD_ERR_INVALID;
	call->kept.has_sid = sid.n > 0;
	return sid.n == 0 ? SD_OK : sid_parse(sid, &call->session.sid);
}
