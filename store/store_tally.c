/* SPDX-License-Identifier: MIT
 * store_tally - the tally script's arguments, and its counts.
 * Owns:      nothing
 * Runs in:   worker, on bytes of the network | master (what its workers counted)
 * Fails by:  the call's status
 * Never:     tell a count of a reply that is not whole
 */
#include "base.h"
#include "store_tally.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "store_op.h"

static const char *what_text(enum store_tally_what what)
{
	switch (what) {
	case TALLY_SUMMARY:
		return "summary";
	case TALLY_SESSIONS:
		return "sessions";
	case TALLY_DURATIONS:
		return "durations";
	case TALLY_DEVICES:
		return "devices";
	case TALLY_NETWORKS:
		return "networks";
	case TALLY_COUNTRIES:
		return "countries";
	}
	return "";
}

void store_tally(struct store *s, const struct store_tally_in *in, struct store_tally *t)
{
	struct store_cmd_head head = {.script = SCRIPT_TALLY, .partition = in->partition,
				      .tenant = in->tenant};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, &t->call, &head, &c);

	if (!op)
		return;
	store_cmd_text(&c, sd_slice_str(what_text(in->what)));
	store_cmd_num(&c, in->from_hour);
	store_cmd_num(&c, in->to_hour);
	store_cmd_num(&c, in->names);
	store_cmd_num(&c, in->first ? 1 : 0);
	store_op_send(op, &c);
}

void store_cmd_count(struct store_cmd *c, struct store_maker *m, const struct store_count *in,
		     int64_t deadline_ms)
{
	struct store_cmd_head head = {.script = SCRIPT_COUNT,
				      .partition = store_key_tenant_partition(in->tenant),
				      .tenant = in->tenant};

	store_cmd_begin(c, m, &head, deadline_ms);
	for (uint32_t i = 0; i < in->rows && i < STORE_COUNT_ROWS; i++) {
		store_cmd_text(c, sd_slice_str(in->row[i].name));
		store_cmd_num(c, (int64_t)in->row[i].n);
	}
}

static int read_count(struct redisReply *const *e, int64_t *hour, struct sd_slice *name, int64_t *n)
{
	*name = redis_slice(e[1]);
	if (redis_int(e[0], hour) != SD_OK || *hour < 0 || !name->p || redis_int(e[2], n) != SD_OK ||
	    *n < 0)
		return SD_ERR_INVALID;
	return SD_OK;
}

/* next hour, then hour, name, count ... */
int store_tally_reply(struct store_call *call, struct redisReply *const *e, size_t n)
{
	struct store_tally *t = SD_CONTAINER_OF(call, struct store_tally, call);
	struct sd_slice name;
	int64_t hour, count;

	if (n < 1 || n % 3 != 1 || redis_int(e[0], &call->next_score_ms) != SD_OK ||
	    call->next_score_ms < -1)
		return SD_ERR_INVALID;
	for (size_t i = 1; i < n; i += 3)
		if (read_count(e + i, &hour, &name, &count) != SD_OK)
			return SD_ERR_INVALID;
	for (size_t i = 1; i < n; i += 3)
		if (read_count(e + i, &hour, &name, &count) == SD_OK)
			t->take(t, hour, name, (uint64_t)count);
	return SD_OK;
}
