/* SPDX-License-Identifier: MIT
 * shm_revoke_priv - the writer's own bookkeeping beside the table: whose each slot is, how many
 * each user and tenant has. Private to shm/'s writer files and their tests. */
#ifndef SD_SHM_REVOKE_PRIV_H
#define SD_SHM_REVOKE_PRIV_H

#include "shm_revoke_slot.h"

#define REVOKE_W_MAGIC 0x72766b77u
#define REVOKE_UNOWNED SHM_TENANTS /* the group of ends whose tenant has no slot */
#define REVOKE_GROUPS (SHM_TENANTS + 1)

/* A user of whom the table holds something. Index 0 is nobody. */
struct revoke_user {
	uint64_t tag;
	uint32_t next;   /* in its chain or in the free list */
	uint32_t count;  /* session entries */
	uint16_t group;  /* tenant slot or REVOKE_UNOWNED */
	uint16_t check;
	bool collapsed;  /* one USER entry stands for all */
};

struct revoke_users {
	struct revoke_user *user;
	uint32_t *chain; /* heads: `chains` of `size` are in use, mask + 1 <= chains <= 2 * (mask + 1) */
	uint32_t size, chains, mask, free_list, top;
};

/* One table and what belongs to it alone. */
struct revoke_segment {
	struct shm_revocations *table;
	uint32_t *owner; /* a slot's index into users; a mapping of its own */
	size_t size;
	size_t owner_left; /* bytes, while it is given back */
	int fd;
};

/* The successor while it is filled: no reader has it. What stands in the present table's slots
 * below `copied` stands here too, whatever comes, changes or goes meanwhile. */
struct revoke_growth {
	struct revoke_segment seg; /* seg.table NULL: none is being filled */
	size_t reserved;           /* bytes of it that have pages */
	uint64_t copied;           /* slots of the present table */
};

struct shm_revoke_w {
	uint32_t magic;
	struct shm_revoke_conf conf;
	struct shm_control *control;
	struct revoke_segment seg;
	struct revoke_growth next;
	struct revoke_segment old; /* replaced; given back piece by piece. fd -1: none */
	struct revoke_users users;
	uint32_t group_live[REVOKE_GROUPS];
	uint32_t vague;      /* groups that are collapsed now */
	uint64_t number;
	uint64_t max_buckets;
	uint64_t sweep_at;   /* the next bucket, counted down */
	uint32_t grow_hold;  /* insertions until growing is tried again after it failed */
	int64_t now_s;       /* latest time that a sweep was told */
};

/* What is to be entered. */
struct revoke_entry {
	uint64_t tag, identity;
	uint32_t user;  /* index */
	uint32_t group;
	int64_t until_s;
};

/* shm_revoke_user_w.c: _get finds or adds (0 when out of memory), _tidy drops one without use. */
uint32_t revoke_user_get(struct revoke_users *u, const struct shm_tags *tags, uint32_t group);
void revoke_user_tidy(struct revoke_users *u, uint32_t index);
void revoke_users_fini(struct revoke_users *u);

/* shm_revoke_w.c: the mark of a collapsed tenant. */
_Atomic int64_t *revoke_vague_at(struct shm_control *c, uint32_t group);
void revoke_vague_raise(struct shm_revoke_w *w, uint32_t group, int64_t until_s);

/* shm_revoke_slot_w.c */
static inline uint64_t revoke_slots(const struct revoke_segment *s)
{
	return s->table->buckets * SHM_REVOKE_SLOTS;
}
static inline void revoke_count_add(_Atomic uint64_t *count, int64_t add)
{
	uint64_t now = atomic_load_explicit(count, memory_order_relaxed);

	atomic_store_explicit(count, now + (uint64_t)add, memory_order_relaxed);
}
/* Enters e or raises its until; false when there is no slot on its way or, unless forced, the
 * table has come to its limit. */
bool revoke_put(struct shm_revoke_w *w, const struct revoke_entry *e, bool forced);
void revoke_free_slot(struct shm_revoke_w *w, uint64_t n);
/* Has the bucket that slot n is in an empty slot? Then no way leads past it. */
bool revoke_bucket_ends(const struct shm_revocations *table, uint64_t n);
/* What an entry in a slot was for: the counters of its user and tenant, and collapsed. */
void revoke_forget(struct shm_revoke_w *w, uint64_t word, uint32_t user);

/* shm_revoke_segment_w.c: a segment, whole, or with its head alone reserved. */
int revoke_segment_new(struct revoke_segment *out, uint64_t number, uint64_t buckets,
		       struct sd_diag *diag) SD_MUSTCHECK;
int revoke_segment_begin(struct revoke_segment *out, uint64_t number, uint64_t buckets,
			 struct sd_diag *diag) SD_MUSTCHECK;
void revoke_segment_fini(struct revoke_segment *s);
/* A piece of it; true when nothing is left. */
bool revoke_segment_fini_piece(struct revoke_segment *s);
uint64_t revoke_buckets_for(uint64_t entries);
/* Places an entry in a segment no reader has; false when its way is full. */
bool revoke_copy_in(struct revoke_segment *s, uint64_t tag, uint64_t word, uint32_t user);

/* shm_revoke_grow_w.c: begins to fill a successor of that many buckets; false: no memory. */
bool revoke_grow_begin(struct shm_revoke_w *w, uint64_t buckets);
/* At least one piece of the work, about that many slots. True: the successor is in force. */
bool revoke_grow_step(struct shm_revoke_w *w, uint64_t slots);
/* All of it at once, begun already or not: for who cannot wait. */
bool revoke_grow(struct shm_revoke_w *w, uint64_t buckets);
static inline bool revoke_growing(const struct shm_revoke_w *w)
{
	return w->next.seg.table != NULL;
}
/* After slot n was written; before it is freed: the successor follows. */
void revoke_grow_written(struct shm_revoke_w *w, uint64_t n);
void revoke_grow_freed(struct shm_revoke_w *w, uint64_t n);

/* shm_revoke_collapse_w.c: makes one entry or mark stand for many; false when nothing is there. */
bool revoke_collapse(struct shm_revoke_w *w);

#endif
