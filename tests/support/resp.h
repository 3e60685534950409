/* SPDX-License-Identifier: MIT
 * resp - a reply out of RESP text, for tests of codecs. */
#ifndef SD_TEST_RESP_H
#define SD_TEST_RESP_H

#include <hiredis/hiredis.h>

#include "die.h"
#include "err.h"
#include "redis_read.h"

static inline struct redisReply *resp(const char *text)
{
	struct redis_read *r;
	struct redisReply *reply;

	sd_bug_if(redis_read_new(1 << 20, &r) != SD_OK);
	sd_bug_if(redis_read_feed(r, text, strlen(text)) != SD_OK);
	sd_bug_if(redis_read_next(r, &reply) != SD_OK || !reply);
	redis_read_free(&r);
	return reply;
}

#endif
