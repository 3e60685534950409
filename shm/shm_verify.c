/* SPDX-License-Identifier: MIT
 * shm_verify - proves the invariants of the segments, one finding a line.
 * Owns:      nothing
 * Runs in:   tools, tests
 * Fails by:  findings
 * Never:     trusts a figure before it has been held against the size of the segment */
#include "base.h"

#include "shm_verify.h"

#include "heritage.h"
#include "shm_board.h"
#include "shm_health.h"
#include "shm_revoke_slot.h"

/* A writer at work makes a walk see the table at two times: what is really wrong stays wrong. */
#define TRIES 3

struct report {
	struct sd_buf *out;
	unsigned count;
};

static void finding(struct report *r, const char *fmt, ...) SD_PRINTF(2, 3);
static void finding(struct report *r, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (r->count++ >= SHM_VERIFY_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sd_buf_str(r->out, text);
	sd_buf_char(r->out, '\n');
}

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static int64_t load_i(const _Atomic int64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

const char *shm_kind_name(enum shm_kind kind)
{
	switch (kind) {
	case SHM_KIND_POLICY:
		return "policy";
	case SHM_KIND_CONTROL:
		return "control";
	case SHM_KIND_REVOCATIONS:
		return "revocations";
	case SHM_KIND_STATS:
		return "stats";
	case SHM_KIND_GEO:
		return "geo";
	case SHM_KIND_NONE:
		break;
	}
	return "none";
}

static bool head_ok(struct report *r, enum shm_kind kind, const struct shm_head *head, size_t size)
{
	unsigned before = r->count;

	if (head->magic != SHM_MAGIC)
		finding(r, "head: magic is %016llx", (unsigned long long)head->magic);
	if (head->major != SHM_MAJOR)
		finding(r, "head: layout %u.%u, known is %d.%d", head->major, head->minor, SHM_MAJOR,
			SHM_MINOR);
	if (head->kind != (uint32_t)kind)
		finding(r, "head: kind %u, not %u", head->kind, (unsigned)kind);
	if (head->size != size)
		finding(r, "head: says %llu bytes, has %zu", (unsigned long long)head->size, size);
	for (size_t i = 0; i < sizeof(head->reserved); i++)
		if (head->reserved[i] != 0) {
			finding(r, "head: reserved byte %zu is not 0", i);
			break;
		}
	return r->count == before;
}

/* The way of the live entry in slot at: no bucket before its own may end it, and nothing with its
 * identity may stand before it. */
static void verify_entry(struct report *r, const struct shm_revocations *t, uint64_t at, uint64_t tag,
			 uint64_t word)
{
	uint64_t home = at / SHM_REVOKE_SLOTS, way = revoke_way(t->buckets);
	enum revoke_kind kind = revoke_kind(word);

	if (kind == REVOKE_NONE)
		finding(r, "slot %llu: no kind", (unsigned long long)at);
	if ((word & 0xffff) >= SHM_TENANTS && (word & 0xffff) != REVOKE_NO_TENANT)
		finding(r, "slot %llu: tenant slot out of range", (unsigned long long)at);
	for (uint64_t i = 0; i < way; i++) {
		uint64_t n = revoke_bucket(t->buckets, tag, i), end = n + SHM_REVOKE_SLOTS;
		bool ends = false, here = n / SHM_REVOKE_SLOTS == home;

		for (; n < end && n != at; n++) {
			uint64_t other = load(&t->slot[n].tag);

			ends |= other == REVOKE_EMPTY;
			if (other == tag &&
			    ((load(&t->slot[n].word) ^ word) & REVOKE_IDENTITY_MASK) == 0)
				finding(r, "slots %llu and %llu: the same entry",
					(unsigned long long)n, (unsigned long long)at);
		}
		if (here)
			return;
		if (ends) {
			finding(r, "slot %llu: its way ends at bucket %llu before it",
				(unsigned long long)at, (unsigned long long)(n / SHM_REVOKE_SLOTS));
			return;
		}
	}
	finding(r, "slot %llu: farther than %llu buckets from home", (unsigned long long)at,
		(unsigned long long)way);
}

/* head is what the table says, seen what the walk counted; a killed writer leaves head too high
 * by at most `above`; moved is by how much head changed during the walk. */
static void verify_count(struct report *r, const char *what, uint64_t head, uint64_t seen, uint64_t slack[2])
{
	uint64_t above = slack[0], moved = slack[1];

	if (head + moved < seen || head > seen + above + moved)
		finding(r, "%s: the head says %llu, there are %llu", what, (unsigned long long)head,
			(unsigned long long)seen);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void walk_revocations(struct report *r, const struct shm_revocations *t)
{
	uint64_t live = 0, used = 0, collapsed = 0;
	uint64_t live_was = load(&t->live), used_was = load(&t->used), moved;

	for (uint64_t n = 0; n < t->buckets * SHM_REVOKE_SLOTS; n++) {
		uint64_t tag = load(&t->slot[n].tag);
		uint64_t word = load(&t->slot[n].word);

		used += tag != REVOKE_EMPTY;
		if (tag < REVOKE_FIRST_TAG || load(&t->slot[n].tag) != tag)
			continue;
		live++;
		collapsed += revoke_kind(word) == REVOKE_USER;
		verify_entry(r, t, n, tag, word);
	}
	moved = SD_MAX(distance(load(&t->live), live_was), distance(load(&t->used), used_was));
	verify_count(r, "live", live_was, live, (uint64_t[]){1, moved});
	verify_count(r, "used", used_was, used, (uint64_t[]){SHM_REVOKE_SLOTS, moved});
	verify_count(r, "collapsed", load(&t->collapsed), collapsed, (uint64_t[]){1, moved});
	if (atomic_load_explicit(&t->moved, memory_order_relaxed) > 1)
		finding(r, "moved: neither 0 nor 1");
}

static void verify_revocations(struct report *r, const struct shm_revocations *t, size_t size)
{
	size_t mark = r->out->len;
	unsigned before = r->count;

	if (!shm_revoke_fits(t, size)) {
		finding(r, "buckets: %llu do not make %zu bytes",
			(unsigned long long)(size < sizeof(*t) ? 0 : t->buckets), size);
		return;
	}
	for (int i = 0; i < TRIES; i++) {
		r->out->len = mark;
		r->count = before;
		walk_revocations(r, t);
		if (r->count == before)
			return;
	}
}

static void not_negative(struct report *r, const char *what, const _Atomic int64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (load_i(&v[i]) < 0)
			finding(r, "%s[%zu]: negative", what, i);
}

static void verify_control(struct report *r, const struct shm_control *c, size_t size)
{
	if (size != sizeof(*c)) {
		finding(r, "size: %zu bytes, not %zu", size, sizeof(*c));
		return;
	}
	for (unsigned i = 0; i < SD_ARRAY_LEN(c->health); i++) {
		uint64_t word = load(&c->health[i]);

		if (word >> 60 > HEALTH_OK || (word >> 48 & 0xfff) >= HEALTH_REASON_COUNT ||
		    (i >= CHECK_COUNT && word != 0))
			finding(r, "health[%u]: %016llx", i, (unsigned long long)word);
	}
	not_negative(r, "wall_floor_ms", &c->wall_floor_ms, 1);
	not_negative(r, "fresh_as_of_ns", c->fresh_as_of_ns, SHM_PARTITIONS);
	not_negative(r, "tenant_before_s", c->tenant_before_s, SHM_TENANTS);
	not_negative(r, "client_before_s", c->client_before_s, SHM_CLIENTS);
	not_negative(r, "key_before_s", c->key_before_s, SHM_KEYS);
	not_negative(r, "tenant_vague_until_s", c->tenant_vague_until_s, SHM_TENANTS);
	not_negative(r, "unowned_vague_until_s", &c->unowned_vague_until_s, 1);
}

/* Buckets are counted before the total: the total read first cannot be more than their sum. */
static void verify_histogram(struct report *r, const struct shm_stats *s, unsigned h)
{
	uint64_t least = load(&s->histogram[h].count), sum = 0, most;

	for (unsigned b = 0; b < SHM_STATS_BUCKETS; b++)
		sum += load(&s->histogram[h].bucket[b]);
	most = load(&s->histogram[h].count) + 1;
	if (sum < least || sum > most)
		finding(r, "histogram %u: buckets make %llu, the count is %llu", h,
			(unsigned long long)sum, (unsigned long long)least);
	if (sum > 0 && (h == HISTOGRAM_NONE || h >= HISTOGRAM_COUNT))
		finding(r, "histogram %u: unknown, but counted", h);
}

static void walk_stats(struct report *r, const struct shm_stats *s)
{
	for (unsigned i = 0; i < SHM_STATS_HISTOGRAMS; i++)
		verify_histogram(r, s, i);
	for (uint32_t i = 0; i < SHM_STATS_COUNTERS; i++)
		if (!board_counter_ok(s, i))
			finding(r, "counter %u: key %016llx does not belong there", i,
				(unsigned long long)load(&s->counter[i].key));
}

static void verify_stats(struct report *r, const struct shm_stats *s, size_t size)
{
	size_t mark;
	unsigned before;

	if (size != sizeof(*s)) {
		finding(r, "size: %zu bytes, not %zu", size, sizeof(*s));
		return;
	}
	if (s->role == ROLE_NONE || s->role >= ROLE_COUNT)
		finding(r, "role: %u", s->role);
	if (load(&s->state) > BOARD_ENDED)
		finding(r, "state: %llu", (unsigned long long)load(&s->state));
	if (!memchr(s->panic, '\0', sizeof(s->panic)))
		finding(r, "panic: does not end");
	for (unsigned i = 0; i < SHM_STATS_ROUTES; i++)
		if (!memchr(s->route[i], '\0', sizeof(s->route[i])))
			finding(r, "route[%u]: does not end", i);
	mark = r->out->len;
	before = r->count;
	for (int i = 0; i < TRIES; i++) {
		r->out->len = mark;
		r->count = before;
		walk_stats(r, s);
		if (r->count == before)
			return;
	}
}

unsigned shm_verify(enum shm_kind kind, const void *p, size_t size, struct sd_buf *findings)
{
	struct report r = {.out = findings};

	if ((uintptr_t)p % 8 != 0)
		finding(&r, "address: not aligned to 8");
	else if (size < sizeof(struct shm_head))
		finding(&r, "size: %zu bytes hold no head", size);
	else if (head_ok(&r, kind, p, size) && kind == SHM_KIND_REVOCATIONS)
		verify_revocations(&r, p, size);
	else if (r.count == 0 && kind == SHM_KIND_CONTROL)
		verify_control(&r, p, size);
	else if (r.count == 0 && kind == SHM_KIND_STATS)
		verify_stats(&r, p, size);
	else if (r.count == 0 && kind != SHM_KIND_POLICY)
		finding(&r, "kind: %u is none", (unsigned)kind);
	return r.count;
}
