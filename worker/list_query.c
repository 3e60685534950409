/* SPDX-License-Identifier: MIT
 * list_query - what a list of sessions is asked for.
 * Owns:      the names and the grammar of the filters
 * Runs in:   worker
 * Fails by:  400 at the parameter: what is misspelt is never ignored
 * Never:     ask the store
 */
#include "base.h"
#include "list_query.h"

#include <arpa/inet.h>

#include "body.h"
#include "err.h"
#include "respond.h"
#include "session_rules.h"
#include "standing.h"

enum {
	Q_USER, Q_DEVICE, Q_CLIENT, Q_STATUS, Q_ACTIVE, Q_AFTER, Q_BEFORE, Q_IP, Q_LIMIT, Q_CURSOR,
	Q_COUNT
};
static const char *const names[Q_COUNT] = {
    [Q_USER] = "user_id",	      [Q_DEVICE] = "device_id",
    [Q_CLIENT] = "client_id",	      [Q_STATUS] = "status",
    [Q_ACTIVE] = "active_only",	      [Q_AFTER] = "created_after_at",
    [Q_BEFORE] = "created_before_at", [Q_IP] = "ip",
    [Q_LIMIT] = "limit",	      [Q_CURSOR] = "cursor",
};

/* Any address as 16 bytes. */
static bool address(struct sd_slice text, uint8_t out[16])
{
	char s[64];
	memset(out, 0, 16);
	if (text.n >= sizeof(s) || sd_slice_copy(text, s, sizeof(s)) != SD_OK)
		return false;
	if (inet_pton(AF_INET6, s, out) == 1)
		return true;
	memset(out, 0, 16);
	out[10] = out[11] = 0xff;
	return inet_pton(AF_INET, s, out + 12) == 1;
}

/* Records were made under any of the tenant's keys. */
static bool hash_ip(const struct request *r, struct sd_slice v, struct list_query *q)
{
	char plain[64];
	struct sd_slice ip = session_plain_ip(v, plain);
	for (uint32_t i = 0; i < pseudonym_sets(r); i++)
		if (pseudonym_make(r, PSEUDONYM_IP, i, ip, q->ip_hash[i]) != SD_OK)
			return false;
	return true;
}

static const char *read_ip(const struct request *r, struct sd_slice v, struct list_query *q)
{
	char room[64];
	q->has_ip = address(v, q->ip);
	if (!q->has_ip)
		return "must be an IP address";
	struct sd_slice kept = session_keep_ip((enum policy_privacy)r->tenant->privacy_ip, v, room);
	if (kept.n == 0 || !address(kept, q->ip_kept))
		memcpy(q->ip_kept, q->ip, sizeof(q->ip));
	return hash_ip(r, v, q) ? NULL : "cannot be looked for";
}

static const char *read_status(struct sd_slice v, struct list_query *q)
{
	if (sd_slice_is(v, "active"))
		q->status = LIST_ACTIVE;
	else if (sd_slice_is(v, "ended"))
		q->status = LIST_ENDED;
	else
		return "must be active or ended";
	return NULL;
}

static const char *read_active(struct sd_slice v, struct list_query *q)
{
	if (sd_slice_is(v, "false"))
		return NULL;
	if (!sd_slice_is(v, "true"))
		return "must be true or false";
	if (q->status == LIST_ENDED)
		return "contradicts status";
	q->status = LIST_ACTIVE;
	return NULL;
}

static const char *read_name(struct sd_slice v, struct sd_slice *out)
{
	*out = v;
	return body_name_ok(v) ? NULL : "is no id";
}

static const char *read_one(struct request *r, int which, struct sd_slice v, void *into)
{
	struct list_query *q = into;
	switch (which) {
	case Q_USER:
		q->user = v;
		return body_user_ok(v) ? NULL : "is no user id";
	case Q_DEVICE:
		return read_name(v, &q->device);
	case Q_CLIENT:
		return read_name(v, &q->client);
	case Q_STATUS:
		return read_status(v, q);
	case Q_ACTIVE:
		return read_active(v, q);
	case Q_AFTER:
		return query_time(v, &q->after_s);
	case Q_BEFORE:
		return query_time(v, &q->before_s);
	case Q_IP:
		return read_ip(r, v, q);
	case Q_LIMIT:
		return query_limit(v, &q->page.limit);
	default: /* when all else is known */
		return query_cursor_keep(v, &q->page);
	}
}

/* What makes this list the list that it is. */
static bool make_scope(struct request *r, struct list_query *q)
{
	struct sd_slice tenant = policy_view_str(&r->gen->view, r->tenant->name);
	char *at = sd_arena_alloc(&r->arena, CURSOR_SCOPE_MAX);
	if (!at)
		return false;
	int n = snprintf(at, CURSOR_SCOPE_MAX,
			 SD_SLICE_FMT " %zu:" SD_SLICE_FMT " %zu:" SD_SLICE_FMT " %zu:" SD_SLICE_FMT
				      " %d %lld %lld %d:",
			 SD_SLICE_ARG(tenant), q->user.n, SD_SLICE_ARG(q->user), q->device.n,
			 SD_SLICE_ARG(q->device), q->client.n, SD_SLICE_ARG(q->client),
			 (int)q->status, (long long)q->after_s, (long long)q->before_s, q->has_ip);
	if (n < 0 || (size_t)n + sizeof(q->ip) > CURSOR_SCOPE_MAX)
		return false;
	memcpy(at + n, q->ip, sizeof(q->ip));
	q->scope = sd_slice(at, (size_t)n + sizeof(q->ip));
	return true;
}

enum step list_query_read(struct request *r, bool paged, struct list_query *out)
{
	*out = (struct list_query){.user = SD_SLICE(""), .device = SD_SLICE(""),
				   .client = SD_SLICE(""), .before_s = INT64_MAX,
				   .page.limit = QUERY_LIMIT_DEFAULT};
	if (query_read(r, names, paged ? Q_COUNT : Q_LIMIT, read_one, out) == STEP_DONE)
		return STEP_DONE;
	if (!make_scope(r, out))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	return query_cursor(r, out->scope, &out->page);
}

bool list_query_is_plain(const struct list_query *q)
{
	return q->device.n == 0 && q->client.n == 0 && !q->has_ip && q->status == LIST_ANY;
}

static bool ip_fits(const struct list_query *q, struct sd_slice kept)
{
	uint8_t have[16];
	for (uint32_t i = 0; i < SIGN_KEYSETS; i++)
		if (q->ip_hash[i][0] && sd_slice_is(kept, q->ip_hash[i]))
			return true;
	return address(kept, have) && (memcmp(have, q->ip, sizeof(have)) == 0 ||
				       memcmp(have, q->ip_kept, sizeof(have)) == 0);
}

bool list_query_fits(const struct request *r, const struct list_query *q, const struct session *s)
{
	struct session_clocks clocks;
	if (session_is_forgotten(request_policy(r), s, r->now_ms))
		return false;
	if (s->created_ms / 1000 < q->after_s || s->created_ms / 1000 >= q->before_s)
		return false;
	if (q->user.n && !sd_slice_eq(q->user, s->user))
		return false;
	if (q->device.n && !sd_slice_eq(q->device, s->device_id))
		return false;
	if (q->client.n && !sd_slice_eq(q->client, s->client))
		return false;
	if (q->has_ip && !ip_fits(q, s->ip))
		return false;
	if (q->status == LIST_ANY)
		return true;
	bool active = standing_end(r, s, &clocks) == END_NONE;
	return active == (q->status == LIST_ACTIVE);
}
