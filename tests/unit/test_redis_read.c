/* SPDX-License-Identifier: MIT
 * The bounded reader: any cut of the stream gives the same replies; nothing is allocated for what
 * is only announced. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "redis_read.h"

static int feed(struct redis_read *r, const char *text)
{
	return redis_read_feed(r, text, strlen(text));
}

static void any_cut(void **state)
{
	static const char stream[] = "+OK\r\n*2\r\n$3\r\nabc\r\n:5\r\n-ERR no\r\n$-1\r\n";
	static const int types[] = {REDIS_REPLY_STATUS, REDIS_REPLY_ARRAY, REDIS_REPLY_ERROR,
				    REDIS_REPLY_NIL};

	(void)state;
	for (size_t cut = 0; cut < sizeof(stream); cut++) {
		struct redis_read *r;
		struct redisReply *reply;
		size_t got = 0;

		assert_int_equal(redis_read_new(1 << 16, &r), SD_OK);
		for (int part = 0; part < 2; part++) {
			const char *p = part ? stream + cut : stream;
			size_t n =
			    part ? sizeof(stream) - 1 - SD_MIN(cut, sizeof(stream) - 1) : cut;

			n = SD_MIN(n, sizeof(stream) - 1);
			if (n)
				assert_int_equal(redis_read_feed(r, p, n), SD_OK);
			while (redis_read_next(r, &reply) == SD_OK && reply) {
				assert_int_equal(reply->type, types[got++]);
				freeReplyObject(reply);
			}
		}
		assert_int_equal(got, 4);
		assert_int_equal(redis_read_left(r), 0);
		redis_read_free(&r);
	}
}

static void refused(const char *text)
{
	struct redis_read *r;
	struct redisReply *reply;

	assert_int_equal(redis_read_new(1 << 16, &r), SD_OK);
	assert_int_equal(feed(r, text), SD_OK);
	assert_int_not_equal(redis_read_next(r, &reply), SD_OK);
	assert_null(reply);
	assert_int_equal(feed(r, "+OK\r\n"), SD_ERR_INVALID); /* for good */
	redis_read_free(&r);
}

static void announcements_are_not_believed(void **state)
{
	(void)state;
	refused("*2000000000\r\n");
	refused("*16385\r\n");
	refused("*2\r\n*16383\r\n");
	refused("*99999999999999999999\r\n");
	refused("$65537\r\n");
	refused("*2\r\n:1\r\n$999999999999\r\nxxx");
	refused("?x\r\n");
	refused("$x\r\n");
	refused("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n");
}

static void unfinished_is_bounded(void **state)
{
	struct redis_read *r;
	struct redisReply *reply;
	static char chunk[10000];
	int fed = 0;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	assert_int_equal(redis_read_new(1 << 16, &r), SD_OK);
	assert_int_equal(feed(r, "$65536\r\n"), SD_OK);
	assert_int_equal(redis_read_next(r, &reply), SD_OK);
	while (redis_read_feed(r, chunk, sizeof(chunk)) == SD_OK) {
		assert_int_equal(redis_read_next(r, &reply), SD_OK);
		assert_null(reply);
		fed++;
	}
	assert_int_equal(fed, 6);
	redis_read_free(&r);
	redis_read_free(&r);
}

static void typed_access(void **state)
{
	struct redis_read *r;
	struct redisReply *reply;
	int64_t v;

	(void)state;
	assert_int_equal(redis_read_new(1 << 16, &r), SD_OK);
	assert_int_equal(feed(r, "*3\r\n:-7\r\n$2\r\nab\r\n-ERR\r\n"), SD_OK);
	assert_int_equal(redis_read_next(r, &reply), SD_OK);
	assert_true(redis_is_array(reply, 3) && !redis_is_array(reply, 2));
	assert_int_equal(redis_int(reply->element[0], &v), SD_OK);
	assert_int_equal(v, -7);
	assert_int_equal(redis_int(reply->element[1], &v), SD_ERR_INVALID);
	assert_true(sd_slice_is(redis_slice(reply->element[1]), "ab"));
	assert_null(redis_slice(reply->element[2]).p);
	assert_null(redis_slice(NULL).p);
	assert_true(redis_is_error(reply->element[2]) && !redis_is_error(NULL));
	freeReplyObject(reply);
	redis_read_free(&r);
}

static void the_servers_time(void **state)
{
	static const struct {
		const char *reply;
		int64_t ms; /* 0: refused */
	} rows[] = {
	    {"*2\r\n$10\r\n1700000000\r\n$6\r\n123999\r\n", 1700000000123},
	    {"*2\r\n$11\r\n17179869183\r\n$6\r\n999999\r\n", 17179869183999},
	    {"*2\r\n$11\r\n17179869184\r\n$1\r\n0\r\n", 0},
	    {"*2\r\n$10\r\n1700000000\r\n$7\r\n1000000\r\n", 0},
	    {"*2\r\n:1700000000\r\n:0\r\n", 0},
	    {"*2\r\n$2\r\n-1\r\n$1\r\n0\r\n", 0},
	    {"*1\r\n$1\r\n1\r\n", 0},
	    {"*3\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n", 0},
	    {"-ERR\r\n", 0},
	};
	struct redis_read *r;
	struct redisReply *reply;

	(void)state;
	assert_int_equal(redis_read_new(1 << 16, &r), SD_OK);
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		int64_t ms = 7;

		assert_int_equal(feed(r, rows[i].reply), SD_OK);
		assert_int_equal(redis_read_next(r, &reply), SD_OK);
		assert_int_equal(redis_time_ms(reply, &ms), rows[i].ms ? SD_OK : SD_ERR_INVALID);
		assert_true(ms == rows[i].ms);
		freeReplyObject(reply);
	}
	redis_read_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_cut),
	    cmocka_unit_test(announcements_are_not_believed),
	    cmocka_unit_test(unfinished_is_bounded),
	    cmocka_unit_test(typed_access),
	    cmocka_unit_test(the_servers_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
