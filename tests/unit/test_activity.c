/* SPDX-License-Identifier: MIT
 * Activity by session: seen only rises, what is recorded need not be told, and the store is told
 * once in an interval as long as there is room. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "activity.h"
#include "err.h"

static const uint64_t secret[2] = {1, 2};

static struct sid sid_of(uint64_t n)
{
	struct sid sid = {{0x21}};
	memcpy(sid.b + 4, &n, sizeof(n));
	return sid;
}

static void test_seen_and_told(void **state)
{
	struct activity *a;
	struct sid one = sid_of(1), two = sid_of(2);
	struct activity_entry *e;
	(void)state;
	assert_int_equal(activity_new(64, secret, &a), SD_OK);
	assert_int_equal(activity_seen_ms(a, &one), 0);
	e = activity_use(a, &one, 5000, 3000);
	assert_int_equal(e->told_ms, 3000);
	assert_int_equal(e->untold, 1);
	e = activity_use(a, &one, 4000, 1000); /* clocks and records that say less change nothing */
	assert_int_equal(e->seen_ms, 5000);
	assert_int_equal(e->told_ms, 3000);
	assert_int_equal(e->untold, 2);
	e = activity_use(a, &one, 6000, 5500); /* another node has told more */
	assert_int_equal(e->told_ms, 5500);
	assert_int_equal(activity_seen_ms(a, &one), 6000);
	assert_int_equal(activity_seen_ms(a, &two), 0);
	activity_lost(a, &two);
	assert_int_equal(e->lost, 0);
	activity_lost(a, &one);
	assert_int_equal(e->lost, 1);
	activity_free(&a);
	assert_null(a);
}

/* How often the store is told when so many sessions are used so many times, a second between the
 * rounds, all recorded long ago. */
static unsigned told(struct activity *a, unsigned sessions, unsigned rounds, int64_t interval_ms)
{
	unsigned n = 0;
	for (unsigned round = 0; round < rounds; round++)
		for (unsigned i = 0; i < sessions; i++) {
			struct sid sid = sid_of(i);
			int64_t now = 1000000 + (int64_t)round * 1000;
			struct activity_entry *e = activity_use(a, &sid, now, 1);
			if (now - e->told_ms < interval_ms)
				continue;
			e->told_ms = now;
			e->untold = 0;
			n++;
		}
	return n;
}

static void test_once_an_interval(void **state)
{
	struct activity *a;
	(void)state;
	/* A worker's table has four places for each token that it remembers: here for 1024. One set has
	 * nine of them for its eight places, and costs two more a round. */
	assert_int_equal(activity_new(4 * 1024, secret, &a), SD_OK);
	assert_int_equal(told(a, 1024, 60, 60000), 1142);
	activity_free(&a);
	/* twice as many: 27 of the 2048 in a round, and each once */
	assert_int_equal(activity_new(4 * 1024, secret, &a), SD_OK);
	assert_int_equal(told(a, 2048, 60, 60000), 3641);
	activity_free(&a);
	/* over it by far: with nearly each of 12288 uses, as if nothing were remembered */
	assert_int_equal(activity_new(64, secret, &a), SD_OK);
	assert_int_equal(told(a, 4096, 3, 60000), 12176);
	activity_free(&a);
}

static void test_the_longest_unseen_makes_room(void **state)
{
	struct activity *a;
	(void)state;
	assert_int_equal(activity_new(8, secret, &a), SD_OK); /* one set */
	for (unsigned i = 0; i < 8; i++) {
		struct sid sid = sid_of(i);
		(void)activity_use(a, &sid, 1000 + i, 0);
	}
	struct sid first = sid_of(0), second = sid_of(1), other = sid_of(9);
	(void)activity_use(a, &first, 2000, 0);
	(void)activity_use(a, &other, 2001, 0);
	assert_int_equal(activity_seen_ms(a, &first), 2000);
	assert_int_equal(activity_seen_ms(a, &other), 2001);
	assert_int_equal(activity_seen_ms(a, &second), 0);
	activity_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_seen_and_told),
	    cmocka_unit_test(test_once_an_interval),
	    cmocka_unit_test(test_the_longest_unseen_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
