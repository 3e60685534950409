/* SPDX-License-Identifier: MIT
 * store_fake - a store with one connection to a fake_redis, on a frozen clock, and one call. */
#ifndef SD_TEST_STORE_FAKE_H
#define SD_TEST_STORE_FAKE_H

#include "clock.h"
#include "err.h"
#include "fake_redis.h"
#include "store_ask.h"

#define MS SD_NS_PER_MS

static struct sd_loop *loop;
static struct fake_redis fake;
static struct store *store;
static struct shm_control *control;
static unsigned lost, told;
static int64_t now;
static struct store_call call;

static inline void on_lost(void *arg, uint32_t index)
{
	(void)arg;
	assert_int_equal(index, 0);
	lost++;
}

static inline void on_done(struct store_call *c)
{
	assert_ptr_equal(c, &call);
	told++;
}

static inline void turn(int64_t ms)
{
	now += ms * MS;
	sd_clock_test_set(now, 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(sd_loop_turn(loop, 0), SD_OK);
}

/* replica: an end counts when one has it. */
static inline int store_fake_open(bool replica)
{
	struct store_conf conf = {.prefix = "sd1:", .connections = 1, .timeout_ns = 100 * MS,
				  .lost = on_lost, .replica = replica};

	lost = told = 0;
	now = 1000 * MS;
	sd_clock_test_set(now, 1);
	memset(&call, 0, sizeof(call));
	call.done = on_done;
	control = calloc(1, sizeof(*control));
	assert_non_null(control);
	assert_int_equal(sd_loop_new(&loop), SD_OK);
	conf.loop = loop;
	conf.control = control;
	assert_int_equal(store_new(&conf, &store), SD_OK);
	fake_redis_open(&fake);
	assert_int_equal(store_connection(store, 0, fake.client), SD_OK);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	store_free(&store);
	fake_redis_close(&fake);
	sd_loop_free(&loop);
	free(control);
	sd_clock_test_off();
	return 0;
}

#endif
