/* SPDX-License-Identifier: MIT
 * real_redis - a redis-server of the test's own: temporary folder, Unix socket, ended by pid. */
#ifndef SD_TEST_REAL_REDIS_H
#define SD_TEST_REAL_REDIS_H

#include <sys/types.h>

#include "base.h"

struct redisReply;

struct real_redis {
	pid_t pid;
	char dir[64];
	char path[96];		  /* the socket */
	struct redisContext *ctx; /* blocking, for the test's own questions */
};

/* False: there is no redis-server on this machine (exit 77). Any other failure aborts. extra: more
 * arguments of the server, NULL-terminated, or NULL. */
bool real_redis_start(struct real_redis *r, const char *const *extra);
/* Kills it and starts it again in the same folder; empty removes its data first. */
void real_redis_restart(struct real_redis *r, bool empty);
void real_redis_stop(struct real_redis *r);
/* A connected, non-blocking descriptor. */
int real_redis_fd(const struct real_redis *r);

/* The reply is freed by the next question; aborts when there is none. */
struct redisReply *real_redis_ask(struct real_redis *r, const char *format, ...);
long long real_redis_int(struct real_redis *r, const char *format, ...);
/* "" for nil. */
const char *real_redis_str(struct real_redis *r, const char *format, ...);

#endif
