/* SPDX-License-Identifier: MIT
 * store_read - the calls that look: one session with its tenant's rules, a page of a user's.
 * Owns:      the pipeline of store_read
 * Runs in:   worker
 * Fails by:  the call's status
 * Never:     judge a clock or a rule: session_rules does
 */
#include "base.h"
#include "store_ask.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "shm_board.h"
#include "store_op.h"

static int number(const struct redisReply *reply, uint64_t max, int64_t *out)
{
	uint64_t v;

	*out = 0;
	if (!reply || reply->type != REDIS_REPLY_STRING ||
	    sd_slice_u64(redis_slice(reply), &v) != SD_OK || v > max)
		return SD_ERR_INVALID;
	*out = (int64_t)v;
	return SD_OK;
}

static int read_time(const struct redisReply *reply, int64_t *now_ms)
{
	int64_t s, us;

	if (!redis_is_array(reply, 2) ||
	    number(reply->element[0], UINT64_C(1) << 40, &s) != SD_OK ||
	    number(reply->element[1], 999999, &us) != SD_OK)
		return SD_ERR_INVALID;
	*now_ms = s * 1000 + us / 1000;
	return SD_OK;
}

static int read_rules(const struct redisReply *reply, struct store_call *call)
{
	int64_t *const at[] = {&call->tenant_before_s, &call->client_before_s, &call->key_before_s};

	if (!redis_is_array(reply, SD_ARRAY_LEN(at)))
		return SD_ERR_INVALID;
	for (size_t i = 0; i < SD_ARRAY_LEN(at); i++) {
		if (reply->element[i]->type == REDIS_REPLY_NIL)
			continue;
		if (number(reply->element[i], UINT64_C(1) << 40, at[i]) != SD_OK)
			return SD_ERR_INVALID;
	}
	return SD_OK;
}

/* A replica answers reads too, with what it was told last: a connection that outlived its server's
 * demotion would tell of the past for ever. */
static bool is_primary(const struct redisReply *role)
{
	return role->type == REDIS_REPLY_ARRAY && role->elements > 0 &&
	       sd_slice_is(redis_slice(role->element[0]), "master");
}

/* All four replies are here. */
static enum store_status judge(struct store_op *op)
{
	struct store_call *call = op->call;
	struct redisReply *record = call->reply;
	struct redisReply *const all[] = {op->role, op->time, record, op->rules};

	for (size_t i = 0; i < SD_ARRAY_LEN(all); i++) {
		if (!all[i])
			return STORE_UNAVAILABLE;
		if (redis_is_error(all[i]))
			return store_op_error(op, all[i]);
	}
	if (!is_primary(op->role)) {
		redis_pool_drop(op->store->pool, op->link, "not a primary");
		return STORE_UNAVAILABLE;
	}
	if (read_time(op->time, &call->now_ms) != SD_OK || read_rules(op->rules, call) != SD_OK ||
	    record->type != REDIS_REPLY_ARRAY || record->elements % 2 != 0) {
		redis_pool_drop(op->store->pool, op->link, "a reply of impossible shape");
		return STORE_CORRUPT;
	}
	if (record->elements == 0) {
		call->session.sid = op->sid;
		return STORE_ABSENT;
	}
	if (store_reply_session(&op->sid, record->element, record->elements / 2, &call->session) !=
	    SD_OK)
		return STORE_CORRUPT;
	return call->session.status == SESSION_ACTIVE ? STORE_OK : STORE_ENDED;
}

static void arrived(struct store_op *op)
{
	if (--op->waiting == 0)
		store_op_end(op, judge(op));
}

static void on_role(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_op *op = SD_CONTAINER_OF(req, struct store_op, req_role);

	(void)late;
	op->role = reply;
	arrived(op);
}

static void on_time(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_op *op = SD_CONTAINER_OF(req, struct store_op, req_time);

	(void)late;
	op->time = reply;
	arrived(op);
}

static void on_record(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_op *op = SD_CONTAINER_OF(req, struct store_op, req);

	(void)late;
	op->call->reply = reply;
	arrived(op);
}

static void on_rules(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_op *op = SD_CONTAINER_OF(req, struct store_op, req_rules);

	(void)late;
	op->rules = reply;
	arrived(op);
}

/* Formats and sends one command of the pipeline; counts what is owed. */
static bool send_words(struct store_op *op, struct redis_req *req, const struct sd_slice *words,
		       int n)
{
	const char *p[8];
	size_t len[8];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};

	for (int i = 0; i < n; i++)
		redis_args_add(&args, words[i]);
	if (!op->link || redis_link_send_args(op->link, &args, req, op->deadline_ns) != SD_OK)
		return false;
	op->waiting++;
	if (op->store->conf.stats)
		board_count(op->store->conf.stats, METRIC_STORE_COMMANDS, SHM_SLOT_NONE, 0, 0, 1);
	return true;
}

void store_read(struct store *s, struct sd_slice tenant, const struct sid *sid,
		struct sd_slice client, struct sd_slice kid, struct store_call *call)
{
	int64_t unused;
	struct store_op *op = store_op_begin(s, call, STORE_SCRIPT_COUNT, &unused);
	struct store_key session, record;
	char client_field[2 + 256], key_field[2 + 256];
	struct sd_slice words[8];

	if (!op)
		return;
	call->partition = sid->b[0];
	op->sid = *sid;
	op->link = redis_pool_pick(s->pool);
	op->req.fn = on_record;
	op->req_role.fn = on_role;
	op->req_time.fn = on_time;
	op->req_rules.fn = on_rules;
	store_key_session(&session, s->maker.prefix, tenant, sid);
	store_key_tenant_record(&record, s->maker.prefix, tenant);
	if (client.n > 256 || kid.n > 256) {
		store_op_refuse(op, STORE_CORRUPT); /* no id of ours is that long */
		return;
	}
	snprintf(client_field, sizeof(client_field), "c:" SD_SLICE_FMT, SD_SLICE_ARG(client));
	snprintf(key_field, sizeof(key_field), "k:" SD_SLICE_FMT, SD_SLICE_ARG(kid));
	words[0] = SD_SLICE("ROLE");
	if (!send_words(op, &op->req_role, words, 1)) {
		store_op_refuse(op, STORE_UNAVAILABLE);
		return;
	}
	/* From here on what is owed ends the call; a command that cannot be queued counts as
	 * unanswered. */
	words[0] = SD_SLICE("TIME");
	(void)send_words(op, &op->req_time, words, 1);
	words[0] = SD_SLICE("HGETALL");
	words[1] = sd_slice_str(session.s);
	(void)send_words(op, &op->req, words, 2);
	words[0] = SD_SLICE("HMGET");
	words[1] = sd_slice_str(record.s);
	words[2] = SD_SLICE("before");
	words[3] = sd_slice_str(client_field);
	words[4] = sd_slice_str(key_field);
	(void)send_words(op, &op->req_rules, words, 5);
}

void store_list_user(struct store *s, const struct store_list *in, struct store_call *call)
{
	static const struct sid none;
	struct store_cmd_head head = {SCRIPT_LIST_USER, handle_partition(in->tenant, in->user),
				      in->tenant, 0, false};
	struct store_cmd c;
	struct store_op *op = store_op_command(s, call, &head, &c);
	bool begin = memcmp(&in->from_sid, &none, sizeof(none)) == 0;

	if (!op)
		return;
	store_cmd_user(&c, in->tenant, in->user);
	store_cmd_num(&c, in->from_ms);
	store_cmd_sid(&c, begin ? NULL : &in->from_sid);
	store_cmd_num(&c, SD_MIN(SD_MAX(in->limit, 1u), (uint32_t)STORE_MAX_ROWS));
	store_op_send(op, &c);
}
