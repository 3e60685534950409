/* SPDX-License-Identifier: MIT
 * Nothing that is counted is lost, however many labels there are and whatever is merged. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "shm_board.h"

static struct shm_stats *s, *t;

static int setup(void **state)
{
	(void)state;
	s = calloc(1, sizeof(*s));
	t = calloc(1, sizeof(*t));
	return s && t ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(s);
	free(t);
	return 0;
}

/* Sums what matches; tenant 0 = any. Every key occurs once. */
static uint64_t total(const struct shm_stats *from, enum metric metric, const uint32_t *tenant)
{
	uint64_t sum = 0;
	struct board_key k;

	for (uint32_t i = 0; i < SHM_STATS_COUNTERS; i++) {
		assert_true(board_counter_ok(from, i));
		if (board_key_read(from->counter[i].key, &k) && k.metric == metric &&
		    (!tenant || k.tenant_slot == *tenant))
			sum += from->counter[i].count;
	}
	return sum;
}

static void test_labels_are_kept_apart(void **state)
{
	struct board_key k;

	(void)state;
	board_count(s, METRIC_VALIDATE, 4, 1, 2, 3);
	board_count(s, METRIC_VALIDATE, 4, 1, 2, 1);
	board_count(s, METRIC_VALIDATE, 4, 2, 1, 10);
	board_count(s, METRIC_VALIDATE, SHM_SLOT_NONE, 1, 2, 20);
	board_count(s, METRIC_NONE, 4, 0, 0, 1);
	board_count(s, METRIC_COUNT, 4, 0, 0, 1);
	assert_int_equal(total(s, METRIC_VALIDATE, &(uint32_t){4}), 14);
	assert_int_equal(total(s, METRIC_VALIDATE, &(uint32_t){SHM_SLOT_NONE}), 20);
	assert_int_equal(total(s, METRIC_VALIDATE, NULL), 34);
	for (uint32_t i = 0; i < SHM_STATS_COUNTERS; i++)
		if (s->counter[i].count == 4) {
			assert_true(board_key_read(s->counter[i].key, &k));
			assert_int_equal(k.a, 1);
			assert_int_equal(k.b, 2);
			assert_int_equal(k.tenant_slot, 4);
		}
}

static void test_a_full_table_counts_under_other(void **state)
{
	uint64_t n = 0;

	(void)state;
	board_count(s, METRIC_CREATED, 1, 0, 0, 5);
	for (uint32_t tenant = 0; tenant < 3000; tenant++)
		for (uint16_t a = 0; a < 4; a++, n++)
			board_count(s, METRIC_ENDED, tenant, a, (uint16_t)(tenant % 300), 1);
	assert_int_equal(total(s, METRIC_ENDED, NULL), n);
	assert_true(total(s, METRIC_ENDED, &(uint32_t){BOARD_TENANT_OTHER}) > 0);
	/* who came first keeps his counter, a newcomer counts as well */
	board_count(s, METRIC_CREATED, 1, 0, 0, 1);
	assert_int_equal(total(s, METRIC_CREATED, &(uint32_t){1}), 6);
	board_count(s, METRIC_SIGNED, 9999, 0, 0, 7);
	assert_int_equal(total(s, METRIC_SIGNED, NULL), 7);
	/* a slot that is none */
	board_count(s, METRIC_RELOADS, 20000, 0, 0, 3);
	assert_int_equal(total(s, METRIC_RELOADS, &(uint32_t){BOARD_TENANT_OTHER}), 3);
}

static void test_merge_adds_and_trusts_nothing(void **state)
{
	(void)state;
	for (uint32_t tenant = 0; tenant < 3000; tenant++)
		board_count(s, METRIC_ENDED, tenant, 1, 1, 2);
	board_count(t, METRIC_ENDED, 3, 1, 1, 10);
	board_observe(s, HISTOGRAM_APPLY, 100);
	board_observe(t, HISTOGRAM_APPLY, 200);
	board_merge(t, s);
	assert_int_equal(total(t, METRIC_ENDED, NULL), 6010);
	assert_int_equal(total(t, METRIC_ENDED, &(uint32_t){3}), 12);
	assert_int_equal(t->histogram[HISTOGRAM_APPLY].count, 2);
	assert_int_equal(t->histogram[HISTOGRAM_APPLY].sum_us, 300);
	/* garbage from a broken process */
	memset(s->counter, 0xff, sizeof(s->counter));
	board_merge(t, s);
	assert_int_equal(total(t, METRIC_ENDED, NULL), 6010);
}

static void test_histograms(void **state)
{
	static const uint64_t values[] = {0, 1, 16, 17, 32, 33, 1000, 1u << 26, (1u << 26) + 1, UINT64_MAX};
	uint64_t sum = 0;

	(void)state;
	for (uint32_t b = 1; b < SHM_STATS_BUCKETS; b++)
		assert_true(board_bucket_us(b) > board_bucket_us(b - 1));
	assert_int_equal(board_bucket_us(0), 16);
	assert_true(board_bucket_us(SHM_STATS_BUCKETS - 1) == UINT64_MAX);
	for (size_t i = 0; i < SD_ARRAY_LEN(values); i++) {
		uint32_t b = 0;

		while (values[i] > board_bucket_us(b))
			b++;
		sum = s->histogram[HISTOGRAM_APPLY].bucket[b];
		board_observe(s, HISTOGRAM_APPLY, values[i]);
		assert_int_equal(s->histogram[HISTOGRAM_APPLY].bucket[b], sum + 1);
	}
	assert_int_equal(s->histogram[HISTOGRAM_APPLY].count, SD_ARRAY_LEN(values));
	board_observe(s, HISTOGRAM_NONE, 1);
	board_observe(s, HISTOGRAM_COUNT, 1);
	assert_int_equal(s->histogram[0].count, 0);
}

static void test_state_and_gauges(void **state)
{
	(void)state;
	board_gauge(s, GAUGE_REVOCATIONS, 12);
	board_gauge(s, GAUGE_COUNT, 12);
	board_beat(s, 55);
	board_state(s, BOARD_SERVING);
	assert_int_equal(s->gauge[GAUGE_REVOCATIONS], 12);
	assert_int_equal(s->heartbeat_ns, 55);
	assert_int_equal(s->state, BOARD_SERVING);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_labels_are_kept_apart), T(test_a_full_table_counts_under_other),
		T(test_merge_adds_and_trusts_nothing), T(test_histograms), T(test_state_and_gauges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
