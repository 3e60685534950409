/* SPDX-License-Identifier: MIT
 * query - the parameters of a request's query.
 * Owns:      nothing
 * Runs in:   worker, on bytes of the network
 * Fails by:  400 at the parameter
 * Never:     ignore what it does not know, or take the first of two
 */
#include "base.h"
#include "query.h"

#include "err.h"
#include "respond.h"

#define LIMIT_MAX 500
#define MAX_S (INT64_C(1) << 40)

static bool is_cursor(const char *name)
{
	return strcmp(name, "cursor") == 0;
}

enum step query_refuse(struct request *r, const char *name, const char *why)
{
	char pointer[32], text[128];
	if (is_cursor(name))
		return respond_problem(r, PROBLEM_CURSOR_INVALID, NULL, NULL);
	(void)snprintf(pointer, sizeof(pointer), "?%s", name);
	(void)snprintf(text, sizeof(text), "%s %s", name, why);
	return respond_problem(r, PROBLEM_FIELD_INVALID, text, pointer);
}

/* The name is not repeated: it is whatever somebody sent. */
static enum step refuse_unknown(struct request *r, const char *const *names, int count)
{
	char why[192] = "no parameter is taken here";
	size_t at = 0;
	for (int i = 0; i < count && at < sizeof(why); i++)
		at += (size_t)snprintf(why + at, sizeof(why) - at, "%s%s",
				       i ? ", " : "what is taken here: ", names[i]);
	return respond_problem(r, PROBLEM_UNKNOWN_FIELD, why, "?");
}

static enum step only_known(struct request *r, const char *const *names, int count)
{
	struct sd_slice name;
	size_t pos = 0;
	while (http_query_next(r->msg->query, &pos, &name)) {
		int i = 0;
		while (i < count && !sd_slice_is(name, names[i]))
			i++;
		if (i == count)
			return refuse_unknown(r, names, count);
	}
	return STEP_NEXT;
}

enum step query_read(struct request *r, const char *const *names, int count, query_reader read,
		     void *into)
{
	if (only_known(r, names, count) == STEP_DONE)
		return STEP_DONE;
	for (int i = 0; i < count; i++) {
		struct sd_slice value;
		bool given;
		if (http_query_get(r->msg->query, names[i], &r->arena, &value, &given) != SD_OK)
			return query_refuse(r, names[i], "is given twice, or badly escaped");
		const char *why = given ? read(r, i, value, into) : NULL;
		if (why)
			return query_refuse(r, names[i], why);
	}
	return STEP_NEXT;
}

const char *query_time(struct sd_slice value, int64_t *s_out)
{
	uint64_t s;
	if (sd_slice_u64(value, &s) != SD_OK || s > (uint64_t)MAX_S)
		return "must be a Unix time in seconds";
	*s_out = (int64_t)s;
	return NULL;
}

const char *query_limit(struct sd_slice value, uint32_t *out)
{
	uint64_t n;
	if (sd_slice_u64(value, &n) != SD_OK || n < 1 || n > LIMIT_MAX)
		return "must be 1 to 500";
	*out = (uint32_t)n;
	return NULL;
}

const char *query_cursor_keep(struct sd_slice value, struct query_page *page)
{
	page->text = value;
	page->has_cursor = true;
	return NULL;
}

static const char *read_place(struct request *r, int which, struct sd_slice value, void *into)
{
	struct query_page *page = into;
	(void)r;
	return which == 1 ? query_limit(value, &page->limit) : query_cursor_keep(value, page);
}

enum step query_page_read(struct request *r, struct sd_slice scope, bool limited,
			  struct query_page *out)
{
	static const char *const names[] = {"cursor", "limit"};
	*out = (struct query_page){.limit = QUERY_LIMIT_DEFAULT};
	if (query_read(r, names, limited ? 2 : 1, read_place, out) == STEP_DONE)
		return STEP_DONE;
	return query_cursor(r, scope, out);
}

enum step query_cursor(struct request *r, struct sd_slice scope, struct query_page *page)
{
	if (page->has_cursor && !cursor_read(r, scope, page->text, &page->cursor))
		return query_refuse(r, "cursor", "");
	return STEP_NEXT;
}
