/* SPDX-License-Identifier: MIT
 * redis_pool - a worker's few connections: the least loaded one is taken; a breaker stops asking
 * a store that does not answer and finds out by itself when it does again. */
#ifndef SD_REDIS_POOL_H
#define SD_REDIS_POOL_H

#include "redis_link.h"

#define REDIS_POOL_MAX 16

struct redis_pool;

struct redis_pool_conf {
	struct sd_loop *loop;
	uint32_t connections; /* 1..REDIS_POOL_MAX */
	int64_t timeout_ns;   /* of a probe */
	void *arg;
	void (*lost)(void *arg, uint32_t index, const char *why);
};

int redis_pool_new(const struct redis_pool_conf *conf, struct redis_pool **out) SD_MUSTCHECK;
/* All requests under way are told. NULL is fine. */
void redis_pool_free(struct redis_pool **pool);
/* fd is the pool's now, also on failure; replaces what was in that place. SD_ERR_INVALID, SD_ERR_*.
 */
int redis_pool_add(struct redis_pool *pool, uint32_t index, int fd) SD_MUSTCHECK;
/* NULL: no connection, or the breaker is open. */
struct redis_link *redis_pool_pick(struct redis_pool *pool);
/* Is it (still) one of the pool's? */
bool redis_pool_has(const struct redis_pool *pool, const struct redis_link *link);
bool redis_pool_is_up(const struct redis_pool *pool);
/* The link's server is not what it was (replica, credentials): closes it, and lost() is told. */
void redis_pool_drop(struct redis_pool *pool, struct redis_link *link, const char *why);

#endif
