/* SPDX-License-Identifier: MIT
 * audit_query - what GET /audit is asked for.
 * Owns:      the names and the grammar of the filters
 * Runs in:   worker
 * Fails by:  400 at the parameter: what is misspelt is never ignored
 * Never:     ask the store
 */
#include "base.h"
#include "audit_query.h"

#include "audit_msg.h"
#include "body.h"
#include "err.h"
#include "respond.h"

enum { Q_FROM, Q_TO, Q_USER, Q_SESSION, Q_EVENT, Q_LIMIT, Q_CURSOR, Q_COUNT };
static const char *const names[Q_COUNT] = {
    [Q_FROM] = "from_at",	[Q_TO] = "to_at",   [Q_USER] = "user_id",
    [Q_SESSION] = "session_id", [Q_EVENT] = "event", [Q_LIMIT] = "limit",
    [Q_CURSOR] = "cursor",
};

static const char *read_session(struct sd_slice v, struct audit_query *q)
{
	struct sid sid;
	q->session = v;
	return sid_parse(v, &sid) == SD_OK ? NULL : "is no session id";
}

static const char *read_event(struct sd_slice v, struct audit_query *q)
{
	q->event = v;
	for (int i = 1; i < AUDIT_EVENT_COUNT; i++)
		if (sd_slice_is(v, audit_event_name((enum audit_event)i)))
			return NULL;
	return "is no event";
}

static const char *read_one(struct request *r, int which, struct sd_slice v, void *into)
{
	struct audit_query *q = into;
	(void)r;
	switch (which) {
	case Q_FROM:
		return query_time(v, &q->from_s);
	case Q_TO:
		return query_time(v, &q->to_s);
	case Q_USER:
		q->user = v;
		return body_user_ok(v) ? NULL : "is no user id";
	case Q_SESSION:
		return read_session(v, q);
	case Q_EVENT:
		return read_event(v, q);
	case Q_LIMIT:
		return query_limit(v, &q->page.limit);
	default: /* when all else is known */
		return query_cursor_keep(v, &q->page);
	}
}

/* What makes this list the list that it is. */
static bool make_scope(struct request *r, struct audit_query *q)
{
	struct sd_slice tenant = policy_view_str(&r->gen->view, r->tenant->name);
	char *at = sd_arena_alloc(&r->arena, CURSOR_SCOPE_MAX);
	if (!at)
		return false;
	int n = snprintf(at, CURSOR_SCOPE_MAX,
			 "audit " SD_SLICE_FMT " %zu:" SD_SLICE_FMT " %zu:" SD_SLICE_FMT " %zu:" SD_SLICE_FMT
			 " %lld %lld",
			 SD_SLICE_ARG(tenant), q->user.n, SD_SLICE_ARG(q->user), q->session.n,
			 SD_SLICE_ARG(q->session), q->event.n, SD_SLICE_ARG(q->event),
			 (long long)q->from_s, (long long)q->to_s);
	if (n < 0 || (size_t)n >= CURSOR_SCOPE_MAX)
		return false;
	q->scope = sd_slice(at, (size_t)n);
	return true;
}

enum step audit_query_read(struct request *r, struct audit_query *out)
{
	*out = (struct audit_query){.user = SD_SLICE(""), .session = SD_SLICE(""), .event = SD_SLICE(""),
				    .to_s = INT64_MAX, .page.limit = QUERY_LIMIT_DEFAULT};
	if (query_read(r, names, Q_COUNT, read_one, out) == STEP_DONE)
		return STEP_DONE;
	if (!make_scope(r, out))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	return query_cursor(r, out->scope, &out->page);
}

struct cursor audit_cursor_of(uint64_t ms, uint64_t seq)
{
	struct cursor c = {.ms = (int64_t)ms};
	for (int i = 0; i < 8; i++)
		c.sid.b[i] = (uint8_t)(seq >> (56 - 8 * i));
	return c;
}

uint64_t audit_cursor_seq(const struct cursor *c)
{
	uint64_t seq = 0;
	for (int i = 0; i < 8; i++)
		seq = seq << 8 | c->sid.b[i];
	return seq;
}
