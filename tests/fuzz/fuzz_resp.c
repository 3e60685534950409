/* SPDX-License-Identifier: MIT
 * fuzz_resp - any bytes from a server, in any cut: the same replies, never more than the bound. The
 * first byte chooses the cut. */
#include "base.h"
#include "fuzz.h"

#include <hiredis/hiredis.h>

#include "die.h"
#include "err.h"
#include "redis_read.h"

#define BOUND 65536

/* Every string ends inside its reply; counts what there is. */
static size_t walk(const struct redisReply *r)
{
	size_t n = 1;

	if (r->type == REDIS_REPLY_ARRAY) {
		sd_bug_if(r->elements > BOUND / 4);
		for (size_t i = 0; i < r->elements; i++)
			n += walk(r->element[i]);
	} else if (r->type == REDIS_REPLY_STRING) {
		sd_bug_if((size_t)r->len > BOUND || r->str[r->len] != '\0');
	}
	return n;
}

static size_t run(const uint8_t *p, size_t n, size_t step)
{
	struct redis_read *r;
	struct redisReply *reply;
	size_t seen = 0;

	sd_bug_if(redis_read_new(BOUND, &r) != SD_OK);
	for (size_t at = 0; at < n; at += step) {
		if (redis_read_feed(r, p + at, SD_MIN(step, n - at)) != SD_OK)
			break;
		while (redis_read_next(r, &reply) == SD_OK && reply) {
			seen += walk(reply);
			freeReplyObject(reply);
		}
		sd_bug_if(redis_read_left(r) > BOUND);
	}
	redis_read_free(&r);
	return seen;
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	size_t step;

	if (size < 2 || size > BOUND)
		return;
	step = 1 + data[0];
	sd_bug_if(run(data + 1, size - 1, step) != run(data + 1, size - 1, size));
}
