/* SPDX-License-Identifier: MIT
 * ratelimit - token buckets per tenant and failure counts per source address; this worker's share
 * of a node's limits. Time is a parameter. */
#ifndef SD_RATELIMIT_H
#define SD_RATELIMIT_H

#include "slice.h"

struct ratelimit;

int ratelimit_new(const uint64_t secret[2], struct ratelimit **out) SD_MUSTCHECK;
void ratelimit_free(struct ratelimit **r);

/* One creation of a tenant (by slot) at per_second on the whole node, shared by workers. */
bool ratelimit_create(struct ratelimit *r, uint32_t tenant_slot, uint32_t per_second,
		      uint32_t workers, int64_t now_ms) SD_MUSTCHECK;

/* Counts one refused validation from an address; false when that address is over its limit. */
void ratelimit_failed(struct ratelimit *r, uint32_t tenant_slot, struct sd_slice ip,
		      int64_t now_ms);
bool ratelimit_source_ok(const struct ratelimit *r, uint32_t tenant_slot, struct sd_slice ip,
			 uint32_t per_minute, int64_t now_ms) SD_MUSTCHECK;

/* Requests of a tenant under way in this worker. */
bool ratelimit_enter(struct ratelimit *r, uint32_t tenant_slot, uint32_t in_flight,
		     uint32_t workers) SD_MUSTCHECK;
void ratelimit_leave(struct ratelimit *r, uint32_t tenant_slot);

#endif
