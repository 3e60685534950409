/* SPDX-License-Identifier: MIT
 * store_data - the calls about data: of a session, its lock, of a user, the user's data key.
 * Owns:      the order of these scripts' own arguments and the shape of their replies
 * Runs in:   worker
 * Fails by:  the call's status
 * Never:     open or seal: the store holds what was sealed elsewhere
 */
#include "base.h"
#include "store_data.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "store_op.h"

#define MAX_TIME (INT64_C(1) << 52)

static void add_key_and_seen(struct store_cmd *c, const struct store_user_key *key,
			     const struct store_seen *seen)
{
	store_cmd_text(c, key->standing);
	store_cmd_text(c, key->put);
	if (seen->any)
		store_cmd_text(c, SD_SLICE(""));
	else
		store_cmd_num(c, seen->version);
	store_cmd_text(c, seen->head);
}

void store_data_read(struct store *s, struct sd_slice tenant, const struct sid *sid,
		     struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_DATA_READ, sid->b[0], tenant, 0, false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);

	if (!op)
		return;
	op->sid = *sid;
	store_cmd_sid(&c, sid);
	store_cmd_key_base(&c, &s->maker, &head);
	store_op_send(op, &c);
}

void store_update(struct store *s, const struct store_update *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_UPDATE, in->sid.b[0], in->tenant, 0, false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);

	if (!op)
		return;
	op->sid = in->sid;
	store_cmd_sid(&c, &in->sid);
	store_cmd_key_base(&c, &s->maker, &head);
	add_key_and_seen(&c, &in->key, &in->seen);
	store_cmd_text(&c, in->data);
	store_cmd_text(&c, in->lock_hash);
	store_cmd_clocks(&c, &in->clocks);
	store_op_send(op, &c);
}

void store_lock(struct store *s, const struct store_lock *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_LOCK, in->sid.b[0], in->tenant, 0, false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);

	if (!op)
		return;
	store_cmd_sid(&c, &in->sid);
	store_cmd_text(&c, in->presented);
	store_cmd_hash(&c, in->hash);
	store_cmd_num(&c, in->ttl_ms);
	store_cmd_clocks(&c, &in->clocks);
	store_op_send(op, &c);
}

static struct store_op *begin_user(struct store *s, enum store_script script,
				   struct sd_slice tenant, struct sd_slice user,
				   struct store_call *call, struct store_cmd *c)
{
	struct store_cmd_head head = {script, handle_partition(tenant, user), tenant, 0, false};
	struct store_op *op = store_op_command(s, call, &head, c);

	if (!op)
		return NULL;
	store_cmd_user(c, tenant, user);
	store_cmd_key_base(c, &s->maker, &head);
	store_cmd_shared_base(c, &s->maker, &head);
	return op;
}

void store_shared_read(struct store *s, struct sd_slice tenant, struct sd_slice user,
		       struct store_call *call)
{
	struct store_cmd c;
	struct store_op *op = begin_user(s, SCRIPT_SHARED_READ, tenant, user, call, &c);

	if (op)
		store_op_send(op, &c);
}

void store_shared_write(struct store *s, const struct store_shared *in, struct store_call *call)
{
	struct store_cmd c;
	struct store_op *op = begin_user(s, SCRIPT_SHARED_WRITE, in->tenant, in->user, call, &c);

	if (!op)
		return;
	add_key_and_seen(&c, &in->key, &in->seen);
	store_cmd_text(&c, in->data);
	store_cmd_text(&c, in->user);
	store_op_send(op, &c);
}

/* --- replies ---------------------------------------------------------------------------------- */

static int read_text(const struct redisReply *reply, struct sd_slice *out)
{
	*out = redis_slice(reply);
	return out->p ? SD_OK : SD_ERR_INVALID;
}

static int read_num(const struct redisReply *reply, int64_t max, int64_t *out)
{
	if (redis_int(reply, out) != SD_OK || *out < 0 || *out > max)
		return SD_ERR_INVALID;
	return SD_OK;
}

int store_data_key_reply(struct store_kept *kept, struct redisReply *const *e, size_t n)
{
	return n == 1 ? read_text(e[0], &kept->key) : SD_ERR_INVALID;
}

/* fence, until, renewed, user */
static int read_lock(struct store_call *call, struct redisReply *const *e, size_t n)
{
	int64_t renewed;

	if (n != 4 || read_num(e[0], MAX_TIME, &call->kept.fence) != SD_OK ||
	    read_num(e[1], MAX_TIME, &call->kept.lock_until_ms) != SD_OK ||
	    read_num(e[2], 1, &renewed) != SD_OK || read_text(e[3], &call->session.user) != SD_OK)
		return SD_ERR_INVALID;
	call->kept.renewed = renewed == 1;
	return SD_OK;
}

/* key, version, updated, data */
static int read_shared(struct store_kept *kept, struct redisReply *const *e, size_t n)
{
	int64_t version;

	if (n != 4 || read_text(e[0], &kept->key) != SD_OK ||
	    read_num(e[1], UINT32_MAX, &version) != SD_OK ||
	    read_num(e[2], MAX_TIME, &kept->updated_ms) != SD_OK ||
	    read_text(e[3], &kept->data) != SD_OK)
		return SD_ERR_INVALID;
	kept->version = (uint32_t)version;
	return SD_OK;
}

int store_data_reply(struct store_op *op, struct redisReply *const *e, size_t n,
		     enum store_status *status)
{
	struct store_call *call = op->call;

	if (op->script == SCRIPT_LOCK)
		return read_lock(call, e, n);
	if (op->script == SCRIPT_SHARED_READ || op->script == SCRIPT_SHARED_WRITE)
		return read_shared(&call->kept, e, n);
	/* data_read, update: key, then the record */
	if (n < 2 || read_text(e[0], &call->kept.key) != SD_OK)
		return SD_ERR_INVALID;
	return store_reply_record(op, e + 1, n - 1, status);
}
