/* SPDX-License-Identifier: MIT
 * record_json - one audit record as one line of JSON.
 * Owns:      the order and the names of a line's members
 * Runs in:   auditor (the trail), worker and master (the copy in the store)
 * Fails by:  the buffer's `failed`
 * Never:     copy a byte of a record past sd_buf_json_str: a newline or a quote forges a line */
#include "base.h"
#include "record_json.h"

#include "clock.h"

static const char *const outcome_names[] = {
    [AUDIT_REFUSED] = "refused",
    [AUDIT_FAILED] = "failed",
    [AUDIT_OK] = "ok",
};
static const char *const actor_names[] = {
    [AUDIT_ACTOR_NONE] = "",
    [AUDIT_ACTOR_CLIENT] = "client",
    [AUDIT_ACTOR_USER] = "user",
    [AUDIT_ACTOR_OPERATOR] = "operator",
    [AUDIT_ACTOR_SYSTEM] = "system",
};

/* Constant names of ours, not escaped. */
static void put_name(struct sd_buf *out, const char *name)
{
	sd_buf_str(out, ",\"");
	sd_buf_str(out, name);
	sd_buf_str(out, "\":");
}

static void put_text(struct sd_buf *out, const char *name, struct sd_slice text)
{
	put_name(out, name);
	if (text.n == 0)
		sd_buf_str(out, "null");
	else
		sd_buf_json_str(out, text);
}

static void put_actor(struct sd_buf *out, const struct audit_record *r)
{
	put_name(out, "actor");
	if (r->actor_type == AUDIT_ACTOR_NONE || (unsigned)r->actor_type >= SD_ARRAY_LEN(actor_names)) {
		sd_buf_str(out, "null");
		return;
	}
	sd_buf_str(out, "{\"type\":\"");
	sd_buf_str(out, actor_names[r->actor_type]);
	sd_buf_char(out, '"');
	put_text(out, "id", r->actor_id);
	sd_buf_char(out, '}');
}

/* A name that an earlier row has: a second one would be read in two ways. */
static bool is_repeated(const struct audit_record *r, uint32_t row)
{
	for (uint32_t i = 0; i < row; i++)
		if (sd_slice_eq(r->detail[i].key, r->detail[row].key))
			return true;
	return false;
}

/* src and id are the auditor's word, a sender cannot speak in its place. */
static bool is_reserved(struct sd_slice key)
{
	return sd_slice_is(key, "src") || sd_slice_is(key, "id");
}

static void put_detail(struct sd_buf *out, const struct record_json_in *in)
{
	const struct audit_record *r = in->record;

	put_name(out, "detail");
	sd_buf_str(out, "{\"src\":");
	sd_buf_json_str(out, sd_slice_str(in->src));
	sd_buf_str(out, ",\"id\":\"");
	sd_buf_u64(out, r->id);
	sd_buf_char(out, '"');
	for (uint32_t i = 0; i < SD_MIN(r->detail_count, (uint32_t)AUDIT_MAX_DETAIL); i++) {
		if (is_reserved(r->detail[i].key) || is_repeated(r, i))
			continue;
		sd_buf_char(out, ',');
		sd_buf_json_str(out, r->detail[i].key);
		sd_buf_char(out, ':');
		sd_buf_json_str(out, r->detail[i].value);
	}
	sd_buf_char(out, '}');
}

void record_json(struct sd_buf *out, const struct record_json_in *in)
{
	const struct audit_record *r = in->record;
	unsigned outcome = (unsigned)r->outcome < SD_ARRAY_LEN(outcome_names) ? r->outcome : 0;
	char ts[32];

	sd_clock_format(r->ts_ms, ts);
	sd_buf_str(out, RECORD_JSON_HEAD);
	sd_buf_str(out, ts);
	sd_buf_str(out, RECORD_JSON_SEQ);
	if (in->seq > 0)
		sd_buf_u64(out, in->seq);
	else
		sd_buf_str(out, "null");
	put_text(out, "event", sd_slice_str(audit_event_name(r->event)));
	put_text(out, "outcome", sd_slice_str(outcome_names[outcome]));
	put_text(out, "tenant", r->tenant);
	put_actor(out, r);
	put_text(out, "user_id", r->user_id);
	put_text(out, "session_id", r->session_id);
	put_text(out, "ip", r->ip);
	put_text(out, "reason", r->reason);
	put_text(out, "request_id", r->request_id);
	put_text(out, "node", sd_slice_str(in->node));
	put_name(out, "gen");
	sd_buf_u64(out, r->gen);
	put_detail(out, in);
	sd_buf_str(out, "}\n");
}

static bool starts_with(struct sd_slice s, const char *text)
{
	size_t n = strlen(text);

	return s.n >= n && memcmp(s.p, text, n) == 0;
}

static struct sd_slice after(struct sd_slice s, size_t n)
{
	return sd_slice(s.p + n, s.n - n);
}

bool record_json_is(struct sd_slice line)
{
	if (!starts_with(line, RECORD_JSON_HEAD) || line.p[line.n - 1] != '}')
		return false;
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < 0x20)
			return false;
	return true;
}

/* Between the first `"event":"`, which nothing that a record brings stands before, and its quote. */
struct sd_slice record_json_event(struct sd_slice line)
{
	static const char name[] = "\"event\":\"";
	const size_t n = sizeof(name) - 1;

	for (size_t i = 0; i + n < line.n; i++) {
		const char *end;

		if (memcmp(line.p + i, name, n) != 0)
			continue;
		line = after(line, i + n);
		end = memchr(line.p, '"', line.n);
		return end ? sd_slice(line.p, (size_t)(end - line.p)) : SD_SLICE("");
	}
	return SD_SLICE("");
}

uint64_t record_json_seq(struct sd_slice line)
{
	uint64_t seq = 0;
	size_t digits = 0;

	if (line.n < sizeof(RECORD_JSON_HEAD) + RECORD_JSON_TS_LEN || line.p[line.n - 1] != '}' ||
	    !starts_with(line, RECORD_JSON_HEAD))
		return 0;
	line = after(line, sizeof(RECORD_JSON_HEAD) - 1 + RECORD_JSON_TS_LEN);
	if (!starts_with(line, RECORD_JSON_SEQ))
		return 0;
	line = after(line, sizeof(RECORD_JSON_SEQ) - 1);
	while (digits < line.n && line.p[digits] >= '0' && line.p[digits] <= '9')
		digits++;
	if (sd_slice_u64(sd_slice(line.p, digits), &seq) != 0)
		return 0;
	return seq;
}
