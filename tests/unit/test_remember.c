/* SPDX-License-Identifier: MIT
 * Bounded, forgets the least recently used of a set, owns what it holds. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "remember.h"

static const uint64_t secret[2] = {1, 2};

struct value {
	struct remember_head head;
	uint64_t n;
};

static void key_of(uint64_t n, uint8_t key[32])
{
	memset(key, 0x5a, 32);
	memcpy(key + 8, &n, sizeof(n));
}

static void put(struct remember *r, uint64_t n)
{
	struct value *v = calloc(1, sizeof(*v));
	assert_non_null(v);
	key_of(n, v->head.key);
	v->n = n;
	remember_put(r, &v->head);
}

static struct value *find(struct remember *r, uint64_t n)
{
	uint8_t key[32];
	key_of(n, key);
	return remember_find(r, key);
}

static void test_finds_what_was_put(void **state)
{
	struct remember *r;
	(void)state;
	assert_int_equal(remember_new(64, secret, &r), SD_OK);
	assert_null(find(r, 1));
	put(r, 1);
	assert_int_equal(find(r, 1)->n, 1);
	assert_null(find(r, 2));
	put(r, 1); /* again: replaces */
	assert_int_equal(remember_count(r), 1);
	remember_free(&r);
	remember_free(&r);
}

static void test_never_grows_past_its_bound(void **state)
{
	struct remember *r;
	uint64_t alive = 0;
	(void)state;
	assert_int_equal(remember_new(64, secret, &r), SD_OK);
	for (uint64_t n = 0; n < 5000; n++)
		put(r, n);
	assert_int_equal(remember_count(r), 64);
	for (uint64_t n = 0; n < 5000; n++)
		alive += find(r, n) != NULL;
	assert_int_equal(alive, 64);
	remember_free(&r);
}

/* 8 entries are one set: which goes is exact. */
static void test_the_least_recently_used_makes_room(void **state)
{
	struct remember *r;
	(void)state;
	assert_int_equal(remember_new(8, secret, &r), SD_OK);
	for (uint64_t n = 0; n < 8; n++)
		put(r, n);
	assert_non_null(find(r, 0));
	assert_non_null(find(r, 2));
	put(r, 100); /* 1 goes */
	assert_null(find(r, 1));
	assert_non_null(find(r, 0));
	put(r, 101); /* then 3: 0 and 2 were used later */
	assert_null(find(r, 3));
	assert_non_null(find(r, 2));
	assert_non_null(find(r, 100));
	assert_int_equal(remember_count(r), 8);
	remember_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_finds_what_was_put),
	    cmocka_unit_test(test_never_grows_past_its_bound),
	    cmocka_unit_test(test_the_least_recently_used_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
