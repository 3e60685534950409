/* SPDX-License-Identifier: MIT
 * The pool: the least loaded connection, the breaker and its probe. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "fake_redis.h"
#include "redis_pool.h"

#define MS SD_NS_PER_MS

static struct sd_loop *loop;
static struct redis_pool *pool;
static struct fake_redis fake[2];
static unsigned lost, told;
static int64_t now;

static void on_lost(void *arg, uint32_t index, const char *why)
{
	(void)arg;
	assert_true(index < 2 && why[0]);
	lost++;
}

static void on_reply(struct redis_req *req, struct redisReply *reply, bool late)
{
	(void)req;
	(void)late;
	told++;
	if (reply)
		freeReplyObject(reply);
}

static void advance(int64_t ms)
{
	now += ms * MS;
	sd_clock_test_set(now, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sd_loop_turn(loop, 0), SD_OK);
}

static int setup(void **state)
{
	struct redis_pool_conf conf = {.connections = 2, .timeout_ns = 100 * MS, .lost = on_lost};

	(void)state;
	lost = told = 0;
	now = 1000 * MS;
	sd_clock_test_set(now, 1);
	assert_int_equal(sd_loop_new(&loop), SD_OK);
	conf.loop = loop;
	assert_int_equal(redis_pool_new(&conf, &pool), SD_OK);
	assert_false(redis_pool_is_up(pool));
	assert_null(redis_pool_pick(pool));
	for (uint32_t i = 0; i < 2; i++) {
		fake_redis_open(&fake[i]);
		assert_int_equal(redis_pool_add(pool, i, fake[i].client), SD_OK);
	}
	assert_true(redis_pool_is_up(pool));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	redis_pool_free(&pool);
	fake_redis_close(&fake[0]);
	fake_redis_close(&fake[1]);
	sd_loop_free(&loop);
	sd_clock_test_off();
	return 0;
}

static struct redis_req req[16];

static void ask(size_t i)
{
	struct redis_link *l = redis_pool_pick(pool);

	assert_non_null(l);
	req[i].fn = on_reply;
	assert_int_equal(
	    redis_link_send(l, SD_SLICE("*1\r\n$4\r\nTIME\r\n"), &req[i], now + 100 * MS), SD_OK);
}

static void shares_the_load(void **state)
{
	(void)state;
	for (size_t i = 0; i < 6; i++)
		ask(i);
	advance(1);
	for (int i = 0; i < 2; i++) {
		fake_redis_pump(&fake[i]);
		assert_int_equal(fake[i].commands, 3);
	}
}

static void breaker_opens_probes_closes(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		ask(i);
	advance(150);
	assert_int_equal(told, 4);
	assert_true(redis_pool_is_up(pool)); /* four in a row are not five */
	ask(4);
	advance(150);
	assert_false(redis_pool_is_up(pool));
	assert_null(redis_pool_pick(pool));
	fake_redis_pump(&fake[0]);
	fake_redis_pump(&fake[1]);
	assert_int_equal(fake[0].commands + fake[1].commands, 5);
	advance(501);
	fake_redis_pump(&fake[0]);
	fake_redis_pump(&fake[1]);
	assert_int_equal(fake[0].commands + fake[1].commands, 6); /* the probe */
	advance(150);
	assert_false(redis_pool_is_up(pool)); /* unanswered */
	advance(501);
	for (int i = 0; i < 2; i++) { /* it wakes up and answers all */
		fake_redis_pump(&fake[i]);
		for (size_t j = 0; j < fake[i].commands; j++)
			fake_redis_say(&fake[i], "+PONG\r\n");
	}
	advance(1);
	assert_true(redis_pool_is_up(pool));
	assert_int_equal(lost, 0);
}

static void answers_reset_the_count(void **state)
{
	(void)state;
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < 4; i++)
			ask(i);
		advance(150);
		for (int i = 0; i < 2; i++)
			fake_redis_say(&fake[i], "+late\r\n+late\r\n");
		advance(1);
		assert_true(redis_pool_is_up(pool));
	}
}

static void lost_ones_are_asked_for(void **state)
{
	(void)state;
	ask(0);
	ask(1);
	fake_redis_close(&fake[0]);
	advance(1);
	assert_int_equal(lost, 1);
	assert_int_equal(told, 1);
	assert_true(redis_pool_is_up(pool));
	fake_redis_say(&fake[1], "garbage\r\n");
	advance(1);
	assert_int_equal(lost, 2);
	assert_false(redis_pool_is_up(pool));
	fake_redis_open(&fake[0]);
	assert_int_equal(redis_pool_add(pool, 0, fake[0].client), SD_OK);
	assert_true(redis_pool_is_up(pool));
	assert_int_equal(redis_pool_add(pool, 2, dup(0)), SD_ERR_INVALID);
}

static void dropped_at_the_end_of_the_turn(void **state)
{
	struct redis_link *l = redis_pool_pick(pool);

	(void)state;
	redis_pool_drop(pool, l, "READONLY");
	redis_pool_drop(pool, l, "READONLY");
	assert_int_equal(lost, 0);
	assert_ptr_not_equal(redis_pool_pick(pool), l);
	advance(1);
	assert_int_equal(lost, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(shares_the_load),
	    TEST(breaker_opens_probes_closes),
	    TEST(answers_reset_the_count),
	    TEST(lost_ones_are_asked_for),
	    TEST(dropped_at_the_end_of_the_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
