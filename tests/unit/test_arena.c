/* SPDX-License-Identifier: MIT
 * Zeroed, aligned, bounded; reset gives everything back. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "arena.h"

static void test_zeroed_and_aligned(void **state)
{
	struct sd_arena a;

	(void)state;
	sd_arena_init(&a, 1 << 20);
	for (int round = 0; round < 2; round++) {
		for (size_t n = 0; n < 300; n++) {
			unsigned char *p = sd_arena_alloc(&a, n);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % 16, 0);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xee, n);
		}
		sd_arena_reset(&a);
		assert_int_equal(a.used, 0);
	}
	sd_arena_fini(&a);
}

static void test_allocations_do_not_overlap(void **state)
{
	struct sd_arena a;
	unsigned char *p[64];

	(void)state;
	sd_arena_init(&a, 1 << 20);
	for (size_t i = 0; i < SD_ARRAY_LEN(p); i++) {
		size_t n = i % 7 == 0 ? 5000 : 100; /* big ones between small ones */

		p[i] = sd_arena_alloc(&a, n);
		assert_non_null(p[i]);
		memset(p[i], (int)i, n);
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(p); i++) {
		assert_int_equal(p[i][0], i);
		assert_int_equal(p[i][99], i);
	}
	sd_arena_fini(&a);
	sd_arena_fini(&a);
	sd_arena_fini(NULL);
}

static void test_bound_holds(void **state)
{
	struct sd_arena a;

	(void)state;
	sd_arena_init(&a, 100);
	assert_null(sd_arena_alloc(&a, 101));
	assert_null(sd_arena_alloc(&a, SIZE_MAX));
	assert_null(sd_arena_alloc(&a, SIZE_MAX - 8));
	assert_non_null(sd_arena_alloc(&a, 100));
	assert_null(sd_arena_alloc(&a, 1));
	sd_arena_reset(&a);
	assert_non_null(sd_arena_alloc(&a, 1));
	sd_arena_fini(&a);
}

static void test_what_was_in_it_is_gone(void **state)
{
	struct sd_arena a;
	const char *p;

	(void)state;
#ifdef SD_SANITIZERS
	skip(); /* no block is kept */
#endif
	sd_arena_init(&a, 10000);
	p = sd_arena_copy(&a, SD_SLICE("sdr_token-of-a-request")).p;
	sd_arena_reset(&a);
	for (size_t i = 0; i < 22; i++) /* the block is kept */
		assert_int_equal(p[i], 0);
	sd_arena_fini(&a);
}

static void test_copy_is_terminated(void **state)
{
	struct sd_arena a;
	struct sd_slice s;

	(void)state;
	sd_arena_init(&a, 64);
	s = sd_arena_copy(&a, sd_slice("abcdef", 3));
	assert_int_equal(s.n, 3);
	assert_string_equal(s.p, "abc");
	s = sd_arena_copy(&a, (struct sd_slice){NULL, 0});
	assert_string_equal(s.p, "");
	s = sd_arena_copy(&a, sd_slice("x", SIZE_MAX));
	assert_null(s.p);
	sd_arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_zeroed_and_aligned),
	    cmocka_unit_test(test_allocations_do_not_overlap),
	    cmocka_unit_test(test_bound_holds),
	    cmocka_unit_test(test_copy_is_terminated),
	    cmocka_unit_test(test_what_was_in_it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
