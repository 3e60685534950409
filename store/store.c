/* SPDX-License-Identifier: MIT
 * store - calls under way: begun, sent, answered, told.
 * Owns:      the life of a call, and what an error reply means
 * Runs in:   worker, inside the sandbox | master (write-back)
 * Fails by:  the call's status; UNAVAILABLE never says whether a write has happened
 * Never:     run done() inside the call itself; open or connect anything
 */
#include "base.h"
#include "store.h"

#include <hiredis/hiredis.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "redis_read.h"
#include "secret.h"
#include "shm_board.h"
#include "shm_fresh.h"
#include "store_op.h"

#define LATE_SLACK_MS 50

static void on_lost(void *arg, uint32_t index, const char *why)
{
	struct store *s = arg;

	(void)why;
	if (s->conf.lost)
		s->conf.lost(s->conf.arg, index);
}

int store_new(const struct store_conf *conf, struct store **out)
{
	struct redis_pool_conf pool = {.loop = conf->loop,
				       .connections = conf->connections,
				       .timeout_ns = conf->timeout_ns,
				       .lost = on_lost};
	struct store *s;
	int err;

	*out = NULL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return SD_ERR_MEMORY;
	s->conf = *conf;
	s->ready_end = &s->ready;
	s->conf.prefix = s->maker.prefix;
	pool.arg = s;
	if ((err = store_maker_init(&s->maker, conf->prefix)) != SD_OK ||
	    (err = redis_pool_new(&pool, &s->pool)) != SD_OK) {
		free(s);
		return err;
	}
	*out = s;
	return SD_OK;
}

static void tell_ready(struct store *s)
{
	struct store_call *call = s->ready;

	s->ready = NULL;
	s->ready_end = &s->ready;
	while (call) {
		struct store_call *next = call->next;

		call->next = NULL;
		call->done(call);
		call = next;
	}
}

static void on_tell(struct sd_task *task)
{
	tell_ready(SD_CONTAINER_OF(task, struct store, tell));
}

void store_free(struct store **sp)
{
	struct store *s = *sp;

	if (!s)
		return;
	s->closing = true;
	redis_pool_free(&s->pool);
	while (s->ready)
		tell_ready(s);
	sd_loop_undefer(s->conf.loop, &s->tell);
	free(s);
	*sp = NULL;
}

int store_connection(struct store *s, uint32_t index, int fd)
{
	return redis_pool_add(s->pool, index, fd);
}

bool store_is_up(const struct store *s)
{
	return redis_pool_is_up(s->pool);
}

static void op_free(struct store_op *op)
{
	if (!op)
		return;
	if (op->role)
		freeReplyObject(op->role);
	if (op->time)
		freeReplyObject(op->time);
	if (op->rules)
		freeReplyObject(op->rules);
	if (op->wire)
		sd_wipe(op->wire, op->wire_n);
	free(op->wire);
	free(op);
}

void store_call_release(struct store_call *call)
{
	if (call->reply)
		freeReplyObject(call->reply);
	if (call->reply2)
		freeReplyObject(call->reply2);
	op_free(call->op);
	free(call->rows);
	call->reply = call->reply2 = NULL;
	call->op = NULL;
	call->rows = NULL;
	call->row_count = 0;
}

/* Puts a call that has no op, or is not sent, among those told at the end of the turn. */
static void tell_later(struct store *s, struct store_call *call, enum store_status status)
{
	call->status = status;
	call->next = NULL;
	*s->ready_end = call;
	s->ready_end = &call->next;
	if (!s->closing)
		sd_loop_defer(s->conf.loop, &s->tell, on_tell);
}

struct store_op *store_op_begin(struct store *s, struct store_call *call, enum store_script script,
				int64_t *deadline_ms_out)
{
	int64_t offset =
	    atomic_load_explicit(&s->conf.control->store_offset_ms, memory_order_relaxed);
	int64_t now_ns = sd_clock_boot_ns();
	struct store_op *op = NULL;

	if (call) {
		void (*done)(struct store_call *) = call->done;

		memset(call, 0, sizeof(*call));
		call->done = done;
		call->next_score_ms = -1;
	}
	*deadline_ms_out = 0;
	if (!s->closing && (offset != INT64_MIN || script == STORE_SCRIPT_COUNT))
		op = calloc(1, sizeof(*op));
	if (!op) {
		if (call)
			tell_later(s, call, STORE_UNAVAILABLE);
		return NULL;
	}
	op->store = s;
	op->call = call;
	op->script = script;
	op->started_ns = now_ns;
	op->deadline_ns = now_ns + s->conf.timeout_ns;
	if (script != STORE_SCRIPT_COUNT)
		*deadline_ms_out = offset + op->deadline_ns / SD_NS_PER_MS + LATE_SLACK_MS;
	if (call)
		call->op = op;
	return op;
}

struct store_op *store_op_command(struct store *s, struct store_call *call,
				  const struct store_cmd_head *head, struct store_cmd *c)
{
	int64_t deadline_ms;
	struct store_op *op = store_op_begin(s, call, head->script, &deadline_ms);

	if (!op)
		return NULL;
	if (call)
		call->partition = head->partition;
	store_cmd_begin(c, &s->maker, head, deadline_ms);
	return op;
}

/* Nobody waits for a touch: its session is told again; nor for a copy of an audit record. */
static void unheard(struct store_op *op, enum store_status status)
{
	struct store *s = op->store;

	if (op->script == SCRIPT_TOUCH && status != STORE_OK && status != STORE_ENDED &&
	    status != STORE_ABSENT && !s->closing && s->conf.touch_lost)
		s->conf.touch_lost(s->conf.arg, &op->sid);
	op_free(op);
}

void store_op_end(struct store_op *op, enum store_status status)
{
	struct store_call *call = op->call;
	struct shm_stats *stats = op->store->conf.stats;

	if (stats && status != STORE_UNAVAILABLE)
		board_observe(stats, HISTOGRAM_STORE_DURATION,
			      (uint64_t)SD_MAX(0, sd_clock_boot_ns() - op->started_ns) / 1000);
	if (!call) {
		unheard(op, status);
		return;
	}
	call->status = status;
	call->done(call);
}

void store_op_refuse(struct store_op *op, enum store_status status)
{
	if (op->call)
		tell_later(op->store, op->call, status);
	else
		unheard(op, status);
}

static bool starts(const struct redisReply *reply, const char *word)
{
	size_t n = strlen(word);

	return (size_t)reply->len >= n && memcmp(reply->str, word, n) == 0;
}

enum store_status store_op_error(struct store_op *op, const struct redisReply *reply)
{
	static const char *const not_ours[] = {"READONLY", "MASTERDOWN", "NOAUTH", "WRONGPASS"};
	static const char *const broken[] = {"WRONGTYPE", "ERR user_script", "ERR Error running"};

	for (size_t i = 0; i < SD_ARRAY_LEN(not_ours); i++)
		if (starts(reply, not_ours[i]))
			redis_pool_drop(op->store->pool, op->link, not_ours[i]);
	for (size_t i = 0; i < SD_ARRAY_LEN(broken); i++)
		if (starts(reply, broken[i]))
			return STORE_CORRUPT;
	return STORE_UNAVAILABLE;
}

static void on_reply(struct redis_req *req, struct redisReply *reply, bool late);

static void note_applied(struct store_op *op)
{
	const struct shm_control *c = op->store->conf.control;

	if (!op->call)
		return;
	op->call->resets_before = shm_fresh_resets(c);
	op->call->applied_before =
	    atomic_load_explicit(&c->applied[op->call->partition], memory_order_acquire);
}

/* The server does not know the script yet: the same call with its text. */
static int resend(struct store_op *op)
{
	/* The same connection: a WAIT that stands behind the first attempt is answered before it. */
	struct redis_link *link = redis_pool_has(op->store->pool, op->link) ?
				      op->link : redis_pool_pick(op->store->pool);
	char *wire;
	size_t n;
	int err = store_script_as_eval(sd_slice(op->wire, op->wire_n), op->script, &wire, &n);

	if (err != SD_OK)
		return err;
	op->retried = true;
	op->link = link;
	note_applied(op);
	err = link ? redis_link_send(link, sd_slice(wire, n), &op->req, op->deadline_ns)
		   : SD_ERR_CLOSED;
	sd_wipe(wire, n);
	free(wire);
	return err;
}

static void on_reply(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_op *op = SD_CONTAINER_OF(req, struct store_op, req);
	enum store_status status = STORE_UNAVAILABLE;
	bool impossible = false;

	(void)late;
	if (redis_is_error(reply)) {
		bool unknown = starts(reply, "NOSCRIPT");

		if (!unknown)
			status = store_op_error(op, reply);
		freeReplyObject(reply);
		if (unknown && !op->retried && resend(op) == SD_OK) {
			store_wait_void(op);
			return;
		}
	} else if (reply) {
		status = store_reply(op, reply, &impossible);
		if (impossible)
			redis_pool_drop(op->store->pool, op->link, "a reply of impossible shape");
	}
	store_wait_end(op, status);
}

void store_op_send(struct store_op *op, struct store_cmd *c)
{
	struct store *s = op->store;
	struct redis_link *link = redis_pool_pick(s->pool);

	op->req.fn = on_reply;
	op->link = link;
	note_applied(op);
	if (c->failed || !link || redis_args_format(&c->args, &op->wire, &op->wire_n) != SD_OK ||
	    redis_link_send(link, sd_slice(op->wire, op->wire_n), &op->req, op->deadline_ns) !=
		SD_OK) {
		store_op_refuse(op, STORE_UNAVAILABLE);
		return;
	}
	store_wait_send(op);
	if (s->conf.stats)
		board_count(s->conf.stats, METRIC_STORE_COMMANDS, SHM_SLOT_NONE, 0, 0, 1);
}
