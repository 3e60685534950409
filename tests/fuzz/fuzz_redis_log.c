/* SPDX-License-Identifier: MIT
 * fuzz_redis_log - any reply as a log entry: what is taken is complete and of its partition. */
#include "base.h"
#include "fuzz.h"

#include <hiredis/hiredis.h>

#include "die.h"
#include "err.h"
#include "redis_log.h"
#include "redis_read.h"
#include "shm_layout.h"

static void check(uint8_t partition, const struct redisReply *reply)
{
	struct redis_log_pos pos;
	struct log_entry e;
	char before[REDIS_LOG_ID_MAX];

	switch (redis_log_decode(partition, reply, &pos, &e)) {
	case REDIS_LOG_BROKEN:
		sd_bug_if(pos.ms != 0 || pos.seq != 0);
		return;
	case REDIS_LOG_UNREADABLE:
		break;
	case REDIS_LOG_ENTRY:
		sd_bug_if(e.kind == LOG_NONE || e.tenant.n == 0 || e.partition != partition);
		sd_bug_if(e.kind == LOG_SESSION_END && (e.reason == END_NONE || e.sid.b[0] != partition));
		sd_bug_if(e.until_s < 0 || e.before_s < 0 || e.absolute_s < 0);
		break;
	}
	sd_bug_if(e.pos != shm_log_pos(pos.ms, pos.seq));
	redis_log_before(pos, before);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct redis_read *r;
	struct redisReply *reply;

	if (size < 1 || size > 65536)
		return;
	sd_bug_if(redis_read_new(1 << 17, &r) != SD_OK);
	if (redis_read_feed(r, data + 1, size - 1) == SD_OK) {
		while (redis_read_next(r, &reply) == SD_OK && reply) {
			check(data[0], reply);
			freeReplyObject(reply);
		}
	}
	redis_read_free(&r);
}
