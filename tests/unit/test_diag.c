/* SPDX-License-Identifier: MIT
 * The explanation is bounded, prefixed in front, and optional. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "diag.h"
#include "err.h"

static void test_set_returns_the_error(void **state)
{
	struct sd_diag d = {""};

	(void)state;
	assert_int_equal(sd_diag_set(&d, SD_ERR_INVALID, "line %d", 7), SD_ERR_INVALID);
	assert_string_equal(d.text, "line 7");
	assert_int_equal(sd_diag_set(NULL, SD_ERR_FULL, "nobody reads"), SD_ERR_FULL);
	sd_diag_prefix(NULL, "nor this");
}

static void test_prefix_goes_in_front(void **state)
{
	struct sd_diag d = {""};

	(void)state;
	(void)sd_diag_set(&d, SD_ERR_INVALID, "wrong");
	sd_diag_prefix(&d, "file %s", "a.yaml");
	sd_diag_prefix(&d, "reload");
	assert_string_equal(d.text, "reload: file a.yaml: wrong");
}

static void test_long_text_is_cut(void **state)
{
	struct sd_diag d = {""};
	char big[2000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)sd_diag_set(&d, SD_ERR_INVALID, "%s", big);
	assert_int_equal(strlen(d.text), sizeof(d.text) - 1);
	sd_diag_prefix(&d, "first");
	assert_int_equal(strlen(d.text), sizeof(d.text) - 1);
	assert_memory_equal(d.text, "first: xxx", 10);
	sd_diag_prefix(&d, "%s", big);
	assert_int_equal(strlen(d.text), sizeof(d.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set_returns_the_error),
	    cmocka_unit_test(test_prefix_goes_in_front),
	    cmocka_unit_test(test_long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
