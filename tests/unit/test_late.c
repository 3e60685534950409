/* SPDX-License-Identifier: MIT
 * Uses come out in the order in which they are due, none before; more than there is room for are left
 * out. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "late.h"

#define MOST 64

static struct late_use use_of(int64_t due_ms, uint32_t n)
{
	return (struct late_use){.due_ms = due_ms, .generation = 7, .tenant = n, .sid = {{(uint8_t)n}}};
}

static void test_in_order(void **state)
{
	struct late *l;
	struct late_use out;
	uint32_t seed = 1;
	(void)state;
	assert_int_equal(late_new(MOST, &l), SD_OK);
	assert_false(late_take(l, INT64_MAX, &out));
	for (uint32_t size = 1; size <= MOST; size++) {
		int64_t last = 0;
		for (uint32_t i = 0; i < size; i++) {
			seed = seed * 1103515245u + 12345u;
			struct late_use use = use_of(1 + (seed >> 16) % 40, i);
			assert_true(late_put(l, &use));
		}
		for (uint32_t i = 0; i < size; i++) {
			assert_true(late_take(l, 40, &out));
			assert_true(out.due_ms >= last && out.generation == 7 && out.sid.b[0] == out.tenant);
			last = out.due_ms;
		}
		assert_false(late_take(l, INT64_MAX, &out));
	}
	late_free(&l);
	assert_null(l);
}

static void test_not_before_it_is_due(void **state)
{
	struct late *l;
	struct late_use out, use = use_of(100, 1), sooner = use_of(50, 2);
	(void)state;
	assert_int_equal(late_new(2, &l), SD_OK);
	assert_true(late_put(l, &use));
	assert_false(late_take(l, 99, &out));
	assert_true(late_put(l, &sooner));
	assert_false(late_put(l, &sooner)); /* no room */
	assert_true(late_take(l, 99, &out));
	assert_int_equal(out.tenant, 2);
	assert_false(late_take(l, 99, &out));
	assert_true(late_take(l, 100, &out));
	assert_int_equal(out.tenant, 1);
	assert_false(late_take(l, INT64_MAX, &out));
	late_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_in_order),
					   cmocka_unit_test(test_not_before_it_is_due)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
