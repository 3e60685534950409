/* SPDX-License-Identifier: MIT
 * store_privacy - the calls that erase or restrict a user.
 * Owns:      the order of these scripts' own arguments and the shape of their replies
 * Runs in:   worker
 * Fails by:  the call's status
 * Never:     more records in one script than asked for
 */
#include "base.h"
#include "store_privacy.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "store_op.h"

#define MAX_TIME (INT64_C(1) << 52)

static struct store_op *begin(struct store *s, const struct store_cmd_head *head,
			      struct sd_slice user, struct store_call *call, struct store_cmd *c)
{
	struct store_op *op = store_op_command(s, call, head, c);

	if (!op)
		return NULL;
	store_cmd_user(c, head->tenant, user);
	store_cmd_key_base(c, &s->maker, head);
	return op;
}

void store_erase(struct store *s, const struct store_erase *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_ERASE, handle_partition(in->tenant, in->user),
				      in->tenant, in->retain_s, false};
	struct store_cmd c;
	struct store_op *op = begin(s, &head, in->user, call, &c);

	if (!op)
		return;
	store_cmd_shared_base(&c, &s->maker, &head);
	store_cmd_device_base(&c, &s->maker, &head);
	store_cmd_num(&c, in->limit);
	store_op_send(op, &c);
}

void store_erase_events(struct store *s, const struct store_erase_events *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_EVENT_ERASE, store_key_tenant_partition(in->tenant),
				      in->tenant, in->retain_s, false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);

	if (!op)
		return;
	store_cmd_events(&c, &s->maker, in->tenant);
	store_cmd_text(&c, in->user);
	store_cmd_text(&c, in->actor);
	store_cmd_num(&c, in->limit);
	store_cmd_text(&c, in->owner);
	store_cmd_num(&c, in->lease_ms);
	store_op_send(op, &c);
}

static const char *how_text(enum store_restriction how)
{
	switch (how) {
	case STORE_RESTRICT:
		return "1";
	case STORE_LIFT:
		return "0";
	case STORE_RESTRICTION_ASK:
		break;
	}
	return "";
}

void store_restrict(struct store *s, const struct store_restrict *in, struct store_call *call)
{
	struct store_cmd_head head = {SCRIPT_RESTRICT, handle_partition(in->tenant, in->user),
				      in->tenant, in->retain_s, false};
	struct store_cmd c;
	struct store_op *op = begin(s, &head, in->user, call, &c);

	if (!op)
		return;
	store_cmd_text(&c, sd_slice_str(how_text(in->how)));
	store_op_send(op, &c);
}

static int read_num(const struct redisReply *reply, int64_t max, int64_t *out)
{
	if (redis_int(reply, out) != SD_OK || *out < 0 || *out > max)
		return SD_ERR_INVALID;
	return SD_OK;
}

/* records, left, had a key, had shared data, devices */
static int read_erase(struct store_privacy *p, struct redisReply *const *e, size_t n)
{
	int64_t records, left, key, shared, devices;

	if (n != 5 || read_num(e[0], UINT32_MAX, &records) != SD_OK ||
	    read_num(e[1], UINT32_MAX, &left) != SD_OK || read_num(e[2], 1, &key) != SD_OK ||
	    read_num(e[3], 1, &shared) != SD_OK || read_num(e[4], UINT32_MAX, &devices) != SD_OK)
		return SD_ERR_INVALID;
	p->records = (uint32_t)records;
	p->left = (uint32_t)left;
	p->devices = (uint32_t)devices;
	p->had_key = key == 1;
	p->had_shared = shared == 1;
	return SD_OK;
}

/* records, left */
static int read_erase_events(struct store_privacy *p, struct redisReply *const *e, size_t n)
{
	int64_t records, left;

	if (n != 2 || read_num(e[0], UINT32_MAX, &records) != SD_OK || read_num(e[1], 1, &left) != SD_OK)
		return SD_ERR_INVALID;
	p->records = (uint32_t)records;
	p->left = (uint32_t)left;
	return SD_OK;
}

int store_privacy_reply(struct store_op *op, struct redisReply *const *e, size_t n)
{
	struct store_privacy *p = &op->call->privacy;
	int64_t changed;

	if (op->script == SCRIPT_ERASE)
		return read_erase(p, e, n);
	if (op->script == SCRIPT_EVENT_ERASE)
		return read_erase_events(p, e, n);
	if (n != 2 || read_num(e[0], MAX_TIME, &p->restricted_ms) != SD_OK ||
	    read_num(e[1], 1, &changed) != SD_OK)
		return SD_ERR_INVALID;
	p->changed = changed == 1;
	return SD_OK;
}
