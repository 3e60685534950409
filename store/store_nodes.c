/* SPDX-License-Identifier: MIT
 * store_nodes - which nodes there are, and which of them have applied a position of the log.
 * Owns:      the ask's name (nonce), the reading of registry and answers
 * Runs in:   worker, on bytes of the network
 * Fails by:  the question's status; a row it cannot read is a node that has not applied
 * Never:     take silence, or an answer to another ask, for "applied"
 */
#include "base.h"
#include "store_nodes.h"

#include <inttypes.h>

#include <hiredis/hiredis.h>

#include "clock.h"
#include "err.h"
#include "redis_read.h"
#include "shm_board.h"
#include "store_op.h"

#define ASKS_KEPT "256" /* with redis_sub_ask: so many are read */

static bool has_answered(const struct redisReply *acks, struct sd_slice id)
{
	for (size_t i = 0; i + 1 < acks->elements; i += 2)
		if (sd_slice_eq(redis_slice(acks->element[i]), id))
			return true;
	return false;
}

/* False when there are more than we can hold. */
static bool add(struct store_nodes *q, const char *name, bool applied)
{
	struct store_node *at = &q->node[q->count];

	if (q->count == STORE_NODES_MAX)
		return false;
	snprintf(at->name, sizeof(at->name), "%s", name);
	at->applied = applied;
	q->count++;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct store_node *)a)->name, ((const struct store_node *)b)->name);
}

static void take(struct store_nodes *q, int64_t now_ms)
{
	const struct redisReply *rows = q->rows;
	bool whole = true, self_known = false, old = false;
	uint64_t began;

	q->count = 0;
	for (size_t i = 0; i + 1 < rows->elements; i += 2) {
		struct sd_slice id = redis_slice(rows->element[i]);
		struct sd_slice text = redis_slice(rows->element[i + 1]);
		struct node_row row;

		if (sd_slice_is(id, NODE_BEGAN)) {
			old = sd_slice_u64(text, &began) == SD_OK &&
			      now_ms - (int64_t)(began & INT64_MAX) >= NODE_SETTLE_MS;
		} else if (node_row_parse(text, &row) != SD_OK || !sd_slice_is(id, row.id)) {
			whole &= add(q, "?", false);
		} else if (node_row_is_live(&row, now_ms)) {
			bool self = strcmp(row.id, q->self) == 0;

			self_known |= self;
			whole &= add(q, row.name, self || has_answered(q->acks, id));
		}
	}
	q->settled = old && whole && self_known;
	qsort(q->node, q->count, sizeof(q->node[0]), by_name);
}

static enum store_status judge(struct store_nodes *q)
{
	struct redisReply *const all[] = {q->time, q->rows, q->acks};
	int64_t now_ms;

	for (size_t i = 0; i < SD_ARRAY_LEN(all); i++)
		if (!all[i] || redis_is_error(all[i]))
			return STORE_UNAVAILABLE;
	if (redis_time_ms(q->time, &now_ms) != SD_OK || q->rows->type != REDIS_REPLY_ARRAY ||
	    q->acks->type != REDIS_REPLY_ARRAY)
		return STORE_CORRUPT;
	take(q, now_ms);
	return STORE_OK;
}

static void arrived(struct store_nodes *q)
{
	struct redisReply **const all[] = {&q->time, &q->rows, &q->acks};

	if (--q->waiting > 0)
		return;
	q->status = judge(q);
	for (size_t i = 0; i < SD_ARRAY_LEN(all); i++) {
		if (*all[i])
			freeReplyObject(*all[i]);
		*all[i] = NULL;
	}
	q->done(q);
}

static void on_time(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_nodes *q = SD_CONTAINER_OF(req, struct store_nodes, req_time);

	(void)late;
	q->time = reply;
	arrived(q);
}

static void on_rows(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_nodes *q = SD_CONTAINER_OF(req, struct store_nodes, req_rows);

	(void)late;
	q->rows = reply;
	arrived(q);
}

static void on_acks(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct store_nodes *q = SD_CONTAINER_OF(req, struct store_nodes, req_acks);

	(void)late;
	q->acks = reply;
	arrived(q);
}

static bool say(struct store *s, struct redis_link *link, struct redis_req *req,
		const char *const *words)
{
	const char *p[8];
	size_t len[8];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};

	while (*words)
		redis_args_str(&args, *words++);
	if (redis_link_send_args(link, &args, req, sd_clock_boot_ns() + s->conf.timeout_ns) != SD_OK)
		return false;
	if (s->conf.stats)
		board_count(s->conf.stats, METRIC_STORE_COMMANDS, SHM_SLOT_NONE, 0, 0, 1);
	return true;
}

/* An answer counts for one ask alone, so none from before a failover or a flush can count. */
static bool leave_ask(struct store *s, struct redis_link *link, struct store_nodes *q)
{
	char text[NODE_ASK_MAX];
	struct store_key asks, wake;
	const char *const add_it[] = {"XADD", asks.s, "MAXLEN", ASKS_KEPT, "*", "ask", text, NULL};
	const char *const call_all[] = {"PUBLISH", wake.s, NODE_ASK_MESSAGE, NULL};

	snprintf(q->nonce, sizeof(q->nonce), "%s%" PRIx64, s->maker.identity,
		 s->maker.candidates++ & 0xffffffffffff);
	node_ask_format(q->partition, sd_slice_str(q->pos), q->nonce, text);
	store_key_asks(&asks, s->maker.prefix);
	store_key_wake(&wake, s->maker.prefix);
	return say(s, link, NULL, add_it) && say(s, link, NULL, call_all);
}

int store_nodes_look(struct store *s, struct store_nodes *q, bool ask)
{
	struct redis_link *link = redis_pool_pick(s->pool);
	struct store_key nodes, acks;
	const char *const time[] = {"TIME", NULL};
	const char *const rows[] = {"HGETALL", nodes.s, NULL};
	const char *const answers[] = {"HGETALL", acks.s, NULL};

	if (!link || s->closing || (ask && !leave_ask(s, link, q)))
		return SD_ERR_CLOSED;
	store_key_nodes(&nodes, s->maker.prefix);
	store_key_acks(&acks, s->maker.prefix, sd_slice_str(q->nonce));
	q->waiting = 0;
	q->req_time.fn = on_time;
	q->req_rows.fn = on_rows;
	q->req_acks.fn = on_acks;
	if (!say(s, link, &q->req_time, time))
		return SD_ERR_CLOSED;
	q->waiting++;
	/* What cannot be queued counts as unanswered: what was queued ends the look. */
	q->waiting += say(s, link, &q->req_rows, rows);
	q->waiting += say(s, link, &q->req_acks, answers);
	return SD_OK;
}

bool store_nodes_all(const struct store_nodes *q)
{
	if (q->status != STORE_OK || !q->settled)
		return false;
	for (uint32_t i = 0; i < q->count; i++)
		if (!q->node[i].applied)
			return false;
	return true;
}
