/* SPDX-License-Identifier: MIT
 * A table replaced by another: nothing lost, what is over left behind, the old one marked. */
#include "base.h"

#include <setjmp.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "err.h"
#include "fdset.h"
#include "revoke_rig.h"
#include "shm_map.h"
#include "shm_revoke_priv.h"

static struct shm_control *control;
static struct shm_revoke_w *w;

static int setup(void **state)
{
	struct shm_revoke_conf conf = {100000, 100000, rig_seed};

	(void)state;
	control = calloc(1, sizeof(*control));
	return control && shm_revoke_w_new(&conf, control, &w, NULL) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	shm_revoke_w_free(&w);
	free(control);
	return 0;
}

static enum shm_verdict check(const struct shm_revocations *t, uint64_t n)
{
	struct shm_query q = rig_query(n, 1, n % 50);
	enum shm_scope scope;

	return shm_revoke_check(control, t, &q, &scope);
}

static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(revoke_buckets_for(0), REVOKE_MIN_BUCKETS);
	assert_int_equal(revoke_buckets_for(48), 16);
	assert_int_equal(revoke_buckets_for(49), 32);
	for (uint64_t n = 1000; n < 100000000; n = n * 3 + 1)
		assert_true(revoke_buckets_for(n) * 3 >= n && revoke_buckets_for(n) * 3 < 2 * n + 96);
}

static void test_nothing_is_lost(void **state)
{
	const void *old;
	size_t size;
	int fds = sd_fd_count();

	(void)state;
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(rig_revoke(w, n, 1, n % 50, n % 3 == 0 ? 100 : 200), 0);
	assert_int_equal(shm_map(shm_revoke_w_fd(w), SHM_KIND_REVOCATIONS, 128, &old, &size, NULL), 0);
	w->now_s = 150;
	assert_int_equal(check(old, 1), SHM_REVOKED);
	assert_true(revoke_grow(w, w->seg.table->buckets * 2));
	assert_int_equal(sd_fd_count(), fds);
	assert_int_equal(control->table, 2);
	assert_int_equal(w->seg.table->head.number, 2);
	assert_int_equal(w->seg.table->live, 2000);
	assert_int_equal(w->group_live[1], 2000);
	for (uint64_t n = 0; n < 3000; n++) {
		assert_int_equal(check(w->seg.table, n), n % 3 == 0 ? SHM_CLEAR : SHM_REVOKED);
		assert_int_equal(check(old, n), SHM_UNKNOWN);
	}
	shm_unmap(&old, size);
}

/* One descriptor too few: what is there stays in force, and is not asked again at once. */
static void test_it_fails(void **state)
{
	struct rlimit was, none;
	bool grown;

	(void)state;
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(rig_revoke(w, n, 1, n % 50, 200), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	grown = revoke_grow(w, w->seg.table->buckets * 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_false(grown);
	assert_true(w->grow_hold > 0);
	assert_int_equal(control->table, 1);
	assert_int_equal(w->seg.table->moved, 0);
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(check(w->seg.table, n), SHM_REVOKED);
}

static void test_a_full_way(void **state)
{
	struct revoke_segment s;

	(void)state;
	assert_int_equal(revoke_segment_new(&s, 7, 16, NULL), 0);
	for (uint64_t n = 0; n < 64; n++)
		assert_true(revoke_copy_in(&s, (n + 1) << 20, 1, 0));
	assert_false(revoke_copy_in(&s, 99ull << 20, 1, 0));
	revoke_segment_fini(&s);
	assert_int_equal(s.fd, -1);
	revoke_segment_fini(&s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_sizes), T(test_nothing_is_lost), T(test_it_fails), T(test_a_full_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
