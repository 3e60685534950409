/* SPDX-License-Identifier: MIT
 * A full table: who floods becomes vague, everybody else stays exact, and vagueness ends. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "shm_verify.h"

#define MAX 4096u
#define RIG_ENTRIES MAX
#include "revoke_table.h"

static enum shm_verdict check(uint64_t n, uint32_t tenant, uint64_t user, enum shm_scope *scope)
{
	struct shm_query q = rig_query(n, tenant, user);

	return shm_revoke_check(control, w->seg.table, &q, scope);
}

static void verified(void)
{
	struct shm_revoke_counts counts;
	struct sd_buf findings;

	sd_buf_init(&findings, 65536);
	if (shm_verify(SHM_KIND_REVOCATIONS, w->seg.table, w->seg.size, &findings) != 0)
		fail_msg("%.*s", (int)findings.len, findings.p);
	sd_buf_fini(&findings);
	shm_revoke_counts(w->seg.table, &counts);
	assert_true(counts.live <= MAX + 1);
}

/* 500 ends of 50 users of tenant 2: all told exactly, and so is who was not ended. */
static void bystanders(bool enter)
{
	enum shm_scope scope;

	for (uint64_t n = 0; n < 500; n++) {
		if (enter)
			assert_int_equal(rig_revoke(w, n, 2, n % 50, 5000), 0);
		assert_int_equal(check(n, 2, n % 50, &scope), SHM_REVOKED);
		assert_int_equal(scope, SHM_SCOPE_SESSION);
		assert_int_equal(check(n + 1000000, 2, n % 50, &scope), SHM_CLEAR);
	}
}

static void test_a_user_floods(void **state)
{
	struct shm_revoke_counts counts;
	enum shm_scope scope;

	(void)state;
	bystanders(true);
	/* the same tenant, other users: exact as well */
	for (uint64_t n = 0; n < 300; n++)
		assert_int_equal(rig_revoke(w, 3000 + n, 1, 900 + n, 5000), 0);
	for (uint64_t n = 0; n < 20000; n++) {
		assert_int_equal(rig_revoke(w, 10000 + n, 1, 7, 1000 + (int64_t)n), 0);
		assert_int_not_equal(check(10000 + n, 1, 7, &scope), SHM_CLEAR);
	}
	verified();
	bystanders(false);
	for (uint64_t n = 0; n < 300; n++)
		assert_int_equal(check(3000 + n, 1, 900 + n, &scope), SHM_REVOKED);
	for (uint64_t n = 0; n < 20000; n++) {
		assert_int_equal(check(10000 + n, 1, 7, &scope), SHM_UNKNOWN);
		assert_int_equal(scope, SHM_SCOPE_USER);
	}
	shm_revoke_counts(w->seg.table, &counts);
	assert_int_equal(counts.collapsed, 1);
	assert_int_equal(counts.live, 801);
	/* until the last of them is over */
	shm_revoke_w_sweep(w, 20999, UINT64_MAX);
	assert_int_equal(check(10000, 1, 7, &scope), SHM_UNKNOWN);
	shm_revoke_w_sweep(w, 21000, UINT64_MAX);
	assert_int_equal(check(10000, 1, 7, &scope), SHM_CLEAR);
	shm_revoke_counts(w->seg.table, &counts);
	assert_int_equal(counts.collapsed, 0);
	assert_int_equal(rig_revoke(w, 10000, 1, 7, 30000), 0);
	assert_int_equal(check(10000, 1, 7, &scope), SHM_REVOKED);
	verified();
}

static void test_a_tenant_floods(void **state)
{
	enum shm_scope scope;

	(void)state;
	bystanders(true);
	for (uint64_t n = 0; n < 30000; n++) {
		assert_int_equal(rig_revoke(w, 10000 + n, 1, 100 + n, 6000), 0);
		assert_int_not_equal(check(10000 + n, 1, 100 + n, &scope), SHM_CLEAR);
	}
	verified();
	bystanders(false);
	for (uint64_t n = 0; n < 30000; n++)
		assert_int_not_equal(check(10000 + n, 1, 100 + n, &scope), SHM_CLEAR);
	assert_int_equal(check(999999, 1, 5, &scope), SHM_UNKNOWN);
	assert_int_equal(scope, SHM_SCOPE_TENANT);
	assert_int_equal(control->tenant_vague_until_s[1], 6000);
	assert_int_equal(w->group_live[1], 0);
	shm_revoke_w_sweep(w, 6001, 4);
	assert_int_equal(control->tenant_vague_until_s[1], 0);
	assert_int_equal(w->vague, 0);
	assert_int_equal(check(10000, 1, 100, &scope), SHM_CLEAR);
}

/* Without a slot no reader could look in one place: then all look to the store, until it is over. */
static void test_ends_without_a_tenant_flood(void **state)
{
	enum shm_scope scope;

	(void)state;
	bystanders(true);
	for (uint64_t n = 0; n < 10000; n++)
		assert_int_equal(rig_revoke(w, 10000 + n, SHM_SLOT_NONE, 7, 6000), 0);
	for (uint64_t n = 0; n < 10000; n++)
		assert_int_not_equal(check(10000 + n, 5, 7, &scope), SHM_CLEAR);
	for (uint64_t n = 0; n < 500; n++)
		assert_int_equal(check(n, 2, n % 50, &scope), SHM_REVOKED);
	assert_int_equal(check(999999, 2, 1, &scope), SHM_UNKNOWN);
	shm_revoke_w_sweep(w, 6001, UINT64_MAX);
	assert_int_equal(check(999999, 2, 1, &scope), SHM_CLEAR);
	verified();
}

/* What is over makes room before anybody becomes vague. */
static void test_expired_entries_give_way_first(void **state)
{
	enum shm_scope scope;

	(void)state;
	for (uint64_t n = 0; n < MAX; n++)
		assert_int_equal(rig_revoke(w, n, 1, 3, 100), 0);
	shm_revoke_w_sweep(w, 101, 4);
	for (uint64_t n = 0; n < MAX - 100; n++)
		assert_int_equal(rig_revoke(w, 10000 + n, 2, 4, 200), 0);
	for (uint64_t n = 0; n < MAX - 100; n++)
		assert_int_equal(check(10000 + n, 2, 4, &scope), SHM_REVOKED);
	assert_int_equal(w->seg.table->collapsed, 0);
	assert_int_equal(w->vague, 0);
	verified();
}

/* No memory for a bigger segment: the old one is filled further, then the biggest gives way. */
static void test_growth_fails(void **state)
{
	struct shm_revoke_conf conf = {1000000, 1000000, rig_seed};
	uint64_t number;
	enum shm_scope scope;

	(void)state;
	shm_revoke_w_free(&w);
	assert_int_equal(shm_revoke_w_new(&conf, control, &w, NULL), 0);
	bystanders(true);
	number = shm_revoke_w_number(w);
	for (uint64_t n = 0; n < 200000; n++) {
		w->grow_hold = 2; /* as after a failure */
		assert_int_equal(rig_revoke(w, 10000 + n, 1, n, 6000), 0);
		assert_int_not_equal(check(10000 + n, 1, n, &scope), SHM_CLEAR);
	}
	assert_int_equal(shm_revoke_w_number(w), number);
	bystanders(false);
	for (uint64_t n = 0; n < 200000; n++)
		assert_int_equal(check(10000 + n, 1, n, &scope), SHM_UNKNOWN);
}

/* Many tenants, users, floods and times at random: never CLEAR for what was ended and is not over. */
static void test_at_random(void **state)
{
	static int64_t until[60000];
	uint64_t random = 362436069;
	enum shm_scope scope;
	int64_t now = 0;

	(void)state;
	for (int round = 0; round < 120000; round++) {
		uint64_t n = rig_random(&random) % SD_ARRAY_LEN(until);
		int64_t end = now + (int64_t)(rig_random(&random) % 4000);

		assert_int_equal(rig_revoke(w, n, (uint32_t)(n % 13), n % (n % 13 + 1) * 10 + n % 10, end), 0);
		until[n] = SD_MAX(until[n], end);
		if (round % 8 == 0)
			shm_revoke_w_sweep(w, ++now, 256);
		n = rig_random(&random) % SD_ARRAY_LEN(until);
		if (until[n] >= now && until[n] > 0)
			assert_int_not_equal(check(n, (uint32_t)(n % 13), n % (n % 13 + 1) * 10 + n % 10,
						   &scope), SHM_CLEAR);
		if (round % 10000 == 0)
			verified();
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_user_floods),		     T(test_a_tenant_floods),
		T(test_ends_without_a_tenant_flood), T(test_expired_entries_give_way_first),
		T(test_growth_fails),		     T(test_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
