/* SPDX-License-Identifier: MIT
 * shm_board - counts into a process's own statistics segment, and adds one segment to another.
 * Owns:      the counter table: three regions, each counter in exactly one place
 * Runs in:   all (each writes its own); the master merges
 * Fails by:  never; what finds no room is counted under tenant "other"
 * Never:     trusts a key or a label of another process's segment; locks; allocates */
#include "base.h"

#include "shm_board.h"

/* hashed: [0, OTHER_AT); hashed, tenant "other": [OTHER_AT, TOTAL_AT); tenant "other" without
 * labels: [TOTAL_AT + metric], which cannot be full. */
#define TOTAL_COUNT 64u
#define OTHER_COUNT 448u
#define TOTAL_AT (SHM_STATS_COUNTERS - TOTAL_COUNT)
#define OTHER_AT (TOTAL_AT - OTHER_COUNT)
#define MAX_PROBES 64u
#define OTHER_FIELD (BOARD_TENANT_OTHER + 1u)
#define FIRST_BUCKET_LOG2 4u

SD_STATIC_ASSERT((int)METRIC_COUNT <= (int)TOTAL_COUNT, "a place for each metric's rest");
SD_STATIC_ASSERT((int)HISTOGRAM_COUNT <= SHM_STATS_HISTOGRAMS, "histograms fit");
SD_STATIC_ASSERT((int)GAUGE_COUNT <= SHM_STATS_GAUGES, "gauges fit");
SD_STATIC_ASSERT(SHM_TENANTS < BOARD_TENANT_OTHER, "no slot is taken for other");

static void add_relaxed(_Atomic uint64_t *word, uint64_t add)
{
	/* One writer: a plain add, not a locked one. */
	uint64_t now = atomic_load_explicit(word, memory_order_relaxed);

	atomic_store_explicit(word, now + add, memory_order_relaxed);
}

static uint64_t key_make(enum metric metric, uint32_t tenant_field, uint16_t a, uint16_t b)
{
	return ((uint64_t)metric << 48) | ((uint64_t)tenant_field << 32) | ((uint64_t)a << 16) | b;
}

bool board_key_read(uint64_t key, struct board_key *out)
{
	uint32_t metric = (uint32_t)(key >> 48), tenant = (uint32_t)(key >> 32) & 0xffff;

	memset(out, 0, sizeof(*out));
	if (metric == METRIC_NONE || metric >= METRIC_COUNT)
		return false;
	if (tenant > SHM_TENANTS && tenant != OTHER_FIELD)
		return false;
	out->metric = (enum metric)metric;
	out->tenant_slot = tenant == 0 ? SHM_SLOT_NONE : tenant - 1;
	out->a = (uint16_t)(key >> 16);
	out->b = (uint16_t)key;
	return true;
}

static uint32_t key_hash(uint64_t key)
{
	key ^= key >> 31;
	key *= 0x9e3779b97f4a7c15ull;
	return (uint32_t)(key >> 32);
}

/* Where key stands, or would, within [first, first + count); SHM_STATS_COUNTERS: no room. */
static uint32_t place_in(const struct shm_stats *s, uint32_t first, uint32_t count, uint64_t key)
{
	uint32_t at = key_hash(key) % count;

	for (uint32_t i = 0; i < MAX_PROBES; i++) {
		uint32_t n = first + (at + i) % count;
		uint64_t found = atomic_load_explicit(&s->counter[n].key, memory_order_relaxed);

		if (found == key || found == 0)
			return n;
	}
	return SHM_STATS_COUNTERS;
}

/* The one place of a key. */
static uint32_t place(const struct shm_stats *s, uint64_t key)
{
	uint32_t tenant = (uint32_t)(key >> 32) & 0xffff;

	if (tenant != OTHER_FIELD)
		return place_in(s, 0, OTHER_AT, key);
	if ((uint32_t)key == 0)
		return TOTAL_AT + (uint32_t)(key >> 48);
	return place_in(s, OTHER_AT, OTHER_COUNT, key);
}

bool board_counter_ok(const struct shm_stats *s, uint32_t n)
{
	uint64_t key = atomic_load_explicit(&s->counter[n].key, memory_order_acquire);
	struct board_key k;

	return key == 0 || (board_key_read(key, &k) && place(s, key) == n);
}

static bool count_at(struct shm_stats *s, uint64_t key, uint64_t add)
{
	uint32_t n = place(s, key);

	if (n >= SHM_STATS_COUNTERS)
		return false;
	add_relaxed(&s->counter[n].count, add);
	if (atomic_load_explicit(&s->counter[n].key, memory_order_relaxed) == 0)
		atomic_store_explicit(&s->counter[n].key, key, memory_order_release);
	return true;
}

void board_count(struct shm_stats *s, enum metric metric, uint32_t tenant_slot, uint16_t a, uint16_t b,
		 uint64_t add)
{
	uint32_t field = tenant_slot == SHM_SLOT_NONE ? 0 : tenant_slot + 1;

	if (metric <= METRIC_NONE || metric >= METRIC_COUNT)
		return;
	if (field <= SHM_TENANTS && count_at(s, key_make(metric, field, a, b), add))
		return;
	if (!count_at(s, key_make(metric, OTHER_FIELD, a, b), add))
		(void)count_at(s, key_make(metric, OTHER_FIELD, 0, 0), add);
}

uint64_t board_bucket_us(uint32_t bucket)
{
	return bucket >= SHM_STATS_BUCKETS - 1 ? UINT64_MAX : 1ull << (FIRST_BUCKET_LOG2 + bucket);
}

void board_observe(struct shm_stats *s, enum board_histogram h, uint64_t us)
{
	uint32_t bucket = 0;

	if (h <= HISTOGRAM_NONE || h >= HISTOGRAM_COUNT)
		return;
	if (us > 1ull << FIRST_BUCKET_LOG2)
		bucket = 64 - (uint32_t)__builtin_clzll(us - 1) - FIRST_BUCKET_LOG2;
	if (bucket >= SHM_STATS_BUCKETS)
		bucket = SHM_STATS_BUCKETS - 1;
	add_relaxed(&s->histogram[h].bucket[bucket], 1);
	add_relaxed(&s->histogram[h].sum_us, us);
	add_relaxed(&s->histogram[h].count, 1);
}

void board_gauge(struct shm_stats *s, enum board_gauge g, uint64_t value)
{
	if (g > GAUGE_NONE && g < GAUGE_COUNT)
		atomic_store_explicit(&s->gauge[g], value, memory_order_relaxed);
}

void board_beat(struct shm_stats *s, int64_t now_ns)
{
	atomic_store_explicit(&s->heartbeat_ns, now_ns, memory_order_relaxed);
}

void board_state(struct shm_stats *s, enum board_state state)
{
	atomic_store_explicit(&s->state, (uint64_t)state, memory_order_relaxed);
}

static void merge_counters(struct shm_stats *into, const struct shm_stats *from)
{
	struct board_key k;

	for (uint32_t i = 0; i < SHM_STATS_COUNTERS; i++) {
		uint64_t key = atomic_load_explicit(&from->counter[i].key, memory_order_acquire);
		uint64_t n = atomic_load_explicit(&from->counter[i].count, memory_order_relaxed);

		if (board_key_read(key, &k) && n > 0)
			board_count(into, k.metric, k.tenant_slot, k.a, k.b, n);
	}
}

void board_merge(struct shm_stats *into, const struct shm_stats *from)
{
	merge_counters(into, from);
	for (uint32_t h = 1; h < HISTOGRAM_COUNT; h++) {
		for (uint32_t b = 0; b < SHM_STATS_BUCKETS; b++)
			add_relaxed(&into->histogram[h].bucket[b],
				    atomic_load_explicit(&from->histogram[h].bucket[b],
							 memory_order_relaxed));
		add_relaxed(&into->histogram[h].sum_us,
			    atomic_load_explicit(&from->histogram[h].sum_us, memory_order_relaxed));
		add_relaxed(&into->histogram[h].count,
			    atomic_load_explicit(&from->histogram[h].count, memory_order_relaxed));
	}
}
