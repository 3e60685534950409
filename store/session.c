/* SPDX-License-Identifier: MIT
 * session - the codec of a session's record.
 * Owns:      the names and the grammar of the record's fields (with store/scripts)
 * Runs in:   master | worker | tools
 * Fails by:  returning SD_ERR_INVALID, with the result zeroed (status GONE)
 * Never:     guess a value that is missing, or judge a clock
 */
#include "base.h"
#include "session.h"

#include "die.h"
#include "err.h"

enum type { TYPE_SLICE, TYPE_I64, TYPE_U64, TYPE_U32, TYPE_BOOL, TYPE_HASH };

struct row {
	const char *name;
	enum type type;
	bool required;
	size_t offset;
};

#define AT(member) offsetof(struct session, member)
static const struct row rows[] = {
    {"remember", TYPE_BOOL, true, AT(remember_me)},
    {"gen", TYPE_U32, true, AT(generation)},
    {"sgen", TYPE_U32, true, AT(session_generation)},
    {"version", TYPE_U32, true, AT(version)},
    {"created", TYPE_I64, true, AT(created_ms)},
    {"seen", TYPE_I64, true, AT(seen_ms)},
    {"ended", TYPE_I64, false, AT(ended_ms)},
    {"auth_time", TYPE_I64, true, AT(auth_time_s)},
    {"idle", TYPE_I64, true, AT(idle_s)},
    {"absolute", TYPE_I64, true, AT(absolute_s)},
    {"refresh_end", TYPE_I64, true, AT(refresh_expires_s)},
    {"until", TYPE_I64, true, AT(until_s)},
    {"count", TYPE_U64, true, AT(request_count)},
    {"user", TYPE_SLICE, true, AT(user)},
    {"client", TYPE_SLICE, false, AT(client)},
    {"scope", TYPE_SLICE, false, AT(scope)},
    {"acr", TYPE_SLICE, false, AT(acr)},
    {"aud", TYPE_SLICE, false, AT(audience)},
    {"amr", TYPE_SLICE, false, AT(amr)},
    {"claims", TYPE_SLICE, false, AT(claims)},
    {"ip", TYPE_SLICE, false, AT(ip)},
    {"ua", TYPE_SLICE, false, AT(user_agent)},
    {"dev", TYPE_SLICE, false, AT(device_id)},
    {"dev_name", TYPE_SLICE, false, AT(device_name)},
    {"dev_type", TYPE_SLICE, false, AT(device_type)},
    {"dev_fp", TYPE_SLICE, false, AT(device_fingerprint)},
    {"dev_trust", TYPE_SLICE, false, AT(device_trust)},
    {"bind", TYPE_SLICE, false, AT(binding)},
    {"data", TYPE_SLICE, false, AT(data)},
    {"shash", TYPE_HASH, false, AT(session_hash)},
    {"sissued", TYPE_I64, false, AT(session_issued_s)},
    {"nhash", TYPE_HASH, false, AT(next_hash)},
    {"ohash", TYPE_HASH, false, AT(old_hash)},
    {"osince", TYPE_I64, false, AT(old_since_ms)},
};
#undef AT

/* Times and durations stay where adding them up cannot overflow. */
#define MAX_NUMBER (INT64_C(1) << 52)

static int set_number(const struct row *row, struct sd_slice value, struct session *out)
{
	char *at = (char *)out + row->offset;
	uint64_t v;

	if (sd_slice_u64(value, &v) != SD_OK || v > (uint64_t)MAX_NUMBER)
		return SD_ERR_INVALID;
	if (row->type == TYPE_BOOL) {
		bool b = v == 1;

		memcpy(at, &b, sizeof(b));
		return v > 1 ? SD_ERR_INVALID : SD_OK;
	}
	if (row->type == TYPE_U32) {
		uint32_t n = (uint32_t)v;

		memcpy(at, &n, sizeof(n));
		return v > UINT32_MAX ? SD_ERR_INVALID : SD_OK;
	}
	memcpy(at, &v, sizeof(v)); /* TYPE_I64: the bound makes both the same bytes */
	return SD_OK;
}

static int set(const struct row *row, struct sd_slice value, struct session *out)
{
	char *at = (char *)out + row->offset;

	if (row->type == TYPE_SLICE) {
		memcpy(at, &value, sizeof(value));
		return SD_OK;
	}
	if (row->type == TYPE_HASH) {
		if (value.n != sizeof(out->session_hash))
			return SD_ERR_INVALID;
		memcpy(at, value.p, value.n);
		return SD_OK;
	}
	return set_number(row, value, out);
}

static int set_status(struct sd_slice value, struct session *out)
{
	if (sd_slice_is(value, "active"))
		out->status = SESSION_ACTIVE;
	else if (sd_slice_is(value, "ended"))
		out->status = SESSION_ENDED;
	else
		return SD_ERR_INVALID;
	return SD_OK;
}

static int set_mode(struct sd_slice value, struct session *out)
{
	if (value.n != 1 || value.p[0] < '1' || value.p[0] > '3')
		return SD_ERR_INVALID;
	out->mode = (enum session_mode)(value.p[0] - '0');
	return SD_OK;
}

/* The fields that are not rows; *known_out tells whether it was one. */
static int set_special(struct sd_slice name, struct sd_slice value, struct session *out,
		       bool *version, bool *known_out)
{
	*known_out = true;
	if (sd_slice_is(name, "status"))
		return out->status ? SD_ERR_INVALID : set_status(value, out);
	if (sd_slice_is(name, "mode"))
		return out->mode ? SD_ERR_INVALID : set_mode(value, out);
	if (sd_slice_is(name, "v")) {
		_Static_assert(SESSION_RECORD_VERSION == 1, "the record's version is a text here");
		if (*version || !sd_slice_is(value, "1"))
			return SD_ERR_INVALID;
		*version = true;
		return SD_OK;
	}
	if (sd_slice_is(name, "reason")) {
		if (out->end_reason)
			return SD_ERR_INVALID;
		out->end_reason = end_reason_parse(value.p, value.n);
		return out->end_reason == END_NONE ? SD_ERR_INVALID : SD_OK;
	}
	if (sd_slice_is(name, "parent")) {
		if (out->has_parent || sid_parse(value, &out->parent) != SD_OK)
			return SD_ERR_INVALID;
		out->has_parent = true;
		return SD_OK;
	}
	*known_out = false;
	return SD_OK;
}

static const struct row *find(struct sd_slice name)
{
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++)
		if (sd_slice_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

/* What only all fields together tell. */
static int check(const struct session *s, bool version, uint64_t seen)
{
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++)
		if (rows[i].required && !(seen >> i & 1))
			return SD_ERR_INVALID;
	if (!version || s->status == SESSION_GONE || s->mode == 0)
		return SD_ERR_INVALID;
	if ((s->status == SESSION_ENDED) != (s->end_reason != END_NONE))
		return SD_ERR_INVALID;
	/* A tombstone knows no user. */
	if (s->status == SESSION_ACTIVE && s->user.n == 0)
		return SD_ERR_INVALID;
	return SD_OK;
}

int session_decode(const struct sid *sid, const struct sd_slice *pairs, size_t n,
		   struct session *out)
{
	uint64_t seen = 0;
	bool version = false;

	_Static_assert(SD_ARRAY_LEN(rows) <= 64, "one bit a row");
	memset(out, 0, sizeof(*out));
	out->sid = *sid;
	for (size_t i = 0; i < n; i++) {
		struct sd_slice name = pairs[2 * i], value = pairs[2 * i + 1];
		const struct row *row;
		bool known;

		if (set_special(name, value, out, &version, &known) != SD_OK)
			goto invalid;
		row = known ? NULL : find(name);
		if (!row)
			continue; /* what concerns the scripts alone, or a later minor version */
		if ((seen >> (row - rows) & 1) || set(row, value, out) != SD_OK)
			goto invalid;
		seen |= UINT64_C(1) << (row - rows);
	}
	if (check(out, version, seen) != SD_OK)
		goto invalid;
	if (out->audience.n == 0)
		out->audience = SD_SLICE("[]");
	return SD_OK;
invalid:
	memset(out, 0, sizeof(*out));
	out->sid = *sid;
	return SD_ERR_INVALID;
}

size_t session_list_fields(const char **names, size_t max)
{
	static const char *const special[] = {"v", "status", "mode", "reason", "parent"};
	size_t n = 0;

	sd_bug_if(max < SD_ARRAY_LEN(special) + SD_ARRAY_LEN(rows));
	for (size_t i = 0; i < SD_ARRAY_LEN(special); i++)
		names[n++] = special[i];
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, "data") != 0 && strcmp(rows[i].name, "shash") != 0 &&
		    strcmp(rows[i].name, "bind") != 0)
			names[n++] = rows[i].name;
	return n;
}
