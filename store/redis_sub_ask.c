/* SPDX-License-Identifier: MIT
 * redis_sub_ask - asks for acknowledgement ("who has applied this partition up to here?") and our
 * answers. Asks stand in a stream that polls read too: the channel only wakes.
 * Owns:      the asks that are open or were answered lately
 * Runs in:   master, on bytes of the network
 * Fails by:  answering nothing: the asker then names this node as pending
 * Never:     answer before the table has it; answer from what another server or log said
 */
#include "base.h"
#include "redis_sub_state.h"

#include <inttypes.h>

#include <hiredis/hiredis.h>

#include "clock.h"
#include "err.h"
#include "redis_read.h"

void sub_ask_forget(struct redis_sub *s)
{
	s->node.proven_ms = 0;
	s->node.open = 0;
	memset(s->node.ask, 0, sizeof(s->node.ask));
}

/* The ask was written after the entry, so a poll that was sent after the ask was read, and counted,
 * has it. Neither our position nor the store's clock says so alone: a server that was promoted under
 * us, with a clock behind, gives out positions again that we passed on the one before. */
static bool is_applied(const struct redis_sub *s, const struct sub_ask *ask)
{
	bool reached = redis_log_cmp(s->part[ask->partition].pos, ask->pos) >= 0 ||
		       (s->node.proven_ms > 0 && (uint64_t)s->node.proven_ms > ask->pos.ms);

	return redis_log_is_start(ask->pos) || (reached && s->proven_ns >= ask->read_ns);
}

static bool acknowledge(struct redis_sub *s, const struct sub_ask *ask)
{
	struct store_key key;
	const char *const words[2][4] = {{"HSET", key.s, s->conf.node.id, "1"},
					 {"PEXPIRE", key.s, SUB_ACKS_KEPT_MS, NULL}};
	int64_t until = sd_loop_now_ns(s->conf.loop) + s->conf.timeout_ns;

	store_key_acks(&key, s->prefix, sd_slice_str(ask->nonce));
	for (size_t i = 0; i < SD_ARRAY_LEN(words); i++) {
		const char *p[4];
		size_t len[4];
		struct redis_args args = {0, 4, p, len};

		for (size_t j = 0; j < 4 && words[i][j]; j++)
			redis_args_str(&args, words[i][j]);
		if (redis_link_send_args(s->commands.link, &args, NULL, until) != SD_OK)
			return false;
	}
	return true;
}

void sub_ask_answer(struct redis_sub *s)
{
	struct sub_node *n = &s->node;

	if (n->open == 0 || !s->commands.ready || !s->fresh)
		return;
	for (size_t i = 0; i < SUB_ASKS && n->open > 0; i++) {
		struct sub_ask *ask = &n->ask[i];

		if (!ask->nonce[0] || ask->answered || !is_applied(s, ask))
			continue;
		if (!acknowledge(s, ask))
			return;
		ask->answered = true;
		n->open--;
	}
}

/* The place of a new ask: a free one, or the oldest one's. NULL: it is known already. */
static struct sub_ask *place(struct sub_node *n, struct sd_slice nonce)
{
	struct sub_ask *at = &n->ask[0];

	for (size_t i = 0; i < SUB_ASKS; i++) {
		struct sub_ask *ask = &n->ask[i];

		if (sd_slice_is(nonce, ask->nonce))
			return NULL;
		if (ask->at_ms < at->at_ms)
			at = ask;
	}
	return at;
}

/* [id, ["ask", text]] */
static void take(struct redis_sub *s, const struct redisReply *entry)
{
	struct sub_node *n = &s->node;
	struct redis_log_pos id, pos;
	struct sd_slice pos_text, nonce;
	struct sub_ask *ask;
	uint8_t partition;

	if (!redis_is_array(entry, 2) || !redis_is_array(entry->element[1], 2) ||
	    redis_log_pos_parse(redis_slice(entry->element[0]), &id) != SD_OK || id.ms == 0 ||
	    node_ask_parse(redis_slice(entry->element[1]->element[1]), &partition, &pos_text,
			   &nonce) != SD_OK ||
	    redis_log_pos_parse(pos_text, &pos) != SD_OK)
		return; /* not an ask of ours */
	ask = place(n, nonce);
	if (!ask)
		return;
	if (ask->nonce[0] && !ask->answered)
		n->open--; /* given up: who still waits asks again */
	memset(ask, 0, sizeof(*ask));
	memcpy(ask->nonce, nonce.p, nonce.n);
	ask->partition = partition;
	ask->pos = pos;
	ask->at_ms = id.ms;
	ask->read_ns = sd_clock_boot_ns();
	n->open++;
}

/* Who asks waits for a poll: not for the next one's time, but one does for all that ask meanwhile. */
static void poll_for_asks(struct redis_sub *s)
{
	int64_t at = s->poll.sent_ns + SUB_ASK_POLL_NS;

	if (!s->fresh || s->node.open == 0 || s->poll.waiting > 0 || s->next_poll_ns <= at)
		return;
	s->next_poll_ns = at;
	sub_poll_soon(s, at);
}

static void on_asks(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct redis_sub *s = SD_CONTAINER_OF(req, struct redis_sub, node.asks);
	bool again = s->node.ask_again;

	(void)late;
	s->node.asking = s->node.ask_again = false;
	if (!reply)
		return;
	if (reply->type == REDIS_REPLY_ARRAY && !s->closing && s->commands.ready)
		for (size_t i = reply->elements; i-- > 0;) /* newest first: the oldest goes in first */
			take(s, reply->element[i]);
	freeReplyObject(reply);
	if (s->closing)
		return;
	sub_ask_answer(s);
	poll_for_asks(s);
	if (again)
		sub_ask_read(s);
}

void sub_ask_read(struct redis_sub *s)
{
	struct sub_node *n = &s->node;
	int64_t now = redis_sub_store_ms(s, sd_clock_boot_ns());
	const char *p[6];
	size_t len[6];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};
	struct store_key key;
	char from[24], count[16];

	if (!s->conf.node.id || !s->began || !s->commands.ready || now < SUB_ASK_MS || n->leaving)
		return; /* a poll reads them later */
	if (n->asking) {
		n->ask_again = true;
		return;
	}
	store_key_asks(&key, s->prefix);
	snprintf(from, sizeof(from), "%" PRId64, now - SUB_ASK_MS);
	snprintf(count, sizeof(count), "%d", SUB_ASKS);
	redis_args_str(&args, "XREVRANGE");
	redis_args_str(&args, key.s);
	redis_args_str(&args, "+");
	redis_args_str(&args, from);
	redis_args_str(&args, "COUNT");
	redis_args_str(&args, count);
	n->asks.fn = on_asks;
	n->asking = redis_link_send_args(s->commands.link, &args, &n->asks,
					 sd_loop_now_ns(s->conf.loop) + s->conf.timeout_ns) == SD_OK;
}
