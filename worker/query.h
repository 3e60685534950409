/* SPDX-License-Identifier: MIT
 * query - the parameters of a request's query: those that its route takes, each at most once. */
#ifndef SD_QUERY_H
#define SD_QUERY_H

#include "cursor.h"
#include "request.h"

/* NULL, or what is wrong with the value of names[which]. */
typedef const char *(*query_reader)(struct request *r, int which, struct sd_slice value, void *into);

/* Reads those of names[0..count) that are given, in this order. STEP_DONE: answered with 400, at the
 * parameter; one that is no name of these is unknown-field, so that a misspelt one is never ignored. */
enum step query_read(struct request *r, const char *const *names, int count, query_reader read,
		     void *into) SD_MUSTCHECK;
/* 400 field-invalid at the parameter (cursor-invalid, where it is the cursor). */
enum step query_refuse(struct request *r, const char *name, const char *why);

/* Readers of single values: NULL, or what is wrong. */
const char *query_time(struct sd_slice value, int64_t *s_out);
const char *query_limit(struct sd_slice value, uint32_t *out);

/* Where a list goes on; the cursor's own turn comes when the other parameters are known. */
struct query_page {
	uint32_t limit;
	bool has_cursor;
	struct sd_slice text; /* the cursor, unread */
	struct cursor cursor;
};
#define QUERY_LIMIT_DEFAULT 50
/* Of a list that takes limit and cursor, or the cursor alone. */
enum step query_page_read(struct request *r, struct sd_slice scope, bool limited,
			  struct query_page *out) SD_MUSTCHECK;
/* Two steps of it, for lists that take more: its text is kept, then it is read (without one: STEP_NEXT). */
const char *query_cursor_keep(struct sd_slice value, struct query_page *page);
enum step query_cursor(struct request *r, struct sd_slice scope, struct query_page *page) SD_MUSTCHECK;

#endif
