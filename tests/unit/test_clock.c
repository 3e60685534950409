/* SPDX-License-Identifier: MIT
 * Clocks move, freeze, and are written as UTC without the zone database. */
#include "base.h"

#include <setjmp.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"

static void test_clocks_move(void **state)
{
	int64_t before = sd_clock_boot_ns();

	(void)state;
	assert_true(before > 0);
	while (sd_clock_boot_ns() == before)
		;
	assert_true(sd_clock_boot_ns() > before);
	assert_true(sd_clock_wall_ms() > 1600000000000LL);
}

static void test_frozen_clocks_stand_still(void **state)
{
	(void)state;
	sd_clock_test_set(5, 7);
	assert_int_equal(sd_clock_boot_ns(), 5);
	assert_int_equal(sd_clock_wall_ms(), 7);
	sd_clock_test_off();
	assert_true(sd_clock_wall_ms() > 7);
}

static void check(int64_t ms, const char *want)
{
	char got[32];

	sd_clock_format(ms, got);
	assert_string_equal(got, want);
}

static void test_format_known_moments(void **state)
{
	(void)state;
	check(0, "1970-01-01T00:00:00.000Z");
	check(951782399999, "2000-02-28T23:59:59.999Z");
	check(951782400000, "2000-02-29T00:00:00.000Z");
	check(951868800000, "2000-03-01T00:00:00.000Z");
	check(4107542400000, "2100-03-01T00:00:00.000Z");
	check(4107456000000, "2100-02-28T00:00:00.000Z");
	check(253402300799999, "9999-12-31T23:59:59.999Z");
}

static void test_format_is_clamped(void **state)
{
	(void)state;
	check(-1, "1970-01-01T00:00:00.000Z");
	check(INT64_MIN, "1970-01-01T00:00:00.000Z");
	check(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

/* libc as the second opinion, over every day of 500 years. */
static void test_format_agrees_with_libc(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 183000; day++) {
		time_t t = (time_t)(day * 86400 + day % 86400);
		struct tm tm;
		char got[32], want[32];

		assert_non_null(gmtime_r(&t, &tm));
		assert_true(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm) > 0);
		sd_clock_format(t * 1000, got);
		assert_string_equal(got, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_clocks_move),
	    cmocka_unit_test(test_frozen_clocks_stand_still),
	    cmocka_unit_test(test_format_known_moments),
	    cmocka_unit_test(test_format_is_clamped),
	    cmocka_unit_test(test_format_agrees_with_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
