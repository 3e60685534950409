/* SPDX-License-Identifier: MIT
 * test_rules_memory - one of a name, only rising, told until it concerns nobody. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "rules_memory.h"

static void put(struct rules_memory *m, struct rules_memory_in in)
{
	assert_int_equal(rules_memory_put(m, &in), SD_OK);
}

static void test_rises_and_is_told_once(void **state)
{
	struct rules_memory m = {NULL};
	const struct rules_memory_rule *r;

	(void)state;
	put(&m, (struct rules_memory_in){1, 7, 3, 1, SD_SLICE("web"), 100, 1000});
	put(&m, (struct rules_memory_in){2, 7, 3, 1, SD_SLICE("kid"), 100, 500});
	put(&m, (struct rules_memory_in){1, 7, 3, 2, SD_SLICE("web"), 90, 900});
	assert_null(rules_memory_next(&m, NULL, 1, 0)); /* 90 confirms nothing */
	put(&m, (struct rules_memory_in){1, 7, 3, 2, SD_SLICE("web"), 110, 900});
	r = rules_memory_next(&m, NULL, 1, 0);
	assert_int_equal(r->before_s, 110);
	assert_int_equal(r->until_s, 1000);
	assert_int_equal(r->tenant, 3);
	assert_memory_equal(r->id, "web", r->id_n);
	assert_null(rules_memory_next(&m, r, 1, 0));
	rules_memory_fini(&m);
}

static void test_until_it_concerns_nobody(void **state)
{
	struct rules_memory m = {NULL};
	const struct rules_memory_rule *r;

	(void)state;
	put(&m, (struct rules_memory_in){1, 1, 1, 1, SD_SLICE(""), 100, 1000});
	put(&m, (struct rules_memory_in){1, 2, 2, 1, SD_SLICE(""), 100, 2000});
	r = rules_memory_next(&m, NULL, 9, 1000);
	assert_int_equal(r->slot, 2);
	assert_null(rules_memory_next(&m, r, 9, 1000));
	assert_null(rules_memory_next(&m, NULL, 9, 2000));
	rules_memory_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rises_and_is_told_once),
		cmocka_unit_test(test_until_it_concerns_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
