/* SPDX-License-Identifier: MIT
 * fuzz_server - what a server says of itself and of other nodes: its role, INFO, ids and time as any
 * reply; a registry's row and an ask as any text, which, when taken, survive being written again. */
#include "base.h"
#include "fuzz.h"

#include <hiredis/hiredis.h>

#include "die.h"
#include "err.h"
#include "node_row.h"
#include "redis_read.h"
#include "redis_sub_state.h"

static void as_reply(const struct redisReply *reply)
{
	struct sub_probe probe = {0};
	bool persistent;
	int64_t ms;

	if (sub_check_role(reply, &probe) != SD_OK)
		sd_bug_if(probe.master);
	if (sub_check_info(reply, &probe) != SD_OK)
		sd_bug_if(!probe.loading);
	if (sub_check_ids(reply, &probe) == SD_OK)
		sd_bug_if(!sub_check_same(&probe.id, &probe.id));
	if (redis_time_ms(reply, &ms) == SD_OK)
		sd_bug_if(ms < 0);
	(void)sub_check_error(reply);
	(void)sub_check_server(reply, &persistent);
}

static void as_text(struct sd_slice text)
{
	struct node_row row, again;
	struct sd_slice pos, nonce;
	char out[NODE_ROW_MAX];
	uint8_t partition;

	if (node_row_parse(text, &row) == SD_OK) {
		node_row_format(&row, out);
		sd_bug_if(node_row_parse(sd_slice_str(out), &again) != SD_OK);
		sd_bug_if(strcmp(row.id, again.id) != 0 || strcmp(row.name, again.name) != 0);
		sd_bug_if(row.lease_ms != again.lease_ms || row.staleness_ms != again.staleness_ms);
	}
	if (node_ask_parse(text, &partition, &pos, &nonce) == SD_OK)
		sd_bug_if(pos.p < text.p || nonce.p + nonce.n > text.p + text.n);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct redis_read *r;
	struct redisReply *reply;

	if (size > 65536)
		return;
	as_text(sd_slice(data, size));
	sd_bug_if(redis_read_new(1 << 17, &r) != SD_OK);
	if (redis_read_feed(r, data, size) == SD_OK) {
		while (redis_read_next(r, &reply) == SD_OK && reply) {
			as_reply(reply);
			freeReplyObject(reply);
		}
	}
	redis_read_free(&r);
}
