/* SPDX-License-Identifier: MIT
 * The table against a simple reference: exact while there is room, through growth and sweeps. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "fdset.h"
#include "revoke_rig.h"
#include "shm_map.h"
#include "shm_revoke_priv.h"
#include "shm_verify.h"

#define SESSIONS 40000u
#define USERS 500u
#define TENANTS 7u

static struct shm_control *control;
static struct shm_revoke_w *w;
static int open_before;

static void make(uint64_t entries, uint64_t max_entries)
{
	struct shm_revoke_conf conf = {entries, max_entries, rig_seed};

	assert_int_equal(shm_revoke_w_new(&conf, control, &w, NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	open_before = sd_fd_count();
	control = calloc(1, sizeof(*control));
	return control ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	shm_revoke_w_free(&w);
	free(control);
	return sd_fd_count() == open_before ? 0 : -1;
}

static enum shm_verdict check(uint64_t n)
{
	struct shm_query q = rig_query(n, (uint32_t)(n % TENANTS), n % USERS);
	enum shm_scope scope;

	return shm_revoke_check(control, w->seg.table, &q, &scope);
}

static void revoke(uint64_t n, int64_t until_s)
{
	assert_int_equal(rig_revoke(w, n, (uint32_t)(n % TENANTS), n % USERS, until_s), 0);
}

static void verified(void)
{
	struct sd_buf findings;

	sd_buf_init(&findings, 65536);
	if (shm_verify(SHM_KIND_REVOCATIONS, w->seg.table, w->seg.size, &findings) != 0)
		fail_msg("%.*s", (int)findings.len, findings.p);
	sd_buf_fini(&findings);
}

static void test_one_entry(void **state)
{
	(void)state;
	make(100, 100);
	assert_int_equal(check(1), SHM_CLEAR);
	revoke(1, 1000);
	assert_int_equal(check(1), SHM_REVOKED);
	assert_int_equal(check(2), SHM_CLEAR);
	/* again, with an earlier and a later end: the later one wins */
	revoke(1, 500);
	shm_revoke_w_sweep(w, 501, 1000);
	assert_int_equal(check(1), SHM_REVOKED);
	revoke(1, 2000);
	shm_revoke_w_sweep(w, 1500, 1000);
	assert_int_equal(check(1), SHM_REVOKED);
	shm_revoke_w_sweep(w, 2000, 1000);
	assert_int_equal(check(1), SHM_REVOKED);
	shm_revoke_w_sweep(w, 2001, 1000);
	assert_int_equal(check(1), SHM_CLEAR);
	verified();
}

static void test_rules_by_time(void **state)
{
	struct shm_query q = rig_query(5, 3, 1);
	enum shm_scope scope;

	(void)state;
	make(100, 100);
	q.client_slot = 9;
	q.key_slot = 11;
	q.iat_s = 1000;
	assert_int_equal(shm_revoke_check(control, w->seg.table, &q, &scope), SHM_CLEAR);
	assert_int_equal(scope, SHM_SCOPE_NONE);
	shm_revoke_w_tenant(w, 3, 1000);
	assert_int_equal(shm_revoke_check(control, w->seg.table, &q, &scope), SHM_CLEAR);
	shm_revoke_w_key(w, 11, 1001);
	shm_revoke_w_key(w, 11, 900);
	assert_int_equal(shm_revoke_check(control, w->seg.table, &q, &scope), SHM_REVOKED);
	assert_int_equal(scope, SHM_SCOPE_KEY);
	shm_revoke_w_client(w, 9, 1001);
	assert_int_equal(shm_revoke_check(control, w->seg.table, &q, &scope), SHM_REVOKED);
	assert_int_equal(scope, SHM_SCOPE_CLIENT);
	shm_revoke_w_tenant(w, 3, 1001);
	assert_int_equal(shm_revoke_check(control, w->seg.table, &q, &scope), SHM_REVOKED);
	assert_int_equal(scope, SHM_SCOPE_TENANT);
	q.iat_s = 1001;
	assert_int_equal(shm_revoke_check(control, w->seg.table, &q, &scope), SHM_CLEAR);
	q.iat_s = INT64_MAX;
	shm_revoke_w_tenant(w, 3, INT64_MAX);
	assert_int_equal(shm_revoke_check(control, w->seg.table, &q, &scope), SHM_CLEAR);
	/* no slot, or one out of range, matches nothing and is written nowhere */
	shm_revoke_w_tenant(w, SHM_SLOT_NONE, 5000);
	shm_revoke_w_client(w, SHM_CLIENTS, 5000);
	q.tenant_slot = SHM_TENANTS;
	q.client_slot = SHM_SLOT_NONE;
	q.key_slot = SHM_KEYS + 7;
	q.iat_s = 0;
	assert_int_equal(shm_revoke_check(control, w->seg.table, &q, &scope), SHM_CLEAR);
}

/* The end may be known before its tenant has a slot. */
static void test_an_end_without_a_slot_holds_with_one(void **state)
{
	struct shm_query q = rig_query(77, 4, 5);
	enum shm_scope scope;

	(void)state;
	make(100, 100);
	assert_int_equal(rig_revoke(w, 77, SHM_SLOT_NONE, 5, 1000), 0);
	assert_int_equal(shm_revoke_check(control, w->seg.table, &q, &scope), SHM_REVOKED);
	assert_int_equal(scope, SHM_SCOPE_SESSION);
}

static void test_a_moved_table_says_unknown(void **state)
{
	struct shm_query q = rig_query(1, 1, 1);
	const void *old = NULL;
	enum shm_scope scope;
	size_t size;

	(void)state;
	make(100000, 100000);
	assert_int_equal(shm_map(shm_revoke_w_fd(w), SHM_KIND_REVOCATIONS, 128, &old, &size, NULL), 0);
	assert_true(shm_revoke_fits(old, size));
	assert_int_equal(shm_revoke_check(control, old, &q, &scope), SHM_CLEAR);
	for (uint64_t n = 0; shm_revoke_w_number(w) == 1; n++)
		revoke(n, 1000);
	assert_int_equal(control->table, 2);
	assert_int_equal(shm_revoke_check(control, old, &q, &scope), SHM_UNKNOWN);
	assert_int_equal(scope, SHM_SCOPE_NONE);
	shm_unmap(&old, size);
}

/* The reference: until of each session (0 = never ended), the time last swept in full. */
static void compare(const int64_t *until, int64_t now, bool swept)
{
	for (uint64_t n = 0; n < SESSIONS; n++) {
		enum shm_verdict v = check(n);

		if (until[n] == 0)
			assert_int_equal(v, SHM_CLEAR);
		else if (until[n] >= now)
			assert_int_equal(v, SHM_REVOKED);
		else if (swept)
			assert_int_equal(v, SHM_CLEAR);
		else
			assert_int_not_equal(v, SHM_UNKNOWN);
	}
}

static void test_against_a_reference(void **state)
{
	static int64_t until[SESSIONS];
	struct shm_revoke_counts counts;
	uint64_t random = 88172645463325252, live = 0;
	int64_t now = 1000;

	(void)state;
	make(SESSIONS, SESSIONS);
	for (int op = 0; op < 100000; op++) {
		uint64_t n = rig_random(&random) % SESSIONS, kind = rig_random(&random) % 100;
		int64_t end = now + (int64_t)(rig_random(&random) % 3000);

		if (kind < 90) {
			revoke(n, end);
			until[n] = SD_MAX(until[n], end);
			assert_int_equal(check(n), SHM_REVOKED);
		} else {
			now += (int64_t)(kind == 99);
			shm_revoke_w_sweep(w, now, 64);
		}
		if (op % 20000 == 19999) {
			compare(until, now, false);
			verified();
		}
	}
	shm_revoke_w_sweep(w, now, UINT64_MAX);
	compare(until, now, true);
	for (uint64_t n = 0; n < SESSIONS; n++)
		live += until[n] >= now;
	shm_revoke_counts(w->seg.table, &counts);
	assert_int_equal(counts.live, live);
	assert_int_equal(counts.collapsed, 0);
	assert_true(shm_revoke_w_number(w) > 1);
	/* all over: nothing is left, no tombstone, no user, no count */
	shm_revoke_w_sweep(w, INT64_C(1) << 33, UINT64_MAX);
	shm_revoke_w_sweep(w, INT64_C(1) << 33, UINT64_MAX);
	shm_revoke_counts(w->seg.table, &counts);
	assert_int_equal(counts.live, 0);
	assert_int_equal(counts.used, 0);
	for (uint32_t g = 0; g < REVOKE_GROUPS; g++)
		assert_int_equal(w->group_live[g], 0);
	for (uint32_t i = 1; i < w->users.top; i++)
		assert_int_equal(w->users.user[i].tag, 0);
	verified();
}

/* A table that is always full of what is over: expired places are taken again, nothing grows. */
static void test_a_steady_stream_does_not_grow(void **state)
{
	uint64_t number;

	(void)state;
	make(3000, 3000);
	number = shm_revoke_w_number(w);
	for (uint64_t n = 0; n < 200000; n++) {
		int64_t now = (int64_t)n;

		revoke(n, now + 1500);
		shm_revoke_w_sweep(w, now, 8);
		if (n >= 1400)
			assert_int_equal(check(n - 1400), SHM_REVOKED);
	}
	verified();
	assert_true(shm_revoke_w_number(w) - number < 50);
}

static void test_times_at_the_edge(void **state)
{
	(void)state;
	make(100, 100);
	revoke(1, INT64_MAX);
	revoke(2, -5);
	revoke(3, 0);
	assert_int_equal(check(1), SHM_REVOKED);
	assert_int_equal(check(2), SHM_REVOKED);
	shm_revoke_w_sweep(w, REVOKE_MAX_UNTIL, UINT64_MAX);
	assert_int_equal(check(1), SHM_REVOKED);
	assert_int_equal(check(2), SHM_CLEAR);
	assert_int_equal(check(3), SHM_CLEAR);
	/* time does not go back */
	shm_revoke_w_sweep(w, 5, UINT64_MAX);
	assert_int_equal(w->now_s, REVOKE_MAX_UNTIL);
}

static void test_configurations_refused(void **state)
{
	struct shm_revoke_conf conf = {10, 0, rig_seed};

	(void)state;
	assert_int_equal(shm_revoke_w_new(&conf, control, &w, NULL), SD_ERR_INVALID);
	assert_null(w);
	conf.max_entries = (1ull << 30) + 1;
	assert_int_equal(shm_revoke_w_new(&conf, control, &w, NULL), SD_ERR_INVALID);
	shm_revoke_w_free(&w);
}

static void test_a_table_must_fit_its_size(void **state)
{
	union {
		struct shm_revocations t;
		uint8_t bytes[1024];
	} u;

	(void)state;
	memset(&u, 0, sizeof(u));
	assert_false(shm_revoke_fits(&u.t, sizeof(u)));
	u.t.buckets = 14;
	assert_false(shm_revoke_fits(&u.t, 128 + 14 * 64));
	u.t.buckets = 8;
	assert_true(shm_revoke_fits(&u.t, 128 + 8 * 64));
	assert_false(shm_revoke_fits(&u.t, 128 + 8 * 64 - 1));
	assert_false(shm_revoke_fits(&u.t, 128 + 8 * 64 + 1));
	assert_false(shm_revoke_fits(&u.t, 127));
	u.t.buckets = 1ull << 63;
	assert_false(shm_revoke_fits(&u.t, 128));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_one_entry),
		T(test_rules_by_time),
		T(test_an_end_without_a_slot_holds_with_one),
		T(test_a_moved_table_says_unknown),
		T(test_against_a_reference),
		T(test_a_steady_stream_does_not_grow),
		T(test_times_at_the_edge),
		T(test_configurations_refused),
		T(test_a_table_must_fit_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
