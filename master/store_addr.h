/* SPDX-License-Identifier: MIT
 * store_addr - where the store is and as whom: the master's own access and the workers' narrow one. */
#ifndef SD_STORE_ADDR_H
#define SD_STORE_ADDR_H

#include "policy_config.h"
#include "redis_dial.h"

struct managed_redis;

struct store_addr {
	struct redis_addr master, worker;
};

/* From the configuration and its password files, or from our own server's. */
int store_addr_load(struct store_addr *out, const struct server_conf *server,
		    const struct managed_redis *redis, struct sd_diag *diag) SD_MUSTCHECK;
/* A name becomes a numeric address, for both. Asks the network: under the filter. */
int store_addr_resolve(struct store_addr *a, struct sd_diag *diag) SD_MUSTCHECK;

#endif
