/* SPDX-License-Identifier: MIT
 * redis_sub - what this node has read of the store's logs, and whether that still holds.
 * Owns:      positions, the held identity, the reset, what is told upward
 * Runs in:   master, inside the sandbox
 * Fails by:  proofs that do not come
 * Never:     know of tables, tenants' policies or sessions: it reports
 */
#include "base.h"
#include "redis_sub.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "log.h"
#include "redis_read.h"
#include "redis_sub_state.h"
#include "secret.h"

void sub_state(struct redis_sub *s, enum health_status status, enum health_reason reason)
{
	if (s->closing || (s->status == (int)status && s->reason == reason))
		return;
	s->status = (int)status;
	s->reason = reason;
	if (s->conf.events.state)
		s->conf.events.state(s->conf.events.arg, status, reason);
}

void sub_unsure(struct redis_sub *s)
{
	if (!s->closing && s->conf.events.unsure)
		s->conf.events.unsure(s->conf.events.arg);
}

static void forget(struct redis_sub *s, bool first)
{
	s->epoch++;
	s->fresh = false;
	s->must_reset = false;
	s->identity_known = false;
	s->proven_ns = 0;
	sub_ask_forget(s);
	memset(&s->held, 0, sizeof(s->held));
	for (size_t i = 0; i < SHM_PARTITIONS; i++) {
		s->part[i].pos = (struct redis_log_pos){0, 0};
		s->part[i].behind = false;
	}
	if (s->conf.events.reset)
		s->conf.events.reset(s->conf.events.arg, first);
}

void sub_reset(struct redis_sub *s)
{
	sub_state(s, HEALTH_DEGRADED, HEALTH_LOG_RESET);
	forget(s, false);
	s->poll_wanted = true;
}

void sub_begin(struct redis_sub *s)
{
	if (!s->subscribed_once || !s->commands.ready)
		return;
	if (!s->began) {
		s->began = true;
		forget(s, true);
	}
	sub_poll_soon(s, 0);
}

void sub_lost(struct redis_sub *s)
{
	s->fresh = false;
	s->failed_polls = 0;
	sub_unsure(s);
	sd_timer_off(s->conf.loop, &s->poll_timer);
}

static void report(struct redis_sub *s, const struct log_entry *e, enum redis_log_result result)
{
	if (result == REDIS_LOG_ENTRY) {
		if (s->conf.events.entry)
			s->conf.events.entry(s->conf.events.arg, e);
	} else if (!s->warned) {
		s->warned = true; /* once: whoever writes them could fill the log */
		sd_log(SD_LOG_WARN, "store-log-unreadable", SD_FI("partition", e->partition),
		       SD_FI("at_ms", e->at_ms));
	}
}

enum sub_stream sub_stream(struct redis_sub *s, uint8_t partition, struct redis_log_pos from,
			   const struct redisReply *entries, size_t max)
{
	struct sub_part *part = &s->part[partition];
	size_t n = entries && entries->type == REDIS_REPLY_ARRAY ? entries->elements : 0;
	struct redis_log_pos last = {0, 0};

	for (size_t i = 0; i < n; i++) {
		struct redis_log_pos pos;
		struct log_entry e;
		enum redis_log_result result =
		    redis_log_decode(partition, entries->element[i], &pos, &e);

		if (result == REDIS_LOG_BROKEN || (i > 0 && redis_log_cmp(pos, last) <= 0))
			return SUB_STREAM_GAP;
		/* The read began at the held entry: it must still be there. */
		if (i == 0 && !redis_log_is_start(from) && redis_log_cmp(pos, from) != 0)
			return SUB_STREAM_GAP;
		last = pos;
		if (redis_log_cmp(pos, part->pos) <= 0)
			continue;
		report(s, &e, result);
		part->pos = pos;
	}
	if (n == 0 && !redis_log_is_start(from))
		return SUB_STREAM_GAP;
	return n >= max ? SUB_STREAM_CUT : SUB_STREAM_READ;
}

int redis_sub_new(const struct redis_sub_conf *conf, struct redis_sub **out)
{
	struct redis_sub *s;
	int err = store_key_check_prefix(conf->prefix);

	*out = NULL;
	if (err != SD_OK)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		return SD_ERR_MEMORY;
	s->conf = *conf;
	memcpy(s->prefix, conf->prefix, strlen(conf->prefix) + 1);
	s->conf.prefix = s->prefix;
	store_key_wake(&s->wake, s->prefix);
	s->status = -1;
	for (size_t i = 0; i < SHM_PARTITIONS; i++)
		s->part[i].sub = s;
	err = sd_random(&s->random, sizeof(s->random));
	if (err == SD_OK)
		err = redis_addr_resolve(&s->conf.addr, NULL);
	if (err != SD_OK) {
		free(s);
		return err;
	}
	s->random |= 1;
	sub_conn_start(s);
	*out = s;
	return SD_OK;
}

void redis_sub_free(struct redis_sub **sp)
{
	struct redis_sub *s = *sp;

	if (!s)
		return;
	s->closing = true;
	sub_conn_stop(s);
	sd_timer_off(s->conf.loop, &s->poll_timer);
	redis_addr_wipe(&s->conf.addr);
	free(s);
	*sp = NULL;
}

bool redis_sub_is_fresh(const struct redis_sub *s)
{
	return s->fresh;
}

int redis_sub_send(struct redis_sub *s, struct sd_slice command, struct redis_req *req)
{
	if (s->closing || !s->commands.ready)
		return SD_ERR_CLOSED;
	return redis_link_send(s->commands.link, command, req,
			       sd_loop_now_ns(s->conf.loop) + s->conf.timeout_ns);
}

void redis_sub_poll(struct redis_sub *s)
{
	sub_poll_soon(s, 0);
}
