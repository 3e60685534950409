/* SPDX-License-Identifier: MIT
 * The pool of users: an index stays the same user's while it is in use, and comes back after. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "shm_revoke_priv.h"

static struct shm_tags tags_of(uint64_t n)
{
	/* the same chain for many: the bits that choose it are low ones */
	return (struct shm_tags){.user = (n << 40) + 2, .user_check = n};
}

static void test_found_again_until_tidied(void **state)
{
	struct revoke_users u = {0};
	struct shm_tags one = tags_of(1), two = tags_of(2);
	uint32_t a, b;

	(void)state;
	a = revoke_user_get(&u, &one, 3);
	b = revoke_user_get(&u, &two, 3);
	assert_true(a != 0 && b != 0 && a != b);
	assert_int_equal(revoke_user_get(&u, &one, 3), a);
	/* the same tag in another tenant, or with another check, is another user */
	assert_int_not_equal(revoke_user_get(&u, &one, 4), a);
	one.user_check ^= 1;
	assert_int_not_equal(revoke_user_get(&u, &one, 3), a);
	u.user[a].count = 1;
	revoke_user_tidy(&u, a);
	assert_int_equal(u.user[a].count, 1);
	u.user[a].count = 0;
	u.user[a].collapsed = true;
	revoke_user_tidy(&u, a);
	assert_true(u.user[a].collapsed);
	u.user[a].collapsed = false;
	revoke_user_tidy(&u, a);
	assert_int_equal(u.user[a].tag, 0);
	revoke_user_tidy(&u, 0);
	assert_int_equal(revoke_user_get(&u, &two, 3), b);
	/* the next newcomer takes the place */
	two = tags_of(77);
	assert_int_equal(revoke_user_get(&u, &two, 3), a);
	revoke_users_fini(&u);
}

static void test_bounded_by_what_is_in_use(void **state)
{
	struct revoke_users u = {0};
	uint32_t size;

	(void)state;
	for (uint64_t n = 0; n < 5000; n++) {
		struct shm_tags t = tags_of(n);
		uint32_t at = revoke_user_get(&u, &t, (uint32_t)(n % 5));

		assert_int_not_equal(at, 0);
		u.user[at].count = 1;
	}
	for (uint64_t n = 0; n < 5000; n++) {
		struct shm_tags t = tags_of(n);
		uint32_t at = revoke_user_get(&u, &t, (uint32_t)(n % 5));

		assert_int_equal(u.user[at].count, 1);
		assert_int_equal(u.user[at].tag, t.user);
	}
	size = u.size;
	assert_true(size < 2 * 5001 + 64);
	/* who comes and goes makes it no bigger */
	for (uint64_t n = 5000; n < 50000; n++) {
		struct shm_tags t = tags_of(n);

		revoke_user_tidy(&u, revoke_user_get(&u, &t, 1));
	}
	assert_int_equal(u.size, size);
	revoke_users_fini(&u);
	assert_null(u.user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_again_until_tidied),
		cmocka_unit_test(test_bounded_by_what_is_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
