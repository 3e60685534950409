/* SPDX-License-Identifier: MIT */
#include "base.h"
#include "starved.h"

#include <setjmp.h>

#include <cmocka.h>

static void notes_only_what_failed(void **state SD_UNUSED)
{
	int x;

	assert_false(sd_starved());
	assert_ptr_equal(sd_starved_note(&x), &x);
	assert_false(sd_starved());
	assert_null(sd_starved_note(NULL));
	assert_null(sd_starved_note(NULL));
	assert_true(sd_starved());
	sd_starved_reset();
	assert_false(sd_starved());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_only_what_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
