/* SPDX-License-Identifier: MIT
 * redis_sub_check - what a server's replies say of it: role, version, identity, clock.
 * Owns:      which servers will do
 * Runs in:   master, on bytes of the network
 * Fails by:  returning SD_ERR_INVALID, or a reason
 * Never:     take a missing line for a good one
 */
#include "base.h"
#include "redis_sub_state.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"

/* The value of a line "name:value" of INFO; p NULL when there is none. */
static struct sd_slice line_of(struct sd_slice info, const char *name)
{
	size_t n = strlen(name), at = 0;

	while (at < info.n) {
		const char *end = memchr(info.p + at, '\n', info.n - at);
		size_t len = end ? (size_t)(end - info.p) - at : info.n - at;
		struct sd_slice line = sd_slice(info.p + at, len);

		at += len + 1;
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (line.n > n && line.p[n] == ':' && memcmp(line.p, name, n) == 0)
			return sd_slice(line.p + n + 1, line.n - n - 1);
	}
	return sd_slice(NULL, 0);
}

int sub_check_role(const struct redisReply *reply, struct sub_probe *out)
{
	out->master = false;
	if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements < 1)
		return SD_ERR_INVALID;
	out->master = sd_slice_is(redis_slice(reply->element[0]), "master");
	return SD_OK;
}

static int copy_id(struct sd_slice value, char out[SUB_ID_MAX + 1])
{
	out[0] = '\0';
	if (value.n == 0)
		return SD_ERR_INVALID;
	return sd_slice_copy(value, out, SUB_ID_MAX + 1);
}

int sub_check_info(const struct redisReply *reply, struct sub_probe *out)
{
	struct sd_slice info = redis_slice(reply);

	out->loading = true;
	if (!info.p || copy_id(line_of(info, "run_id"), out->id.run_id) != SD_OK ||
	    copy_id(line_of(info, "master_replid"), out->id.replid) != SD_OK)
		return SD_ERR_INVALID;
	out->loading = !sd_slice_is(line_of(info, "loading"), "0");
	/* ROLE and INFO must agree. */
	out->master = out->master && sd_slice_is(line_of(info, "role"), "master");
	return SD_OK;
}

int sub_check_ids(const struct redisReply *reply, struct sub_probe *out)
{
	out->complete = false;
	if (!redis_is_array(reply, SHM_PARTITIONS))
		return SD_ERR_INVALID;
	for (size_t i = 0; i < SHM_PARTITIONS; i++) {
		out->id.log[i][0] = '\0';
		if (reply->element[i]->type == REDIS_REPLY_NIL)
			continue;
		if (copy_id(redis_slice(reply->element[i]), out->id.log[i]) != SD_OK)
			return SD_ERR_INVALID;
	}
	out->complete = true;
	return SD_OK;
}

enum health_reason sub_check_error(const struct redisReply *reply)
{
	static const struct {
		const char *word;
		enum health_reason reason;
	} words[] = {{"LOADING", HEALTH_STORE_LOADING},	 {"MASTERDOWN", HEALTH_STORE_REPLICA},
		     {"READONLY", HEALTH_STORE_REPLICA}, {"NOAUTH", HEALTH_STORE_AUTH},
		     {"NOPERM", HEALTH_STORE_AUTH},	 {"WRONGPASS", HEALTH_STORE_AUTH}};

	for (size_t i = 0; i < SD_ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i].word);

		if ((size_t)reply->len >= n && memcmp(reply->str, words[i].word, n) == 0)
			return words[i].reason;
	}
	return HEALTH_STORE_UNREACHABLE;
}

enum health_reason sub_check_server(const struct redisReply *reply, bool *persistent_out)
{
	struct sd_slice info = redis_slice(reply);
	struct sd_slice version = line_of(info, "redis_version");
	const char *dot = version.n ? memchr(version.p, '.', version.n) : NULL;
	uint64_t major;

	*persistent_out = false;
	if (redis_is_error(reply)) {
		enum health_reason reason = sub_check_error(reply);

		/* INFO with several sections came with 7.0. */
		return reason == HEALTH_STORE_UNREACHABLE ? HEALTH_STORE_VERSION : reason;
	}
	if (!dot || sd_slice_u64(sd_slice(version.p, (size_t)(dot - version.p)), &major) != SD_OK ||
	    major < 7)
		return HEALTH_STORE_VERSION;
	if (!sd_slice_is(line_of(info, "maxmemory_policy"), "noeviction"))
		return HEALTH_STORE_POLICY;
	*persistent_out = sd_slice_is(line_of(info, "aof_enabled"), "1");
	return HEALTH_REASON_NONE;
}

bool sub_check_same(const struct sub_identity *then, const struct sub_identity *now)
{
	if (strcmp(then->run_id, now->run_id) != 0 || strcmp(then->replid, now->replid) != 0)
		return false;
	for (size_t i = 0; i < SHM_PARTITIONS; i++)
		if (then->log[i][0] && strcmp(then->log[i], now->log[i]) != 0)
			return false;
	return true;
}
