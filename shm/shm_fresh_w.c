/* SPDX-License-Identifier: MIT
 * shm_fresh_w - writes clocks, log positions and invalidation counters into the control segment.
 * Owns:      fresh_as_of_ns, applied, bucket
 * Runs in:   master (after the sandbox)
 * Fails by:  never
 * Never:     sets a clock before the table and the counters it speaks for (release order) */
#include "base.h"

#include "shm_fresh.h"

void shm_bucket_bump(struct shm_control *c, uint32_t bucket)
{
	atomic_fetch_add_explicit(&c->bucket[bucket & (SHM_BUCKETS - 1)], 1, memory_order_release);
}

void shm_bucket_bump_all(struct shm_control *c)
{
	for (uint32_t i = 0; i < SHM_BUCKETS; i++)
		shm_bucket_bump(c, i);
}

void shm_applied_set(struct shm_control *c, uint8_t partition, uint64_t pos)
{
	if (pos > atomic_load_explicit(&c->applied[partition], memory_order_relaxed))
		atomic_store_explicit(&c->applied[partition], pos, memory_order_release);
}

void shm_applied_reset(struct shm_control *c, uint8_t partition)
{
	atomic_store_explicit(&c->applied[partition], 0, memory_order_release);
}

void shm_fresh_set(struct shm_control *c, uint8_t partition, int64_t as_of_ns)
{
	atomic_store_explicit(&c->fresh_as_of_ns[partition], as_of_ns, memory_order_release);
}

void shm_fresh_clear_all(struct shm_control *c)
{
	for (uint32_t i = 0; i < SHM_PARTITIONS; i++)
		shm_fresh_set(c, (uint8_t)i, 0);
}

void shm_fresh_set_store_known(struct shm_control *c, bool known)
{
	uint64_t resets = atomic_load_explicit(&c->store_known, memory_order_relaxed) >> 1;

	atomic_store_explicit(&c->store_known, resets << 1 | known, memory_order_release);
}

void shm_fresh_reset(struct shm_control *c)
{
	uint64_t resets = atomic_load_explicit(&c->store_known, memory_order_relaxed) >> 1;

	atomic_store_explicit(&c->store_known, (resets + 1) << 1, memory_order_release);
}
