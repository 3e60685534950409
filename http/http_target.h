/* SPDX-License-Identifier: MIT
 * http_target - a request path cut into segments, each decoded exactly once. RFC 3986. */
#ifndef SD_HTTP_TARGET_H
#define SD_HTTP_TARGET_H

#include "arena.h"

#define HTTP_MAX_SEGMENTS 12

struct http_path {
	uint32_t count;
	struct sd_slice seg[HTTP_MAX_SEGMENTS]; /* percent-decoded; may contain '/' from %2F only */
	bool slash_in_seg[HTTP_MAX_SEGMENTS];   /* %2F was in it (allowed for user ids alone) */
};

/* path: origin-form without query ("/sessions/abc"). One trailing slash is dropped. Refused
 * (SD_ERR_INVALID): empty inner segments, "." and ".." (also encoded), %00 and control bytes
 * (also encoded), bad percent escapes, bytes outside pchar, backslash, invalid UTF-8 after
 * decoding, too many segments. Decoded text lives in the arena only where a % occurred. */
int http_path_split(struct sd_slice path, struct sd_arena *arena, struct http_path *out) SD_MUSTCHECK;

/* The first value of name in a query string, decoded once ('+' is a plus sign); *found_out says
 * if there was one. A name given twice or a bad escape: SD_ERR_INVALID. */
int http_query_get(struct sd_slice query, const char *name, struct sd_arena *arena,
		   struct sd_slice *value_out, bool *found_out) SD_MUSTCHECK;
/* Walks all names, for "unknown parameter" checks: *pos starts at 0; false at the end. */
bool http_query_next(struct sd_slice query, size_t *pos, struct sd_slice *name_out);

#endif
