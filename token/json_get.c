/* SPDX-License-Identifier: MIT
 * json_get - typed reading of what json_in accepted.
 * Owns:      nothing
 * Runs in:   master, signer, worker, tools (before and after the sandbox)
 * Fails by:  SD_ERR_INVALID, SD_ERR_MEMORY
 * Never:     a conversion between kinds: "1" is not 1, 1.0 is not an integer here */
#include "base.h"

#include "err.h"
#include "json_scan.h"

static size_t utf8_put(uint32_t c, char *o)
{
	if (c < 0x80) {
		o[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		o[0] = (char)(0xc0 | c >> 6);
		o[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		o[0] = (char)(0xe0 | c >> 12);
		o[1] = (char)(0x80 | (c >> 6 & 63));
		o[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	o[0] = (char)(0xf0 | c >> 18);
	o[1] = (char)(0x80 | (c >> 12 & 63));
	o[2] = (char)(0x80 | (c >> 6 & 63));
	o[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* One character of raw at *i, unescaped into out (4 bytes); its length. */
static size_t next_char(struct sd_slice raw, size_t *i, char *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at;
	uint32_t c;

	if (raw.p[*i] != '\\') {
		out[0] = raw.p[(*i)++];
		return 1;
	}
	if (raw.p[*i + 1] != 'u') {
		at = strchr(from, raw.p[*i + 1]);
		out[0] = at ? to[at - from] : raw.p[*i + 1];
		*i += 2;
		return 1;
	}
	c = json_scan_hex4(raw.p + *i + 2);
	*i += 6;
	if (c >= 0xd800 && c <= 0xdbff) {
		c = 0x10000 + ((c - 0xd800) << 10) + (json_scan_hex4(raw.p + *i + 2) - 0xdc00);
		*i += 6;
	}
	return utf8_put(c, out);
}

size_t json_scan_unescape(struct sd_slice raw, char *out)
{
	char *o = out;

	for (size_t i = 0; i < raw.n;)
		o += next_char(raw, &i, o);
	return (size_t)(o - out);
}

bool json_scan_same(struct sd_slice a, bool a_escaped, struct sd_slice b, bool b_escaped)
{
	size_t i = 0, j = 0;

	if (!a_escaped && !b_escaped)
		return sd_slice_eq(a, b);
	while (i < a.n && j < b.n) {
		char x[4], y[4];
		size_t xn, yn;

		/* Raw text goes byte by byte (it holds no backslash): a multi-byte character from
		 * an escape is compared with that many raw bytes of the other side. */
		xn = next_char(a, &i, x);
		yn = next_char(b, &j, y);
		while (xn < yn && i < a.n && a.p[i] != '\\')
			x[xn++] = a.p[i++];
		while (yn < xn && j < b.n && b.p[j] != '\\')
			y[yn++] = b.p[j++];
		if (xn != yn || memcmp(x, y, xn) != 0)
			return false;
	}
	return i == a.n && j == b.n;
}

const struct json_value *json_flat_find(const struct json_flat *o, const char *name)
{
	struct sd_slice want = sd_slice_str(name);

	for (uint32_t i = 0; i < o->count; i++) {
		const struct json_member *m = &o->m[i];

		if (SD_LIKELY(!m->name_escaped)) {
			if (m->name.n == want.n && memcmp(m->name.p, want.p, want.n) == 0)
				return &m->value;
		} else if (json_scan_same(m->name, true, want, false)) {
			return &m->value;
		}
	}
	return NULL;
}

int json_get_str(const struct json_value *v, struct sd_arena *arena, struct sd_slice *out)
{
	char *copy;

	*out = sd_slice(NULL, 0);
	if (!v || v->kind != JSON_STRING)
		return SD_ERR_INVALID;
	if (SD_LIKELY(!v->escaped)) {
		*out = v->raw;
		return 0;
	}
	copy = sd_arena_alloc(arena, v->raw.n + 1);
	if (!copy)
		return SD_ERR_MEMORY;
	out->n = json_scan_unescape(v->raw, copy);
	out->p = copy;
	if (memchr(copy, '\0', out->n)) {
		*out = sd_slice(NULL, 0);
		return SD_ERR_INVALID;
	}
	return 0;
}

int json_get_i64(const struct json_value *v, int64_t *out)
{
	struct sd_slice d;
	int64_t n = 0;
	bool minus;

	*out = 0;
	if (!v || v->kind != JSON_NUMBER)
		return SD_ERR_INVALID;
	minus = v->raw.p[0] == '-';
	d = sd_slice(v->raw.p + minus, v->raw.n - minus);
	if (d.n > 16 || (minus && d.p[0] == '0')) /* the scan holds integers to 16 digits */
		return SD_ERR_INVALID;
	for (size_t i = 0; i < d.n; i++) {
		if ((uint8_t)(d.p[i] - '0') > 9)
			return SD_ERR_INVALID;
		n = n * 10 + (d.p[i] - '0');
	}
	*out = minus ? -n : n;
	return 0;
}

int json_get_bool(const struct json_value *v, bool *out)
{
	*out = false;
	if (!v || (v->kind != JSON_TRUE && v->kind != JSON_FALSE))
		return SD_ERR_INVALID;
	*out = v->kind == JSON_TRUE;
	return 0;
}
