/* SPDX-License-Identifier: MIT
 * store_reply - a script's flat reply into the call, strictly: each place has one type.
 * Owns:      the shape of replies (with store/scripts)
 * Runs in:   worker | master (write-back), on bytes of the network
 * Fails by:  STORE_CORRUPT; *impossible_out where no script of ours answers so
 * Never:     trust a count that the reply does not bear out
 */
#include "base.h"
#include "store.h"

#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"
#include "store_events.h"
#include "store_op.h"
#include "store_preview.h"
#include "store_tally.h"

#define HEAD 10
#define MAX_PAIRS 128
#define MAX_TIME (INT64_C(1) << 52)

static const struct {
	const char *text;
	enum store_status status;
} statuses[] = {
    {"OK", STORE_OK},		{"LATE", STORE_LATE},	      {"ABSENT", STORE_ABSENT},
    {"LIMIT", STORE_LIMIT},	{"ENDED", STORE_ENDED},	      {"EXPIRED", STORE_EXPIRED},
    {"REUSED", STORE_REUSED},	{"MISMATCH", STORE_MISMATCH}, {"SUCCESSOR", STORE_SUCCESSOR},
    {"CORRUPT", STORE_CORRUPT}, {"KEY", STORE_KEY},	      {"CONFLICT", STORE_CONFLICT},
    {"LOCKED", STORE_LOCKED},	{"RESTRICTED", STORE_RESTRICTED},
};

static int read_status(const struct redisReply *reply, enum store_status *out)
{
	struct sd_slice text = redis_slice(reply);

	*out = STORE_CORRUPT;
	for (size_t i = 0; i < SD_ARRAY_LEN(statuses); i++) {
		if (sd_slice_is(text, statuses[i].text)) {
			*out = statuses[i].status;
			return SD_OK;
		}
	}
	return SD_ERR_INVALID;
}

static int read_count(const struct redisReply *reply, int64_t max, int64_t *out)
{
	if (redis_int(reply, out) != SD_OK || *out < 0 || *out > max)
		return SD_ERR_INVALID;
	return SD_OK;
}

/* "" or ms-seq */
static int read_log_id(const struct redisReply *reply, struct store_call *call)
{
	struct sd_slice text = redis_slice(reply);
	const char *dash = text.n ? memchr(text.p, '-', text.n) : NULL;
	uint64_t ms, seq;

	if (!text.p)
		return SD_ERR_INVALID;
	if (text.n == 0)
		return SD_OK;
	if (!dash || sd_slice_u64(sd_slice(text.p, (size_t)(dash - text.p)), &ms) != SD_OK ||
	    sd_slice_u64(sd_slice(dash + 1, text.n - (size_t)(dash - text.p) - 1), &seq) != SD_OK ||
	    ms >= UINT64_C(1) << 44)
		return SD_ERR_INVALID;
	call->log_pos = shm_log_pos(ms, seq);
	return sd_slice_copy(text, call->log_id, sizeof(call->log_id));
}

/* So many ids one behind the other: the first of them, and how many there are. */
static int read_sids(struct sd_slice text, struct sid *out, size_t max, uint32_t *count_out)
{
	if (text.n % HANDLE_SID_LEN != 0)
		return SD_ERR_INVALID;
	for (size_t i = 0; i < text.n / HANDLE_SID_LEN; i++) {
		struct sid sid;

		if (sid_parse(sd_slice(text.p + i * HANDLE_SID_LEN, HANDLE_SID_LEN), &sid) != SD_OK)
			return SD_ERR_INVALID;
		if (i < max)
			out[i] = sid;
	}
	*count_out = (uint32_t)(text.n / HANDLE_SID_LEN);
	return SD_OK;
}

/* A successor, or the children that ended; behind a '/' the others that did. */
static int read_beside(const struct redisReply *reply, struct store_call *call,
		       enum store_status status)
{
	struct sd_slice text = redis_slice(reply);

	if (!text.p)
		return SD_ERR_INVALID;
	if (status == STORE_SUCCESSOR || text.n == 0) {
		call->successor = text;
		return SD_OK;
	}
	call->successor = SD_SLICE("");
	const char *slash = memchr(text.p, '/', text.n);
	struct sd_slice children = sd_slice(text.p, slash ? (size_t)(slash - text.p) : text.n);
	if (slash && read_sids(sd_slice(slash + 1, text.n - children.n - 1), call->evicted,
			       SD_ARRAY_LEN(call->evicted), &call->evicted_count) != SD_OK)
		return SD_ERR_INVALID;
	return read_sids(children, call->children, SD_ARRAY_LEN(call->children),
			 &call->child_count);
}

static int read_head(struct redisReply *const *e, struct store_call *call,
		     enum store_status *status)
{
	int64_t *const times[] = {&call->iat_s, &call->exp_s, &call->absolute_at_s,
				  &call->idle_at_s, &call->refresh_expires_s};
	int64_t ended;

	if (read_status(e[0], status) != SD_OK ||
	    read_count(e[1], MAX_TIME, &call->now_ms) != SD_OK ||
	    read_log_id(e[2], call) != SD_OK || read_count(e[3], UINT32_MAX, &ended) != SD_OK)
		return SD_ERR_INVALID;
	call->ended = (uint32_t)ended;
	for (size_t i = 0; i < SD_ARRAY_LEN(times); i++)
		if (read_count(e[4 + i], MAX_TIME, times[i]) != SD_OK)
			return SD_ERR_INVALID;
	return read_beside(e[9], call, *status);
}

int store_reply_session(const struct sid *sid, struct redisReply *const *pairs, size_t n,
			struct session *out)
{
	struct sd_slice flat[2 * MAX_PAIRS];

	memset(out, 0, sizeof(*out));
	if (n > MAX_PAIRS)
		return SD_ERR_INVALID;
	for (size_t i = 0; i < 2 * n; i++) {
		flat[i] = redis_slice(pairs[i]);
		if (!flat[i].p)
			return SD_ERR_INVALID;
	}
	return session_decode(sid, flat, n, out);
}

/* count, pairs ... */
int store_reply_record(struct store_op *op, struct redisReply *const *e, size_t n,
		       enum store_status *status)
{
	int64_t pairs;

	if (n < 1 || read_count(e[0], MAX_PAIRS, &pairs) != SD_OK || n != 1 + 2 * (size_t)pairs)
		return SD_ERR_INVALID;
	if (pairs == 0) {
		op->call->session.sid = op->sid;
		return *status == STORE_ABSENT || *status == STORE_CORRUPT ? SD_OK : SD_ERR_INVALID;
	}
	if (store_reply_session(&op->sid, e + 1, (size_t)pairs, &op->call->session) != SD_OK)
		*status = STORE_CORRUPT; /* the record, not the connection */
	return SD_OK;
}

/* sid, reason ... of what ended beside the evicted ones; what is new: "device", "place" or both */
static int read_also(struct store_call *call, struct redisReply *const *e, size_t n)
{
	if (n % 2 != 0) {
		struct sd_slice fresh = redis_slice(e[--n]);
		bool both = sd_slice_is(fresh, "device place");

		call->kept.renewed = both || sd_slice_is(fresh, "device");
		call->kept.new_place = both || sd_slice_is(fresh, "place");
		if (!call->kept.renewed && !call->kept.new_place)
			return SD_ERR_INVALID;
	}
	for (size_t i = 0; i < n / 2; i++) {
		struct sd_slice why = redis_slice(e[2 * i + 1]);
		struct store_also one = {.reason = end_reason_parse(why.p, why.n)};

		if (sid_parse(redis_slice(e[2 * i]), &one.sid) != SD_OK || one.reason == END_NONE)
			return SD_ERR_INVALID;
		if (i < SD_ARRAY_LEN(call->also))
			call->also[i] = one;
	}
	call->also_count = (uint32_t)(n / 2);
	return SD_OK;
}

/* count, sids ..., then the others */
static int read_evicted(struct store_call *call, struct redisReply *const *e, size_t n)
{
	int64_t count;

	if (n < 1 || read_count(e[0], UINT32_MAX, &count) != SD_OK || (uint64_t)count > n - 1)
		return SD_ERR_INVALID;
	for (size_t i = 0; i < (size_t)count; i++) {
		struct sid sid;

		if (sid_parse(redis_slice(e[1 + i]), &sid) != SD_OK)
			return SD_ERR_INVALID;
		if (i < SD_ARRAY_LEN(call->evicted))
			call->evicted[i] = sid;
	}
	call->evicted_count = (uint32_t)count;
	return read_also(call, e + 1 + count, n - 1 - (size_t)count);
}

/* sid, count, pairs ... of one row; *at moves behind it. */
static int read_row(struct redisReply *const *e, size_t n, size_t *at, struct session *out,
		    bool *corrupt)
{
	int64_t pairs;
	struct sid sid;

	if (n - *at < 2 || sid_parse(redis_slice(e[*at]), &sid) != SD_OK ||
	    read_count(e[*at + 1], MAX_PAIRS, &pairs) != SD_OK || n - *at - 2 < 2 * (size_t)pairs)
		return SD_ERR_INVALID;
	if (store_reply_session(&sid, e + *at + 2, (size_t)pairs, out) != SD_OK)
		*corrupt = true;
	*at += 2 + 2 * (size_t)pairs;
	return SD_OK;
}

/* rows, next ms, next sid, then the rows */
static int read_rows(struct store_call *call, struct redisReply *const *e, size_t n)
{
	struct sd_slice next;
	int64_t rows;
	size_t at = 3, kept = 0;

	if (n < 3 || read_count(e[0], STORE_MAX_ROWS, &rows) != SD_OK ||
	    redis_int(e[1], &call->next_score_ms) != SD_OK || call->next_score_ms < -1 ||
	    call->next_score_ms > MAX_TIME)
		return SD_ERR_INVALID;
	next = redis_slice(e[2]);
	if (!next.p || (next.n > 0 && sid_parse(next, &call->next_sid) != SD_OK) ||
	    (next.n == 0) != (call->next_score_ms == -1))
		return SD_ERR_INVALID;
	call->rows = calloc((size_t)rows + 1, sizeof(*call->rows));
	if (!call->rows)
		return SD_ERR_MEMORY;
	for (int64_t i = 0; i < rows; i++) {
		bool corrupt = false;

		if (read_row(e, n, &at, &call->rows[kept], &corrupt) != SD_OK)
			return SD_ERR_INVALID;
		if (!corrupt) /* one record that cannot be read does not hide the others */
			kept++;
	}
	call->row_count = (uint32_t)kept;
	return at == n ? SD_OK : SD_ERR_INVALID;
}

static int read_rule(struct store_call *call, struct redisReply *const *e, size_t n)
{
	return n == 1 ? read_count(e[0], MAX_TIME, &call->tenant_before_s) : SD_ERR_INVALID;
}

static int read_more(struct store_op *op, struct redisReply *const *e, size_t n,
		     enum store_status *status)
{
	if (*status == STORE_LATE)
		return n == 0 ? SD_OK : SD_ERR_INVALID;
	switch (op->script) {
	case SCRIPT_CREATE:
		if (*status == STORE_CORRUPT || *status == STORE_RESTRICTED)
			return n == 0 ? SD_OK : SD_ERR_INVALID;
		if (*status == STORE_KEY)
			return store_data_key_reply(&op->call->kept, e, n);
		return read_evicted(op->call, e, n);
	case SCRIPT_QUOTA:
		return read_evicted(op->call, e, n);
	case SCRIPT_REFRESH:
	case SCRIPT_END:
	case SCRIPT_TOUCH_NOW:
	case SCRIPT_REGENERATE:
	case SCRIPT_SHARE:
		return store_reply_record(op, e, n, status);
	case SCRIPT_IDEM:
		return store_idem_reply(op->call, e, n);
	case SCRIPT_RULE:
		return read_rule(op->call, e, n);
	case SCRIPT_LIST_USER:
		return read_rows(op->call, e, n);
	case SCRIPT_DATA_READ:
	case SCRIPT_UPDATE:
	case SCRIPT_LOCK:
	case SCRIPT_SHARED_READ:
	case SCRIPT_SHARED_WRITE:
		return store_data_reply(op, e, n, status);
	case SCRIPT_DEVICE_READ:
	case SCRIPT_DEVICE_WRITE:
	case SCRIPT_DEVICE_END:
		return store_device_reply(op->call, e, n);
	case SCRIPT_ERASE:
	case SCRIPT_RESTRICT:
	case SCRIPT_EVENT_ERASE:
		return store_privacy_reply(op, e, n);
	case SCRIPT_PREVIEW:
		return store_preview_reply(op->call, e, n);
	case SCRIPT_TALLY:
		return store_tally_reply(op->call, e, n);
	case SCRIPT_EVENT_READ:
		return store_events_reply(op->call, e, n);
	case SCRIPT_EVENT_PUT:
	case SCRIPT_END_USER:
	case SCRIPT_TOUCH:
	case SCRIPT_RENEW:
	case SCRIPT_DUE: /* these three are a master's: store_sweep */
	case SCRIPT_EXPIRE:
	case SCRIPT_REINDEX:
	case SCRIPT_COUNT: /* and so is this: store_back */
	case STORE_SCRIPT_COUNT:
		break;
	}
	return n == 0 ? SD_OK : SD_ERR_INVALID;
}

enum store_status store_reply(struct store_op *op, struct redisReply *reply, bool *impossible_out)
{
	struct store_call *call = op->call;
	enum store_status status = STORE_CORRUPT;

	*impossible_out = false;
	if (!call) { /* touch: nobody reads it */
		freeReplyObject(reply);
		return STORE_OK;
	}
	call->reply = reply;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < HEAD ||
	    read_head(reply->element, call, &status) != SD_OK ||
	    read_more(op, reply->element + HEAD, reply->elements - HEAD, &status) != SD_OK) {
		*impossible_out = true;
		return STORE_CORRUPT;
	}
	return status;
}
