/* SPDX-License-Identifier: MIT
 * A check keeps its time while it says the same; nonsense reads as down. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "shm_health.h"

static void test_write_and_read(void **state)
{
	struct shm_control *c = calloc(1, sizeof(*c));
	struct health h;

	(void)state;
	assert_non_null(c);
	health_read(c, CHECK_STORE, &h);
	assert_int_equal(h.status, HEALTH_DOWN);
	assert_true(health_write(c, CHECK_STORE, HEALTH_DEGRADED, HEALTH_STORE_CLOCK, 1000));
	assert_false(health_write(c, CHECK_STORE, HEALTH_DEGRADED, HEALTH_STORE_CLOCK, 2000));
	health_read(c, CHECK_STORE, &h);
	assert_int_equal(h.status, HEALTH_DEGRADED);
	assert_int_equal(h.reason, HEALTH_STORE_CLOCK);
	assert_int_equal(h.since_s, 1000);
	assert_true(health_write(c, CHECK_STORE, HEALTH_DEGRADED, HEALTH_STORE_POLICY, 3000));
	assert_true(health_write(c, CHECK_STORE, HEALTH_OK, HEALTH_REASON_NONE, 4000));
	health_read(c, CHECK_STORE, &h);
	assert_int_equal(h.status, HEALTH_OK);
	assert_int_equal(h.since_s, 4000);
	health_read(c, CHECK_SANDBOX, &h);
	assert_int_equal(h.since_s, 0);
	assert_true(health_write(c, CHECK_SANDBOX, HEALTH_DOWN, HEALTH_REASON_NONE, 5));
	assert_false(health_write(c, CHECK_SANDBOX, HEALTH_DOWN, HEALTH_REASON_NONE, 6));
	atomic_store(&c->health[CHECK_SIGNER], UINT64_MAX);
	health_read(c, CHECK_SIGNER, &h);
	assert_int_equal(h.status, HEALTH_DOWN);
	assert_int_equal(h.reason, HEALTH_REASON_NONE);
	free(c);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(health_check_name(CHECK_STORE), "store");
	assert_string_equal(health_check_name(CHECK_SANDBOX), "sandbox");
	assert_string_equal(health_check_name(CHECK_COUNT), "");
	assert_string_equal(health_status_name(HEALTH_OK), "ok");
	assert_string_equal(health_status_name(HEALTH_DOWN), "down");
	assert_string_equal(health_reason_text(HEALTH_REASON_NONE), "");
	assert_string_equal(health_reason_text(HEALTH_REASON_COUNT), "");
	for (int i = 1; i < HEALTH_REASON_COUNT; i++)
		assert_true(strlen(health_reason_text((enum health_reason)i)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_and_read),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
