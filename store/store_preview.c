/* SPDX-License-Identifier: MIT
 * store_preview - what another policy would do to the sessions of a tenant, counted in the store.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  the call's status
 * Never:     change a record
 */
#include "base.h"
#include "store_preview.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "store_op.h"

void store_preview(struct store *s, const struct store_preview_in *in, struct store_preview *p)
{
	struct store_cmd_head head = {.script = SCRIPT_PREVIEW, .partition = in->partition,
				      .tenant = in->tenant};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, &p->call, &head, &c);

	if (!op)
		return;
	if (in->has_from) {
		store_cmd_num(&c, in->from_ms);
		store_cmd_sid(&c, &in->from_sid);
	} else {
		store_cmd_text(&c, SD_SLICE(""));
		store_cmd_sid(&c, NULL);
	}
	store_cmd_num(&c, in->looks);
	store_cmd_clocks(&c, &in->now);
	store_cmd_clocks(&c, &in->other);
	store_cmd_num(&c, in->max_per_user);
	store_cmd_num(&c, in->ip_differs);
	store_cmd_num(&c, in->agent_differs);
	store_cmd_num(&c, in->device_differs);
	store_cmd_text(&c, in->rules);
	store_cmd_text(&c, in->removed);
	store_cmd_text(&c, in->types);
	store_op_send(op, &c);
}

/* next ms, next sid, then the twelve counts */
int store_preview_reply(struct store_call *call, struct redisReply *const *e, size_t n)
{
	struct store_preview *p = SD_CONTAINER_OF(call, struct store_preview, call);
	uint64_t *const sums[] = {&p->live,  &p->idle,	 &p->absolute,
				  &p->users, &p->excess, &p->rebound,
				  &p->step_up, &p->client, &p->type_users,
				  &p->type_excess, &p->level_users, &p->level_excess};
	struct sd_slice next;

	if (n != 2 + SD_ARRAY_LEN(sums) || redis_int(e[0], &call->next_score_ms) != SD_OK ||
	    call->next_score_ms < -1)
		return SD_ERR_INVALID;
	next = redis_slice(e[1]);
	if (!next.p || (next.n == 0) != (call->next_score_ms == -1) ||
	    (next.n > 0 && sid_parse(next, &call->next_sid) != SD_OK))
		return SD_ERR_INVALID;
	for (size_t i = 0; i < SD_ARRAY_LEN(sums); i++) {
		int64_t v;

		if (redis_int(e[2 + i], &v) != SD_OK || v < 0)
			return SD_ERR_INVALID;
		*sums[i] += (uint64_t)v;
	}
	return SD_OK;
}
