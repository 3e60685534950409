/* SPDX-License-Identifier: MIT
 * shm_fresh - how old this node's knowledge can be, per partition; and the bucket counters that
 * invalidate what workers remember.
 * Writer's order: table, bucket, applied, then clock (release). Reader's: clock (acquire), then
 * table, then the present time. */
#ifndef SD_SHM_FRESH_H
#define SD_SHM_FRESH_H

#include "shm_layout.h"

/* Reader. Acquire load; keep it, look into the table, then ask shm_fresh_holds() with a boot time
 * read after the look-up. */
static inline int64_t shm_fresh_as_of(const struct shm_control *c, uint8_t partition)
{
	return atomic_load_explicit(&c->fresh_as_of_ns[partition], memory_order_acquire);
}

static inline bool shm_fresh_holds(int64_t as_of_ns, int64_t now_ns, int64_t max_staleness_ns)
{
	return as_of_ns > 0 && now_ns >= as_of_ns && now_ns - as_of_ns <= max_staleness_ns;
}

/* Does what the store says count? It may be another server, or an older copy, that was not read yet,
 * nor given back what it lost. */
static inline bool shm_fresh_store_known(const struct shm_control *c)
{
	return atomic_load_explicit(&c->store_known, memory_order_acquire) & 1;
}

/* How often the log was begun again: another server, or one that went back. What was acknowledged by the one
 * before may be in no log any more, whatever position this node has applied since. Read it after
 * the position or the clock. */
static inline uint64_t shm_fresh_resets(const struct shm_control *c)
{
	return atomic_load_explicit(&c->store_known, memory_order_acquire) >> 1;
}

/* Has this node applied the log of partition up to pos? Acquire. */
static inline bool shm_fresh_applied(const struct shm_control *c, uint8_t partition, uint64_t pos)
{
	return atomic_load_explicit(&c->applied[partition], memory_order_acquire) >= pos;
}

/* The bucket of a session (of a user: pass a tag of the user). Note the counter before asking
 * Redis; what was learnt is a miss once the counter differs. */
static inline uint32_t shm_bucket_of(uint64_t tag)
{
	return (uint32_t)(tag >> 48) & (SHM_BUCKETS - 1);
}

static inline uint64_t shm_bucket_read(const struct shm_control *c, uint32_t bucket)
{
	return atomic_load_explicit(&c->bucket[bucket], memory_order_acquire);
}

/* Writer (master only; shm_fresh_w.c). */
void shm_bucket_bump(struct shm_control *c, uint32_t bucket);
void shm_bucket_bump_all(struct shm_control *c);
/* pos only ever rises within one log identity; a new identity resets with shm_applied_reset(). */
void shm_applied_set(struct shm_control *c, uint8_t partition, uint64_t pos);
void shm_applied_reset(struct shm_control *c, uint8_t partition);
void shm_fresh_set(struct shm_control *c, uint8_t partition, int64_t as_of_ns);
void shm_fresh_set_store_known(struct shm_control *c, bool known);
/* Before anything of the new log is applied; the store is not known then. */
void shm_fresh_reset(struct shm_control *c);
/* Nothing is proven any more (another server, a lost log). */
void shm_fresh_clear_all(struct shm_control *c);

#endif
