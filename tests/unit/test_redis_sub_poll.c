/* SPDX-License-Identifier: MIT
 * Which polls count: a server that is a replica, loads, lost or exchanged a log under its name, or was
 * not heard for minutes, on a real Redis. Each was believed once, or would be. */
#include "base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "sub_rig.h"

static void turn_to(const struct real_redis *to)
{
	(void)unlink(way);
	assert_int_equal(symlink(to->path, way), 0);
}

static bool is_subscribed(struct real_redis *r)
{
	return real_redis_ask(r, "PUBSUB NUMSUB %swake", RIG_PREFIX)->element[1]->integer == 1;
}

/* The primary became a replica and lives on; the address leads to another one now: both connections
 * are made to that one, although nobody closed them. */
static void a_replica_is_left_for_the_primary(void **state)
{
	struct store_rig *rig = *state;
	struct real_redis other;
	char link[160];
	unsigned proofs;

	assert_true(real_redis_start(&other, NULL));
	snprintf(link, sizeof(link), "%s/way", other.dir);
	way = link;
	turn_to(&rig->redis);
	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	(void)real_redis_ask(&rig->redis, "REPLICAOF 127.0.0.1 1");
	UNTIL(rig, ev.was_replica);
	proofs = ev.proofs;
	turn_to(&other);
	UNTIL(rig, ev.proofs > proofs);
	assert_int_equal(ev.resets, 2);
	UNTIL(rig, is_subscribed(&other));
	assert_false(is_subscribed(&rig->redis));
	(void)real_redis_ask(&rig->redis, "REPLICAOF NO ONE");
	redis_sub_free(&ev.sub);
	real_redis_stop(&other);
	way = NULL;
}

/* Live connections, a subscription that works, the same run id, and a server half loaded. */
static void loading_proves_nothing(void **state)
{
	const char *const debug[] = {"--enable-debug-command", "yes", NULL};
	struct store_rig *rig = *state;
	struct real_redis other;
	struct store_key key;
	unsigned proofs, entries;

	assert_true(real_redis_start(&other, debug));
	way = other.path;
	(void)real_redis_ask(&other, "CONFIG SET key-load-delay 1000");
	(void)real_redis_ask(&other, "CONFIG SET loading-process-events-interval-bytes 1024");
	(void)real_redis_ask(&other, "DEBUG POPULATE 1000");
	store_key_log(&key, RIG_PREFIX, 0);
	(void)real_redis_ask(&other,
			     "XADD %s * kind end tenant brand-a user u sid AAAAAAAAAAAAAAAAAAAAAA "
			     "until 9 reason admin absolute 9",
			     key.s);
	start(rig, 20);
	UNTIL(rig, ev.proofs > 1);
	entries = ev.entries;
	redisAppendCommand(other.ctx, "DEBUG RELOAD");
	for (int done = 0; !done;)
		assert_int_equal(redisBufferWrite(other.ctx, &done), REDIS_OK);
	UNTIL(rig, ev.was_loading);
	assert_false(redis_sub_is_fresh(ev.sub));
	proofs = ev.proofs;
	UNTIL(rig, ev.proofs > proofs);
	assert_int_equal(ev.resets, 2);
	assert_int_equal(ev.reset_after_proofs, proofs); /* all was read again */
	assert_int_equal(ev.entries, 2 * entries);
	redis_sub_free(&ev.sub);
	real_redis_stop(&other);
	way = NULL;
}

/* Its identity stays; its ids went back, or on without the entry that is held. */
static void another_stream_under_the_name_resets(void **state)
{
	static const char *const ids[] = {"1-1", "*"};
	struct store_rig *rig = *state;
	struct sid sid = end_one(rig, SD_SLICE("alice"));
	struct store_key key;

	store_key_log(&key, RIG_PREFIX, sid.b[0]);
	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	for (unsigned i = 0; i < SD_ARRAY_LEN(ids); i++) {
		char text[HANDLE_SID_LEN + 1];
		struct sid other = {{sid.b[0], (uint8_t)(i + 1)}};

		sid_text(&other, text);
		(void)real_redis_ask(&rig->redis, "MULTI");
		(void)real_redis_ask(&rig->redis, "DEL %s", key.s);
		(void)real_redis_ask(&rig->redis,
				     "XADD %s %s kind end tenant brand-a user u sid %s until 9 "
				     "reason admin absolute 9",
				     key.s, ids[i], text);
		(void)real_redis_ask(&rig->redis, "EXEC");
		UNTIL(rig, ev.resets == 2 + i);
		proof_again(rig);
		assert_true(saw(&other));
	}
}

/* noeviction is asked for at a connect; who changes it later loses keys, logs among them. */
static void an_evicted_log_resets(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = end_one(rig, SD_SLICE("alice"));

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0 && saw(&sid));
	(void)real_redis_ask(&rig->redis, "CONFIG SET maxmemory-policy allkeys-random maxmemory 1");
	(void)real_redis_ask(&rig->redis, "SET x 1");
	(void)real_redis_ask(&rig->redis, "CONFIG SET maxmemory-policy noeviction maxmemory 0");
	assert_int_equal(real_redis_int(&rig->redis, "DBSIZE"), 0);
	UNTIL(rig, ev.resets == 2);
	proof_again(rig);
}

/* Entries stay ten minutes beyond their use: who was blind for five reads all again. */
static void blind_for_minutes_reads_again(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = end_one(rig, SD_SLICE("alice"));
	int64_t boot, wall = sd_clock_wall_ms();
	unsigned proofs;

	start(rig, 20);
	UNTIL(rig, ev.proofs > 1 && saw(&sid));
	proofs = ev.proofs;
	boot = sd_clock_boot_ns() + 301 * SD_NS_PER_S;
	for (int i = 0; i < 500 && ev.proofs < proofs + 2; i++) {
		sd_clock_test_set(boot + i * 20 * SD_NS_PER_MS, wall);
		turn(rig);
	}
	assert_int_equal(ev.resets, 2);
	assert_in_range(ev.reset_after_proofs, proofs, proofs + 1); /* one may have been under way */
	assert_int_equal(ev.entries, 2);
	redis_sub_free(&ev.sub);
	sd_clock_test_off();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_replica_is_left_for_the_primary),
	    TEST(loading_proves_nothing),
	    TEST(another_stream_under_the_name_resets),
	    TEST(an_evicted_log_resets),
	    TEST(blind_for_minutes_reads_again), /* last: the clock jumps */
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
