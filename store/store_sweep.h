/* SPDX-License-Identifier: MIT
 * store_sweep - a sweeper's two questions, as commands for a master's own connection: what is due in
 * a partition, and what becomes of one session that is. */
#ifndef SD_STORE_SWEEP_H
#define SD_STORE_SWEEP_H

#include "store_life.h"

#define STORE_SWEEP_MAX 64
#define STORE_SWEEP_TENANT 64 /* with its NUL */

struct redisReply;
struct store_sweep;

int store_sweep_new(const char *prefix, struct store_sweep **out) SD_MUSTCHECK;
void store_sweep_free(struct store_sweep **sweep);

struct store_sweep_due_in {
	uint8_t partition;
	const char *owner; /* the master's id, of this life */
	int64_t lease_ms;
	uint32_t limit;    /* 1..STORE_SWEEP_MAX */
};
struct store_sweep_expire_in {
	struct sd_slice tenant;
	struct sid sid;
	struct store_clocks now;
	int64_t retain_s;
	const char *owner;
	bool again; /* asked before; the answer was lost */
	struct sd_slice rules; /* by time: lines of client (nothing: all), blank, before (s) */
};
struct store_sweep_place { /* in a partition's index of one tenant */
	bool given;
	int64_t ms;
	struct sid sid;
};
/* The policy has become shorter, or a rule has come: deadlines of a piece of a tenant's sessions, never to a later time. */
struct store_sweep_reindex_in {
	struct sd_slice tenant;
	uint8_t partition;
	struct store_sweep_place from; /* not given: from the newest */
	uint32_t limit;
	struct store_clocks now;
	int64_t retain_s;
	struct sd_slice rules;
};
/* One command's wire form, malloc'd; as in store_back.h. */
int store_sweep_due(struct store_sweep *sweep, const struct store_sweep_due_in *in,
		    int64_t deadline_ms, bool whole, struct sd_slice *out) SD_MUSTCHECK;
int store_sweep_expire(struct store_sweep *sweep, const struct store_sweep_expire_in *in,
		       int64_t deadline_ms, bool whole, struct sd_slice *out) SD_MUSTCHECK;

int store_sweep_reindex(struct store_sweep *sweep, const struct store_sweep_reindex_in *in,
			int64_t deadline_ms, bool whole, struct sd_slice *out) SD_MUSTCHECK;

enum store_sweep_result {
	STORE_SWEEP_AGAIN = 0, /* no answer, too late, not the server for it */
	STORE_SWEEP_UNKNOWN,   /* nothing happened: the server does not know the script */
	STORE_SWEEP_BROKEN,    /* what stands there breaks its rules */
	STORE_SWEEP_HELD,      /* due: another master's */
	STORE_SWEEP_DONE,      /* due: what was found; expire: nothing to tell */
	STORE_SWEEP_ENDED      /* expire: ended by this owner */
};
struct store_sweep_found {
	uint32_t count;
	struct {
		char tenant[STORE_SWEEP_TENANT];
		struct sid sid;
	} member[STORE_SWEEP_MAX];
};
struct store_sweep_end {
	enum end_reason reason;
	struct sd_slice user; /* in the reply */
	struct sd_slice children; /* their ids, one behind the other: they ended with it */
};
/* reply may be NULL and stays the caller's. */
enum store_sweep_result store_sweep_take_due(const struct redisReply *reply, uint8_t partition,
					     struct store_sweep_found *out) SD_MUSTCHECK;
enum store_sweep_result store_sweep_take_expire(const struct redisReply *reply,
						struct store_sweep_end *out) SD_MUSTCHECK;
/* *out is where to go on; not given: the partition's end, or anything but DONE. */
enum store_sweep_result store_sweep_take_reindex(const struct redisReply *reply,
						 struct store_sweep_place *out) SD_MUSTCHECK;
void store_sweep_reply_free(struct redisReply *reply); /* NULL is fine */

#endif
