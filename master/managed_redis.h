/* SPDX-License-Identifier: MIT
 * managed_redis - the private redis-server of store.mode managed: its configuration text and how
 * to reach it. The launcher executes it. */
#ifndef SD_MANAGED_REDIS_H
#define SD_MANAGED_REDIS_H

#include "buf.h"
#include "policy_config.h"
#include "redis_dial.h"

struct managed_redis {
	char dir[CONF_PATH];    /* state_dir/redis */
	bool everysec;
	char prefix[32];
	char master_password[65], worker_password[65];
};

#define MANAGED_REDIS_SOCKET "redis.sock"
#define MANAGED_REDIS_MASTER "sessiond-master"
#define MANAGED_REDIS_WORKER "sessiond-worker"

/* Fresh passwords; the socket's path must fit an address. */
int managed_redis_init(struct managed_redis *r, const struct server_conf *server, struct sd_diag *diag)
    SD_MUSTCHECK;
/* The configuration text. Pure. out->failed when it does not fit. */
void managed_redis_conf(const struct managed_redis *r, struct sd_buf *out);
/* A sealed memfd with it, at its beginning; -1. The caller's. */
int managed_redis_stdin(const struct managed_redis *r, struct sd_diag *diag) SD_MUSTCHECK;
void managed_redis_addr(const struct managed_redis *r, struct redis_addr *master, struct redis_addr *worker);

#endif
