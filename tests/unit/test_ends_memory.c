/* SPDX-License-Identifier: MIT
 * test_ends_memory - bounded, by absolute end, each session once, and nothing unconfirmed missed. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "ends_memory.h"
#include "err.h"

static const struct sd_siphash_key key = {1, 2};

static struct ends_memory_end end(uint32_t n, int64_t absolute_s)
{
	struct ends_memory_end e = {.absolute_s = absolute_s, .until_s = 10, .reason = 1, .epoch = 1};

	memcpy(e.sid, &n, sizeof(n));
	return e;
}

static void put(struct ends_memory *m, uint32_t n, int64_t absolute_s)
{
	struct ends_memory_end e = end(n, absolute_s);

	ends_memory_put(m, &e, 0);
}

/* Which of 0 .. 63 are there, by a walk over what no epoch has confirmed. */
static uint64_t have(const struct ends_memory *m)
{
	const struct ends_memory_end *e;
	uint32_t cursor = 0, n;
	uint64_t bits = 0;

	while ((e = ends_memory_next(m, UINT32_MAX, UINT32_MAX, &cursor)) != NULL) {
		memcpy(&n, e->sid, sizeof(n));
		assert_int_equal(bits & UINT64_C(1) << n, 0);
		bits |= UINT64_C(1) << n;
	}
	assert_int_equal(cursor, 0);
	return bits;
}

static struct ends_memory *make(uint32_t bound)
{
	struct ends_memory *m;

	assert_int_equal(ends_memory_new(bound, key, &m), SD_OK);
	return m;
}

static void test_a_session_is_there_once_and_later_times_win(void **state)
{
	struct ends_memory *m = make(8);
	struct ends_memory_end e = end(1, 100);
	const struct ends_memory_end *got;
	uint32_t cursor = 0;

	(void)state;
	ends_memory_put(m, &e, 0);
	e.absolute_s = 50;
	e.until_s = 40;
	e.reason = 2;
	e.epoch = 7;
	ends_memory_put(m, &e, 0);
	assert_int_equal(ends_memory_count(m), 1);
	got = ends_memory_next(m, 8, 100, &cursor);
	assert_int_equal(got->absolute_s, 100);
	assert_int_equal(got->until_s, 40);
	assert_int_equal(got->reason, 1);
	assert_int_equal(got->epoch, 7);
	ends_memory_free(&m);
	assert_null(m);
}

static void test_goes_by_its_absolute_end(void **state)
{
	struct ends_memory *m = make(64);

	(void)state;
	for (uint32_t n = 0; n < 40; n++)
		put(m, n, 100 + (n * 7) % 40); /* each of 100 .. 139 once, out of order */
	ends_memory_expire(m, 99, 100);
	assert_int_equal(ends_memory_count(m), 40);
	ends_memory_expire(m, 119, 3);
	assert_int_equal(ends_memory_count(m), 37);
	ends_memory_expire(m, 119, 100);
	assert_int_equal(ends_memory_count(m), 20);
	for (uint32_t n = 0; n < 40; n++)
		assert_int_equal(have(m) >> n & 1, 100 + (n * 7) % 40 > 119);
	/* over already: not entered; one that was prolonged stays */
	struct ends_memory_end e = end(50, 10);
	ends_memory_put(m, &e, 10);
	put(m, 3, 500); /* 121 before */
	ends_memory_expire(m, 400, 100);
	assert_int_equal(have(m), 1 << 3);
	assert_int_equal(ends_memory_dropped(m), 0);
	ends_memory_free(&m);
}

static void test_at_the_bound_the_first_over_goes(void **state)
{
	struct ends_memory *m = make(4);

	(void)state;
	for (uint32_t n = 0; n < 4; n++)
		put(m, n, 100 + n);
	assert_int_equal(ends_memory_dropped_until_s(m), 0);
	put(m, 4, 50); /* the newest is kept, though it is over before all others */
	assert_int_equal(have(m), 0x1e);
	assert_int_equal(ends_memory_dropped_until_s(m), 100);
	put(m, 5, 200);
	assert_int_equal(have(m), 0x2e);
	assert_int_equal(ends_memory_dropped(m), 2);
	assert_int_equal(ends_memory_dropped_until_s(m), 100);
	/* what is over makes room without a loss */
	struct ends_memory_end e = end(6, 300);
	ends_memory_put(m, &e, 101);
	assert_int_equal(have(m), 0x6c);
	assert_int_equal(ends_memory_dropped(m), 2);
	ends_memory_free(&m);
}

static void test_tells_what_an_epoch_has_not_confirmed(void **state)
{
	struct ends_memory *m = make(64);
	const struct ends_memory_end *e;
	uint32_t cursor = 0, found = 0;

	(void)state;
	for (uint32_t n = 0; n < 30; n++)
		put(m, n, 100);
	assert_null(ends_memory_next(m, 1, 1000, &cursor));
	for (uint32_t n = 0; n < 30; n += 2)
		ends_memory_confirm(m, end(n, 0).sid, 2);
	ends_memory_confirm(m, end(63, 0).sid, 2); /* nobody */
	for (int turns = 0; turns < 100; turns++) { /* a few places at a time */
		e = ends_memory_next(m, 2, 4, &cursor);
		if (e) {
			assert_int_equal(e->sid[0] % 2, 1);
			found++;
		} else if (cursor == 0) {
			break;
		}
	}
	assert_int_equal(found, 15);
	ends_memory_free(&m);
}

/* Against a plain array: many sizes, many orders. */
static void test_like_a_model(void **state)
{
	struct ends_memory *m = make(500);
	int64_t model[1000] = {0};
	uint32_t x = 12345, n, count = 0;
	int64_t now = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct ends_memory_end e;

		x = x * 1664525 + 1013904223;
		n = (x >> 8) % 450;
		e = end(n, now + 1 + (x >> 20) % 300);
		ends_memory_put(m, &e, now);
		model[n] = SD_MAX(model[n], e.absolute_s);
		if (i % 10 == 0) {
			ends_memory_expire(m, ++now, UINT32_MAX);
			for (uint32_t k = 0; k < 1000; k++)
				model[k] = model[k] > now ? model[k] : 0;
		}
	}
	for (uint32_t k = 0; k < 1000; k++)
		count += model[k] != 0;
	assert_int_equal(ends_memory_count(m), count);
	for (uint32_t cursor = 0, seen = 0;;) {
		const struct ends_memory_end *e = ends_memory_next(m, 9, UINT32_MAX, &cursor);

		if (!e) {
			assert_int_equal(seen, count);
			break;
		}
		memcpy(&n, e->sid, sizeof(n));
		assert_int_equal(model[n], e->absolute_s);
		seen++;
	}
	ends_memory_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_session_is_there_once_and_later_times_win),
		cmocka_unit_test(test_goes_by_its_absolute_end),
		cmocka_unit_test(test_at_the_bound_the_first_over_goes),
		cmocka_unit_test(test_tells_what_an_epoch_has_not_confirmed),
		cmocka_unit_test(test_like_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
