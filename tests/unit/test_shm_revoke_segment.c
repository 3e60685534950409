/* SPDX-License-Identifier: MIT
 * A segment of the revocation table: its size, its pages, given back in pieces and whole. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "fdset.h"
#include "shm_map.h"
#include "shm_revoke_priv.h"

static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(revoke_buckets_for(0), REVOKE_MIN_BUCKETS);
	assert_int_equal(revoke_buckets_for(48), 16);
	assert_int_equal(revoke_buckets_for(49), 32);
	for (uint64_t n = 1000; n < 100000000; n = n * 3 + 1)
		assert_true(revoke_buckets_for(n) * 3 >= n && revoke_buckets_for(n) * 3 < 2 * n + 96);
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

/* Of ten MiB: more than one piece of each mapping; whatever is left is given back as well. */
static void test_given_back(void **state)
{
	struct revoke_segment s;
	int fds = sd_fd_count();

	(void)state;
	for (unsigned pieces = 0; pieces < 20; pieces++) {
		bool gone = false;

		assert_int_equal(revoke_segment_new(&s, 7, 1 << 17, NULL), 0);
		for (uint64_t n = 0; n < revoke_slots(&s); n += 64)
			s.owner[n] = 1;
		for (unsigned i = 0; i < pieces && !gone; i++)
			gone = revoke_segment_fini_piece(&s);
		assert_int_equal(gone, pieces >= 11); /* 2 of the owners', 8 of the table, the descriptor */
		revoke_segment_fini(&s);
		assert_int_equal(s.fd, -1);
		assert_int_equal(sd_fd_count(), fds);
	}
}

/* Begun: its head has its page, the rest comes piece by piece, and then it is as if made whole. */
static void test_begun(void **state)
{
	struct revoke_segment s;
	const void *p;
	size_t size;

	(void)state;
	assert_int_equal(revoke_segment_begin(&s, 9, 1 << 14, NULL), 0);
	for (size_t at = 0; at < s.size; at += 65536)
		assert_int_equal(shm_reserve(s.fd, at, SD_MIN(s.size - at, (size_t)65536)), 0);
	assert_int_equal(shm_map(s.fd, SHM_KIND_REVOCATIONS, 128, &p, &size, NULL), 0);
	assert_true(shm_revoke_fits(p, size));
	assert_int_equal(((const struct shm_head *)p)->number, 9);
	shm_unmap(&p, size);
	assert_true(shm_reserve(s.fd, s.size, 1) < 0); /* sealed: it cannot grow */
	revoke_segment_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_a_full_way),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_begun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
