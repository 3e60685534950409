/* SPDX-License-Identifier: MIT
 * Points fire as the environment says, or never in a production build. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "fault.h"

#ifdef SD_FAULT_INJECTION

static void test_points_fire_by_name_and_pass(void **state)
{
	(void)state;
	assert_int_equal(setenv("SESSIOND_FAULT", "always,third:3,bad:x", 1), 0);
	assert_true(sd_fault("always"));
	assert_true(sd_fault("always"));
	assert_false(sd_fault("third"));
	assert_false(sd_fault("third"));
	assert_true(sd_fault("third"));
	assert_true(sd_fault("third"));
	assert_false(sd_fault("bad"));
	assert_false(sd_fault("alway"));
	assert_false(sd_fault("always-not"));
	assert_int_equal(unsetenv("SESSIOND_FAULT"), 0);
	assert_false(sd_fault("always"));
}

#else

static void test_points_fire_by_name_and_pass(void **state)
{
	(void)state;
	assert_int_equal(setenv("SESSIOND_FAULT", "always", 1), 0);
	assert_false(sd_fault("always"));
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_points_fire_by_name_and_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
