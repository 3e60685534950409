/* SPDX-License-Identifier: MIT
 * audit_query - what GET /audit is asked for: the query string, strictly. */
#ifndef SD_AUDIT_QUERY_H
#define SD_AUDIT_QUERY_H

#include "query.h"

struct audit_query {
	struct sd_slice user, session, event; /* n = 0: any */
	int64_t from_s, to_s;                 /* from <= ts < to; 0 and INT64_MAX = open */
	struct query_page page; /* cursor: ms, and the rest of the entry's id in the first 8 bytes of sid */
	struct sd_slice scope;
};

/* STEP_NEXT, or STEP_DONE with a 400 answered. */
enum step audit_query_read(struct request *r, struct audit_query *out) SD_MUSTCHECK;

struct cursor audit_cursor_of(uint64_t ms, uint64_t seq);
uint64_t audit_cursor_seq(const struct cursor *c);

#endif
