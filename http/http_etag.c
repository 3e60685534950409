/* SPDX-License-Identifier: MIT
 * http_etag - entity tags in If-Match and If-None-Match.
 * Owns:      the grammar of a list of tags
 * Runs in:   worker, on bytes of the network
 * Fails by:  HTTP_ETAG_MALFORMED
 * Never:     let a list pass of which a part was not understood
 */
#include "base.h"
#include "http_etag.h"

static size_t skip_space(struct sd_slice s, size_t at)
{
	while (at < s.n && (s.p[at] == ' ' || s.p[at] == '\t'))
		at++;
	return at;
}

static bool is_etag_char(char c)
{
	unsigned char u = (unsigned char)c;

	return u == 0x21 || (u >= 0x23 && u <= 0x7e) || u >= 0x80;
}

/* W/"..." or "..." at *at, which moves behind it; false when there is none. */
static bool take_tag(struct sd_slice s, size_t *at, struct sd_slice *tag, bool *weak)
{
	size_t i = *at, from;

	*weak = s.n - i >= 2 && s.p[i] == 'W' && s.p[i + 1] == '/';
	i += *weak ? 2 : 0;
	from = i;
	if (i >= s.n || s.p[i] != '"')
		return false;
	for (i++; i < s.n && is_etag_char(s.p[i]); i++)
		;
	if (i >= s.n || s.p[i] != '"')
		return false;
	*tag = sd_slice(s.p + from, i + 1 - from);
	*at = i + 1;
	return true;
}

enum http_etag http_etag_find(struct sd_slice field, struct sd_slice etag, bool strong)
{
	enum http_etag found = HTTP_ETAG_NONE;
	bool any = false;
	size_t at = skip_space(field, 0);

	if (at < field.n && field.p[at] == '*')
		return skip_space(field, at + 1) == field.n ? HTTP_ETAG_ANY : HTTP_ETAG_MALFORMED;
	for (;;) {
		struct sd_slice tag;
		bool weak;

		while (at < field.n && field.p[at] == ',') /* empty elements are allowed */
			at = skip_space(field, at + 1);
		if (at == field.n)
			return any ? found : HTTP_ETAG_MALFORMED;
		if (!take_tag(field, &at, &tag, &weak))
			return HTTP_ETAG_MALFORMED;
		any = true;
		if (sd_slice_eq(tag, etag) && !(weak && strong))
			found = HTTP_ETAG_LISTED;
		at = skip_space(field, at);
		if (at < field.n && field.p[at] != ',')
			return HTTP_ETAG_MALFORMED;
	}
}
