/* SPDX-License-Identifier: MIT
 * http_target - paths into segments, queries into values; each byte decoded exactly once.
 * Owns:      percent-decoding
 * Runs in:   worker
 * Fails by:  SD_ERR_INVALID on anything ambiguous, SD_ERR_MEMORY when the arena is full
 * Never:     normalise ("a/../b", "//"): what would need it is refused. Never decode twice. */
#include "base.h"
#include "http_target.h"

#include "err.h"

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

/* RFC 3986 pchar but "%". */
static bool is_pchar(char c)
{
	return is_unreserved(c) || (c && strchr("!$&'()*+,;=:@", c));
}

static bool is_qchar(char c)
{
	return is_pchar(c) || c == '/' || c == '?';
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One UTF-8 sequence (RFC 3629) that is no control character: its length, or 0. */
static size_t utf8_step(const char *p, size_t n)
{
	const uint8_t *u = (const uint8_t *)p;
	size_t len = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	uint32_t cp = u[0] & (len == 1 ? 0x7fu : 0xffu >> (len + 1));

	if (len > n || (len > 1 && u[0] < 0xc2) || u[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (u[i] & 0x3fu);
	}
	if (len == 1 ? cp < 0x20 || cp == 0x7f : cp < 0xa0)
		return 0;
	if ((len == 3 && cp < 0x800) || (len == 4 && (cp < 0x10000 || cp > 0x10ffff)))
		return 0;
	return cp >= 0xd800 && cp <= 0xdfff ? 0 : len;
}

static bool text_ok(struct sd_slice s)
{
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_step(s.p + i, s.n - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

/* raw has only bytes of the class and escapes; *out is raw itself when it has no escape. */
static int decode(struct sd_slice raw, bool (*allowed)(char), struct sd_arena *arena,
		  struct sd_slice *out)
{
	size_t n = 0;
	char *text;

	*out = raw;
	while (n < raw.n && allowed(raw.p[n]))
		n++;
	if (n == raw.n)
		return 0;
	*out = sd_slice(NULL, 0);
	text = sd_arena_alloc(arena, raw.n);
	if (!text)
		return SD_ERR_MEMORY;
	n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];
		if (c == '%') {
			if (raw.n - i < 3 || hex(raw.p[i + 1]) < 0 || hex(raw.p[i + 2]) < 0)
				return SD_ERR_INVALID;
			c = (char)(hex(raw.p[i + 1]) << 4 | hex(raw.p[i + 2]));
			i += 2;
		} else if (!allowed(c)) {
			return SD_ERR_INVALID;
		}
		text[n++] = c;
	}
	if (!text_ok(sd_slice(text, n)))
		return SD_ERR_INVALID;
	*out = sd_slice(text, n);
	return 0;
}

static int add_segment(struct sd_slice raw, struct sd_arena *arena, struct http_path *out)
{
	struct sd_slice seg;
	int err;

	if (raw.n == 0 || out->count == HTTP_MAX_SEGMENTS)
		return SD_ERR_INVALID;
	err = decode(raw, is_pchar, arena, &seg);
	if (err)
		return err;
	if (sd_slice_is(seg, ".") || sd_slice_is(seg, ".."))
		return SD_ERR_INVALID;
	out->slash_in_seg[out->count] = memchr(seg.p, '/', seg.n) != NULL;
	out->seg[out->count++] = seg;
	return 0;
}

int http_path_split(struct sd_slice path, struct sd_arena *arena, struct http_path *out)
{
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (path.n == 0 || path.p[0] != '/')
		return SD_ERR_INVALID;
	path = sd_slice(path.p + 1, path.n - 1);
	while (path.n && !err) {
		const char *slash = memchr(path.p, '/', path.n);
		size_t n = slash ? (size_t)(slash - path.p) : path.n;

		err = add_segment(sd_slice(path.p, n), arena, out);
		path = slash ? sd_slice(path.p + n + 1, path.n - n - 1) : sd_slice(NULL, 0);
	}
	if (err)
		memset(out, 0, sizeof(*out));
	return err;
}

/* The next "name=value" between '&'s; empty pairs are skipped. */
static bool next_pair(struct sd_slice query, size_t *pos, struct sd_slice *name_out,
		      struct sd_slice *value_out)
{
	*name_out = *value_out = sd_slice(NULL, 0);
	while (*pos < query.n) {
		const char *at = query.p + *pos;
		size_t left = query.n - *pos;
		const char *amp = memchr(at, '&', left), *eq;
		size_t n = amp ? (size_t)(amp - at) : left;

		*pos += amp ? n + 1 : n;
		if (n == 0)
			continue;
		eq = memchr(at, '=', n);
		*name_out = sd_slice(at, eq ? (size_t)(eq - at) : n);
		*value_out = eq ? sd_slice(eq + 1, n - name_out->n - 1) : sd_slice(at + n, 0);
		return true;
	}
	return false;
}

int http_query_get(struct sd_slice query, const char *name, struct sd_arena *arena,
		   struct sd_slice *value_out, bool *found_out)
{
	struct sd_slice key, raw, value = {NULL, 0};
	size_t pos = 0;
	bool found = false;
	int err;

	*value_out = value;
	*found_out = false;
	while (next_pair(query, &pos, &key, &raw)) {
		if (!sd_slice_is(key, name))
			continue;
		if (found)
			return SD_ERR_INVALID;
		found = true;
		value = raw;
	}
	if (!found)
		return 0;
	err = decode(value, is_qchar, arena, value_out);
	*found_out = err == 0;
	return err;
}

bool http_query_next(struct sd_slice query, size_t *pos, struct sd_slice *name_out)
{
	struct sd_slice value;

	return next_pair(query, pos, name_out, &value);
}
