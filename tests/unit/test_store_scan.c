/* SPDX-License-Identifier: MIT
 * Walks over a tenant's sessions against a real Redis: complete, each once, newest first, whatever
 * the steps, the partitions and the times; healing; who waits for a turn. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "store_key.h"
#include "store_rig.h"
#include "store_scan.h"

#define MANY 400

static struct sid all[MANY];
static struct store_scan_place met[MANY + 1];
static unsigned met_count;

static void on_done(void *arg)
{
	*(bool *)arg = true;
}

static struct store_scan *open_scan(struct store_rig *rig, const struct store_scan_place *from,
				    int64_t min_ms, bool *flag)
{
	struct store_scan_in in = {.tenant = RIG_TENANT, .min_ms = min_ms, .expect = 50,
				   .arg = flag, .done = on_done};
	struct store_scan *scan;

	if (from) {
		in.has_from = true;
		in.from = *from;
	}
	assert_int_equal(store_scan_new(rig->store, &in, &scan), SD_OK);
	return scan;
}

static void step(struct store_rig *rig, struct store_scan *scan, uint32_t max, bool *flag,
		 struct store_scan_step *out)
{
	*flag = false;
	store_scan_next(scan, max);
	assert_false(*flag);
	for (int i = 0; i < 2000 && !*flag; i++)
		assert_int_equal(sd_loop_turn(rig->loop, 10), SD_OK);
	assert_true(*flag);
	store_scan_take(scan, out);
}

static void keep(struct store_scan *scan, const struct store_scan_step *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		struct store_scan_place at = store_scan_place(scan, s->place[i]);

		assert_memory_equal(&at.sid, &s->row[i].sid, sizeof(at.sid));
		assert_int_equal(s->row[i].data.n, 0);
		assert_true(met_count < MANY);
		if (met_count > 0)
			assert_true(at.ms <= met[met_count - 1].ms);
		for (unsigned j = 0; j < met_count; j++)
			assert_memory_not_equal(&met[j].sid, &at.sid, sizeof(at.sid));
		met[met_count++] = at;
	}
}

/* One walk, or one for each page, each going on behind the last place of the one before. */
static unsigned walk(struct store_rig *rig, uint32_t max, int64_t min_ms, bool pages)
{
	bool flag = false;
	struct store_scan *scan = open_scan(rig, NULL, min_ms, &flag);
	struct store_scan_step s;

	met_count = 0;
	for (;;) {
		step(rig, scan, max, &flag, &s);
		assert_int_equal(s.status, STORE_OK);
		keep(scan, &s);
		if (s.end)
			break;
		assert_true(s.places > 0);
		if (pages) {
			struct store_scan_place last = store_scan_place(scan, s.places - 1);

			store_scan_free(&scan);
			scan = open_scan(rig, &last, min_ms, &flag);
		}
	}
	store_scan_free(&scan);
	return met_count;
}

static void score(struct store_rig *rig, struct sid sid, long long ms)
{
	struct store_key key;
	char text[HANDLE_SID_LEN + 1];

	store_key_tenant_index(&key, RIG_PREFIX, sid.b[0], RIG_TENANT);
	sid_text(&sid, text);
	(void)real_redis_ask(&rig->redis, "ZADD %s XX %lld %s", key.s, ms, text);
}

/* A third is one user's: one partition has far more than the others. */
static void fill(struct store_rig *rig, long long each_ms)
{
	for (int i = 0; i < MANY; i++) {
		char user[16];
		int n = snprintf(user, sizeof(user), i % 3 ? "u%d" : "heavy", i);
		struct store_create c = rig_create_input(sd_slice(user, (size_t)n), NULL);
		struct store_call call;

		c.max_per_user = 0;
		assert_int_equal(rig_create(rig, &c, &call), STORE_OK);
		store_call_release(&call);
		all[i] = c.sid;
		score(rig, c.sid, 1000000 + i / each_ms);
	}
}

static void each_once_newest_first(void **state)
{
	struct store_rig *rig = *state;

	fill(rig, 1);
	assert_int_equal(walk(rig, 64, 0, false), MANY);
	for (int i = 0; i < MANY; i++)
		assert_memory_equal(&met[i].sid, &all[MANY - 1 - i], sizeof(struct sid));
	assert_int_equal(walk(rig, 1, 0, false), MANY);
	assert_int_equal(walk(rig, 7, 0, true), MANY);
	assert_int_equal(walk(rig, 64, 1000000 + MANY - 100, false), 100);
}

static void equal_times(void **state)
{
	struct store_rig *rig = *state;

	fill(rig, 90); /* more of one millisecond in one partition than are asked for at once */
	assert_int_equal(walk(rig, 64, 0, false), MANY);
	assert_int_equal(walk(rig, 5, 0, true), MANY);
	assert_int_equal(walk(rig, 64, 0, true), MANY);
}

static void the_gone_are_dropped(void **state)
{
	struct store_rig *rig = *state;
	struct store_key key;
	long long left = 0;

	fill(rig, 2);
	for (int i = 0; i < MANY; i += 4)
		(void)real_redis_int(&rig->redis, "DEL %s", rig_key(all[i]));
	(void)real_redis_int(&rig->redis, "HSET %s gen x", rig_key(all[1]));
	assert_int_equal(walk(rig, 20, 0, true), MANY - MANY / 4 - 1);
	for (unsigned p = 0; p < 256; p++) {
		store_key_tenant_index(&key, RIG_PREFIX, (uint8_t)p, RIG_TENANT);
		left += real_redis_int(&rig->redis, "ZCARD %s", key.s);
	}
	assert_int_equal(left, MANY - MANY / 4);
}

static void nobody(void **state)
{
	assert_int_equal(walk(*state, 64, 0, false), 0);
}

static void a_wrong_index_is_corrupt(void **state)
{
	struct store_rig *rig = *state;
	struct store_scan_step s;
	struct store_key key;
	bool flag = false;
	struct store_scan *scan = open_scan(rig, NULL, 0, &flag);

	store_key_tenant_index(&key, RIG_PREFIX, 7, RIG_TENANT);
	(void)real_redis_int(&rig->redis, "ZADD %s 5 nonsense", key.s);
	step(rig, scan, 10, &flag, &s);
	assert_int_equal(s.status, STORE_CORRUPT);
	store_scan_free(&scan);
	(void)real_redis_int(&rig->redis, "DEL %s", key.s);
	(void)real_redis_ask(&rig->redis, "SET %s x", key.s);
	scan = open_scan(rig, NULL, 0, &flag);
	step(rig, scan, 10, &flag, &s);
	assert_int_equal(s.status, STORE_CORRUPT);
	store_scan_free(&scan);
}

/* Forty at once on one connection: it has room for what the turns let through. */
static void many_take_turns(void **state)
{
	struct store_rig *rig = *state;
	static struct store_scan *scan[40];
	static bool flag[40];
	unsigned left = 40;

	fill(rig, 1);
	for (int i = 0; i < 40; i++) {
		scan[i] = open_scan(rig, NULL, 0, &flag[i]);
		flag[i] = false;
		store_scan_next(scan[i], 64);
	}
	for (int i = 0; i < 5000 && left > 0; i++) {
		assert_int_equal(sd_loop_turn(rig->loop, 10), SD_OK);
		left = 0;
		for (int j = 0; j < 40; j++)
			left += !flag[j];
	}
	assert_int_equal(left, 0);
	for (int i = 0; i < 40; i++) {
		struct store_scan_step s;

		store_scan_take(scan[i], &s);
		assert_int_equal(s.status, STORE_OK);
		assert_int_equal(s.count, 64);
		store_scan_free(&scan[i]);
	}
	assert_int_equal(rig->lost, 0);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_once_newest_first), TEST(equal_times), TEST(the_gone_are_dropped),
	    TEST(nobody),		  TEST(a_wrong_index_is_corrupt), TEST(many_take_turns),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
