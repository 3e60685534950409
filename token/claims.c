/* SPDX-License-Identifier: MIT
 * claims - the claim set of our access tokens: read strictly, checked in the contract's order.
 * Owns:      what each claim may hold
 * Runs in:   worker, signer, tools
 * Fails by:  CLAIMS_MALFORMED with a reason, or what the check found first
 * Never:     a clock: now comes in, already corrected by the floor */
#include "base.h"

#include "claims.h"

#include "handle.h"

#define TIME_MAX 9007199254740991LL /* 2^53 - 1; the scan refuses more */
#define SUB_MAX 256
#define CLIENT_MAX 64
#define TENANT_MAX 63
#define JTI_MAX 128

struct reader {
	struct claims *c;
	struct sd_arena *arena;
};

/* One row per claim; fn returns a constant phrase when the value does not fit. */
struct row {
	const char *name;
	const char *(*fn)(struct reader *r, const struct json_value *v, size_t offset);
	size_t offset;
	bool required;
};

static struct sd_slice *slice_at(struct reader *r, size_t offset)
{
	return (struct sd_slice *)(void *)((char *)r->c + offset);
}

static const char *read_text(struct reader *r, const struct json_value *v, size_t offset)
{
	struct sd_slice *s = slice_at(r, offset);

	if (json_get_str(v, r->arena, s) != 0)
		return "a claim that must be a string is not";
	return s->n ? NULL : "an empty claim";
}

/* May be empty: scope, acr. */
static const char *read_optional(struct reader *r, const struct json_value *v, size_t offset)
{
	return json_get_str(v, r->arena, slice_at(r, offset)) == 0
		   ? NULL
		   : "a claim that must be a string is not";
}

static const char *read_sub(struct reader *r, const struct json_value *v, size_t offset)
{
	const char *why = read_text(r, v, offset);

	if (why)
		return why;
	if (r->c->sub.n > SUB_MAX)
		return "sub is longer than 256 bytes";
	for (size_t i = 0; i < r->c->sub.n; i++)
		if ((uint8_t)r->c->sub.p[i] < 0x20 || r->c->sub.p[i] == 0x7f)
			return "a control character in sub";
	return NULL;
}

/* jti, client_id, device_id: bytes that are safe in a key, a path, a log line. */
static const char *read_id(struct reader *r, const struct json_value *v, size_t offset)
{
	const char *why = read_text(r, v, offset);
	struct sd_slice s = *slice_at(r, offset);

	if (why)
		return why;
	if (s.n > (offset == offsetof(struct claims, jti) ? JTI_MAX : CLIENT_MAX))
		return "client_id, device_id or jti is too long";
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i], lower = c | 0x20;

		if ((uint8_t)(lower - 'a') >= 26 && (uint8_t)(c - '0') >= 10 && c != '.' &&
		    c != '_' && c != '~' && c != '-')
			return "client_id, device_id or jti holds other than A-Z a-z 0-9 . _ ~ -";
	}
	return NULL;
}

static const char *read_tid(struct reader *r, const struct json_value *v, size_t offset)
{
	const char *why = read_text(r, v, offset);
	struct sd_slice s = r->c->tid;

	if (why)
		return why;
	if (s.n > TENANT_MAX)
		return "tid is too long";
	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)(s.p[i] - 'a') >= 26 && (uint8_t)(s.p[i] - '0') >= 10 && s.p[i] != '-')
			return "tid is not a tenant's name";
	return NULL;
}

static const char *read_sid(struct reader *r, const struct json_value *v, size_t offset)
{
	const char *why = read_text(r, v, offset);
	struct sid sid;

	if (why)
		return why;
	return sid_parse(r->c->sid, &sid) == 0 ? NULL : "sid is not a session id";
}

static const char *read_time(struct reader *r, const struct json_value *v, size_t offset)
{
	int64_t *t = (int64_t *)(void *)((char *)r->c + offset);

	if (json_get_i64(v, t) != 0 || *t < 0 || *t > TIME_MAX)
		return "a time is not an integer of 0 to 2^53-1";
	return NULL;
}

static const char *read_aud(struct reader *r, const struct json_value *v, size_t offset)
{
	struct json_value item;
	size_t pos = 0;

	(void)offset;
	if (v->kind == JSON_STRING) {
		r->c->aud_count = 1;
		return read_text(r, v, offsetof(struct claims, aud));
	}
	while (json_array_next(v, &pos, &item)) {
		struct sd_slice *to = &r->c->aud[r->c->aud_count];

		if (r->c->aud_count == CLAIMS_MAX_AUD)
			return "aud names too many";
		if (json_get_str(&item, r->arena, to) != 0 || to->n == 0)
			return "aud holds something not a string, or empty";
		r->c->aud_count++;
	}
	return r->c->aud_count ? NULL : "aud is neither a string nor an array of them";
}

static const char *read_amr(struct reader *r, const struct json_value *v, size_t offset)
{
	struct json_value item;
	size_t pos = 0;

	(void)offset;
	if (v->kind != JSON_ARRAY)
		return "amr is not an array";
	while (json_array_next(v, &pos, &item))
		if (item.kind != JSON_STRING)
			return "amr holds something not a string";
	r->c->amr = *v;
	return NULL;
}

static const char *read_cnf(struct reader *r, const struct json_value *v, size_t offset)
{
	(void)offset;
	r->c->cnf = *v;
	return v->kind == JSON_OBJECT ? NULL : "cnf is not an object";
}

static const char *read_flag(struct reader *r, const struct json_value *v, size_t offset)
{
	return json_get_bool(v, (bool *)((char *)r->c + offset)) == 0 ? NULL
								      : "a flag is not true or false";
}

static const char *read_ext(struct reader *r, const struct json_value *v, size_t offset)
{
	(void)offset;
	r->c->extra = v->raw;
	return v->kind == JSON_OBJECT ? NULL : "ext is not an object";
}

#define AT(member) offsetof(struct claims, member)

/* In the order in which claims_emit writes them: the search below then hits at once. */
static const struct row rows[] = {
    {"iss", read_text, AT(iss), true},
    {"sub", read_sub, AT(sub), true},
    {"aud", read_aud, AT(aud), true},
    {"exp", read_time, AT(exp), true},
    {"iat", read_time, AT(iat), true},
    {"nbf", read_time, AT(nbf), false},
    {"jti", read_id, AT(jti), true},
    {"client_id", read_id, AT(client_id), true},
    {"sid", read_sid, AT(sid), true},
    {"tid", read_tid, AT(tid), true},
    {"device_id", read_id, AT(device_id), false},
    {"auth_time", read_time, AT(auth_time), false},
    {"acr", read_optional, AT(acr), false},
    {"amr", read_amr, AT(amr), false},
    {"scope", read_optional, AT(scope), false},
    {"cnf", read_cnf, AT(cnf), false},
    {"remember_me", read_flag, AT(remember_me), false},
    {"ext", read_ext, AT(extra), false},
};

#define ROWS SD_ARRAY_LEN(rows)
SD_STATIC_ASSERT(ROWS <= 32, "the set of seen rows is one word");

/* The row of name, looked for from *next on and round; ROWS when there is none. */
static size_t row_find(const struct json_member *m, size_t *next)
{
	for (size_t k = 0; k < ROWS; k++) {
		size_t i = (*next + k) % ROWS;

		if (sd_slice_is(m->name, rows[i].name)) {
			*next = i + 1;
			return i;
		}
	}
	return ROWS;
}

static const char *claims_read(struct reader *r, const struct json_flat *o)
{
	uint32_t seen = 0;
	size_t next = 0;

	for (uint32_t i = 0; i < o->count; i++) {
		const char *why;
		size_t at;

		if (o->m[i].name_escaped)
			return "an escaped claim name"; /* we write none: it hides a name from
							   readers */
		at = row_find(&o->m[i], &next);
		if (at == ROWS)
			continue; /* RFC 7519 4: what is not understood is ignored */
		why = rows[at].fn(r, &o->m[i].value, rows[at].offset);
		if (why)
			return why;
		seen |= 1u << at;
	}
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].required && !(seen & 1u << i))
			return "a required claim is missing";
	return NULL;
}

enum claims_result claims_parse(struct sd_slice payload, struct sd_arena *arena, struct claims *out,
				const char **reason_out)
{
	struct json_flat o __attribute__((uninitialized)); /* the scan fills what count covers */
	struct reader r = {.c = out, .arena = arena};
	struct json_error where = {0};
	const char *why;

	memset(out, 0, sizeof(*out));
	if (json_flat_scan(payload, &o, &where) != 0)
		why = where.reason;
	else
		why = claims_read(&r, &o);
	if (reason_out)
		*reason_out = why;
	if (!why)
		return CLAIMS_OK;
	memset(out, 0, sizeof(*out));
	return CLAIMS_MALFORMED;
}

static bool names(const struct claims *c, struct sd_slice audience)
{
	for (uint32_t i = 0; i < c->aud_count; i++)
		if (sd_slice_eq(c->aud[i], audience))
			return true;
	return false;
}

static bool audience_fits(const struct claims *c, const struct claims_expect *e)
{
	bool one = e->audience_count == 0;

	for (uint32_t i = 0; i < e->audience_count && !one; i++)
		one = names(c, e->audiences[i]);
	return one && (!e->audience.p || names(c, e->audience));
}

int64_t claims_end(const struct claims *c, int64_t max_lifetime_s)
{
	return max_lifetime_s > 0 && c->exp - c->iat > max_lifetime_s ? c->iat + max_lifetime_s
								      : c->exp;
}

enum claims_result claims_check(const struct claims *c, const struct claims_expect *e)
{
	int64_t latest = e->now_s + e->skew_s;

	if (c->aud_count == 0 || (c->exp <= c->iat && e->now_s < c->exp))
		return CLAIMS_MALFORMED; /* what is over is over, whenever it began */
	if (!sd_slice_eq(c->iss, e->issuer) || !sd_slice_eq(c->tid, e->tenant))
		return CLAIMS_ISSUER;
	if (!audience_fits(c, e))
		return CLAIMS_AUDIENCE;
	if (c->iat > latest || c->nbf > latest)
		return CLAIMS_NOT_YET;
	if (e->now_s >= claims_end(c, e->max_lifetime_s))
		return CLAIMS_EXPIRED;
	return CLAIMS_OK;
}
