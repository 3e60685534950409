/* SPDX-License-Identifier: MIT
 * redis_sub_read - one partition's log read by itself: after a wake-up, or page by page.
 * Owns:      the reads under way, one a partition, one queued
 * Runs in:   master
 * Fails by:  leaving it to the next poll, which asks again
 * Never:     count as proof: polls alone do
 */
#include "base.h"
#include "redis_sub_state.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"

static void poll_when_idle(struct redis_sub *s)
{
	if (s->poll_wanted && s->reading == 0)
		sub_poll_soon(s, 0);
}

/* The one stream of an XREAD reply; NULL when there is nothing. False: not a reply to our question.
 */
static bool only_stream(struct redis_sub *s, uint8_t partition, const struct redisReply *reply,
			const struct redisReply **entries_out)
{
	uint8_t named;

	*entries_out = NULL;
	if (reply->type == REDIS_REPLY_NIL)
		return true;
	if (!redis_is_array(reply, 1) || !redis_is_array(reply->element[0], 2) ||
	    store_key_log_parse(s->prefix, redis_slice(reply->element[0]->element[0]), &named) !=
		SD_OK ||
	    named != partition)
		return false;
	*entries_out = reply->element[0]->element[1];
	return true;
}

static void on_read(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct sub_part *p = SD_CONTAINER_OF(req, struct sub_part, req);
	struct redis_sub *s = p->sub;
	uint8_t partition = (uint8_t)(p - s->part);
	const struct redisReply *entries = NULL;
	enum sub_stream result = SUB_STREAM_READ;
	bool usable = reply && !redis_is_error(reply) && p->epoch == s->epoch;
	bool again = p->again;

	(void)late;
	p->again = p->reading = false;
	s->reading--;
	if (usable && !only_stream(s, partition, reply, &entries)) {
		freeReplyObject(reply);
		sub_conn_drop(&s->commands);
		return;
	}
	if (usable)
		result = sub_stream(s, partition, p->from, entries, SUB_PAGE);
	if (reply)
		freeReplyObject(reply);
	if (s->closing)
		return;
	if (!usable) { /* not again by itself: the store may be in trouble */
		poll_when_idle(s);
		return;
	}
	if (result == SUB_STREAM_GAP) {
		s->must_reset = true;
		sub_poll_soon(s, 0);
		return;
	}
	p->behind = result == SUB_STREAM_CUT;
	if (s->conf.events.applied)
		s->conf.events.applied(s->conf.events.arg, partition,
				       shm_log_pos(p->pos.ms, p->pos.seq));
	sub_ask_answer(s);
	if (p->behind || again)
		sub_read(s, partition);
	else
		sub_read_behind(s);
	poll_when_idle(s);
}

void sub_read(struct redis_sub *s, uint8_t partition)
{
	struct sub_part *p = &s->part[partition];
	const char *words[8];
	size_t len[8];
	struct redis_args args = {0, SD_ARRAY_LEN(words), words, len};
	struct store_key key;
	char from[REDIS_LOG_ID_MAX], count[16];

	if (!s->began || !s->commands.ready)
		return; /* the first poll reads all */
	if (p->reading) {
		p->again = true;
		return;
	}
	store_key_log(&key, s->prefix, partition);
	redis_log_before(p->pos, from);
	snprintf(count, sizeof(count), "%d", SUB_PAGE);
	redis_args_str(&args, "XREAD");
	redis_args_str(&args, "COUNT");
	redis_args_str(&args, count);
	redis_args_str(&args, "STREAMS");
	redis_args_str(&args, key.s);
	redis_args_str(&args, from);
	p->from = p->pos;
	p->epoch = s->epoch;
	p->req.fn = on_read;
	if (redis_link_send_args(s->commands.link, &args, &p->req,
				 sd_loop_now_ns(s->conf.loop) + s->conf.timeout_ns) != SD_OK)
		return;
	p->reading = true;
	s->reading++;
}

void sub_read_behind(struct redis_sub *s)
{
	for (size_t i = 0; i < SHM_PARTITIONS && s->reading < SUB_PAGES_AT_ONCE; i++)
		if (s->part[i].behind && !s->part[i].reading)
			sub_read(s, (uint8_t)i);
}
