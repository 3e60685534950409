/* SPDX-License-Identifier: MIT
 * store_sweep - a sweeper's questions, and what the replies say.
 * Owns:      nothing
 * Runs in:   master, on bytes of the network
 * Fails by:  returning SD_ERR_* | STORE_SWEEP_AGAIN, _BROKEN
 * Never:     take silence for done
 */
#include "base.h"
#include "store_sweep.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "store_op.h"

#define AT_CHILDREN 9
#define HEAD 10

struct store_sweep {
	struct store_maker maker;
};

int store_sweep_new(const char *prefix, struct store_sweep **out)
{
	struct store_sweep *s = calloc(1, sizeof(*s));
	int err = s ? store_maker_init(&s->maker, prefix) : SD_ERR_MEMORY;

	*out = NULL;
	if (err != SD_OK) {
		free(s);
		return err;
	}
	*out = s;
	return SD_OK;
}

void store_sweep_free(struct store_sweep **sweep)
{
	free(*sweep);
	*sweep = NULL;
}

int store_sweep_due(struct store_sweep *s, const struct store_sweep_due_in *in,
		    int64_t deadline_ms, bool whole, struct sd_slice *out)
{
	struct store_cmd_head head = {.script = SCRIPT_DUE, .partition = in->partition,
				      .tenant = SD_SLICE(""), .sweep_lease = true};
	struct store_cmd c;

	store_cmd_begin(&c, &s->maker, &head, deadline_ms);
	store_cmd_text(&c, sd_slice_str(in->owner));
	store_cmd_num(&c, in->lease_ms);
	store_cmd_num(&c, in->limit);
	return store_cmd_wire(&c, SCRIPT_DUE, whole, out);
}

int store_sweep_expire(struct store_sweep *s, const struct store_sweep_expire_in *in,
		       int64_t deadline_ms, bool whole, struct sd_slice *out)
{
	struct store_cmd_head head = {.script = SCRIPT_EXPIRE, .partition = in->sid.b[0],
				      .tenant = in->tenant, .retain_s = in->retain_s};
	struct store_cmd c;

	store_cmd_begin(&c, &s->maker, &head, deadline_ms);
	store_cmd_sid(&c, &in->sid);
	store_cmd_clocks(&c, &in->now);
	store_cmd_text(&c, sd_slice_str(in->owner));
	store_cmd_num(&c, in->again ? 1 : 0);
	store_cmd_text(&c, in->rules);
	return store_cmd_wire(&c, SCRIPT_EXPIRE, whole, out);
}

int store_sweep_reindex(struct store_sweep *s, const struct store_sweep_reindex_in *in,
			int64_t deadline_ms, bool whole, struct sd_slice *out)
{
	struct store_cmd_head head = {.script = SCRIPT_REINDEX, .partition = in->partition,
				      .tenant = in->tenant, .retain_s = in->retain_s};
	struct store_cmd c;

	store_cmd_begin(&c, &s->maker, &head, deadline_ms);
	if (in->from.given)
		store_cmd_num(&c, in->from.ms);
	else
		store_cmd_text(&c, SD_SLICE(""));
	store_cmd_sid(&c, in->from.given ? &in->from.sid : NULL);
	store_cmd_num(&c, in->limit);
	store_cmd_clocks(&c, &in->now);
	store_cmd_text(&c, in->rules);
	return store_cmd_wire(&c, SCRIPT_REINDEX, whole, out);
}

static bool starts(const struct redisReply *reply, const char *word)
{
	return (size_t)reply->len >= strlen(word) && memcmp(reply->str, word, strlen(word)) == 0;
}

/* What both have in common; DONE: an answer of a script of ours. */
static enum store_sweep_result judge(const struct redisReply *reply)
{
	if (!reply)
		return STORE_SWEEP_AGAIN;
	if (redis_is_error(reply)) {
		if (starts(reply, "NOSCRIPT"))
			return STORE_SWEEP_UNKNOWN;
		return starts(reply, "WRONGTYPE") || starts(reply, "ERR user_script") ||
			       starts(reply, "ERR Error running")
			   ? STORE_SWEEP_BROKEN
			   : STORE_SWEEP_AGAIN;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < HEAD)
		return STORE_SWEEP_BROKEN;
	return sd_slice_is(redis_slice(reply->element[0]), "LATE") ? STORE_SWEEP_AGAIN
								     : STORE_SWEEP_DONE;
}

/* TENANT:SID of this partition; anything else is passed over. */
static void take_member(struct sd_slice text, uint8_t partition, struct store_sweep_found *out)
{
	const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
	size_t n = colon ? (size_t)(colon - text.p) : 0;
	struct sid sid;

	if (!colon ||
	    sd_slice_copy(sd_slice(text.p, n), out->member[out->count].tenant,
			  STORE_SWEEP_TENANT) != SD_OK ||
	    sid_parse(sd_slice(colon + 1, text.n - n - 1), &sid) != SD_OK || sid.b[0] != partition)
		return;
	out->member[out->count++].sid = sid;
}

enum store_sweep_result store_sweep_take_due(const struct redisReply *reply, uint8_t partition,
					     struct store_sweep_found *out)
{
	enum store_sweep_result result = judge(reply);
	struct sd_slice status;

	out->count = 0;
	if (result != STORE_SWEEP_DONE)
		return result;
	status = redis_slice(reply->element[0]);
	if (sd_slice_is(status, "HELD"))
		return STORE_SWEEP_HELD;
	if (!sd_slice_is(status, "OK") || reply->elements - HEAD > STORE_SWEEP_MAX)
		return STORE_SWEEP_BROKEN;
	for (size_t i = HEAD; i < reply->elements; i++)
		take_member(redis_slice(reply->element[i]), partition, out);
	return STORE_SWEEP_DONE;
}

enum store_sweep_result store_sweep_take_expire(const struct redisReply *reply,
						struct store_sweep_end *out)
{
	enum store_sweep_result result = judge(reply);
	struct sd_slice reason;

	memset(out, 0, sizeof(*out));
	if (result != STORE_SWEEP_DONE)
		return result;
	if (!sd_slice_is(redis_slice(reply->element[0]), "OK"))
		return STORE_SWEEP_DONE;
	if (reply->elements != HEAD + 2)
		return STORE_SWEEP_BROKEN;
	reason = redis_slice(reply->element[HEAD]);
	out->user = redis_slice(reply->element[HEAD + 1]);
	out->children = redis_slice(reply->element[AT_CHILDREN]);
	out->reason = end_reason_parse(reason.p, reason.n);
	return out->user.p && out->reason != END_NONE && out->children.p &&
		       out->children.n % HANDLE_SID_LEN == 0
		   ? STORE_SWEEP_ENDED
		   : STORE_SWEEP_BROKEN;
}

void store_sweep_reply_free(struct redisReply *reply)
{
	if (reply)
		freeReplyObject(reply);
}

enum store_sweep_result store_sweep_take_reindex(const struct redisReply *reply,
						 struct store_sweep_place *out)
{
	enum store_sweep_result result = judge(reply);
	struct sd_slice sid;

	memset(out, 0, sizeof(*out));
	if (result != STORE_SWEEP_DONE)
		return result;
	sid = reply->elements == HEAD + 2 ? redis_slice(reply->element[HEAD + 1]) : SD_SLICE("?");
	if (sid.n == 0)
		return STORE_SWEEP_DONE;
	if (sid_parse(sid, &out->sid) != SD_OK || redis_int(reply->element[HEAD], &out->ms) != SD_OK)
		return STORE_SWEEP_BROKEN;
	out->given = true;
	return STORE_SWEEP_DONE;
}
