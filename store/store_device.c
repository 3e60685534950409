/* SPDX-License-Identifier: MIT
 * store_device - the calls about a user's devices.
 * Owns:      the order of these scripts' own arguments, the shape of their replies, the lines of a
 *            device's record (with scripts/common.lua)
 * Runs in:   worker
 * Fails by:  the call's status
 * Never:     open or seal a device's data
 */
#include "base.h"
#include "store_device.h"

#include <hiredis/hiredis.h>

#include "die.h"
#include "err.h"
#include "redis_read.h"
#include "store_op.h"

#define MAX_TIME (INT64_C(1) << 52)

static struct store_op *begin(struct store *s, enum store_script script,
			      const struct store_device_ask *in, struct store_call *call,
			      struct store_cmd *c)
{
	struct store_cmd_head head = {script, handle_partition(in->tenant, in->user), in->tenant,
				      in->retain_s, false};
	struct store_op *op = store_op_command(s, call, &head, c);

	if (!op)
		return NULL;
	store_cmd_user(c, in->tenant, in->user);
	store_cmd_key_base(c, &s->maker, &head);
	store_cmd_device_base(c, &s->maker, &head);
	store_cmd_text(c, in->id);
	return op;
}

void store_device_read(struct store *s, const struct store_device_ask *in, struct store_call *call)
{
	struct store_cmd c;
	struct store_op *op = begin(s, SCRIPT_DEVICE_READ, in, call, &c);

	if (op)
		store_op_send(op, &c);
}

/* '=' and the value, or nothing: a value that is given may be empty. */
static void add_given(struct store_cmd *c, bool given, struct sd_slice value, char room[160])
{
	int n = given ? snprintf(room, 160, "=" SD_SLICE_FMT, SD_SLICE_ARG(value)) : 0;

	sd_bug_if(n < 0 || n >= 160);
	store_cmd_text(c, sd_slice(room, (size_t)n));
}

void store_device_write(struct store *s, const struct store_device_ask *in, struct store_call *call)
{
	char room[3][160];
	struct store_cmd c;
	struct store_op *op = begin(s, SCRIPT_DEVICE_WRITE, in, call, &c);

	if (!op)
		return;
	store_cmd_text(&c, in->may_make ? SD_SLICE("new") : SD_SLICE("set"));
	add_given(&c, in->has_name, in->name, room[0]);
	add_given(&c, in->has_type, in->type, room[1]);
	add_given(&c, in->has_trust, in->trust, room[2]);
	store_cmd_text(&c, in->key.standing);
	store_cmd_text(&c, in->key.put);
	store_cmd_text(&c, in->has_data ? in->data : SD_SLICE(""));
	store_cmd_clocks(&c, &in->now);
	store_op_send(op, &c);
}

void store_device_end(struct store *s, const struct store_device_ask *in, struct store_call *call)
{
	struct store_cmd c;
	struct store_op *op = begin(s, SCRIPT_DEVICE_END, in, call, &c);

	if (!op)
		return;
	store_cmd_text(&c, sd_slice_str(end_reason_text(in->reason)));
	store_op_send(op, &c);
}

/* --- replies ---------------------------------------------------------------------------------- */

static int next_line(struct sd_slice text, size_t *at, struct sd_slice *out)
{
	const char *from = text.p + *at, *end;

	if (*at > text.n)
		return SD_ERR_INVALID;
	end = *at < text.n ? memchr(from, '\n', text.n - *at) : NULL;
	*out = sd_slice(from, end ? (size_t)(end - from) : text.n - *at);
	*at += out->n + 1;
	return SD_OK;
}

/* The seven lines of a record. */
static int read_device(struct sd_slice id, struct sd_slice text, struct store_device *out)
{
	struct sd_slice version = {0}, made = {0}, changed = {0}, seen = {0};
	struct sd_slice *const lines[] = {&version, &out->name, &out->type, &out->trust,
					  &made,    &changed,	&seen};
	int64_t *const times[] = {&out->made_ms, &out->changed_ms, &out->seen_ms};
	size_t at = 0;

	*out = (struct store_device){.id = id};
	for (size_t i = 0; i < SD_ARRAY_LEN(lines); i++)
		if (next_line(text, &at, lines[i]) != SD_OK)
			return SD_ERR_INVALID;
	if (at <= text.n || !sd_slice_is(version, "1"))
		return SD_ERR_INVALID;
	for (size_t i = 0; i < SD_ARRAY_LEN(times); i++) {
		uint64_t v;

		if (sd_slice_u64(*lines[4 + i], &v) != SD_OK || v > (uint64_t)MAX_TIME)
			return SD_ERR_INVALID;
		*times[i] = (int64_t)v;
	}
	return SD_OK;
}

/* key, data, flag, count, then id and record of each */
int store_device_reply(struct store_call *call, struct redisReply *const *e, size_t n)
{
	struct store_device device;
	int64_t flag, count;

	if (n < 4 || redis_int(e[2], &flag) != SD_OK || redis_int(e[3], &count) != SD_OK ||
	    flag < 0 || flag > 1 || count < 0 || count > STORE_MAX_DEVICES ||
	    n != 4 + 2 * (size_t)count)
		return SD_ERR_INVALID;
	call->kept.key = redis_slice(e[0]);
	call->kept.data = redis_slice(e[1]);
	call->kept.renewed = flag == 1;
	if (!call->kept.key.p || !call->kept.data.p)
		return SD_ERR_INVALID;
	for (size_t i = 4; i < n; i += 2) {
		struct sd_slice id = redis_slice(e[i]), text = redis_slice(e[i + 1]);

		if (!id.p || !text.p || read_device(id, text, &device) != SD_OK)
			return SD_ERR_INVALID;
	}
	call->row_count = (uint32_t)count;
	return SD_OK;
}

void store_device_at(const struct store_call *call, uint32_t i, struct store_device *out)
{
	struct redisReply *const *e;

	sd_bug_if(i >= call->row_count || !call->reply);
	e = call->reply->element + call->reply->elements - 2 * (size_t)(call->row_count - i);
	sd_bug_if(read_device(redis_slice(e[0]), redis_slice(e[1]), out) != SD_OK);
}
