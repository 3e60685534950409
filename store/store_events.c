/* SPDX-License-Identifier: MIT
 * store_events - a tenant's audit records in its stream: put there, read piece by piece.
 * Owns:      the arguments' order (with store/scripts/event_put.lua, event_read.lua)
 * Runs in:   worker | master (what a clock ended)
 * Fails by:  a record that is not there; the call's status for readers
 * Never:     wait for an answer when putting: a change never depends on its copy
 */
#include "base.h"
#include "store_events.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "store_op.h"

void store_cmd_event(struct store_cmd *c, struct store_maker *m, const struct store_event *in,
		     int64_t deadline_ms)
{
	store_cmd_begin_bare(c, m, SCRIPT_EVENT_PUT);
	store_cmd_events(c, m, in->tenant);
	store_cmd_num(c, deadline_ms);
	store_cmd_num(c, in->retain_s * 1000);
	store_cmd_num(c, STORE_EVENTS_MOST);
	store_cmd_num(c, in->ts_ms);
	store_cmd_text(c, in->event);
	store_cmd_text(c, in->user);
	store_cmd_text(c, in->session);
	store_cmd_text(c, in->record);
}

void store_event_put(struct store *s, const struct store_event *in)
{
	int64_t deadline_ms;
	struct store_op *op = store_op_begin(s, NULL, SCRIPT_EVENT_PUT, &deadline_ms);
	struct store_cmd c;

	if (!op)
		return;
	store_cmd_event(&c, &s->maker, in, deadline_ms);
	store_op_send(op, &c);
}

void store_events_read(struct store *s, const struct store_events_in *in, struct store_events *e)
{
	struct store_cmd_head head = {.script = SCRIPT_EVENT_READ,
				      .partition = store_key_tenant_partition(in->tenant),
				      .tenant = in->tenant,
				      .retain_s = in->retain_s};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, &e->call, &head, &c);

	e->at = SD_SLICE("");
	e->more = false;
	e->count = 0;
	e->rows = NULL;
	if (!op)
		return;
	store_cmd_events(&c, &s->maker, in->tenant);
	store_cmd_text(&c, in->newer ? SD_SLICE("newer") : SD_SLICE("older"));
	store_cmd_text(&c, in->first);
	store_cmd_text(&c, in->last);
	store_cmd_num(&c, in->looks);
	store_cmd_num(&c, in->limit);
	store_cmd_num(&c, in->from_ms);
	store_cmd_num(&c, in->to_ms);
	store_cmd_text(&c, in->event);
	store_cmd_text(&c, in->user);
	store_cmd_text(&c, in->session);
	store_op_send(op, &c);
}

bool store_event_id(struct sd_slice text, uint64_t *ms_out, uint64_t *seq_out)
{
	const char *dash = text.n > 0 && text.n < STORE_EVENT_ID_MAX ? memchr(text.p, '-', text.n) : NULL;
	size_t n = dash ? (size_t)(dash - text.p) : 0;

	return dash && sd_slice_u64(sd_slice(text.p, n), ms_out) == SD_OK &&
	       sd_slice_u64(sd_slice(dash + 1, text.n - n - 1), seq_out) == SD_OK &&
	       *ms_out < UINT64_C(1) << 52;
}

/* id looked at last, more, then id and record of each */
int store_events_reply(struct store_call *call, struct redisReply *const *e, size_t n)
{
	struct store_events *out = SD_CONTAINER_OF(call, struct store_events, call);
	struct sd_slice at;
	uint64_t ms, seq;
	int64_t more;

	if (n < 2 || n % 2 != 0)
		return SD_ERR_INVALID;
	at = redis_slice(e[0]);
	if (!at.p || (at.n > 0 && !store_event_id(at, &ms, &seq)) || redis_int(e[1], &more) != SD_OK ||
	    more < 0 || more > 1 || (at.n == 0 && (more || n > 2)))
		return SD_ERR_INVALID;
	for (size_t i = 2; i < n; i += 2)
		if (!store_event_id(redis_slice(e[i]), &ms, &seq) || !redis_slice(e[i + 1]).p)
			return SD_ERR_INVALID;
	out->at = at;
	out->more = more == 1;
	out->rows = e + 2;
	out->count = (uint32_t)(n - 2) / 2;
	return SD_OK;
}

void store_events_row(const struct store_events *e, uint32_t i, struct sd_slice *id, struct sd_slice *record)
{
	*id = redis_slice(e->rows[2 * i]);
	*record = redis_slice(e->rows[2 * i + 1]);
}
