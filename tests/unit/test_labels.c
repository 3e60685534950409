/* SPDX-License-Identifier: MIT
 * Every row has a text of its own; what is not on a list is nothing. */
#include "base.h"

#include <limits.h>
#include <setjmp.h>

#include <cmocka.h>

#include "labels.h"

static void list_is_closed(const char *(*text)(unsigned), unsigned count)
{
	assert_string_equal(text(0), "");
	assert_string_equal(text(count), "");
	assert_string_equal(text(UINT_MAX), "");
	for (unsigned i = 1; i < count; i++) {
		assert_true(strlen(text(i)) > 0);
		for (unsigned k = 1; k < i; k++)
			assert_string_not_equal(text(i), text(k));
	}
}

static void test_lists_are_closed(void **state)
{
	(void)state;
	list_is_closed(end_reason_text, END_COUNT);
	list_is_closed(validate_result_text, RESULT_COUNT);
	list_is_closed(validate_source_text, SOURCE_COUNT);
	list_is_closed(fallback_text, FALLBACK_COUNT);
	list_is_closed(reload_result_text, RELOAD_COUNT);
	list_is_closed(binding_kind_text, BINDING_KIND_COUNT);
	list_is_closed(binding_mode_text, BINDING_MODE_COUNT);
	list_is_closed(security_event_text, SECURITY_COUNT);
}

static void test_reasons_parse_back(void **state)
{
	(void)state;
	for (unsigned i = 1; i < END_COUNT; i++)
		assert_int_equal(end_reason_parse(end_reason_text(i), strlen(end_reason_text(i))), i);
	assert_int_equal(end_reason_parse("logou", 5), END_NONE);
	assert_int_equal(end_reason_parse("logout ", 7), END_NONE);
	assert_int_equal(end_reason_parse("", 0), END_NONE);
	assert_int_equal(end_reason_parse(NULL, 0), END_NONE);
	assert_int_equal(end_reason_parse("logout!", 6), END_LOGOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_are_closed),
		cmocka_unit_test(test_reasons_parse_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
