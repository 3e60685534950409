/* SPDX-License-Identifier: MIT
 * redis_sub_poll - who are you, what is new, who are you still: one pipelined write, and what its
 * replies prove.
 * Owns:      the poll under way, and the judgement whether it counts
 * Runs in:   master
 * Fails by:  not counting; a gap resets
 * Never:     count a poll that any reply leaves in doubt
 */
#include "base.h"
#include "redis_sub_state.h"

#include <hiredis/hiredis.h>

#include "clock.h"
#include "err.h"
#include "redis_read.h"

#define FAR_MS 10000
#define GIVE_UP_AFTER 3 /* polls without an answer: another connection */

static void on_reply(struct redis_req *req, struct redisReply *reply, bool late);
static void poll_send(struct redis_sub *s);

static void on_timer(struct sd_timer *t)
{
	struct redis_sub *s = SD_CONTAINER_OF(t, struct redis_sub, poll_timer);

	poll_send(s);
}

void sub_poll_soon(struct redis_sub *s, int64_t at_ns)
{
	/* Without memory for a timer polls stop, proofs end, and workers ask the store. */
	if (!s->closing &&
	    sd_timer_at(s->conf.loop, &s->poll_timer, SD_MAX(at_ns, sd_loop_now_ns(s->conf.loop)),
			on_timer) != SD_OK)
		s->fresh = false;
}

static void add(struct redis_sub *s, int index, const struct redis_args *args)
{
	struct sub_poll *p = &s->poll;

	p->req[index].fn = on_reply;
	p->req[index].index = (uint32_t)index;
	if (redis_link_send_args(s->commands.link, args, &p->req[index],
				 p->sent_ns + s->conf.timeout_ns) == SD_OK)
		p->waiting++;
	else
		p->lost = true;
}

static void add_words(struct redis_sub *s, int index, const char *const *words, int n)
{
	const char *p[8];
	size_t len[8];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};

	for (int i = 0; i < n; i++)
		redis_args_str(&args, words[i]);
	add(s, index, &args);
}

static void add_probe(struct redis_sub *s, int first)
{
	static const char *const role[] = {"ROLE"};
	static const char *const info[] = {"INFO", "server", "replication", "persistence"};
	const char *p[1 + SHM_PARTITIONS];
	size_t len[1 + SHM_PARTITIONS];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};
	struct store_key key[SHM_PARTITIONS];

	add_words(s, first, role, 1);
	add_words(s, first + 1, info, 4);
	redis_args_str(&args, "MGET");
	for (size_t i = 0; i < SHM_PARTITIONS; i++) {
		store_key_log_id(&key[i], s->prefix, (uint8_t)i);
		redis_args_str(&args, key[i].s);
	}
	add(s, first + 2, &args);
}

static void add_read(struct redis_sub *s)
{
	const char *p[4 + 2 * SHM_PARTITIONS];
	size_t len[4 + 2 * SHM_PARTITIONS];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};
	struct store_key key[SHM_PARTITIONS];
	char from[SHM_PARTITIONS][REDIS_LOG_ID_MAX], count[16];

	s->poll.count = s->was_late ? SUB_POLL_COUNT_SMALL : SUB_POLL_COUNT;
	snprintf(count, sizeof(count), "%zu", s->poll.count);
	redis_args_str(&args, "XREAD");
	redis_args_str(&args, "COUNT");
	redis_args_str(&args, count);
	redis_args_str(&args, "STREAMS");
	for (size_t i = 0; i < SHM_PARTITIONS; i++) {
		store_key_log(&key[i], s->prefix, (uint8_t)i);
		redis_args_str(&args, key[i].s);
	}
	for (size_t i = 0; i < SHM_PARTITIONS; i++) {
		s->poll.from[i] = s->part[i].pos;
		redis_log_before(s->part[i].pos, from[i]);
		redis_args_str(&args, from[i]);
	}
	add(s, POLL_READ, &args);
}

static void poll_send(struct redis_sub *s)
{
	static const char *const time[] = {"TIME"};
	struct sub_poll *p = &s->poll;

	if (!s->began || !s->commands.ready || p->waiting > 0 || s->node.leaving)
		return; /* what ends the wait asks again */
	s->poll_wanted = false;
	memset(p, 0, sizeof(*p));
	p->epoch = s->epoch;
	p->sent_ns = sd_clock_boot_ns();
	s->next_poll_ns = p->sent_ns + s->conf.poll_interval_ns;
	sub_node_poll(s);
	add_probe(s, POLL_ROLE);
	add_words(s, POLL_TIME, time, 1);
	add_read(s);
	add_probe(s, POLL_ROLE_AFTER);
	if (p->waiting == 0)
		sub_poll_soon(s, s->next_poll_ns);
}

/* [[key, entries] ...] in the order asked for; what has nothing new is left out. */
static int take_read(struct redis_sub *s, const struct redisReply *reply)
{
	struct sub_poll *p = &s->poll;
	size_t at = 0, n = reply->type == REDIS_REPLY_NIL ? 0 : reply->elements;

	if (reply->type != REDIS_REPLY_NIL && reply->type != REDIS_REPLY_ARRAY)
		return SD_ERR_INVALID;
	for (size_t i = 0; i < SHM_PARTITIONS; i++) {
		const struct redisReply *entries = NULL;
		struct redis_log_pos was = s->part[i].pos;
		uint8_t named;

		if (at < n && redis_is_array(reply->element[at], 2) &&
		    store_key_log_parse(s->prefix, redis_slice(reply->element[at]->element[0]),
					&named) == SD_OK &&
		    named == i)
			entries = reply->element[at++]->element[1];
		p->whole[i] = p->before.id.log[i][0] && redis_log_is_start(was);
		switch (sub_stream(s, (uint8_t)i, p->from[i], entries, p->count)) {
		case SUB_STREAM_GAP:
			p->gap = true;
			break;
		case SUB_STREAM_CUT:
			p->cut = s->part[i].behind = true;
			break;
		case SUB_STREAM_READ:
			break;
		}
		if (s->conf.events.applied && redis_log_cmp(was, s->part[i].pos) != 0)
			s->conf.events.applied(s->conf.events.arg, (uint8_t)i,
					       shm_log_pos(s->part[i].pos.ms, s->part[i].pos.seq));
	}
	return at == n ? SD_OK : SD_ERR_INVALID;
}

static int take(struct redis_sub *s, int index, const struct redisReply *reply)
{
	struct sub_poll *p = &s->poll;

	switch (index) {
	case POLL_ROLE:
		return sub_check_role(reply, &p->before);
	case POLL_INFO:
		return sub_check_info(reply, &p->before);
	case POLL_IDS:
		return sub_check_ids(reply, &p->before);
	case POLL_TIME:
		p->clock_ns = p->sent_ns + (sd_clock_boot_ns() - p->sent_ns) / 2;
		return redis_time_ms(reply, &p->store_ms);
	case POLL_READ:
		return p->epoch == s->epoch ? take_read(s, reply) : SD_OK;
	case POLL_ROLE_AFTER:
		return sub_check_role(reply, &p->after);
	case POLL_INFO_AFTER:
		return sub_check_info(reply, &p->after);
	default:
		return sub_check_ids(reply, &p->after);
	}
}

/* A log that had no identity when its position was taken may have been lost and begun again, even
 * with the same ids, before it got the one it has now: such a log is read again. */
static void adopt(struct redis_sub *s)
{
	struct sub_poll *p = &s->poll;

	for (size_t i = 0; i < SHM_PARTITIONS; i++) {
		if (s->held.log[i][0] || !p->after.id.log[i][0] || p->whole[i])
			continue;
		s->part[i].pos = (struct redis_log_pos){0, 0};
		s->part[i].epoch =
		    UINT64_MAX; /* a read under way began elsewhere: it says nothing */
		p->cut = s->part[i].behind = true;
	}
	s->held = p->after.id;
	s->identity_known = true;
}

static void prove(struct redis_sub *s)
{
	const struct redis_sub_events *e = &s->conf.events;
	struct sub_poll *p = &s->poll;
	int64_t off = p->store_ms - sd_loop_wall_ms(s->conf.loop);

	adopt(s);
	s->node.clock_ms = p->store_ms;
	s->node.clock_ns = p->clock_ns;
	if (e->clock)
		e->clock(e->arg, p->store_ms, p->clock_ns);
	if (p->cut) {
		s->poll_wanted = true;
		sub_read_behind(s);
		return;
	}
	if (e->settled && !e->settled(e->arg)) {
		s->fresh = false;
		return;
	}
	if (!sub_node_check(s, p->store_ms))
		return;
	s->proven_ns = p->sent_ns;
	sub_conn_proven(&s->commands);
	s->node.proven_ms = p->store_ms; /* asked before the logs were */
	s->fresh = true;
	if (e->proof)
		e->proof(e->arg, p->sent_ns);
	sub_ask_answer(s);
	s->clock_far = off > FAR_MS || off < -FAR_MS;
	if (s->clock_far)
		sub_state(s, HEALTH_DEGRADED, HEALTH_STORE_CLOCK);
	else if (!s->persistent && !s->conf.managed)
		sub_state(s, HEALTH_DEGRADED, HEALTH_STORE_NOT_PERSISTENT);
	else
		sub_state(s, HEALTH_OK, HEALTH_REASON_NONE);
}

/* Something was missed, or another server answers, or this one lost what it had. */
static bool is_gap(const struct redis_sub *s)
{
	const struct sub_poll *p = &s->poll;

	if (s->must_reset || p->gap || !sub_check_same(&p->before.id, &p->after.id))
		return true;
	if (s->identity_known && !sub_check_same(&s->held, &p->before.id))
		return true;
	return s->proven_ns > 0 && p->sent_ns - s->proven_ns > SUB_BLIND_NS;
}

/* A replica: the primary is elsewhere, and so may our address lead by now. The channel's connection is
 * to the same server. Back-off is given back by what counts alone. */
static void leave_replica(struct redis_sub *s)
{
	sub_conn_drop(&s->commands);
	sub_conn_drop(&s->channel);
}

/* All replies are here, or will not come. */
static void judge(struct redis_sub *s)
{
	struct sub_poll *p = &s->poll;

	if (p->epoch != s->epoch)
		return; /* a reset overtook it */
	if (p->refused != HEALTH_REASON_NONE) {
		s->fresh = false;
		s->must_reset |=
		    p->refused == HEALTH_STORE_REPLICA || p->refused == HEALTH_STORE_LOADING;
		sub_unsure(s);
		sub_state(s, HEALTH_DOWN, p->refused);
		if (p->refused == HEALTH_STORE_REPLICA)
			leave_replica(s);
		return;
	}
	s->was_late = p->late;
	if (p->lost || p->late) {
		s->fresh = false;
		sub_state(s, HEALTH_DOWN, HEALTH_STORE_UNREACHABLE);
		if (++s->failed_polls >= GIVE_UP_AFTER)
			sub_conn_drop(&s->commands);
		return;
	}
	s->failed_polls = 0;
	if (!p->before.master || !p->after.master || p->before.loading || p->after.loading) {
		bool loading = p->before.loading || p->after.loading;

		s->fresh = false;
		s->must_reset = true;
		sub_unsure(s);
		sub_state(s, HEALTH_DOWN, loading ? HEALTH_STORE_LOADING : HEALTH_STORE_REPLICA);
		if (!loading)
			leave_replica(s);
		return;
	}
	if (is_gap(s))
		sub_reset(s);
	else
		prove(s);
}

static void on_reply(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct sub_poll *p = SD_CONTAINER_OF(req - req->index, struct sub_poll, req);
	struct redis_sub *s = SD_CONTAINER_OF(p, struct redis_sub, poll);
	int index = (int)req->index;

	p->waiting--;
	if (!reply) {
		p->late |= late;
		p->lost |= !late;
	} else if (redis_is_error(reply)) {
		p->refused = sub_check_error(reply);
	} else if (!s->closing && take(s, index, reply) != SD_OK) {
		p->lost = true;
		sub_conn_drop(&s->commands);
	}
	if (reply)
		freeReplyObject(reply);
	if (p->waiting > 0 || s->closing)
		return;
	judge(s);
	if (s->fresh && s->node.open > 0) /* an ask came while it was under way */
		s->next_poll_ns = SD_MIN(s->next_poll_ns, p->sent_ns + SUB_ASK_POLL_NS);
	if (!s->poll_wanted)
		sub_poll_soon(s, s->next_poll_ns);
	else if (s->reading == 0)
		sub_poll_soon(s, 0);
}
