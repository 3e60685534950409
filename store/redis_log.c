/* SPDX-License-Identifier: MIT
 * redis_log - the codec of log entries.
 * Owns:      the grammar of an entry (with store/scripts/common.lua, rule.lua)
 * Runs in:   master, on bytes of the network
 * Fails by:  REDIS_LOG_BROKEN, REDIS_LOG_UNREADABLE
 * Never:     believe an id of another partition
 */
#include "base.h"
#include "redis_log.h"

#include <inttypes.h>

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "shm_layout.h"
#include "store_key.h"

#define MAX_TIME (UINT64_C(1) << 52)

int redis_log_cmp(struct redis_log_pos a, struct redis_log_pos b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return a.seq == b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

/* Stream sequence numbers have 64 bits; sd_slice_u64 stops at 19 digits. */
static int parse_seq(struct sd_slice text, uint64_t *out)
{
	uint64_t v = 0;

	*out = 0;
	if (text.n == 0 || text.n > 20 || (text.n > 1 && text.p[0] == '0'))
		return SD_ERR_INVALID;
	for (size_t i = 0; i < text.n; i++) {
		uint64_t d = (uint64_t)(unsigned char)text.p[i] - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return SD_ERR_INVALID;
		v = v * 10 + d;
	}
	*out = v;
	return SD_OK;
}

int redis_log_pos_parse(struct sd_slice text, struct redis_log_pos *out)
{
	const char *dash = text.n ? memchr(text.p, '-', text.n) : NULL;
	struct redis_log_pos pos;

	*out = (struct redis_log_pos){0, 0};
	if (!dash || sd_slice_u64(sd_slice(text.p, (size_t)(dash - text.p)), &pos.ms) != SD_OK ||
	    pos.ms >= UINT64_C(1) << 44 ||
	    parse_seq(sd_slice(dash + 1, text.n - (size_t)(dash - text.p) - 1), &pos.seq) != SD_OK)
		return SD_ERR_INVALID;
	*out = pos;
	return SD_OK;
}

void redis_log_before(struct redis_log_pos pos, char out[REDIS_LOG_ID_MAX])
{
	if (pos.seq > 0)
		pos.seq--;
	else if (pos.ms > 0)
		pos = (struct redis_log_pos){pos.ms - 1, UINT64_MAX};
	snprintf(out, REDIS_LOG_ID_MAX, "%" PRIu64 "-%" PRIu64, pos.ms, pos.seq);
}

static enum log_kind kind_parse(struct sd_slice text)
{
	static const struct {
		const char *text;
		enum log_kind kind;
	} kinds[] = {{"end", LOG_SESSION_END},
		     {"change", LOG_CHANGE},
		     {"tenant", LOG_TENANT},
		     {"client", LOG_CLIENT},
		     {"key", LOG_KEY}};

	for (size_t i = 0; i < SD_ARRAY_LEN(kinds); i++)
		if (sd_slice_is(text, kinds[i].text))
			return kinds[i].kind;
	return LOG_NONE;
}

static int time_parse(struct sd_slice text, int64_t *out)
{
	uint64_t v;

	if (sd_slice_u64(text, &v) != SD_OK || v > MAX_TIME)
		return SD_ERR_INVALID;
	*out = (int64_t)v;
	return SD_OK;
}

static int field(struct log_entry *e, struct sd_slice name, struct sd_slice value, bool *has_sid)
{
	if (sd_slice_is(name, "kind")) {
		e->kind = kind_parse(value);
		return e->kind == LOG_NONE ? SD_ERR_INVALID : SD_OK;
	}
	if (sd_slice_is(name, "sid")) {
		*has_sid = true;
		return sid_parse(value, &e->sid);
	}
	if (sd_slice_is(name, "reason")) {
		e->reason = end_reason_parse(value.p, value.n);
		return e->reason == END_NONE ? SD_ERR_INVALID : SD_OK;
	}
	if (sd_slice_is(name, "tenant"))
		e->tenant = value;
	else if (sd_slice_is(name, "user"))
		e->user = value;
	else if (sd_slice_is(name, "id"))
		e->id = value;
	else if (sd_slice_is(name, "until"))
		return time_parse(value, &e->until_s);
	else if (sd_slice_is(name, "before"))
		return time_parse(value, &e->before_s);
	else if (sd_slice_is(name, "absolute"))
		return time_parse(value, &e->absolute_s);
	return SD_OK; /* a field of a later version */
}

/* What each kind must have. */
static bool complete(const struct log_entry *e, bool has_sid)
{
	if (e->tenant.n == 0 || e->tenant.n > STORE_TENANT_MAX || e->user.n > 256 || e->id.n > 256)
		return false;
	switch (e->kind) {
	case LOG_SESSION_END:
		return has_sid && e->sid.b[0] == e->partition && e->reason != END_NONE;
	case LOG_CHANGE:
		return has_sid && e->sid.b[0] == e->partition;
	case LOG_TENANT:
		return e->before_s > 0;
	case LOG_CLIENT:
	case LOG_KEY:
		return e->before_s > 0 && e->id.n > 0;
	case LOG_NONE:
		break;
	}
	return false;
}

enum redis_log_result redis_log_decode(uint8_t partition, const struct redisReply *element,
				       struct redis_log_pos *pos_out, struct log_entry *out)
{
	const struct redisReply *fields;
	bool has_sid = false;

	memset(out, 0, sizeof(*out));
	*pos_out = (struct redis_log_pos){0, 0};
	if (!redis_is_array(element, 2) ||
	    redis_log_pos_parse(redis_slice(element->element[0]), pos_out) != SD_OK)
		return REDIS_LOG_BROKEN;
	out->partition = partition;
	out->pos = shm_log_pos(pos_out->ms, pos_out->seq);
	out->at_ms = (int64_t)pos_out->ms;
	fields = element->element[1];
	if (fields->type != REDIS_REPLY_ARRAY || fields->elements % 2 != 0)
		return REDIS_LOG_UNREADABLE;
	for (size_t i = 0; i < fields->elements; i += 2) {
		struct sd_slice name = redis_slice(fields->element[i]);
		struct sd_slice value = redis_slice(fields->element[i + 1]);

		if (!name.p || !value.p || field(out, name, value, &has_sid) != SD_OK)
			return REDIS_LOG_UNREADABLE;
	}
	return complete(out, has_sid) ? REDIS_LOG_ENTRY : REDIS_LOG_UNREADABLE;
}
