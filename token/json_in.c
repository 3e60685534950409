/* SPDX-License-Identifier: MIT
 * json_in - JSON accepted or refused in one strict pass.
 * Owns:      the per-process key of the name hash
 * Runs in:   master, signer, worker, tools (before and after the sandbox)
 * Fails by:  SD_ERR_INVALID with place and reason, SD_ERR_TOO_BIG
 * Never:     a second, looser reading of the same bytes: whoever accepts more elsewhere makes
 *            two programs disagree about one token */
#include "base.h"

#include "json_in.h"

#include "err.h"
#include "json_scan.h"
#include "secret.h"

#define TEXT_MAX (16u << 20)
#define NUMBER_MAX 512 /* characters of one number */
#define NAMES_MAX 1024 /* names of all objects open at one time */
#define INT_MAX_53 9007199254740991ULL
#define ORDER_MAX 307	   /* 10^308 is the last decade that a double can hold only in part */
#define ESCAPED (1u << 31) /* in scan.len */

/* Names of the objects that are open, innermost last. Offsets, to keep this small: it lives on
 * the stack of the hot path. */
struct names {
	uint32_t hash[NAMES_MAX];
	uint32_t pos[NAMES_MAX];
	uint32_t len[NAMES_MAX];
};

struct scan {
	const char *start, *p, *end;
	struct names *names;
	uint32_t name_count;
	uint32_t depth;
	struct json_flat *flat; /* filled from the members at depth 1; may be NULL */
	const char *reason;
	int err;
};

static bool value_scan(struct scan *s, struct json_value *v);

/* Cold: everything that ends a scan goes through here. */
static bool __attribute__((cold, noinline)) refuse(struct scan *s, const char *reason)
{
	s->reason = reason;
	s->err = SD_ERR_INVALID;
	return false;
}

static bool __attribute__((cold, noinline)) too_big(struct scan *s, const char *reason)
{
	s->reason = reason;
	s->err = SD_ERR_TOO_BIG;
	return false;
}

static inline void skip_space(struct scan *s)
{
	while (s->p < s->end && (uint8_t)*s->p <= ' ' &&
	       (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

/* --- strings ------------------------------------------------------------- */

/* First byte at or after p that is not plain ASCII text: control, quote, backslash, 0x80 up. */
static inline const char *plain_end(const char *p, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint64_t ones = 0x0101010101010101ULL, high = ones << 7;

	while (end - p >= 8) {
		uint64_t w, quote, slash, hit;

		memcpy(&w, p, 8);
		quote = w ^ (ones * '"');
		slash = w ^ (ones * '\\');
		/* The lowest flagged byte is exact; a borrow can only flag bytes above it. */
		hit = ((w - ones * 0x20) | (quote - ones) | (slash - ones) | w) & high;
		if (hit)
			return p + (__builtin_ctzll(hit) >> 3);
		p += 8;
	}
#endif
	while (p < end && (uint8_t)*p >= 0x20 && (uint8_t)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* One UTF-8 sequence of two to four bytes (RFC 3629 4: no overlong form, no surrogate). */
static bool utf8_scan(struct scan *s)
{
	const uint8_t *u = (const uint8_t *)s->p;
	size_t left = (size_t)(s->end - s->p);
	uint8_t lo = 0x80, hi = 0xbf;
	size_t n;

	if (u[0] >= 0xc2 && u[0] <= 0xdf) {
		n = 2;
	} else if (u[0] >= 0xe0 && u[0] <= 0xef) {
		n = 3;
		lo = u[0] == 0xe0 ? 0xa0 : 0x80;
		hi = u[0] == 0xed ? 0x9f : 0xbf;
	} else if (u[0] >= 0xf0 && u[0] <= 0xf4) {
		n = 4;
		lo = u[0] == 0xf0 ? 0x90 : 0x80;
		hi = u[0] == 0xf4 ? 0x8f : 0xbf;
	} else {
		return refuse(s, "not UTF-8");
	}
	if (left < n || u[1] < lo || u[1] > hi)
		return refuse(s, "not UTF-8");
	for (size_t i = 2; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return refuse(s, "not UTF-8");
	s->p += n;
	return true;
}

/* One escape; a surrogate counts only as the first half of a whole pair. */
static bool escape_scan(struct scan *s, bool *nul)
{
	uint32_t v;

	if (s->end - s->p < 2)
		return refuse(s, "unfinished escape");
	if (s->p[1] != 'u') {
		if (s->p[1] == '\0' || !strchr("\"\\/bfnrt", s->p[1]))
			return refuse(s, "unknown escape");
		s->p += 2;
		return true;
	}
	v = s->end - s->p >= 6 ? json_scan_hex4(s->p + 2) : UINT32_MAX;
	if (v == UINT32_MAX)
		return refuse(s, "wrong \\u escape");
	*nul |= v == 0;
	if (v < 0xd800 || v > 0xdfff) {
		s->p += 6;
		return true;
	}
	if (v > 0xdbff || s->end - s->p < 12 || s->p[6] != '\\' || s->p[7] != 'u')
		return refuse(s, "lone surrogate");
	v = json_scan_hex4(s->p + 8);
	if (v < 0xdc00 || v > 0xdfff)
		return refuse(s, "lone surrogate");
	s->p += 12;
	return true;
}

/* p is behind the opening quote; on success behind the closing one. */
static bool string_scan(struct scan *s, struct sd_slice *raw, bool *escaped, bool *nul)
{
	const char *from = s->p;

	*escaped = false;
	*nul = false;
	for (;;) {
		s->p = plain_end(s->p, s->end);
		if (SD_UNLIKELY(s->p == s->end))
			return refuse(s, "unfinished string");
		if (SD_LIKELY(*s->p == '"'))
			break;
		if (*s->p == '\\') {
			*escaped = true;
			if (!escape_scan(s, nul))
				return false;
		} else if ((uint8_t)*s->p < 0x20) {
			return refuse(s, "control character in a string");
		} else if (!utf8_scan(s)) {
			return false;
		}
	}
	*raw = sd_slice(from, (size_t)(s->p - from));
	s->p++;
	return true;
}

/* --- names: none twice in an object --------------------------------------- */

/* Keyed, so that nobody outside can choose names that meet in one hash. */
static uint64_t name_key;

static uint32_t name_hash(const char *p, size_t n)
{
	uint64_t h = name_key ^ n, w = 0;

	for (; n > 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	w = 0;
	if (n)
		memcpy(&w, p, n);
	h = (h ^ w) * 0x9e3779b97f4a7c15ULL;
	return (uint32_t)(h >> 32);
}

/* The hash of an escaped name is that of its unescaped text; names are bounded for that. */
static bool escaped_hash(struct scan *s, struct sd_slice raw, uint32_t *out)
{
	char text[512] __attribute__((uninitialized));

	if (raw.n > sizeof(text))
		return too_big(s, "escaped name too long");
	*out = name_hash(text, json_scan_unescape(raw, text));
	return true;
}

static bool name_add(struct scan *s, uint32_t base, struct sd_slice raw, bool escaped)
{
	struct names *t = s->names;
	uint32_t h;

	if (!escaped)
		h = name_hash(raw.p, raw.n);
	else if (!escaped_hash(s, raw, &h))
		return false;
	for (uint32_t i = base; i < s->name_count; i++) {
		struct sd_slice other;

		if (SD_LIKELY(t->hash[i] != h))
			continue;
		other = sd_slice(s->start + t->pos[i], t->len[i] & ~ESCAPED);
		if (json_scan_same(other, t->len[i] & ESCAPED, raw, escaped))
			return refuse(s, "duplicate name");
	}
	if (s->name_count == NAMES_MAX)
		return too_big(s, "too many names");
	t->hash[s->name_count] = h;
	t->pos[s->name_count] = (uint32_t)(raw.p - s->start);
	t->len[s->name_count++] = (uint32_t)raw.n | (escaped ? ESCAPED : 0);
	return true;
}

/* --- numbers --------------------------------------------------------------- */

static size_t digits_scan(struct scan *s)
{
	const char *from = s->p;

	while (s->p < s->end && (uint8_t)(*s->p - '0') < 10)
		s->p++;
	return (size_t)(s->p - from);
}

/* The exponent's value, clamped to +-9999; false when there are no digits. */
static bool exponent_scan(struct scan *s, int *out)
{
	bool minus = false;
	const char *d;
	size_t n;
	int v = 0;

	if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
		minus = *s->p++ == '-';
	d = s->p;
	n = digits_scan(s);
	if (n == 0)
		return false;
	for (size_t i = 0; i < n && v < 1000; i++)
		v = v * 10 + (d[i] - '0');
	*out = minus ? -v : v;
	return true;
}

/* Integer part at most 2^53-1; with an exponent the decade must be one a double has. */
static bool number_bounds(struct scan *s, struct sd_slice whole, int exponent)
{
	uint64_t v = 0;

	if (whole.n > 16)
		return refuse(s, "number out of range");
	for (size_t i = 0; i < whole.n; i++)
		v = v * 10 + (uint64_t)(whole.p[i] - '0');
	if (v > INT_MAX_53)
		return refuse(s, "number out of range");
	if (exponent + (int)whole.n - 1 > ORDER_MAX || exponent < -ORDER_MAX)
		return refuse(s, "exponent out of range");
	return true;
}

static bool number_scan(struct scan *s)
{
	const char *from = s->p;
	struct sd_slice whole;
	int exponent = 0;

	if (*s->p == '-')
		s->p++;
	whole.p = s->p;
	whole.n = digits_scan(s);
	if (whole.n == 0)
		return refuse(s, "not a value");
	if (whole.n > 1 && whole.p[0] == '0')
		return refuse(s, "leading zero");
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (digits_scan(s) == 0)
			return refuse(s, "no digit after the point");
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (!exponent_scan(s, &exponent))
			return refuse(s, "no digit in the exponent");
	}
	if (s->p - from > NUMBER_MAX)
		return refuse(s, "number too long");
	return number_bounds(s, whole, exponent);
}

/* --- structure ------------------------------------------------------------- */

static bool literal_scan(struct scan *s, const char *word, size_t n)
{
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return refuse(s, "not a value");
	s->p += n;
	return true;
}

/* Into the flat table, when this object is the one that the caller asked for. */
static bool member_keep(struct scan *s, struct sd_slice name, bool escaped,
			const struct json_value *v)
{
	struct json_member *m;

	if (SD_LIKELY(s->depth != 1 || !s->flat))
		return true;
	if (s->flat->count == JSON_MAX_MEMBERS)
		return too_big(s, "too many members");
	m = &s->flat->m[s->flat->count++];
	m->name = name;
	m->name_escaped = escaped;
	m->value = *v;
	return true;
}

static bool member_scan(struct scan *s, uint32_t base)
{
	struct json_value v;
	struct sd_slice name;
	bool escaped, nul;

	if (s->p == s->end || *s->p != '"')
		return refuse(s, "a name is expected");
	s->p++;
	if (!string_scan(s, &name, &escaped, &nul))
		return false;
	if (nul)
		return refuse(s, "NUL in a name");
	if (!name_add(s, base, name, escaped))
		return false;
	skip_space(s);
	if (s->p == s->end || *s->p != ':')
		return refuse(s, "a colon is expected");
	s->p++;
	return value_scan(s, &v) && member_keep(s, name, escaped, &v);
}

static bool element_scan(struct scan *s)
{
	struct json_value v;

	return value_scan(s, &v) && member_keep(s, sd_slice(NULL, 0), false, &v);
}

/* Object and array: open, items with commas between, close. Recursion ends at JSON_MAX_DEPTH. */
static bool nest_scan(struct scan *s, char close)
{
	uint32_t base = s->name_count;

	if (++s->depth > JSON_MAX_DEPTH)
		return refuse(s, "nested too deep");
	s->p++;
	skip_space(s);
	if (s->p < s->end && *s->p == close)
		goto closed;
	for (;;) {
		skip_space(s);
		if (!(close == '}' ? member_scan(s, base) : element_scan(s)))
			return false;
		skip_space(s);
		if (s->p == s->end)
			return refuse(s, "unfinished object or array");
		if (*s->p == close)
			break;
		if (*s->p != ',')
			return refuse(s, "a comma is expected");
		s->p++;
	}
closed:
	s->p++;
	s->name_count = base;
	s->depth--;
	return true;
}

static bool value_scan(struct scan *s, struct json_value *v)
{
	const char *from;
	bool ok, nul;

	v->escaped = false;
	skip_space(s);
	if (s->p == s->end)
		return refuse(s, "a value is expected");
	from = s->p;
	switch (*s->p) {
	case '"':
		s->p++;
		v->kind = JSON_STRING;
		return string_scan(s, &v->raw, &v->escaped, &nul);
	case '{':
		v->kind = JSON_OBJECT;
		ok = nest_scan(s, '}');
		break;
	case '[':
		v->kind = JSON_ARRAY;
		ok = nest_scan(s, ']');
		break;
	case 't':
		v->kind = JSON_TRUE;
		ok = literal_scan(s, "true", 4);
		break;
	case 'f':
		v->kind = JSON_FALSE;
		ok = literal_scan(s, "false", 5);
		break;
	case 'n':
		v->kind = JSON_NULL;
		ok = literal_scan(s, "null", 4);
		break;
	default:
		v->kind = JSON_NUMBER;
		ok = number_scan(s);
		break;
	}
	v->raw = sd_slice(from, (size_t)(s->p - from));
	return ok;
}

/* --- entry ------------------------------------------------------------------ */

static int scan_text(struct sd_slice text, struct json_flat *flat, struct json_value *v,
		     struct json_error *err_out)
{
	/* 12 KiB that need no zeroing: an entry is written before it is read. */
	struct names names __attribute__((uninitialized));
	struct scan s = {.start = text.p, .p = text.p, .names = &names, .flat = flat};

	s.end = text.n ? text.p + text.n : text.p;
	if (SD_UNLIKELY(name_key == 0) && sd_random(&name_key, sizeof(name_key)) != 0)
		name_key = (uintptr_t)&names; /* weaker, but only a speed bump is at stake */
	if (text.n > TEXT_MAX) {
		(void)too_big(&s, "text too long");
	} else if (value_scan(&s, v)) {
		skip_space(&s);
		if (s.p != s.end)
			(void)refuse(&s, "something after the value");
	}
	if (err_out) {
		err_out->offset = s.err ? (size_t)(s.p - s.start) : 0;
		err_out->reason = s.reason;
	}
	return s.err;
}

int json_check(struct sd_slice text, struct json_error *err_out)
{
	struct json_value v;

	return scan_text(text, NULL, &v, err_out);
}

int json_flat_scan(struct sd_slice text, struct json_flat *out, struct json_error *err_out)
{
	struct json_value v;
	int err;

	out->count = 0;
	err = scan_text(text, out, &v, err_out);
	if (err == 0 && v.kind != JSON_OBJECT) {
		if (err_out)
			*err_out = (struct json_error){0, "not an object"};
		err = SD_ERR_INVALID;
	}
	if (err)
		out->count = 0;
	return err;
}

int json_flat_nested(const struct json_value *v, struct json_flat *out)
{
	struct json_value whole;
	int err;

	out->count = 0;
	if (v->kind != JSON_OBJECT && v->kind != JSON_ARRAY)
		return SD_ERR_INVALID;
	err = scan_text(v->raw, out, &whole, NULL);
	if (err)
		out->count = 0;
	return err;
}

bool json_array_next(const struct json_value *v, size_t *pos, struct json_value *item_out)
{
	struct names names __attribute__((uninitialized));
	struct scan s = {.start = v->raw.p, .names = &names};

	*item_out = (struct json_value){0};
	if (v->kind != JSON_ARRAY || *pos >= v->raw.n)
		return false;
	s.p = v->raw.p + (*pos ? *pos : 1);
	s.end = v->raw.p + v->raw.n;
	skip_space(&s);
	if (s.p < s.end && *s.p == ',')
		s.p++;
	skip_space(&s);
	if (s.p == s.end || *s.p == ']' || !value_scan(&s, item_out)) {
		*item_out = (struct json_value){0};
		*pos = v->raw.n;
		return false;
	}
	*pos = (size_t)(s.p - v->raw.p);
	return true;
}
