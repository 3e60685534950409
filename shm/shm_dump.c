/* SPDX-License-Identifier: MIT
 * shm_dump - shows a segment's head and main figures.
 * Owns:      the names of the figures
 * Runs in:   tools, tests
 * Fails by:  the buffer's own failure
 * Never:     the seed of the keyed tables, or a tag: they are nobody's business */
#include "base.h"

#include "shm_dump.h"

#include "heritage.h"
#include "shm_board.h"
#include "shm_health.h"
#include "shm_revoke.h"
#include "shm_verify.h"

struct dump {
	struct sd_buf *out;
	bool json, begun;
};

static void name_of(struct dump *d, const char *name)
{
	if (d->json) {
		sd_buf_char(d->out, d->begun ? ',' : '{');
		sd_buf_json_str(d->out, sd_slice_str(name));
		sd_buf_char(d->out, ':');
	} else {
		sd_buf_printf(d->out, "%-24s ", name);
	}
	d->begun = true;
}

static void number(struct dump *d, const char *name, uint64_t v)
{
	name_of(d, name);
	sd_buf_u64(d->out, v);
	if (!d->json)
		sd_buf_char(d->out, '\n');
}

static void text(struct dump *d, const char *name, struct sd_slice v)
{
	name_of(d, name);
	/* Quoted in both: a panic text is whatever a dying process left. */
	sd_buf_json_str(d->out, v);
	if (!d->json)
		sd_buf_char(d->out, '\n');
}

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static uint64_t load_i(const _Atomic int64_t *word)
{
	int64_t v = atomic_load_explicit(word, memory_order_acquire);

	return v < 0 ? 0 : (uint64_t)v;
}

static void dump_head(struct dump *d, const struct shm_head *h)
{
	char magic[20];

	(void)snprintf(magic, sizeof(magic), "%016llx", (unsigned long long)h->magic);
	text(d, "magic", sd_slice_str(magic));
	number(d, "major", h->major);
	number(d, "minor", h->minor);
	number(d, "number", h->number);
	number(d, "created_ms", h->created_ms);
}

static void dump_health(struct dump *d, const struct shm_control *c)
{
	struct health health;
	char name[40];

	for (unsigned i = 0; i < CHECK_COUNT; i++) {
		health_read(c, (enum shm_check)i, &health);
		(void)snprintf(name, sizeof(name), "health_%s", health_check_name((enum shm_check)i));
		text(d, name, sd_slice_str(health_status_name(health.status)));
	}
}

static uint64_t count_set(const _Atomic int64_t *v, size_t n)
{
	uint64_t set = 0;

	for (size_t i = 0; i < n; i++)
		set += load_i(&v[i]) != 0;
	return set;
}

static void dump_control(struct dump *d, const struct shm_control *c)
{
	uint64_t oldest = UINT64_MAX, newest = 0, at;

	for (unsigned i = 0; i < SHM_PARTITIONS; i++) {
		at = load_i(&c->fresh_as_of_ns[i]);
		oldest = SD_MIN(oldest, at);
		newest = SD_MAX(newest, at);
	}
	number(d, "policy_generation", load(&c->generation));
	number(d, "revocation_table", load(&c->table));
	number(d, "wall_floor_ms", load_i(&c->wall_floor_ms));
	number(d, "fresh_oldest_ns", oldest);
	number(d, "fresh_newest_ns", newest);
	number(d, "partitions_never_proven",
	       SHM_PARTITIONS - count_set(c->fresh_as_of_ns, SHM_PARTITIONS));
	number(d, "rules_tenant", count_set(c->tenant_before_s, SHM_TENANTS));
	number(d, "rules_client", count_set(c->client_before_s, SHM_CLIENTS));
	number(d, "rules_key", count_set(c->key_before_s, SHM_KEYS));
	number(d, "collapsed_tenants", count_set(c->tenant_vague_until_s, SHM_TENANTS));
	number(d, "collapsed_unowned", count_set(&c->unowned_vague_until_s, 1));
	dump_health(d, c);
}

static void dump_revocations(struct dump *d, const struct shm_revocations *t)
{
	struct shm_revoke_counts counts;

	shm_revoke_counts(t, &counts);
	number(d, "buckets", t->buckets);
	number(d, "slots", counts.capacity);
	number(d, "live", counts.live);
	number(d, "used", counts.used);
	number(d, "collapsed", counts.collapsed);
	number(d, "moved", atomic_load_explicit(&t->moved, memory_order_acquire));
}

static const char *state_name(uint64_t state)
{
	static const char *const names[] = {
		[BOARD_EMPTY] = "empty",       [BOARD_BOOTING] = "booting", [BOARD_SERVING] = "serving",
		[BOARD_DRAINING] = "draining", [BOARD_ENDED] = "ended",
	};

	return state < SD_ARRAY_LEN(names) ? names[state] : "unknown";
}

static void dump_stats(struct dump *d, const struct shm_stats *s)
{
	uint64_t used = 0;

	for (unsigned i = 0; i < SHM_STATS_COUNTERS; i++)
		used += load(&s->counter[i].key) != 0;
	text(d, "role", sd_slice_str(role_name((enum role)s->role)));
	number(d, "index", s->index);
	text(d, "state", sd_slice_str(state_name(load(&s->state))));
	number(d, "heartbeat_ns", load_i(&s->heartbeat_ns));
	number(d, "policy_generation", load(&s->generation));
	number(d, "last_route", load(&s->last_route));
	number(d, "counters_used", used);
	number(d, "counters", SHM_STATS_COUNTERS);
	text(d, "panic", sd_slice(s->panic, strnlen(s->panic, sizeof(s->panic))));
}

static void dump(struct dump *d, enum shm_kind kind, const void *p, size_t size)
{
	text(d, "kind", sd_slice_str(shm_kind_name(kind)));
	number(d, "bytes", size);
	if (size >= sizeof(struct shm_head))
		dump_head(d, p);
	if (kind == SHM_KIND_CONTROL && size >= sizeof(struct shm_control))
		dump_control(d, p);
	if (kind == SHM_KIND_REVOCATIONS && size >= sizeof(struct shm_revocations))
		dump_revocations(d, p);
	if (kind == SHM_KIND_STATS && size >= sizeof(struct shm_stats))
		dump_stats(d, p);
}

void shm_dump_text(enum shm_kind kind, const void *p, size_t size, struct sd_buf *out)
{
	dump(&(struct dump){.out = out}, kind, p, size);
}

void shm_dump_json(enum shm_kind kind, const void *p, size_t size, struct sd_buf *out)
{
	dump(&(struct dump){.out = out, .json = true}, kind, p, size);
	sd_buf_char(out, '}');
}

void shm_dump_hex(const void *p, size_t size, struct sd_buf *out)
{
	const uint8_t *bytes = p;
	bool same = false;

	for (size_t at = 0; at < size; at += 16) {
		size_t n = SD_MIN(size - at, (size_t)16);

		if (at > 0 && n == 16 && memcmp(bytes + at, bytes + at - 16, 16) == 0) {
			if (!same)
				sd_buf_str(out, "*\n");
			same = true;
			continue;
		}
		same = false;
		sd_buf_printf(out, "%08zx ", at);
		for (size_t i = 0; i < n; i++)
			sd_buf_printf(out, " %02x", bytes[at + i]);
		sd_buf_char(out, '\n');
	}
	sd_buf_printf(out, "%08zx\n", size);
}
