/* SPDX-License-Identifier: MIT
 * Readers beside a writer at full rate, on the same mapping, so that a thread sanitizer sees both.
 * What was entered before a reader looked, and is not over, is never CLEAR. */
#include "base.h"

#include <pthread.h>
#include <setjmp.h>

#include <cmocka.h>

#include "revoke_rig.h"
#include "shm_revoke_priv.h"
#include "shm_verify.h"

#define READERS 2
#ifdef SD_SANITIZERS
#define ENTRIES 40000u
#else
#define ENTRIES 400000u
#endif

static struct shm_control *control;
static struct shm_revoke_w *w;
static _Atomic uint64_t entered; /* sessions below it are in the table */
static _Atomic int64_t now_s;    /* never swept with a later time */
static uint64_t users;           /* that many before the first comes again */
static uint64_t per_user;        /* that many sessions of a user in a row: they collapse */
static uint64_t per_tenant;

static int64_t until_of(uint64_t n)
{
	return (int64_t)(n + 400 + n * 7919 % 400);
}

static uint32_t tenant_of(uint64_t n)
{
	return (uint32_t)(n / per_tenant % 100);
}

static uint64_t user_of(uint64_t n)
{
	return n / per_user % users;
}

static enum shm_verdict check(uint64_t n)
{
	struct shm_query q = rig_query(n, tenant_of(n), user_of(n));
	enum shm_scope scope;

	return shm_revoke_check(control, w->seg.table, &q, &scope);
}

static void *reader(void *arg)
{
	uint64_t random = *(uint64_t *)arg, wrong = 0, looked = 0, top;

	while ((top = atomic_load_explicit(&entered, memory_order_acquire)) < ENTRIES) {
		uint64_t n = top > 1000 ? top - 1 - rig_random(&random) % 1000 : 0;
		enum shm_verdict v;

		if (top == 0)
			continue;
		v = check(n);
		/* swept only if over by then: asked after the look */
		if (v == SHM_CLEAR && until_of(n) >= atomic_load(&now_s))
			wrong++;
		if (check((1ull << 40) + n) == SHM_REVOKED)
			wrong++;
		looked++;
	}
	*(uint64_t *)arg = looked;
	return (void *)(uintptr_t)wrong;
}

static void run(uint64_t max)
{
	struct shm_revoke_conf conf = {max, max, rig_seed};
	uint64_t random[READERS];
	pthread_t thread[READERS];
	struct sd_buf findings;
	void *wrong;

	atomic_store(&entered, 0);
	atomic_store(&now_s, 0);
	control = calloc(1, sizeof(*control));
	assert_non_null(control);
	assert_int_equal(shm_revoke_w_new(&conf, control, &w, NULL), 0);
	for (int i = 0; i < READERS; i++) {
		random[i] = 88172645463325252u + (uint64_t)i;
		assert_int_equal(pthread_create(&thread[i], NULL, reader, &random[i]), 0);
	}
	for (uint64_t n = 0; n < ENTRIES; n++) {
		/* The segment must stay the same: readers use this mapping. */
		w->grow_hold = 2;
		assert_int_equal(rig_revoke(w, n, tenant_of(n), user_of(n), until_of(n)), 0);
		atomic_store_explicit(&entered, n + 1, memory_order_release);
		if (n % 16 == 0) {
			atomic_store(&now_s, (int64_t)n);
			shm_revoke_w_sweep(w, (int64_t)n, 128);
		}
	}
	for (int i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(thread[i], &wrong), 0);
		assert_int_equal((uintptr_t)wrong, 0);
		assert_true(random[i] > 0);
	}
	sd_buf_init(&findings, 65536);
	if (shm_verify(SHM_KIND_REVOCATIONS, w->seg.table, w->seg.size, &findings) != 0)
		fail_msg("%.*s", (int)findings.len, findings.p);
	sd_buf_fini(&findings);
	shm_revoke_w_free(&w);
	free(control);
}

static void test_readers_beside_a_writer(void **state)
{
	(void)state;
	users = 1000;
	per_user = per_tenant = 1;
	run(3000);
}

static void test_readers_beside_a_collapsing_writer(void **state)
{
	(void)state;
	/* each thousand a user, each of whom fills the table alone; then each thousand a tenant */
	users = ENTRIES;
	per_user = 1000;
	per_tenant = 10000;
	run(500);
	per_user = 1;
	per_tenant = 1000;
	run(500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers_beside_a_writer),
		cmocka_unit_test(test_readers_beside_a_collapsing_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
