/* SPDX-License-Identifier: MIT
 * shm_layout - the only definition of bytes in shared segments (but the policy image, which is
 * policy_image.h, and the table of countries, geo_table.h). Offsets, not pointers; little-endian x86-64 or aarch64; any change of size or
 * order is a new SHM_MAJOR. Drawn in docs/MEMORY.md. Atomics are lock-free 64-bit words. */
#ifndef SD_SHM_LAYOUT_H
#define SD_SHM_LAYOUT_H

#include <stdatomic.h>

#include "siphash.h"

#define SHM_MAGIC 0x31306465646973ull /* "sided01" */
#define SHM_MAJOR 2
#define SHM_MINOR 0

enum shm_kind { SHM_KIND_NONE = 0, SHM_KIND_POLICY, SHM_KIND_CONTROL, SHM_KIND_REVOCATIONS, SHM_KIND_STATS,
		SHM_KIND_GEO /* geo_table.h */ };

struct shm_head { /* 64 bytes, first in each segment */
	uint64_t magic;
	uint16_t major, minor;
	uint32_t kind;
	uint64_t size;   /* of the whole segment, bytes */
	uint64_t number; /* policy: generation; revocations: table number; stats: pid */
	uint64_t created_ms;
	uint8_t reserved[24];
};

#define SHM_PARTITIONS 256
#define SHM_BUCKETS 65536
#define SHM_TENANTS 16384
#define SHM_CLIENTS 65536
#define SHM_KEYS 65536
#define SHM_SLOT_NONE 0xffffffffu /* "no such slot": never matches a rule */

/* One check of /health in one word: status 4 bits, reason 12, since (Unix s) 48. */
enum shm_check { CHECK_STORE, CHECK_FRESHNESS, CHECK_SIGNER, CHECK_AUDITOR, CHECK_WORKERS, CHECK_POLICY, CHECK_SANDBOX, CHECK_COUNT };

struct shm_control { /* writer: master; never moves; workers map it read-only */
	struct shm_head head;
	struct sd_siphash_key seed;        /* of all keyed tables of this start */
	_Atomic uint64_t generation;       /* policy in force */
	_Atomic uint64_t table;            /* number of the revocation segment in force */
	_Atomic int64_t wall_floor_ms;     /* highest wall time that the store confirmed */
	_Atomic int64_t store_offset_ms;   /* store wall clock - boot clock; INT64_MIN = unknown */
	_Atomic uint64_t health[8];        /* enum shm_check */
	_Atomic int64_t fresh_as_of_ns[SHM_PARTITIONS]; /* boot clock; 0 = never */
	_Atomic uint64_t applied[SHM_PARTITIONS];       /* log position, see shm_log_pos() */
	_Atomic uint64_t bucket[SHM_BUCKETS];           /* invalidation counters */
	_Atomic int64_t tenant_before_s[SHM_TENANTS];   /* tokens with iat < this are refused; 0 = none */
	_Atomic int64_t client_before_s[SHM_CLIENTS];
	_Atomic int64_t key_before_s[SHM_KEYS];
	_Atomic int64_t tenant_vague_until_s[SHM_TENANTS]; /* 0, or: its ends are no longer told apart */
	_Atomic int64_t unowned_vague_until_s; /* the same for ends of a tenant without a slot */
	_Atomic uint64_t store_known;      /* bit 0: read, given back what it lost, proven; 0: believe nothing it says; above: log resets */
};

/* 16 bytes. Writer's order: (tombstone into tag), until and meta, then tag (release). */
struct shm_revoke_slot {
	_Atomic uint64_t tag;  /* keyed hash; 0 = empty, 1 = tombstone */
	_Atomic uint64_t word; /* until_s 34 bits | kind 2 | check 12 | tenant slot 16 */
};
#define SHM_REVOKE_SLOTS 4 /* in a 64-byte bucket; a full bucket overflows into the next */

struct shm_revocations { /* writer: master */
	struct shm_head head;
	uint64_t buckets;            /* a power of two */
	_Atomic uint64_t live;       /* entries, tombstones not counted */
	_Atomic uint64_t used;       /* slots that are not empty */
	_Atomic uint64_t collapsed;  /* entries that stand for many and answer UNKNOWN */
	_Atomic uint32_t moved;      /* 1: a successor exists, this table answers UNKNOWN */
	uint32_t pad;
	uint8_t reserved[24];
	struct shm_revoke_slot slot[]; /* buckets * SHM_REVOKE_SLOTS */
};

#define SHM_STATS_COUNTERS 4096
#define SHM_STATS_GAUGES 32
#define SHM_STATS_HISTOGRAMS 16
#define SHM_STATS_BUCKETS 24
#define SHM_STATS_ROUTES 64

struct shm_stats { /* writer: the one process it belongs to; the master reads */
	struct shm_head head;
	uint32_t role, index;
	_Atomic uint64_t state;        /* enum board_state */
	_Atomic int64_t heartbeat_ns;  /* boot clock, at least once a second */
	_Atomic uint64_t generation;   /* policy in use */
	_Atomic uint64_t last_route;   /* for the obituary: route index + 1, 0 = none */
	char panic[512];               /* why it died, by its own account */
	char route[SHM_STATS_ROUTES][48]; /* names behind route labels ("" = unused) */
	_Atomic uint64_t gauge[SHM_STATS_GAUGES];
	struct {
		_Atomic uint64_t bucket[SHM_STATS_BUCKETS];
		_Atomic uint64_t sum_us;
		_Atomic uint64_t count;
	} histogram[SHM_STATS_HISTOGRAMS];
	struct {
		_Atomic uint64_t key; /* metric 16 | tenant slot + 1 16 | label a 16 | label b 16; 0 = free */
		_Atomic uint64_t count;
	} counter[SHM_STATS_COUNTERS];
};

_Static_assert(sizeof(struct shm_head) == 64, "segment head is 64 bytes");
_Static_assert(offsetof(struct shm_control, generation) == 80, "control layout");
_Static_assert(offsetof(struct shm_control, fresh_as_of_ns) == 176, "control layout");
_Static_assert(offsetof(struct shm_control, bucket) == 176 + 2 * 8 * SHM_PARTITIONS, "control layout");
_Static_assert(offsetof(struct shm_control, tenant_before_s) == 176 + 16 * SHM_PARTITIONS + 8 * SHM_BUCKETS,
	       "control layout");
_Static_assert(sizeof(struct shm_control) == offsetof(struct shm_control, tenant_before_s) +
	       8 * (2 * SHM_TENANTS + SHM_CLIENTS + SHM_KEYS + 2), "control layout");
_Static_assert(sizeof(struct shm_revoke_slot) == 16, "slot is 16 bytes");
_Static_assert(offsetof(struct shm_revocations, slot) == 128, "slots start on a cache line");
_Static_assert(offsetof(struct shm_stats, panic) == 104, "stats layout");
_Static_assert(offsetof(struct shm_stats, gauge) == 616 + 48 * SHM_STATS_ROUTES, "stats layout");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free across processes");

/* Redis stream id "ms-seq" in one ordered word (ms below 2^44, seq saturates at 2^20-1). */
static inline uint64_t shm_log_pos(uint64_t ms, uint64_t seq)
{
	return (ms << 20) | (seq < 0xfffff ? seq : 0xfffff);
}

#endif
