/* SPDX-License-Identifier: MIT
 * fuzz_store_reply - any reply as a script's: it is read or called corrupt, and what it holds is freed.
 * The first byte chooses the script. */
#include "base.h"
#include "fuzz.h"

#include <hiredis/hiredis.h>

#include "die.h"
#include "err.h"
#include "redis_read.h"
#include "store.h"
#include "store_op.h"

/* The reply is the call's from now on. */
static void as_script(enum store_script script, struct redisReply *reply)
{
	struct store_call call = {.status = STORE_UNAVAILABLE};
	struct store_op op = {.call = &call, .script = script};
	bool impossible = false;

	if (store_reply(&op, reply, &impossible) != STORE_CORRUPT)
		sd_bug_if(impossible);
	store_call_release(&call);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct redis_read *r;
	struct redisReply *reply;

	if (size < 2 || size > 65536)
		return;
	sd_bug_if(redis_read_new(1 << 17, &r) != SD_OK);
	if (redis_read_feed(r, data + 1, size - 1) == SD_OK) {
		while (redis_read_next(r, &reply) == SD_OK && reply)
			as_script((enum store_script)(data[0] % STORE_SCRIPT_COUNT), reply);
	}
	redis_read_free(&r);
}
