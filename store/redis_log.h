/* SPDX-License-Identifier: MIT
 * redis_log - entries of the revocation log out of XREAD replies. Pure. */
#ifndef SD_REDIS_LOG_H
#define SD_REDIS_LOG_H

#include "redis_sub.h"

struct redisReply;

struct redis_log_pos {
	uint64_t ms, seq; /* 0-0: nothing read yet */
};

#define REDIS_LOG_ID_MAX 44

static inline bool redis_log_is_start(struct redis_log_pos p)
{
	return p.ms == 0 && p.seq == 0;
}
/* < 0, 0, > 0 */
int redis_log_cmp(struct redis_log_pos a, struct redis_log_pos b);
/* "ms-seq"; SD_ERR_INVALID (ms must be below 2^44). */
int redis_log_pos_parse(struct sd_slice text, struct redis_log_pos *out) SD_MUSTCHECK;
/* The id directly before pos: XREAD from there gives the entry at pos again, as proof that it
 * still stands. "0-0" for the start. */
void redis_log_before(struct redis_log_pos pos, char out[REDIS_LOG_ID_MAX]);

enum redis_log_result {
	REDIS_LOG_BROKEN = 0,
	/* not even an id */ REDIS_LOG_UNREADABLE,
	REDIS_LOG_ENTRY
};
/* One element of a stream's reply: [id, [name, value ...]]. Slices point into it. UNREADABLE: the
 * position is known, the content is none of ours. */
enum redis_log_result redis_log_decode(uint8_t partition, const struct redisReply *element,
				       struct redis_log_pos *pos_out,
				       struct log_entry *out) SD_MUSTCHECK;

#endif
