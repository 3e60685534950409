/* SPDX-License-Identifier: MIT
 * http_field - one field value at a time, each by its own grammar.
 * Owns:      how Authorization, Cookie, media types, X-Request-Id and traceparent are read
 * Runs in:   worker
 * Fails by:  false, or HTTP_FOUND_MANY where two answers would be possible
 * Never:     decide what a value means for a request; pick the first of two. */
#include "base.h"
#include "http_field.h"

enum http_found http_field_get(const struct http_msg *msg, const char *name, struct sd_slice *out)
{
	struct sd_slice want = sd_slice_str(name);
	bool seen = false;

	*out = sd_slice(NULL, 0);
	for (uint32_t i = 0; i < msg->field_count; i++) {
		const struct http_field_kv *f = &msg->fields[i];
		if (f->name.n != want.n || !sd_slice_ieq(f->name, want))
			continue;
		if (seen) {
			*out = sd_slice(NULL, 0);
			return HTTP_FOUND_MANY;
		}
		seen = true;
		*out = f->value;
	}
	return seen ? HTTP_FOUND_ONE : HTTP_FOUND_NONE;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_token(char c)
{
	return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static struct sd_slice from(struct sd_slice s, size_t n)
{
	return sd_slice(s.p + n, s.n - n);
}

static struct sd_slice skip_ows(struct sd_slice s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = from(s, 1);
	return s;
}

static struct sd_slice trim(struct sd_slice s)
{
	s = skip_ows(s);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool http_field_bearer(struct sd_slice value, struct sd_slice *credential_out)
{
	size_t i = 0, body;

	*credential_out = sd_slice(NULL, 0);
	if (value.n < 8 || !sd_slice_ieq(sd_slice(value.p, 7), SD_SLICE("bearer ")))
		return false;
	value = from(value, 7);
	while (value.n && value.p[0] == ' ')
		value = from(value, 1);
	while (i < value.n &&
	       (is_alnum(value.p[i]) || (value.p[i] && strchr("-._~+/", value.p[i]))))
		i++;
	body = i;
	while (i < value.n && value.p[i] == '=')
		i++;
	if (body == 0 || i != value.n)
		return false;
	*credential_out = value;
	return true;
}

enum http_found http_field_cookie(struct sd_slice value, const char *name, struct sd_slice *out)
{
	struct sd_slice want = sd_slice_str(name);
	enum http_found found = HTTP_FOUND_NONE;

	*out = sd_slice(NULL, 0);
	while (value.n) {
		const char *end = memchr(value.p, ';', value.n), *eq;
		size_t n = end ? (size_t)(end - value.p) : value.n;
		struct sd_slice pair = trim(sd_slice(value.p, n));

		value = from(value, end ? n + 1 : n);
		eq = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
		if (!eq || !sd_slice_eq(trim(sd_slice(pair.p, (size_t)(eq - pair.p))), want))
			continue;
		if (found == HTTP_FOUND_ONE) {
			*out = sd_slice(NULL, 0);
			return HTTP_FOUND_MANY;
		}
		found = HTTP_FOUND_ONE;
		*out = trim(from(pair, (size_t)(eq - pair.p) + 1));
	}
	return found;
}

static struct sd_slice take_token(struct sd_slice *s)
{
	struct sd_slice t = *s;

	t.n = 0;
	while (t.n < s->n && is_token(s->p[t.n]))
		t.n++;
	*s = from(*s, t.n);
	return t;
}

/* A token or a quoted-string without escapes (none that we compare has one). */
static bool take_value(struct sd_slice *s, struct sd_slice *out)
{
	const char *end;

	if (s->n == 0 || s->p[0] != '"') {
		*out = take_token(s);
		return out->n > 0;
	}
	*out = sd_slice(NULL, 0);
	end = memchr(s->p + 1, '"', s->n - 1);
	if (!end)
		return false;
	*out = sd_slice(s->p + 1, (size_t)(end - s->p) - 1);
	if (out->n && memchr(out->p, '\\', out->n))
		return false;
	*s = from(*s, out->n + 2);
	return true;
}

bool http_field_media_is(struct sd_slice value, const char *type)
{
	size_t n = strlen(type);

	value = trim(value);
	if (value.n < n || !sd_slice_ieq(sd_slice(value.p, n), sd_slice_str(type)))
		return false;
	value = skip_ows(from(value, n));
	while (value.n) {
		struct sd_slice name, v;
		if (value.p[0] != ';')
			return false;
		value = skip_ows(from(value, 1));
		if (value.n == 0)
			break; /* a last ";" is common and harmless */
		name = take_token(&value);
		if (name.n == 0 || value.n == 0 || value.p[0] != '=')
			return false;
		value = from(value, 1);
		if (!take_value(&value, &v))
			return false;
		if (sd_slice_ieq(name, SD_SLICE("charset")) && !sd_slice_ieq(v, SD_SLICE("utf-8")))
			return false;
		value = skip_ows(value);
	}
	return true;
}

bool http_field_request_id_ok(struct sd_slice value)
{
	if (value.n < 8 || value.n > 128)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (!is_alnum(c) && c != '.' && c != '_' && c != '-')
			return false;
	}
	return true;
}

/* n lower-case hex digits; *zero_out when all are 0. */
static bool lower_hex(const char *p, size_t n, bool *zero_out)
{
	*zero_out = true;
	for (size_t i = 0; i < n; i++) {
		if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
			return false;
		if (p[i] != '0')
			*zero_out = false;
	}
	return true;
}

bool http_field_traceparent(struct sd_slice value, struct sd_slice *trace_out,
			    struct sd_slice *parent_out)
{
	bool trace_zero, parent_zero, flags_zero;

	*trace_out = *parent_out = sd_slice(NULL, 0);
	if (value.n != 55 || memcmp(value.p, "00-", 3) != 0 || value.p[35] != '-' ||
	    value.p[52] != '-')
		return false;
	if (!lower_hex(value.p + 3, 32, &trace_zero) ||
	    !lower_hex(value.p + 36, 16, &parent_zero) ||
	    !lower_hex(value.p + 53, 2, &flags_zero) || trace_zero || parent_zero)
		return false;
	*trace_out = sd_slice(value.p + 3, 32);
	*parent_out = sd_slice(value.p + 36, 16);
	return true;
}
