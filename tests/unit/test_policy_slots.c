/* SPDX-License-Identifier: MIT
 * A name keeps its number; a number is never given twice. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "policy_slots.h"
#include "shm_layout.h"

static void test_numbers_stay(void **state)
{
	struct policy_slots *s;
	uint32_t b, a, again;

	(void)state;
	assert_int_equal(policy_slots_new(&s), SD_OK);
	assert_int_equal(policy_slots_tenant(s, SD_SLICE("b")), SHM_SLOT_NONE);
	assert_int_equal(policy_slots_assign_tenant(s, SD_SLICE("b"), &b), SD_OK);
	assert_int_equal(policy_slots_assign_tenant(s, SD_SLICE("a"), &a), SD_OK);
	assert_int_equal(policy_slots_assign_tenant(s, SD_SLICE("b"), &again), SD_OK);
	assert_int_equal(b, 0);
	assert_int_equal(a, 1);
	assert_int_equal(again, 0);
	assert_int_equal(policy_slots_tenant(s, SD_SLICE("a")), 1);
	assert_int_equal(policy_slots_tenant(s, SD_SLICE("")), SHM_SLOT_NONE);
	policy_slots_free(&s);
	assert_null(s);
	policy_slots_free(&s);
}

static void test_names_do_not_mix(void **state)
{
	struct policy_slots *s;
	uint32_t x;

	(void)state;
	assert_int_equal(policy_slots_new(&s), SD_OK);
	assert_int_equal(policy_slots_assign_client(s, SD_SLICE("a"), SD_SLICE("b"), &x), SD_OK);
	assert_int_equal(policy_slots_client(s, SD_SLICE("a"), SD_SLICE("b")), x);
	assert_int_equal(policy_slots_client(s, SD_SLICE("a/b"), (struct sd_slice){0}),
			 SHM_SLOT_NONE);
	assert_int_equal(policy_slots_client(s, SD_SLICE("ab"), SD_SLICE("")), SHM_SLOT_NONE);
	assert_int_equal(policy_slots_key(s, SD_SLICE("a"), SD_SLICE("b")), SHM_SLOT_NONE);
	assert_int_equal(policy_slots_tenant(s, SD_SLICE("a/b")), SHM_SLOT_NONE);
	assert_int_equal(policy_slots_assign_key(s, SD_SLICE("a"), SD_SLICE("b"), &x), SD_OK);
	assert_int_equal(x, 0);
	policy_slots_free(&s);
}

static void test_full(void **state)
{
	struct policy_slots *s;
	uint32_t x;
	char name[32];

	(void)state;
	assert_int_equal(policy_slots_new(&s), SD_OK);
	for (uint32_t i = 0; i < SHM_TENANTS; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		assert_int_equal(policy_slots_assign_tenant(s, sd_slice_str(name), &x), SD_OK);
		assert_int_equal(x, i);
	}
	assert_int_equal(policy_slots_assign_tenant(s, SD_SLICE("more"), &x), SD_ERR_FULL);
	assert_int_equal(x, SHM_SLOT_NONE);
	assert_int_equal(policy_slots_assign_tenant(s, SD_SLICE("t7"), &x), SD_OK);
	assert_int_equal(x, 7);
	policy_slots_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers_stay),
	    cmocka_unit_test(test_names_do_not_mix),
	    cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
