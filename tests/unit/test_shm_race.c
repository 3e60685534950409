/* SPDX-License-Identifier: MIT
 * What processes share beside the revocation table, with threads in their place so that a thread
 * sanitizer sees both: clocks, log positions and buckets, health words, statistics. */
#include "base.h"

#include <pthread.h>
#include <setjmp.h>

#include <cmocka.h>

#include "shm_board.h"
#include "shm_fresh.h"
#include "shm_health.h"

#define LOOKS 500u /* of a reader, with at least so many writes */
#define WRITES 20000u
#define PARTITION 9
#define BUCKET 77

static struct shm_control *control;
static struct shm_stats *stats, *sum;
static _Atomic bool over;
static _Atomic uint32_t looks, writes;

static bool goes_on(uint32_t n)
{
	return n < WRITES || atomic_load_explicit(&looks, memory_order_relaxed) < LOOKS;
}

static pthread_t begin(void *(*other)(void *))
{
	pthread_t thread;

	atomic_store(&over, false);
	atomic_store(&looks, 0);
	atomic_store(&writes, 0);
	assert_int_equal(pthread_create(&thread, NULL, other, NULL), 0);
	return thread;
}

static void end(pthread_t thread)
{
	void *wrong;

	atomic_store_explicit(&over, true, memory_order_release);
	assert_int_equal(pthread_join(thread, &wrong), 0);
	assert_int_equal((uintptr_t)wrong, 0);
}

/* A proof of n speaks for a bucket and a position of at least n. */
static void *reader(void *arg)
{
	uintptr_t wrong = 0;
	int64_t last = 0;
	struct health h;

	(void)arg;
	while (!atomic_load_explicit(&over, memory_order_acquire)) {
		int64_t as_of = shm_fresh_as_of(control, PARTITION);

		wrong += as_of < last;
		wrong += shm_bucket_read(control, BUCKET) < (uint64_t)as_of;
		wrong += !shm_fresh_applied(control, PARTITION, (uint64_t)as_of);
		last = as_of;
		atomic_fetch_add_explicit(&looks, 1, memory_order_relaxed);
		health_read(control, CHECK_STORE, &h); /* whole: reason and time belong to the status */
		wrong += h.status == HEALTH_OK && h.reason != HEALTH_REASON_NONE;
		wrong += h.since_s != 0 && (h.since_s % 2 == 1) != (h.status == HEALTH_OK);
	}
	return (void *)wrong;
}

static void test_clocks_and_health(void **state)
{
	pthread_t thread;

	(void)state;
	control = calloc(1, sizeof(*control));
	assert_non_null(control);
	thread = begin(reader);
	for (uint32_t n = 1; goes_on(n); n++) {
		bool good = n % 2 == 1;

		shm_bucket_bump(control, BUCKET);
		shm_applied_set(control, PARTITION, n);
		shm_fresh_set(control, PARTITION, n);
		(void)health_write(control, CHECK_STORE, good ? HEALTH_OK : HEALTH_DEGRADED,
				   good ? HEALTH_REASON_NONE : HEALTH_NOT_PROVEN, n);
	}
	end(thread);
	free(control);
}

static uint64_t counted(const struct shm_stats *s, uint32_t tenant)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < SHM_STATS_COUNTERS; i++) {
		struct board_key k;

		if (board_key_read(atomic_load(&s->counter[i].key), &k) && k.metric == METRIC_ENDED &&
		    k.tenant_slot == tenant)
			n += atomic_load(&s->counter[i].count);
	}
	return n;
}

static void *master(void *arg)
{
	uintptr_t wrong = 0;
	uint64_t last = 0;

	(void)arg;
	while (!atomic_load_explicit(&over, memory_order_acquire)) {
		memset(sum, 0, sizeof(*sum)); /* this thread's alone */
		board_merge(sum, stats);
		uint64_t n = counted(sum, 3), seen = atomic_load(&sum->histogram[HISTOGRAM_APPLY].count);

		wrong += n < last || n > atomic_load_explicit(&writes, memory_order_relaxed);
		wrong += seen > atomic_load_explicit(&writes, memory_order_relaxed);
		last = n;
		atomic_fetch_add_explicit(&looks, 1, memory_order_relaxed);
		for (uint32_t i = 0; i < SHM_STATS_COUNTERS; i++)
			wrong += !board_counter_ok(stats, i);
	}
	return (void *)wrong;
}

/* The master adds up while a worker counts: never less than before, never more than there was. */
static void test_statistics(void **state)
{
	pthread_t thread;

	(void)state;
	stats = calloc(1, sizeof(*stats));
	sum = calloc(1, sizeof(*sum));
	assert_true(stats && sum);
	thread = begin(master);
	for (uint32_t n = 0; goes_on(n); n++) {
		atomic_fetch_add_explicit(&writes, 1, memory_order_relaxed);
		board_count(stats, METRIC_ENDED, 3, (uint16_t)(n % 20), 0, 1);
		board_observe(stats, HISTOGRAM_APPLY, n);
		board_gauge(stats, GAUGE_REMEMBERED_ENDS, n);
		board_beat(stats, n);
		board_state(stats, BOARD_SERVING);
	}
	end(thread);
	assert_int_equal(counted(stats, 3), atomic_load(&writes));
	free(stats);
	free(sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks_and_health),
		cmocka_unit_test(test_statistics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
