/* SPDX-License-Identifier: MIT
 * The sweep: a piece at a time, all of it in the end; tombstones go when nobody passes them. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#define RIG_ENTRIES 3000 /* 1024 buckets */
#include "revoke_table.h"

static void test_a_piece_at_a_time(void **state)
{
	uint64_t left;

	(void)state;
	for (uint64_t b = 0; b < 1024; b++)
		assert_true(put(b, b, 100));
	shm_revoke_w_sweep(w, 101, 0);
	assert_int_equal(w->seg.table->live, 1024);
	for (left = 1024; left > 0; left -= 16) {
		assert_int_equal(w->seg.table->live, left);
		shm_revoke_w_sweep(w, 101, 64);
	}
	assert_int_equal(w->seg.table->live, 0);
	assert_int_equal(w->seg.table->used, 0);
	/* round again */
	assert_true(put(1000, 1, 100));
	shm_revoke_w_sweep(w, 101, 4096 - 4 * 1001);
	assert_int_equal(w->seg.table->live, 1);
	shm_revoke_w_sweep(w, 101, 4096);
	assert_int_equal(w->seg.table->live, 0);
}

static void test_a_tombstone_stays_while_passed(void **state)
{
	(void)state;
	/* bucket 7 full, one entry of it in bucket 8 */
	for (uint64_t n = 0; n < 4; n++)
		assert_true(put(7, n, 100));
	assert_true(put(7, 9, 500));
	shm_revoke_w_sweep(w, 101, UINT64_MAX);
	assert_int_equal(w->seg.table->live, 1);
	assert_int_equal(w->seg.table->used, 5);
	for (uint64_t n = 28; n < 32; n++)
		assert_int_equal(w->seg.table->slot[n].tag, REVOKE_TOMB);
	shm_revoke_w_sweep(w, 501, UINT64_MAX);
	assert_int_equal(w->seg.table->used, 0);
	for (uint64_t n = 28; n < 32; n++)
		assert_int_equal(w->seg.table->slot[n].tag, REVOKE_EMPTY);
}

/* The wrap from the last bucket to the first, and a run of full buckets. */
static void test_a_run_goes_from_its_end(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 14; n++)
		assert_true(put(1022, n, 100));
	assert_int_equal(w->seg.table->used, 14);
	for (int i = 0; i < 3; i++)
		shm_revoke_w_sweep(w, 101, UINT64_MAX);
	assert_int_equal(w->seg.table->live, 0);
	assert_int_equal(w->seg.table->used, 0);
}

static void test_vagueness_ends(void **state)
{
	(void)state;
	revoke_vague_raise(w, 9, 100);
	revoke_vague_raise(w, 9, 50);
	revoke_vague_raise(w, REVOKE_UNOWNED, 0);
	assert_int_equal(w->vague, 2);
	assert_int_equal(control->tenant_vague_until_s[9], 100);
	assert_int_equal(control->unowned_vague_until_s, 1);
	shm_revoke_w_sweep(w, 100, 0);
	assert_int_equal(control->tenant_vague_until_s[9], 100);
	assert_int_equal(control->unowned_vague_until_s, 0);
	shm_revoke_w_sweep(w, 101, 0);
	assert_int_equal(control->tenant_vague_until_s[9], 0);
	assert_int_equal(w->vague, 0);
}

/* The clock of this machine is past both; what the store has confirmed is not. */
static void test_by_the_time_that_the_store_confirmed(void **state)
{
	(void)state;
	assert_true(put(7, 1, 100));
	assert_true(put(9, 2, 5000));
	shm_revoke_w_sweep_confirmed(w, UINT64_MAX);
	assert_int_equal(w->seg.table->live, 2);
	atomic_store(&control->wall_floor_ms, 101 * 1000);
	shm_revoke_w_sweep_confirmed(w, UINT64_MAX);
	assert_int_equal(w->seg.table->live, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_piece_at_a_time),
		T(test_a_tombstone_stays_while_passed),
		T(test_a_run_goes_from_its_end),
		T(test_vagueness_ends),
		T(test_by_the_time_that_the_store_confirmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
