/* SPDX-License-Identifier: MIT
 * The subscriber against a real Redis: complete read, wake-ups, polls, and each way to lose the
 * log: the next proof always comes after everything was read again. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "redis_link.h"
#include "sub_rig.h"

static void on_sent(struct redis_req *req, struct redisReply *reply, bool late)
{
	(void)req;
	(void)late;
	ev.sent++;
	if (reply)
		freeReplyObject(reply);
}

static void fill(struct store_rig *rig, unsigned n)
{
	struct store_key key;
	char sid[HANDLE_SID_LEN + 1];
	struct sid s = {{0x5a}};

	sid_text(&s, sid);
	store_key_log(&key, RIG_PREFIX, 0x5a);
	for (unsigned i = 0; i < n; i++)
		redisAppendCommand(rig->redis.ctx,
				   "XADD %s * kind end tenant brand-a user u sid %s until 9 reason "
				   "admin absolute 9",
				   key.s, sid);
	for (unsigned i = 0; i < n; i++) {
		void *reply;

		assert_int_equal(redisGetReply(rig->redis.ctx, &reply), REDIS_OK);
		freeReplyObject(reply);
	}
}

static void reads_all_then_proves(void **state)
{
	struct store_rig *rig = *state;
	struct sid a = end_one(rig, SD_SLICE("alice")), b = end_one(rig, SD_SLICE("bob"));

	fill(rig, 2500); /* more than two pages of one partition */
	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	assert_int_equal(ev.resets, 1);
	assert_int_equal(ev.first_resets, 1);
	assert_int_equal(ev.reset_after_proofs, 0);
	assert_int_equal(ev.entries, 2502);
	assert_true(saw(&a) && saw(&b));
	assert_true(redis_sub_is_fresh(ev.sub));
	assert_true(llabs(ev.clock_ms - sd_clock_wall_ms()) < 5000);
	assert_int_equal(ev.status, HEALTH_OK);
	/* Polls repeat nothing. */
	proof_again(rig);
	assert_int_equal(ev.entries, 2502);
	assert_int_equal(ev.resets, 1);
}

static void wake_up_reads_at_once(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid;
	struct store_call call;
	unsigned proofs;

	start(rig, 3000); /* polls are too rare to be it */
	UNTIL(rig, ev.proofs > 0);
	proofs = ev.proofs;
	sid = rig_session(rig, SD_SLICE("alice"), NULL);
	assert_int_equal(rig_end(rig, sid, END_BINDING, &call), STORE_OK);
	UNTIL(rig, ev.applied_pos[sid.b[0]] >= call.log_pos);
	assert_int_equal(ev.proofs, proofs);
	assert_int_equal(ev.last.kind, LOG_SESSION_END);
	assert_int_equal(ev.last.reason, END_BINDING);
	assert_int_equal(ev.last.partition, sid.b[0]);
	assert_int_equal(ev.last.pos, call.log_pos);
	assert_string_equal(ev.last_user, "alice");
	assert_int_equal(ev.last.until_s, call.session.until_s);
	assert_true(ev.last.absolute_s > ev.last.until_s);
	assert_true(llabs(ev.last.at_ms - call.now_ms) < 1000);
	store_call_release(&call);
}

static void garbage_on_the_channel_is_harmless(void **state)
{
	struct store_rig *rig = *state;
	static char big[70000];
	struct sid sid;

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	memset(big, 'x', sizeof(big) - 1);
	(void)real_redis_ask(&rig->redis, "PUBLISH %swake %s", RIG_PREFIX, big);
	(void)real_redis_ask(&rig->redis, "PUBLISH %swake zz", RIG_PREFIX);
	for (int i = 0; i < 2000; i++)
		(void)real_redis_ask(&rig->redis, "PUBLISH %swake %02x", RIG_PREFIX, i & 255);
	sid = end_one(rig, SD_SLICE("carol"));
	UNTIL(rig, saw(&sid));
	proof_again(rig);
	assert_int_equal(ev.resets, 1);
}

static void poisoned_log_is_skipped(void **state)
{
	struct store_rig *rig = *state;
	struct store_key key;
	struct sid sid = end_one(rig, SD_SLICE("alice"));
	unsigned n;

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	n = ev.entries;
	store_key_log(&key, RIG_PREFIX, sid.b[0]);
	(void)real_redis_ask(&rig->redis, "XADD %s * what ever", key.s);
	(void)real_redis_ask(&rig->redis,
			     "XADD %s * kind end tenant brand-a user u sid AAAAAAAAAAAAAAAAAAAAAA "
			     "until 9 reason admin absolute 9",
			     key.s);
	proof_again(rig);
	assert_int_equal(ev.entries, n + (sid.b[0] == 0));
	assert_int_equal(ev.resets, 1);
	sid = end_one(rig, SD_SLICE("alice"));
	UNTIL(rig, saw(&sid));
}

static void killed_subscription_comes_back(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid;
	struct store_call call;

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	assert_true(real_redis_int(&rig->redis, "CLIENT KILL TYPE pubsub") >= 1);
	sid = end_one(rig, SD_SLICE("alice"));
	UNTIL(rig, saw(&sid)); /* by poll */
	UNTIL(
	    rig,
	    real_redis_ask(&rig->redis, "PUBSUB NUMSUB %swake", RIG_PREFIX)->element[1]->integer ==
		1);
	assert_int_equal(ev.resets, 1); /* nothing was lost */
	(void)call;
}

static void killed_commands_read_on(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid;

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	for (int i = 0; i < 3; i++) {
		(void)real_redis_ask(&rig->redis, "CLIENT KILL TYPE normal SKIPME yes");
		for (uint32_t j = 0; j < 2; j++) /* the store's were killed too */
			assert_int_equal(
			    store_connection(rig->store, j, real_redis_fd(&rig->redis)), SD_OK);
		sid = end_one(rig, SD_SLICE("alice"));
		proof_again(rig);
		assert_true(saw(&sid));
	}
	assert_int_equal(ev.resets, 1);
	assert_int_equal(ev.entries, 3);
}

static void flush_resets(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = end_one(rig, SD_SLICE("alice"));

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	assert_int_equal(ev.entries, 1);
	(void)real_redis_ask(&rig->redis, "FLUSHALL");
	UNTIL(rig, ev.resets == 2);
	proof_again(rig);
	assert_int_equal(ev.resets, 2);
	assert_int_equal(ev.first_resets, 1);
	/* Flushed and written at once: the log's identity is another one. */
	sid = end_one(rig, SD_SLICE("alice"));
	UNTIL(rig, saw(&sid));
	proof_again(rig);
	(void)real_redis_ask(&rig->redis, "FLUSHALL");
	sid = end_one(rig, SD_SLICE("alice"));
	UNTIL(rig, ev.resets == 3);
	proof_again(rig);
	assert_true(saw(&sid));
}

/* A log that was lost before any poll had seen its identity, and begun again in the same ms. */
static void flush_before_the_identity_was_seen(void **state)
{
	struct store_rig *rig = *state;

	start(rig, 300);
	UNTIL(rig, ev.proofs > 0);
	for (int i = 0; i < 20; i++) {
		struct sid first = end_one(rig, SD_SLICE("alice")), second;

		UNTIL(rig, saw(&first));
		(void)real_redis_ask(&rig->redis, "FLUSHALL");
		second = end_one(rig, SD_SLICE("alice"));
		proof_again(rig);
		assert_true(saw(&second));
		(void)real_redis_ask(&rig->redis, "FLUSHALL");
		proof_again(rig);
	}
}

/* What is sent by this connection meanwhile is read before anything counts. */
static void unsettled_counts_nothing(void **state)
{
	struct store_rig *rig = *state;
	struct redis_req req = {.fn = on_sent};
	struct store_call call;
	unsigned proofs;

	assert_int_equal(rig_end(rig, rig_session(rig, RIG_USER, NULL), END_LOGOUT, &call), STORE_OK);
	store_call_release(&call);
	start(rig, 20);
	UNTIL(rig, ev.proofs > 1);
	ev.unsettled = true;
	proofs = ev.proofs;
	(void)real_redis_ask(&rig->redis, "FLUSHALL");
	UNTIL(rig, ev.resets > 1);
	ev.asked = 0;
	UNTIL(rig, ev.asked >= 3);
	assert_int_equal(ev.proofs, proofs);
	assert_false(redis_sub_is_fresh(ev.sub));
	assert_int_equal(ev.reason, HEALTH_LOG_RESET);
	assert_int_equal(redis_sub_send(ev.sub, SD_SLICE("*1\r\n$4\r\nPING\r\n"), &req), SD_OK);
	UNTIL(rig, ev.sent == 1);
	ev.unsettled = false;
	redis_sub_poll(ev.sub);
	UNTIL(rig, ev.proofs > proofs);
	assert_int_equal(ev.reason, HEALTH_REASON_NONE);
	/* what is owed ends with the connection */
	assert_int_equal(redis_sub_send(ev.sub, SD_SLICE("*1\r\n$4\r\nPING\r\n"), &req), SD_OK);
	redis_sub_free(&ev.sub);
	assert_int_equal(ev.sent, 2);
}

static void lost_log_resets(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = end_one(rig, SD_SLICE("alice"));
	struct store_key key;

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	/* The stream alone goes; its identity stays. */
	store_key_log(&key, RIG_PREFIX, sid.b[0]);
	(void)real_redis_int(&rig->redis, "DEL %s", key.s);
	UNTIL(rig, ev.resets == 2);
	proof_again(rig);
	/* The held entry alone goes. */
	(void)end_one(rig, SD_SLICE("alice"));
	sid = end_one(rig, SD_SLICE("alice"));
	UNTIL(rig, saw(&sid));
	proof_again(rig);
	(void)real_redis_ask(&rig->redis, "XTRIM %s MAXLEN 0", key.s);
	UNTIL(rig, ev.resets == 3);
	proof_again(rig);
}

static void restarts(struct store_rig *rig, bool empty)
{
	struct sid sid = end_one(rig, SD_SLICE("alice")), after;

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	real_redis_restart(&rig->redis, empty);
	for (uint32_t j = 0; j < 2; j++)
		assert_int_equal(store_connection(rig->store, j, real_redis_fd(&rig->redis)),
				 SD_OK);
	UNTIL(rig, ev.resets == 2);
	proof_again(rig);
	after = end_one(rig, SD_SLICE("alice"));
	UNTIL(rig, saw(&after));
	assert_int_equal(ev.entries - ev.entries_at_reset, empty ? 1 : 2);
	assert_true(saw(&sid));
}

static void restart_with_data_reads_again(void **state)
{
	restarts(*state, false);
}

static void restart_empty_resets(void **state)
{
	restarts(*state, true);
}

static void replica_proves_nothing(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = end_one(rig, SD_SLICE("alice"));
	unsigned proofs;

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	(void)real_redis_ask(&rig->redis, "REPLICAOF 127.0.0.1 1");
	UNTIL(rig, ev.was_replica);
	assert_false(redis_sub_is_fresh(ev.sub));
	proofs = ev.proofs;
	(void)real_redis_ask(&rig->redis, "REPLICAOF NO ONE");
	UNTIL(rig, ev.proofs > proofs);
	assert_int_equal(ev.resets, 2);
	assert_int_equal(ev.reset_after_proofs, proofs); /* read again before the next proof */
	assert_int_equal(ev.entries, 2);
	assert_true(saw(&sid));
}

/* There and back between two polls: the replication id tells. */
static void short_replica_is_seen(void **state)
{
	struct store_rig *rig = *state;
	unsigned proofs;

	(void)end_one(rig, SD_SLICE("alice"));
	start(rig, 400);
	UNTIL(rig, ev.proofs > 0);
	proofs = ev.proofs;
	(void)real_redis_ask(&rig->redis, "REPLICAOF 127.0.0.1 1");
	(void)real_redis_ask(&rig->redis, "REPLICAOF NO ONE");
	UNTIL(rig, ev.resets == 2);
	assert_int_equal(ev.reset_after_proofs, proofs);
	UNTIL(rig, ev.proofs > proofs);
}

static void eviction_policy_is_refused(void **state)
{
	struct store_rig *rig = *state;

	(void)real_redis_ask(&rig->redis, "CONFIG SET maxmemory-policy allkeys-lru");
	start(rig, 20);
	UNTIL(rig, ev.was_policy);
	assert_int_equal(ev.proofs, 0);
	assert_int_equal(ev.status, HEALTH_DOWN);
	(void)real_redis_ask(&rig->redis, "CONFIG SET maxmemory-policy noeviction");
	UNTIL(rig, ev.proofs > 0);
	assert_int_equal(ev.status, HEALTH_OK);
}

static void no_persistence_is_said(void **state)
{
	struct store_rig *rig = *state;

	(void)real_redis_ask(&rig->redis, "CONFIG SET appendonly no");
	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	assert_int_equal(ev.status, HEALTH_DEGRADED);
	assert_int_equal(ev.reason, HEALTH_STORE_NOT_PERSISTENT);
	(void)real_redis_ask(&rig->redis, "CONFIG SET appendonly yes");
	UNTIL(rig, strstr(real_redis_str(&rig->redis, "INFO persistence"), "aof_rewrite_in_progress:0"));
}

static void rules_are_reported(void **state)
{
	struct store_rig *rig = *state;
	struct store_rule in = {.tenant = RIG_TENANT,
				.kind = STORE_RULE_KEY,
				.id = SD_SLICE("kid1"),
				.before_s = 1700000000,
				.until_s = 4000000000};
	struct store_call call;

	start(rig, 20);
	UNTIL(rig, ev.proofs > 0);
	rig_begin(&call);
	store_rule(rig->store, &in, &call);
	rig_wait(rig, &call);
	UNTIL(rig, ev.kinds[LOG_KEY] == 1);
	assert_int_equal(ev.last.before_s, 1700000001); /* that second, too */
	assert_int_equal(ev.last.until_s, 4000000000);
	store_call_release(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(reads_all_then_proves),
	    TEST(wake_up_reads_at_once),
	    TEST(garbage_on_the_channel_is_harmless),
	    TEST(poisoned_log_is_skipped),
	    TEST(killed_subscription_comes_back),
	    TEST(killed_commands_read_on),
	    TEST(flush_resets),
	    TEST(flush_before_the_identity_was_seen),
	    TEST(unsettled_counts_nothing),
	    TEST(lost_log_resets),
	    TEST(restart_with_data_reads_again),
	    TEST(restart_empty_resets),
	    TEST(replica_proves_nothing),
	    TEST(short_replica_is_seen),
	    TEST(eviction_policy_is_refused),
	    TEST(no_persistence_is_said),
	    TEST(rules_are_reported),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
