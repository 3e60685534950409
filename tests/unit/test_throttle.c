/* SPDX-License-Identifier: MIT
 * test_throttle - 0, 100, 200 ms ... 10 s, and forgotten after a long life. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "throttle.h"

static void test_doubles_from_the_second_death_on(void **state)
{
	static const int64_t wanted[] = {0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000};
	struct throttle t = {0};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(wanted); i++)
		assert_int_equal(throttle_died(&t, 5), wanted[i]);
}

static void test_a_long_life_begins_again(void **state)
{
	struct throttle t = {0};

	(void)state;
	for (int i = 0; i < 6; i++)
		(void)throttle_died(&t, 0);
	assert_true(throttle_is_crash_loop(&t));
	assert_int_equal(throttle_died(&t, THROTTLE_QUICK_NS), 0);
	assert_false(throttle_is_crash_loop(&t));
	assert_int_equal(throttle_died(&t, THROTTLE_QUICK_NS - 1), 100);
}

static void test_never_overflows(void **state)
{
	struct throttle t = {.quick_deaths = UINT32_MAX};

	(void)state;
	assert_int_equal(throttle_died(&t, 0), 10000);
	assert_int_equal(t.quick_deaths, UINT32_MAX);
}

static void test_killed_from_outside_is_back_at_once(void **state)
{
	(void)state;
	assert_int_equal(throttle_killed(0), 100);
	assert_int_equal(throttle_killed(1000000000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubles_from_the_second_death_on),
		cmocka_unit_test(test_a_long_life_begins_again),
		cmocka_unit_test(test_never_overflows),
		cmocka_unit_test(test_killed_from_outside_is_back_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
