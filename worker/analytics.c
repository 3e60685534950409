/* SPDX-License-Identifier: MIT
 * analytics - the walk through the partitions' counts, and their sums.
 * Owns:      the grammar of the range
 * Runs in:   worker, on bytes of the network
 * Fails by:  400 at the parameter; 503 when the store, or the time, is not enough
 * Never:     look at a session; grow with what clients send: names are bounded
 */
#include "base.h"
#include "analytics.h"

#include "clock.h"
#include "err.h"
#include "query.h"
#include "respond.h"

#define HOUR_S 3600
#define RANGE_MAX_S (31 * 86400 + HOUR_S) /* whose clock is not ours may ask for 31 days too */
#define NAMES_AT_ONCE 1000 /* of one script: about a millisecond of the store */
#define LONGEST_NS (60 * SD_NS_PER_S)
#define TRIES 10
#define PAUSE_NS (200 * SD_NS_PER_MS)
#define PLACES (2 * ANALYTICS_NAMES)

/* --- what is asked for ------------------------------------------------------------------------ */

enum { Q_TO, Q_FROM, Q_BUCKET, Q_COUNT };
static const char *const names[Q_COUNT] = {
    [Q_TO] = "to_at", [Q_FROM] = "from_at", [Q_BUCKET] = "bucket"};

struct range {
	int64_t from_s, to_s;
};

static const char *read_one(struct request *r, int which, struct sd_slice v, void *into)
{
	struct range *range = into;
	(void)r;
	if (which == Q_BUCKET)
		return sd_slice_is(v, "hour") ? NULL : "must be hour";
	return query_time(v, which == Q_TO ? &range->to_s : &range->from_s);
}

static enum step read_range(struct request *r, struct analytics *a, bool hours)
{
	struct range range = {-1, request_now_s(r) + 1};
	if (query_read(r, names, hours ? Q_COUNT : Q_BUCKET, read_one, &range) == STEP_DONE)
		return STEP_DONE;
	if (range.from_s < 0)
		range.from_s = SD_MAX(range.to_s - 86400, 0);
	if (range.from_s >= range.to_s)
		return query_refuse(r, "from_at", "must be before to_at");
	if (range.to_s - range.from_s > RANGE_MAX_S)
		return query_refuse(r, "from_at", "must be at most 31 days before to_at");
	a->from_hour = range.from_s / HOUR_S;
	a->to_hour = (range.to_s - 1) / HOUR_S;
	return STEP_NEXT;
}

enum step analytics_parse(struct request *r, enum store_tally_what what)
{
	struct analytics *a = sd_arena_alloc(&r->arena, sizeof(*a));
	bool hours = what == TALLY_SESSIONS;
	r->state = a;
	if (!a)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	a->r = r;
	a->in.what = what;
	if (read_range(r, a, hours) == STEP_DONE)
		return STEP_DONE;
	size_t n = hours ? (size_t)(a->to_hour - a->from_hour + 1) : 1;
	a->hour = sd_arena_alloc(&r->arena, n * sizeof(*a->hour));
	a->name = sd_arena_alloc(&r->arena, PLACES * sizeof(*a->name));
	if (!a->hour || !a->name)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	return STEP_NEXT;
}

/* --- sums ------------------------------------------------------------------------------------- */

/* The name's place, or a free one; NULL: there is neither. */
static struct analytics_name *place_of(const struct analytics *a, struct sd_slice name)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (uint8_t)name.p[i]) * 16777619u;
	for (uint32_t i = 0; i < PLACES; i++) {
		struct analytics_name *at = &a->name[(h + i) % PLACES];
		if (at->name.n == 0 || sd_slice_eq(at->name, name))
			return at;
	}
	return NULL;
}

static void add_name(struct analytics *a, struct sd_slice name, uint64_t n)
{
	struct analytics_name *at = name.n ? place_of(a, name) : NULL;
	if (at && at->name.n == 0 && a->names < ANALYTICS_NAMES) {
		at->name = sd_arena_copy(&a->r->arena, name); /* empty when memory ran out */
		a->names += at->name.n > 0;
	}
	if (at && at->name.n)
		at->n += n;
	else
		a->other += n;
}

uint64_t analytics_count(const struct analytics *a, struct sd_slice name)
{
	const struct analytics_name *at = place_of(a, name);
	return at && at->name.n ? at->n : 0;
}

uint64_t analytics_take(struct analytics *a, struct sd_slice name)
{
	struct analytics_name *at = place_of(a, name);
	uint64_t n = at && at->name.n ? at->n : 0;
	if (n)
		at->n = 0;
	return n;
}

static bool is_before(const struct analytics_name *x, const struct analytics_name *y)
{
	int order;
	if (x->n != y->n)
		return x->n > y->n;
	order = memcmp(x->name.p, y->name.p, SD_MIN(x->name.n, y->name.n));
	return order < 0 || (order == 0 && x->name.n < y->name.n);
}

static bool is_of(const struct analytics_name *x, struct sd_slice prefix)
{
	return x->n > 0 && x->name.n >= prefix.n && memcmp(x->name.p, prefix.p, prefix.n) == 0;
}

uint64_t analytics_rest(const struct analytics *a, struct sd_slice prefix)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < PLACES; i++)
		if (is_of(&a->name[i], prefix))
			sum += a->name[i].n;
	return sum;
}

const struct analytics_name *analytics_top(struct analytics *a, struct sd_slice prefix)
{
	struct analytics_name *best = NULL;
	for (uint32_t i = 0; i < PLACES; i++) {
		struct analytics_name *x = &a->name[i];
		if (is_of(x, prefix) && (!best || is_before(x, best)))
			best = x;
	}
	if (!best)
		return NULL;
	struct analytics_name *out = sd_arena_alloc(&a->r->arena, sizeof(*out));
	if (out)
		*out = *best;
	best->n = 0;
	return out;
}

/* Which of a closed list it is; 0: of another version's. */
static unsigned one_of(const char *(*text)(unsigned), unsigned count, struct sd_slice name)
{
	for (unsigned i = 1; i < count; i++)
		if (sd_slice_is(name, text(i)))
			return i;
	return 0;
}

/* v:CODE, b:SIGNAL:MODE, e:EVENT */
static void add_security(struct analytics_hour *h, struct sd_slice name, uint64_t n)
{
	struct sd_slice rest = name.n > 2 ? sd_slice(name.p + 2, name.n - 2) : sd_slice("", 0);
	const char *colon = rest.n ? memchr(rest.p, ':', rest.n) : NULL;
	size_t kind = colon ? (size_t)(colon - rest.p) : rest.n;
	if (rest.n == 0)
		return;
	if (name.p[0] == 'v')
		h->refused[one_of(validate_result_text, RESULT_COUNT, rest)] += n;
	else if (name.p[0] == 'e')
		h->security[one_of(security_event_text, SECURITY_COUNT, rest)] += n;
	else if (name.p[0] == 'b' && colon)
		h->bound[one_of(binding_kind_text, BINDING_KIND_COUNT, sd_slice(rest.p, kind))]
			[one_of(binding_mode_text, BINDING_MODE_COUNT,
				sd_slice(colon + 1, rest.n - kind - 1))] += n;
}

static void on_count(struct store_tally *t, int64_t hour, struct sd_slice name, uint64_t n)
{
	struct analytics *a = SD_CONTAINER_OF(t, struct analytics, tally);
	bool hours = a->in.what == TALLY_SESSIONS;
	struct analytics_hour *h = a->hour;
	if (a->in.what != TALLY_SUMMARY && !hours) {
		add_name(a, name, n);
		return;
	}
	if (hours && (hour < a->from_hour || hour > a->to_hour))
		return;
	h += hours ? hour - a->from_hour : 0;
	if (sd_slice_is(name, "created"))
		h->created += n;
	else if (sd_slice_is(name, "users"))
		h->users += n;
	else if (sd_slice_is(name, "active"))
		a->active += n;
	else if (name.n > 2 && name.p[0] == 's')
		add_security(h, sd_slice(name.p + 2, name.n - 2), n);
	else if (name.n > 2) /* e:REASON; one that this version does not know counts as none */
		h->ended[end_reason_parse(name.p + 2, name.n - 2)] += n;
}

/* --- the walk --------------------------------------------------------------------------------- */

static void ask(struct analytics *a)
{
	store_tally(a->r->w->store, &a->in, &a->tally);
}

static void on_timer(struct sd_timer *t)
{
	ask(SD_CONTAINER_OF(t, struct analytics, timer));
}

/* Nothing was counted: the same piece once more, a little later. */
static void again(struct analytics *a)
{
	struct sd_loop *loop = a->r->w->loop;
	if (++a->tries <= TRIES &&
	    sd_timer_at(loop, &a->timer, sd_loop_now_ns(loop) + PAUSE_NS, on_timer) == SD_OK)
		return;
	a->failed = true;
	request_resume(a->r);
}

/* No hour is told that the policy lets nobody keep, or that the store has not kept. */
static int64_t first_hour(const struct analytics *a)
{
	int64_t keep_s = SD_MIN((int64_t)a->r->tenant->retain_events_s,
				(int64_t)STORE_TALLY_HOURS * HOUR_S);
	return SD_MAX(a->from_hour, (request_now_s(a->r) - keep_s) / HOUR_S);
}

static void on_piece(struct store_call *call)
{
	struct analytics *a = SD_CONTAINER_OF(call, struct analytics, tally.call);
	enum store_status status = call->status;
	int64_t next = call->next_score_ms;
	store_call_release(call);
	if (sd_clock_boot_ns() - a->r->now_ns > LONGEST_NS || status == STORE_CORRUPT) {
		a->failed = true;
		request_resume(a->r);
		return;
	}
	if (status != STORE_OK) {
		again(a);
		return;
	}
	a->tries = 0;
	a->in.first = next < 0;
	a->in.from_hour = next < 0 ? first_hour(a) : next;
	if (next < 0 && ++a->in.partition == 0)
		request_resume(a->r);
	else
		ask(a);
}

enum step analytics_ask(struct request *r)
{
	struct analytics *a = r->state;
	a->in.tenant = policy_view_str(&r->gen->view, r->tenant->name);
	a->in.from_hour = first_hour(a);
	a->in.to_hour = a->to_hour;
	a->in.names = NAMES_AT_ONCE;
	a->in.first = true;
	a->tally.take = on_count;
	a->tally.call.done = on_piece;
	ask(a);
	return STEP_PARKED;
}

enum step analytics_done(struct request *r)
{
	const struct analytics *a = r->state;
	if (!a->failed)
		return STEP_NEXT;
	return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the counts could not be read in time", NULL);
}
