/* SPDX-License-Identifier: MIT
 * redis_read - hiredis's reader behind bounds: no reply may grow over max_bytes, announce more
 * elements than could arrive in them, or nest deeper than the reader allows. Bytes in, replies
 * out; no I/O. hiredis 0.14 and 1.x. */
#ifndef SD_REDIS_READ_H
#define SD_REDIS_READ_H

#include "slice.h"

struct redisReply;
struct redis_read;

int redis_read_new(size_t max_bytes, struct redis_read **out) SD_MUSTCHECK;
void redis_read_free(struct redis_read **r);
/* SD_ERR_TOO_BIG, SD_ERR_MEMORY, SD_ERR_INVALID: the stream is unusable from then on. */
int redis_read_feed(struct redis_read *r, const void *p, size_t n) SD_MUSTCHECK;
/* The next complete reply (freeReplyObject() it), or NULL with SD_OK when more bytes are needed. */
int redis_read_next(struct redis_read *r, struct redisReply **out) SD_MUSTCHECK;

/* Bytes fed that are not part of a reply given out yet. */
size_t redis_read_left(const struct redis_read *r);

/* What replies are asked for; each is false or SD_ERR_INVALID on any other type. */
bool redis_is_error(const struct redisReply *reply);
bool redis_is_array(const struct redisReply *reply, size_t n);
/* A string or status as slice; {NULL, 0} for any other type. */
struct sd_slice redis_slice(const struct redisReply *reply);
int redis_int(const struct redisReply *reply, int64_t *out) SD_MUSTCHECK;
/* Of TIME. */
int redis_time_ms(const struct redisReply *reply, int64_t *ms_out) SD_MUSTCHECK;

#endif
