/* SPDX-License-Identifier: MIT
 * store_preview - what another policy would do to the sessions of a tenant, counted in the store, a
 * piece of a partition with each call. Changes nothing. */
#ifndef SD_STORE_PREVIEW_H
#define SD_STORE_PREVIEW_H

#include "store_life.h"

struct store_preview_in {
	struct sd_slice tenant;
	uint8_t partition;
	bool has_from;
	int64_t from_ms; /* call->next_score_ms, next_sid of the piece before */
	struct sid from_sid;
	uint32_t looks;  /* about so many records in one piece */
	struct store_clocks now, other;
	uint32_t max_per_user;               /* the other policy's; 0 = none */
	bool ip_differs, agent_differs, device_differs; /* its binding */
	struct sd_slice rules;   /* by time: lines of client (empty: all), blank, before (s) */
	struct sd_slice removed; /* the same of clients that the other policy has not */
	struct sd_slice types;   /* its limits: lines of device type, blank, number */
};

/* Sums: each piece adds its own. */
struct store_preview {
	struct store_call call; /* OK: its next_score_ms is -1 at the partition's end */
	uint64_t live, idle, absolute, users, excess, rebound, step_up, client, type_users, type_excess;
	uint64_t level_users, level_excess;
};

void store_preview(struct store *s, const struct store_preview_in *in, struct store_preview *p);

/* For store_reply alone. */
struct redisReply;
int store_preview_reply(struct store_call *call, struct redisReply *const *e, size_t n) SD_MUSTCHECK;

#endif
