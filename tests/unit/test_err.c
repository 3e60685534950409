/* SPDX-License-Identifier: MIT
 * Every code has a phrase of its own; anything else has one too. */
#include "base.h"

#include <limits.h>
#include <setjmp.h>

#include <cmocka.h>

#include "err.h"

static void test_every_code_has_its_own_phrase(void **state)
{
	(void)state;
	for (int a = SD_OK; a >= SD_ERR_FULL; a--) {
		assert_non_null(sd_err_text(a));
		for (int b = a - 1; b >= SD_ERR_FULL; b--)
			assert_string_not_equal(sd_err_text(a), sd_err_text(b));
	}
}

static void test_unknown_codes_are_named(void **state)
{
	(void)state;
	assert_string_equal(sd_err_text(1), "unknown error");
	assert_string_equal(sd_err_text(SD_ERR_FULL - 1), "unknown error");
	assert_string_equal(sd_err_text(INT_MIN), "unknown error");
	assert_string_equal(sd_err_text(INT_MAX), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_code_has_its_own_phrase),
	    cmocka_unit_test(test_unknown_codes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
