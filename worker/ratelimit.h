/* SPDX-License-Identifier: MIT
 * ratelimit - token buckets per tenant and failure counts per source address; this worker's share
 * of a node's limits. Time is a parameter. */
#ifndef SD_RATELIMIT_H
#define SD_RATELIMIT_H

#include "heritage_msg.h"
#include "slice.h"

struct ratelimit;

/* secret: the same in all workers of a node, or they cannot tell each other of sources. */
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

/* What was counted here since the last time, for the node's other workers; false: nothing. More than 60
 * sources at once are not told of all. */
bool ratelimit_untold(struct ratelimit *r, struct hm_failures *out) SD_MUSTCHECK;
/* What another worker has counted. */
void ratelimit_heard(struct ratelimit *r, const struct hm_failures *what);

/* Requests of a tenant under way in this worker. */
bool ratelimit_enter(struct ratelimit *r, uint32_t tenant_slot, uint32_t in_flight,
		     uint32_t workers) SD_MUSTCHECK;
void ratelimit_leave(struct ratelimit *r, uint32_t tenant_slot);

#endif
