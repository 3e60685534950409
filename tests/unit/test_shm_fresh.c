/* SPDX-License-Identifier: MIT
 * Clocks hold for their time only; positions only rise; counters invalidate. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "shm_fresh.h"

static struct shm_control *c;

static int setup(void **state)
{
	(void)state;
	c = calloc(1, sizeof(*c));
	return c ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(c);
	return 0;
}

static void test_a_proof_holds_for_its_time(void **state)
{
	(void)state;
	assert_false(shm_fresh_holds(shm_fresh_as_of(c, 7), 1, INT64_MAX));
	shm_fresh_set(c, 7, 1000);
	assert_true(shm_fresh_holds(shm_fresh_as_of(c, 7), 1000, 500));
	assert_true(shm_fresh_holds(shm_fresh_as_of(c, 7), 1500, 500));
	assert_false(shm_fresh_holds(shm_fresh_as_of(c, 7), 1501, 500));
	assert_false(shm_fresh_holds(shm_fresh_as_of(c, 7), 999, 500));
	assert_false(shm_fresh_holds(shm_fresh_as_of(c, 8), 1000, 500));
	shm_fresh_set(c, 255, 1);
	shm_fresh_clear_all(c);
	assert_int_equal(shm_fresh_as_of(c, 7), 0);
	assert_int_equal(shm_fresh_as_of(c, 255), 0);
}

static void test_positions_only_rise(void **state)
{
	uint64_t a = shm_log_pos(1000, 5), b = shm_log_pos(1000, 6), later = shm_log_pos(1001, 0);

	(void)state;
	assert_true(a < b && b < later);
	assert_true(shm_log_pos(1000, UINT64_MAX) < later);
	shm_applied_set(c, 3, b);
	shm_applied_set(c, 3, a);
	assert_true(shm_fresh_applied(c, 3, b));
	assert_false(shm_fresh_applied(c, 3, later));
	assert_false(shm_fresh_applied(c, 4, a));
	shm_applied_reset(c, 3);
	assert_false(shm_fresh_applied(c, 3, a));
	shm_applied_set(c, 3, a);
	assert_true(shm_fresh_applied(c, 3, a));
}

static void test_buckets_count(void **state)
{
	uint32_t bucket = shm_bucket_of(0xabcd000000000001ull);

	(void)state;
	assert_int_equal(bucket, 0xabcd);
	shm_bucket_bump(c, bucket);
	assert_int_equal(shm_bucket_read(c, bucket), 1);
	assert_int_equal(shm_bucket_read(c, bucket + 1), 0);
	shm_bucket_bump_all(c);
	assert_int_equal(shm_bucket_read(c, bucket), 2);
	assert_int_equal(shm_bucket_read(c, SHM_BUCKETS - 1), 1);
	assert_int_equal(shm_bucket_read(c, 0), 1);
	assert_int_equal(c->tenant_before_s[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_proof_holds_for_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_positions_only_rise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_buckets_count, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
