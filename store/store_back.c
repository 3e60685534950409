/* SPDX-License-Identifier: MIT
 * store_back - the write-back's commands, and what their replies say.
 * Owns:      what counts as written
 * Runs in:   master
 * Fails by:  returning SD_ERR_* | STORE_BACK_AGAIN
 * Never:     take silence, or an error of the server's, for done
 */
#include "base.h"
#include "store_back.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "store_op.h"
#include "store_quota.h"

#define AT_STATUS 0
#define AT_LOG_ID 2

struct store_back {
	struct store_maker maker;
};

static bool starts(const struct redisReply *reply, const char *word)
{
	return (size_t)reply->len >= strlen(word) && memcmp(reply->str, word, strlen(word)) == 0;
}

int store_back_new(const char *prefix, struct store_back **out)
{
	struct store_back *b = calloc(1, sizeof(*b));
	int err = b ? store_maker_init(&b->maker, prefix) : SD_ERR_MEMORY;

	*out = NULL;
	if (err != SD_OK) {
		free(b);
		return err;
	}
	*out = b;
	return SD_OK;
}

void store_back_free(struct store_back **back)
{
	free(*back);
	*back = NULL;
}

int store_back_end(struct store_back *b, const struct store_end *in, int64_t deadline_ms,
		   bool whole, struct sd_slice *out)
{
	struct store_cmd c;

	store_cmd_end(&c, &b->maker, in, deadline_ms);
	return store_cmd_wire(&c, SCRIPT_END, whole, out);
}

int store_back_rule(struct store_back *b, const struct store_rule *in, int64_t deadline_ms,
		    bool whole, struct sd_slice *out)
{
	struct store_cmd c;

	store_cmd_rule(&c, &b->maker, in, deadline_ms);
	return store_cmd_wire(&c, SCRIPT_RULE, whole, out);
}

int store_back_release(struct store_back *b, struct sd_slice tenant, const struct sid *sid,
		       int64_t deadline_ms, struct sd_slice *out)
{
	struct store_quota in = {.tenant = tenant, .client = SD_SLICE(""), .sid = *sid};
	struct store_cmd c;

	store_cmd_quota(&c, &b->maker, &in, "release", deadline_ms);
	return store_cmd_wire(&c, SCRIPT_QUOTA, false, out);
}

int store_back_event(struct store_back *b, const struct store_event *in, int64_t deadline_ms, bool whole,
		     struct sd_slice *out)
{
	struct store_cmd c;

	store_cmd_event(&c, &b->maker, in, deadline_ms);
	return store_cmd_wire(&c, SCRIPT_EVENT_PUT, whole, out);
}

bool store_back_unknown(const struct redisReply *reply)
{
	return redis_is_error(reply) && starts(reply, "NOSCRIPT");
}

int store_back_count(struct store_back *b, const struct store_count *in, int64_t deadline_ms, bool whole,
		     struct sd_slice *out)
{
	struct store_cmd c;

	store_cmd_count(&c, &b->maker, in, deadline_ms);
	return store_cmd_wire(&c, SCRIPT_COUNT, whole, out);
}

static enum store_back_result judge(const struct redisReply *reply)
{
	struct sd_slice status, log_id;

	if (redis_is_error(reply))
		return starts(reply, "WRONGTYPE") || starts(reply, "ERR user_script") ||
			       starts(reply, "ERR Error running")
			   ? STORE_BACK_REFUSED
			   : STORE_BACK_AGAIN;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements <= AT_LOG_ID)
		return STORE_BACK_AGAIN;
	status = redis_slice(reply->element[AT_STATUS]);
	log_id = redis_slice(reply->element[AT_LOG_ID]);
	if (!log_id.p || (!sd_slice_is(status, "OK") && !sd_slice_is(status, "ENDED")))
		return STORE_BACK_AGAIN;
	return log_id.n > 0 ? STORE_BACK_WRITTEN : STORE_BACK_STOOD;
}

enum store_back_result store_back_take(struct redisReply *reply)
{
	enum store_back_result result = reply ? judge(reply) : STORE_BACK_AGAIN;

	if (reply)
		freeReplyObject(reply);
	return result;
}
