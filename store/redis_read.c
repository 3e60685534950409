/* SPDX-License-Identifier: MIT
 * redis_read - replies out of bytes, within bounds.
 * Owns:      hiredis's reader and its allocation of arrays
 * Runs in:   master | worker, on bytes of the network
 * Fails by:  returning SD_ERR_TOO_BIG, SD_ERR_MEMORY, SD_ERR_INVALID
 * Never:     allocate what a peer only announced
 */
#include "base.h"
#include "redis_read.h"

#include <hiredis/hiredis.h>

#include "err.h"

#if HIREDIS_MAJOR >= 1
typedef size_t read_count;
#else
typedef int read_count;
#endif

#define MAX_DEPTH 7 /* XREAD's replies need five */

struct redis_read {
	redisReader *reader;
	redisReplyObjectFunctions fn;
	void *(*create_array)(const redisReadTask *task, read_count n);
	size_t max_bytes;
	size_t unfinished; /* bytes fed since the last complete reply, about */
	size_t elements;   /* announced in the reply under way */
	bool broken;
};

/* Each element takes at least four bytes on the wire ("$0\r\n" and more; "_\r\n" is RESP3). */
static void *create_array(const redisReadTask *task, read_count n)
{
	struct redis_read *r = task->privdata;
	size_t count = (size_t)n; /* a negative int becomes too many */
	int depth = 1;

	/* Freeing a reply recurses; hiredis 1.x would follow any nesting. */
	for (const redisReadTask *t = task->parent; t; t = t->parent)
		if (++depth > MAX_DEPTH)
			return NULL;

	if (count > r->max_bytes / 4 || r->elements > r->max_bytes / 4 - count)
		return NULL; /* the reader calls it out of memory and gives up */
	r->elements += count;
	return r->create_array(task, n);
}

int redis_read_new(size_t max_bytes, struct redis_read **out)
{
	struct redis_read *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (!r)
		return SD_ERR_MEMORY;
	r->reader = redisReaderCreate();
	if (!r->reader) {
		free(r);
		return SD_ERR_MEMORY;
	}
	r->max_bytes = max_bytes;
	r->fn = *r->reader->fn;
	r->create_array = r->fn.createArray;
	r->fn.createArray = create_array;
	r->reader->fn = &r->fn;
	r->reader->privdata = r;
	*out = r;
	return SD_OK;
}

void redis_read_free(struct redis_read **rp)
{
	struct redis_read *r = *rp;

	if (!r)
		return;
	redisReaderFree(r->reader);
	free(r);
	*rp = NULL;
}

int redis_read_feed(struct redis_read *r, const void *p, size_t n)
{
	if (r->broken)
		return SD_ERR_INVALID;
	if (n > r->max_bytes || r->unfinished > r->max_bytes - n) {
		r->broken = true;
		return SD_ERR_TOO_BIG;
	}
	if (redisReaderFeed(r->reader, p, n) != REDIS_OK) {
		r->broken = true;
		return SD_ERR_MEMORY;
	}
	r->unfinished += n;
	return SD_OK;
}

/* A string that is announced longer than any may be would swallow all replies behind it. Where the
 * reader has thrown its "$" away already, the bound on what is fed has to do. */
static bool announces_too_much(const struct redis_read *r)
{
	const redisReader *reader = r->reader;
	const char *p = reader->buf;

	if (!p || reader->pos == 0 || reader->pos >= reader->len || p[reader->pos - 1] != '$' ||
	    !memchr(p + reader->pos, '\n', reader->len - reader->pos))
		return false;
	return strtoll(p + reader->pos, NULL, 10) > (long long)r->max_bytes;
}

int redis_read_next(struct redis_read *r, struct redisReply **out)
{
	void *reply = NULL;

	*out = NULL;
	if (r->broken)
		return SD_ERR_INVALID;
	if (redisReaderGetReply(r->reader, &reply) != REDIS_OK ||
	    (!reply && announces_too_much(r))) {
		r->broken = true;
		return SD_ERR_INVALID;
	}
	if (!reply)
		return SD_OK;
	/* What is left in the buffer belongs to the next one. */
	r->unfinished = r->reader->len - r->reader->pos;
	r->elements = 0;
	*out = reply;
	return SD_OK;
}

size_t redis_read_left(const struct redis_read *r)
{
	return r->unfinished;
}

bool redis_is_error(const struct redisReply *reply)
{
	return reply && reply->type == REDIS_REPLY_ERROR;
}

bool redis_is_array(const struct redisReply *reply, size_t n)
{
	return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == n;
}

struct sd_slice redis_slice(const struct redisReply *reply)
{
	if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
		return sd_slice(NULL, 0);
	return sd_slice(reply->str, (size_t)reply->len);
}

int redis_int(const struct redisReply *reply, int64_t *out)
{
	*out = 0;
	if (!reply || reply->type != REDIS_REPLY_INTEGER)
		return SD_ERR_INVALID;
	*out = reply->integer;
	return SD_OK;
}

int redis_time_ms(const struct redisReply *reply, int64_t *ms_out)
{
	uint64_t s, us;

	*ms_out = 0;
	if (!redis_is_array(reply, 2) ||
	    sd_slice_u64(redis_slice(reply->element[0]), &s) != SD_OK ||
	    sd_slice_u64(redis_slice(reply->element[1]), &us) != SD_OK || s >= UINT64_C(1) << 34 ||
	    us > 999999)
		return SD_ERR_INVALID;
	*ms_out = (int64_t)(s * 1000 + us / 1000);
	return SD_OK;
}
