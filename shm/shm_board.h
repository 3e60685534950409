/* SPDX-License-Identifier: MIT
 * shm_board - a process's own statistics segment: state, heartbeat, counters, histograms.
 * One writer each (relaxed stores); the master reads all and renders them. */
#ifndef SD_SHM_BOARD_H
#define SD_SHM_BOARD_H

#include "shm_layout.h"
#include "slice.h"

enum board_state { BOARD_EMPTY = 0, BOARD_BOOTING, BOARD_SERVING, BOARD_DRAINING, BOARD_ENDED };

/* stats.def: METRIC(ID, "name", "help", TYPE, label a, label b); label kinds: none, tenant is
 * implied by a non-NONE slot, ROUTE_METHOD, STATUS, RESULT, SOURCE, REASON, ROLE. */
enum metric {
	METRIC_NONE = 0,
#define COUNTER(id, name, help, label_a, label_b) METRIC_##id,
#include "stats.def"
#undef COUNTER
	METRIC_COUNT
};

enum board_histogram {
	HISTOGRAM_NONE = 0,
#define HISTOGRAM(id, name, help) HISTOGRAM_##id,
#include "stats.def"
#undef HISTOGRAM
	HISTOGRAM_COUNT
};

enum board_gauge {
	GAUGE_NONE = 0,
#define GAUGE(id, name, help) GAUGE_##id,
#include "stats.def"
#undef GAUGE
	GAUGE_COUNT
};

/* The tenant of what was counted when the table was full. */
#define BOARD_TENANT_OTHER 0xfffeu

/* A counter's key taken apart, for who renders it. tenant_slot is SHM_SLOT_NONE, a slot below
 * SHM_TENANTS, or BOARD_TENANT_OTHER. False for a free counter or a key that makes no sense. */
struct board_key {
	enum metric metric;
	uint32_t tenant_slot;
	uint16_t a, b;
};
bool board_key_read(uint64_t key, struct board_key *out);
/* Is counter n free, or where counting would find its key? (shm_verify) */
bool board_counter_ok(const struct shm_stats *s, uint32_t n);

/* Adds to a labelled counter. tenant_slot may be SHM_SLOT_NONE. O(1), no allocation; a full table
 * counts under tenant "other". */
void board_count(struct shm_stats *s, enum metric metric, uint32_t tenant_slot, uint16_t a, uint16_t b,
		 uint64_t add);
/* Powers-of-two-ish microsecond buckets, see board_bucket_us(). */
void board_observe(struct shm_stats *s, enum board_histogram h, uint64_t us);
uint64_t board_bucket_us(uint32_t bucket); /* upper bound, inclusive; UINT64_MAX for the last */
void board_gauge(struct shm_stats *s, enum board_gauge g, uint64_t value);
void board_beat(struct shm_stats *s, int64_t now_ns);
void board_state(struct shm_stats *s, enum board_state state);
/* Adds all counters and histograms of from to into (a dead process's legacy; master). */
void board_merge(struct shm_stats *into, const struct shm_stats *from);

#endif
