/* SPDX-License-Identifier: MIT
 * The word that was meant, and none where nothing is near. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "policy_suggest.h"

static const char *nearest(const char *got)
{
	static const char *const words[] = {"sessions", "signing", "tokens", "ip"};
	static struct policy_suggest s;

	policy_suggest_init(&s, sd_slice_str(got));
	for (size_t i = 0; i < SD_ARRAY_LEN(words); i++)
		policy_suggest_offer(&s, sd_slice_str(words[i]));
	return policy_suggest_best(&s);
}

static void test_slips_of_the_finger(void **state)
{
	(void)state;
	assert_string_equal(nearest("sesions"), "sessions");
	assert_string_equal(nearest("sessoins"), "sessions");
	assert_string_equal(nearest("sessionss"), "sessions");
	assert_string_equal(nearest("tokens "), "tokens");
	assert_string_equal(nearest("pi"), "ip");
}

static void test_nothing_near(void **state)
{
	char longest[200];

	(void)state;
	memset(longest, 's', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(nearest("banana"));
	assert_null(nearest(""));
	assert_null(nearest(longest));
	assert_null(nearest("xy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_slips_of_the_finger),
	    cmocka_unit_test(test_nothing_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
