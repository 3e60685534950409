/* SPDX-License-Identifier: MIT
 * One slot: its bits, which place an entry takes, and what a freed place becomes. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#define RIG_ENTRIES 10 /* 16 buckets */
#include "revoke_table.h"

static uint64_t tag_at(uint64_t n)
{
	return w->seg.table->slot[n].tag;
}

static void test_bits(void **state)
{
	uint64_t word = revoke_word(12345, revoke_identity(REVOKE_USER, 0xfabc), 77);

	(void)state;
	assert_int_equal(revoke_until(word), 12345);
	assert_int_equal(revoke_kind(word), REVOKE_USER);
	assert_int_equal(revoke_group(word), 77);
	assert_int_equal(word & REVOKE_IDENTITY_MASK, revoke_identity(REVOKE_USER, 0xabc));
	word = revoke_word(INT64_MAX, revoke_identity(REVOKE_SESSION, 0), SHM_SLOT_NONE);
	assert_int_equal(revoke_until(word), REVOKE_MAX_UNTIL);
	assert_int_equal(revoke_kind(word), REVOKE_SESSION);
	assert_int_equal(revoke_group(word), SHM_TENANTS);
	assert_int_equal(revoke_until(revoke_word(-1, 0, 0)), 0);
	assert_int_equal(revoke_kind(0), REVOKE_NONE);
	assert_int_equal(revoke_kind(3ull << 28), REVOKE_NONE);
	assert_int_equal(revoke_bucket(16, 15, 1), 0);
}

static void test_a_full_bucket_overflows(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 6; n++)
		assert_true(put(15, n, 100));
	for (uint64_t n = 0; n < 4; n++)
		assert_int_equal(tag_at(60 + n), entry(15, n, 0).tag);
	assert_int_equal(tag_at(0), entry(15, 4, 0).tag);
	assert_int_equal(tag_at(1), entry(15, 5, 0).tag);
	/* the same again changes nothing */
	assert_true(put(15, 4, 50));
	assert_int_equal(w->seg.table->live, 6);
	assert_int_equal(revoke_until(w->seg.table->slot[0].word), 100);
	assert_true(put(15, 4, 150));
	assert_int_equal(revoke_until(w->seg.table->slot[0].word), 150);
}

static void test_a_freed_place(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 6; n++)
		assert_true(put(3, n, 100));
	/* a way leads past: a tombstone; the bucket ends the way: empty */
	revoke_free_slot(w, 13);
	assert_int_equal(tag_at(13), REVOKE_TOMB);
	revoke_free_slot(w, 17);
	assert_int_equal(tag_at(17), REVOKE_EMPTY);
	assert_int_equal(w->seg.table->live, 4);
	assert_int_equal(w->seg.table->used, 5);
	assert_int_equal(w->group_live[5], 4);
	/* a newcomer takes the tombstone, but not before it has looked for itself behind it */
	assert_true(put(3, 4, 200));
	assert_int_equal(tag_at(13), REVOKE_TOMB);
	assert_int_equal(revoke_until(w->seg.table->slot[16].word), 200);
	assert_true(put(3, 9, 100));
	assert_int_equal(tag_at(13), entry(3, 9, 0).tag);
	assert_int_equal(w->seg.table->used, 5);
}

static void test_what_is_over_gives_its_place(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 4; n++)
		assert_true(put(3, n, n == 2 ? 50 : 100));
	w->now_s = 51;
	assert_true(put(3, 8, 100));
	assert_int_equal(tag_at(14), entry(3, 8, 0).tag);
	assert_int_equal(w->seg.table->live, 4);
	assert_int_equal(w->seg.table->used, 4);
	assert_int_equal(tag_at(16), REVOKE_EMPTY);
}

/* The last entry of a user gives its place to a new one of the same user: the user stays. */
static void test_a_user_survives_its_own_replacement(void **state)
{
	struct shm_tags tags = {.user = 4711, .user_check = 3};
	struct revoke_entry old = entry(3, 1, 50), next = entry(3, 2, 100);

	(void)state;
	old.user = next.user = revoke_user_get(&w->users, &tags, 5);
	assert_true(revoke_put(w, &old, false));
	w->now_s = 51;
	assert_true(revoke_put(w, &next, false));
	assert_int_equal(w->seg.table->live, 1);
	assert_int_equal(w->users.user[next.user].count, 1);
	assert_int_equal(w->users.user[next.user].tag, 4711);
	assert_int_equal(revoke_user_get(&w->users, &tags, 5), next.user);
	assert_int_equal(w->group_live[5], 1);
	revoke_free_slot(w, 12);
	assert_int_equal(w->users.user[next.user].tag, 0);
}

static void test_the_limit_holds_unless_forced(void **state)
{
	struct revoke_entry e;

	(void)state;
	for (uint64_t n = 0; n < 10; n++)
		assert_true(put(n, n, 100));
	e = entry(12, 12, 100);
	assert_false(revoke_put(w, &e, false));
	assert_int_equal(w->seg.table->live, 10);
	e = entry(2, 2, 300);
	assert_true(revoke_put(w, &e, false));
	e = entry(12, 12, 100);
	assert_true(revoke_put(w, &e, true));
	assert_int_equal(w->seg.table->live, 11);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_bits),
		T(test_a_full_bucket_overflows),
		T(test_a_freed_place),
		T(test_what_is_over_gives_its_place),
		T(test_a_user_survives_its_own_replacement),
		T(test_the_limit_holds_unless_forced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
