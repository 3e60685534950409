/* SPDX-License-Identifier: MIT
 * redis_sub_conn - the two connections of the subscriber: commands, and the channel.
 * Owns:      dialling, back-off, the check of a new server, wake-ups
 * Runs in:   master
 * Fails by:  trying again, 50 ms .. 1 s
 * Never:     take a message of the channel for more than "read partition pp", "read the asks"
 */
#include "base.h"
#include "redis_sub_state.h"

#include <unistd.h>

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"

#define BACKOFF_MIN_NS (50 * 1000000LL)
#define BACKOFF_MAX_NS (1000 * 1000000LL)
#define DIAL_NS (1000 * 1000000LL)
#define PING_NS (10 * 1000000000LL)
#define MAX_REPLY (8u << 20)

static void dial(struct sub_conn *c);

static bool is_commands(const struct sub_conn *c)
{
	return c == &c->sub->commands;
}

/* xorshift: only to keep nodes from knocking at the same instant. */
static int64_t jitter(struct redis_sub *s, int64_t ns)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return ns / 2 + (int64_t)(s->random % (uint64_t)(ns / 2 + 1));
}

static void on_retry(struct sd_timer *t)
{
	dial(SD_CONTAINER_OF(t, struct sub_conn, timer));
}

static void retry(struct sub_conn *c)
{
	struct redis_sub *s = c->sub;

	if (s->closing)
		return;
	(void)!sd_timer_at(s->conf.loop, &c->timer,
			   sd_loop_now_ns(s->conf.loop) + jitter(s, c->backoff_ns), on_retry);
	c->backoff_ns = SD_MIN(2 * c->backoff_ns, BACKOFF_MAX_NS);
}

static void on_lost_task(struct sd_task *task)
{
	struct sub_conn *c = SD_CONTAINER_OF(task, struct sub_conn, lost);

	redis_link_free(&c->link);
	retry(c);
}

void sub_conn_drop(struct sub_conn *c)
{
	if (!c->link || c->lost.queued)
		return;
	c->ready = false;
	sd_timer_off(c->sub->conf.loop, &c->timer);
	if (is_commands(c))
		sub_lost(c->sub);
	/* Later: the link may be in the middle of its replies. */
	sd_loop_defer(c->sub->conf.loop, &c->lost, on_lost_task);
}

void sub_conn_proven(struct sub_conn *c)
{
	c->backoff_ns = BACKOFF_MIN_NS;
}

static void on_closed(void *arg, const char *why)
{
	struct sub_conn *c = arg;

	(void)why;
	sub_conn_drop(c);
	if (!c->sub->closing && is_commands(c))
		sub_state(c->sub, HEALTH_DOWN, HEALTH_STORE_UNREACHABLE);
}

/* --- the channel --- */

static void on_ping_time(struct sd_timer *t)
{
	struct sub_conn *c = SD_CONTAINER_OF(t, struct sub_conn, timer);

	if (c->pinged || !c->ready ||
	    redis_link_send(c->link, SD_SLICE("*1\r\n$4\r\nPING\r\n"), NULL, 0) != SD_OK) {
		sub_conn_drop(c);
		return;
	}
	c->pinged = true;
	(void)!sd_timer_at(c->sub->conf.loop, &c->timer,
			   sd_loop_now_ns(c->sub->conf.loop) + PING_NS, on_ping_time);
}

/* [subscribe, channel, 1] | [message, channel, pp or "ask"] | [pong, ""] */
static void on_push(void *arg, struct redisReply *reply)
{
	struct sub_conn *c = arg;
	struct redis_sub *s = c->sub;
	struct sd_slice word = {NULL, 0}, channel = {NULL, 0};
	bool wake = false, asked = false, known = false, acknowledged = false;
	uint8_t partition = 0;

	c->pinged = false;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2) {
		word = redis_slice(reply->element[0]);
		channel = redis_slice(reply->element[1]);
	}
	if (redis_is_array(reply, 3) && sd_slice_is(channel, s->wake.s)) {
		known = true;
		if (sd_slice_is(word, "message")) {
			wake = store_key_partition_parse(redis_slice(reply->element[2]),
							 &partition) == SD_OK;
			asked = sd_slice_is(redis_slice(reply->element[2]), NODE_ASK_MESSAGE);
		} else if (sd_slice_is(word, "subscribe"))
			acknowledged = !c->ready;
	}
	known |= redis_is_array(reply, 2) && sd_slice_is(word, "pong");
	freeReplyObject(reply);
	if (!known) {
		sub_conn_drop(c);
		return;
	}
	if (wake) {
		sub_read(s, partition);
	} else if (asked) {
		sub_ask_read(s);
	} else if (acknowledged) {
		c->ready = s->subscribed_once = true;
		c->backoff_ns = BACKOFF_MIN_NS;
		(void)!sd_timer_at(s->conf.loop, &c->timer, sd_loop_now_ns(s->conf.loop) + PING_NS,
				   on_ping_time);
		sub_begin(s);
	}
}

static void subscribe(struct sub_conn *c)
{
	const char *p[2];
	size_t len[2];
	struct redis_args args = {0, 2, p, len};

	c->pinged = false;
	redis_args_str(&args, "SUBSCRIBE");
	redis_args_str(&args, c->sub->wake.s);
	if (redis_link_send_args(c->link, &args, NULL, 0) != SD_OK) {
		sub_conn_drop(c);
		return;
	}
	(void)!sd_timer_at(c->sub->conf.loop, &c->timer,
			   sd_loop_now_ns(c->sub->conf.loop) + DIAL_NS, on_ping_time);
}

/* --- commands --- */

static void on_check(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct redis_sub *s = SD_CONTAINER_OF(req, struct redis_sub, check);
	enum health_reason reason;

	(void)late;
	if (s->closing || !reply) {
		if (reply)
			freeReplyObject(reply);
		else if (!s->closing)
			sub_conn_drop(&s->commands);
		return;
	}
	reason = sub_check_server(reply, &s->persistent);
	freeReplyObject(reply);
	if (reason != HEALTH_REASON_NONE) {
		sub_state(s, HEALTH_DOWN, reason);
		sub_conn_drop(&s->commands);
		return;
	}
	s->commands.ready = true;
	sub_begin(s);
}

static void check(struct sub_conn *c)
{
	struct redis_sub *s = c->sub;
	static const char *const words[] = {"INFO", "server", "replication", "persistence",
					    "memory"};
	const char *p[8];
	size_t len[8];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};

	for (size_t i = 0; i < SD_ARRAY_LEN(words); i++)
		redis_args_str(&args, words[i]);
	s->check.fn = on_check;
	if (redis_link_send_args(c->link, &args, &s->check,
				 sd_loop_now_ns(s->conf.loop) + s->conf.timeout_ns) != SD_OK)
		sub_conn_drop(c);
}

static void on_dialled(void *arg, int fd, bool loading, const char *why)
{
	struct sub_conn *c = arg;
	struct redis_sub *s = c->sub;
	struct redis_link_conf conf = {.loop = s->conf.loop,
				       .max_reply = MAX_REPLY,
				       .arg = c,
				       .closed = on_closed,
				       .push = is_commands(c) ? NULL : on_push};
	bool auth = strcmp(why, "NOAUTH") == 0 || strcmp(why, "WRONGPASS") == 0 ||
		    strcmp(why, "NOPERM") == 0;

	c->dial = NULL;
	if (fd < 0) {
		if (is_commands(c))
			sub_state(s, HEALTH_DOWN,
				  loading ? HEALTH_STORE_LOADING
				  : auth  ? HEALTH_STORE_AUTH
					  : HEALTH_STORE_UNREACHABLE);
		retry(c);
		return;
	}
	if (redis_link_new(&conf, fd, &c->link) != SD_OK) {
		retry(c);
		return;
	}
	if (is_commands(c))
		check(c);
	else
		subscribe(c);
}

static void dial(struct sub_conn *c)
{
	struct redis_sub *s = c->sub;
	const struct redis_dial_conf conf = {
	    .loop = s->conf.loop,
	    .addr = &s->conf.addr,
	    .name = is_commands(c) ? "sessiond-master" : "sessiond-channel",
	    .timeout_ns = DIAL_NS,
	    .fn = on_dialled,
	    .arg = c,
	};

	if (redis_dial_start(&conf, &c->dial) != SD_OK)
		retry(c);
}

void sub_conn_start(struct redis_sub *s)
{
	struct sub_conn *const both[] = {&s->channel, &s->commands};

	for (size_t i = 0; i < SD_ARRAY_LEN(both); i++) {
		both[i]->sub = s;
		both[i]->backoff_ns = BACKOFF_MIN_NS;
		dial(both[i]);
	}
}

void sub_conn_stop(struct redis_sub *s)
{
	struct sub_conn *const both[] = {&s->channel, &s->commands};

	for (size_t i = 0; i < SD_ARRAY_LEN(both); i++) {
		redis_dial_cancel(&both[i]->dial);
		sd_timer_off(s->conf.loop, &both[i]->timer);
		sd_loop_undefer(s->conf.loop, &both[i]->lost);
		redis_link_free(&both[i]->link);
	}
}
