/* SPDX-License-Identifier: MIT
 * Strings and lists lie where they were put, aligned, gaps zero. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "policy_layout.h"

static void test_strings_and_lists(void **state)
{
	struct policy_config config = {.tenant_count = 0};
	struct policy_build_in in = {.config = &config, .node = "n"};
	struct sd_slice words[] = {SD_SLICE("ab"), SD_SLICE("c")};
	struct conf_strings strings = {2, words, NULL};
	struct conf_count one = {SD_SLICE("tv"), 2};
	struct conf_counts counts = {1, &one};
	struct policy_layout l;

	(void)state;
	policy_layout_init(&l, &in);
	struct pi_str s = policy_layout_str(&l, SD_SLICE("xyz"));
	struct pi_list a = policy_layout_strings(&l, &strings),
		       b = policy_layout_counts(&l, &counts);
	struct pi_list none = policy_layout_list(&l, NULL, 0, 8);

	assert_int_equal(s.off, sizeof(struct policy_image));
	assert_int_equal(s.len, 3);
	assert_int_equal(a.off % 8, 0);
	assert_int_equal(b.off % 8, 0);
	assert_int_equal(a.count, 2);
	assert_int_equal(none.count, 0);
	assert_int_equal(policy_layout_finish(&l), SD_OK);
	assert_string_equal(l.b.p + s.off, "xyz");
	const struct pi_str *w = (const void *)(l.b.p + a.off);
	const struct policy_device_limit *d = (const void *)(l.b.p + b.off);

	assert_string_equal(l.b.p + w[1].off, "c");
	assert_string_equal(l.b.p + d->name.off, "tv");
	assert_int_equal(d->max, 2);
	assert_int_equal(((const struct policy_image *)(const void *)l.b.p)->head.size, l.b.len);
	assert_int_equal(l.b.len % 8, 0);
	policy_layout_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_strings_and_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
