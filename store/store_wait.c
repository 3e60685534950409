/* SPDX-License-Identifier: MIT
 * store_wait - store.durability replica: an end is acknowledged when a replica has it.
 * Owns:      the WAIT behind a script, and what its answer makes of the call
 * Runs in:   worker, inside the sandbox
 * Fails by:  STORE_UNAVAILABLE: the end is done, and a repeat of it is harmless
 * Never:     count a WAIT that stood before the script
 *
 * WAIT holds back whatever comes behind it on its connection. While no replica answers, only the
 * first in a second waits for as long as store.timeout; the others ask for what is so already.
 */
#include "base.h"
#include "store.h"

#include <inttypes.h>

#include <hiredis/hiredis.h>

#include "clock.h"
#include "err.h"
#include "redis_read.h"
#include "store_op.h"

#define ALONE_NS SD_NS_PER_S

static bool ends_for_certain(enum store_script script)
{
	return script == SCRIPT_END || script == SCRIPT_END_USER || script == SCRIPT_RULE ||
	       script == SCRIPT_DEVICE_END || script == SCRIPT_ERASE || script == SCRIPT_RESTRICT;
}

/* An end in create (replaced, evicted) or refresh (reuse, clocks) shows only in the reply. */
static bool needs_replica(const struct store_op *op)
{
	return op->store->conf.replica && op->call && op->answer != STORE_UNAVAILABLE &&
	       op->answer != STORE_CORRUPT && op->answer != STORE_LATE &&
	       (ends_for_certain(op->script) || op->call->ended > 0);
}

static void settle(struct store_op *op, bool has)
{
	store_op_end(op, has ? op->answer : STORE_UNAVAILABLE);
}

static void on_wait(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_op *op = SD_CONTAINER_OF(req, struct store_op, req_wait);
	bool early = op->wait_early;
	int64_t replicas = 0;

	(void)late;
	if (reply && redis_int(reply, &replicas) != SD_OK)
		replicas = 0;
	if (reply && !early)
		op->store->alone_ns = replicas > 0 ? 0 : sd_clock_boot_ns();
	if (reply)
		freeReplyObject(reply);
	op->wait_owed = op->wait_early = false;
	/* Not answered: the script is on its way once more, and asks again when it is. Answered by
	 * another connection before this WAIT, which stood behind the refused first try: ask now. */
	if (op->answered && early)
		store_wait_end(op, op->answer);
	else if (op->answered)
		settle(op, replicas > 0);
}

static bool ask(struct store_op *op)
{
	struct store *s = op->store;
	int64_t now = sd_clock_boot_ns(), wait_ms = SD_MAX(s->conf.timeout_ns / SD_NS_PER_MS, 1);
	const char *p[3];
	size_t len[3];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};
	char text[24];

	if (s->alone_ns != 0 && now - s->alone_ns < ALONE_NS)
		wait_ms = 1;
	snprintf(text, sizeof(text), "%" PRId64, wait_ms);
	redis_args_str(&args, "WAIT");
	redis_args_str(&args, "1");
	redis_args_str(&args, text);
	op->req_wait.fn = on_wait;
	/* The server gives up first: only its silence is a time-out of the connection. */
	op->wait_owed = redis_pool_has(s->pool, op->link) &&
			redis_link_send_args(op->link, &args, &op->req_wait,
					     now + 2 * s->conf.timeout_ns) == SD_OK;
	return op->wait_owed;
}

void store_wait_send(struct store_op *op)
{
	if (op->store->conf.replica && op->call && ends_for_certain(op->script))
		(void)ask(op); /* else it is asked for behind the answer */
}

void store_wait_void(struct store_op *op)
{
	op->wait_early = op->wait_owed;
}

void store_wait_end(struct store_op *op, enum store_status status)
{
	op->answered = true;
	op->answer = status;
	if (op->wait_owed)
		return;
	if (!needs_replica(op))
		store_op_end(op, status);
	else if (!ask(op))
		settle(op, false);
}

void store_needs_replica(struct store *s, bool replica)
{
	s->conf.replica = replica;
}
