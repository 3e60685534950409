/* SPDX-License-Identifier: MIT
 * A worker's share, refilled by the time it is told; failures by address, which looking keeps. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "ratelimit.h"

static const uint64_t secret[2] = {3, 4};
#define T0 1800000000000LL

static int setup(void **state)
{
	return ratelimit_new(secret, (struct ratelimit **)state) == SD_OK ? 0 : -1;
}

static int teardown(void **state)
{
	ratelimit_free((struct ratelimit **)state);
	return 0;
}

static int create_many(struct ratelimit *r, uint32_t slot, uint32_t workers, int64_t now_ms)
{
	int n = 0;
	while (n < 1000 && ratelimit_create(r, slot, 10, workers, now_ms))
		n++;
	return n;
}

static void test_creations_refill_with_time(void **state)
{
	struct ratelimit *r = *state;
	assert_int_equal(create_many(r, 1, 1, T0), 10);
	assert_int_equal(create_many(r, 1, 1, T0), 0);
	assert_int_equal(create_many(r, 1, 1, T0 + 99), 0);
	assert_int_equal(create_many(r, 1, 1, T0 + 100), 1);
	assert_int_equal(create_many(r, 1, 1, T0 + 600), 5);
	assert_int_equal(create_many(r, 1, 1, T0 + 3600000),
			 10);				/* a second's worth, not an hour's */
	assert_int_equal(create_many(r, 2, 1, T0), 10); /* another tenant's is its own */
}

static void test_a_clock_set_back_gives_nothing(void **state)
{
	struct ratelimit *r = *state;
	assert_int_equal(create_many(r, 1, 1, T0), 10);
	assert_int_equal(create_many(r, 1, 1, T0 - 50000), 0);
	assert_int_equal(create_many(r, 1, 1, T0 - 49900), 1);
}

static void test_workers_share(void **state)
{
	struct ratelimit *r = *state;
	assert_int_equal(create_many(r, 1, 4, T0), 3); /* 10 / 4, rounded up */
	assert_int_equal(create_many(r, 2, 100, T0), 1);
	assert_true(ratelimit_create(r, 3, 0, 1, T0)); /* no limit */
	assert_true(ratelimit_create(r, UINT32_MAX, 1, 1, T0));
}

/* Two workers of a node that tell each other have one count. */
static void test_workers_tell_each_other(void **state)
{
	struct ratelimit *a = *state, *b;
	const struct sd_slice ip = SD_SLICE("192.0.2.1");
	struct hm_failures told;
	assert_int_equal(ratelimit_new(secret, &b), SD_OK);
	assert_false(ratelimit_untold(a, &told));
	ratelimit_failed(a, 1, ip, T0);
	ratelimit_failed(a, 1, ip, T0);
	assert_true(ratelimit_untold(a, &told));
	assert_int_equal(told.count, 1);
	assert_int_equal(told.source[0].failures, 2);
	assert_false(ratelimit_untold(a, &told)); /* once */
	ratelimit_failed(b, 1, ip, T0);
	ratelimit_failed(a, 1, ip, T0);
	assert_true(ratelimit_untold(a, &told));
	told.source[0].failures = 3;
	ratelimit_heard(b, &told);
	assert_false(ratelimit_source_ok(b, 1, ip, 4, T0));
	assert_true(ratelimit_source_ok(b, 1, ip, 5, T0));
	assert_true(ratelimit_source_ok(b, 1, ip, 4, T0 + 60000));
	assert_true(ratelimit_untold(b, &told)); /* its own alone */
	assert_int_equal(told.source[0].failures, 1);
	/* of a minute that is over: nothing; an absurd count: no end but the last */
	told.source[0].minute--;
	told.source[0].failures = 100;
	ratelimit_heard(b, &told);
	assert_true(ratelimit_source_ok(b, 1, ip, 5, T0));
	told.source[0].minute++;
	told.source[0].failures = UINT32_MAX;
	told.count = UINT32_MAX;
	ratelimit_heard(b, &told);
	assert_false(ratelimit_source_ok(b, 1, ip, UINT32_MAX, T0));
	/* more sources than one message holds: counted here all the same */
	for (int i = 0; i < 100; i++) {
		char other[32];
		int n = snprintf(other, sizeof(other), "198.51.100.%d", i);
		ratelimit_failed(a, 1, sd_slice(other, (size_t)n), T0);
		assert_false(ratelimit_source_ok(a, 1, sd_slice(other, (size_t)n), 1, T0));
	}
	assert_true(ratelimit_untold(a, &told));
	assert_int_equal(told.count, HM_FAILURES_MOST);
	ratelimit_free(&b);
}

static void test_failures_by_address(void **state)
{
	struct ratelimit *r = *state;
	const struct sd_slice ip = SD_SLICE("192.0.2.1"), other = SD_SLICE("192.0.2.2");
	for (int i = 0; i < 3; i++) {
		assert_true(ratelimit_source_ok(r, 1, ip, 3, T0));
		ratelimit_failed(r, 1, ip, T0);
	}
	assert_false(ratelimit_source_ok(r, 1, ip, 3, T0));
	assert_true(ratelimit_source_ok(r, 1, other, 3, T0));
	assert_true(
	    ratelimit_source_ok(r, 2, ip, 3, T0)); /* one tenant's trouble is not another's */
	assert_true(ratelimit_source_ok(r, 1, ip, 0, T0));
	assert_false(ratelimit_source_ok(r, 1, ip, 3, T0 + 59999 - T0 % 60000));
	assert_true(ratelimit_source_ok(r, 1, ip, 3, T0 + 60000));
	ratelimit_failed(r, 1, sd_slice("", 0), T0); /* no address: nothing to count by */
	assert_true(ratelimit_source_ok(r, 1, sd_slice("", 0), 1, T0));
}

/* An honest crowd, more than the table has places, does not wipe an attacker's record. */
static void test_looking_forgets_nobody(void **state)
{
	struct ratelimit *r = *state;
	const struct sd_slice ip = SD_SLICE("192.0.2.1");
	for (int i = 0; i < 3; i++)
		ratelimit_failed(r, 1, ip, T0);
	for (int i = 0; i < 100000; i++) {
		char text[32];
		int n = snprintf(text, sizeof(text), "2001:db8::%x", i);
		assert_true(ratelimit_source_ok(r, 1, sd_slice(text, (size_t)n), 3, T0));
	}
	assert_false(ratelimit_source_ok(r, 1, ip, 3, T0));
}

static void test_requests_in_flight(void **state)
{
	struct ratelimit *r = *state;
	assert_true(ratelimit_enter(r, 1, 4, 2)); /* two of four are this worker's */
	assert_true(ratelimit_enter(r, 1, 4, 2));
	assert_false(ratelimit_enter(r, 1, 4, 2));
	assert_true(ratelimit_enter(r, 2, 4, 2));
	ratelimit_leave(r, 1);
	assert_true(ratelimit_enter(r, 1, 4, 2));
	ratelimit_leave(r, 3); /* never below zero */
	assert_true(ratelimit_enter(r, 3, 1, 1));
	assert_false(ratelimit_enter(r, 3, 1, 1));
	assert_true(ratelimit_enter(r, UINT32_MAX, 1, 1));
	ratelimit_leave(r, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_creations_refill_with_time, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_clock_set_back_gives_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_workers_share, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_workers_tell_each_other, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_failures_by_address, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_looking_forgets_nobody, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_requests_in_flight, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
