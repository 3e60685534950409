/* SPDX-License-Identifier: MIT
 * Scripts that write, in every branch, against a real Redis: limits, ends, rules, touch, trimming.
 */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "store_key.h"
#include "store_rig.h"

static bool same(const struct sid *a, const struct sid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void create_writes_record_and_indexes(void **state)
{
	struct store_rig *rig = *state;
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;
	struct redisReply *keys;

	memset(in.session_hash, 7, 32);
	in.origin = (struct store_origin){.network = "192.0.2.0/24"};
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	assert_int_equal(call.exp_s, call.iat_s + 900);
	assert_int_equal(call.absolute_at_s, (call.now_ms + 43200000) / 1000);
	assert_int_equal(call.idle_at_s, (call.now_ms + 1800000) / 1000);
	assert_int_equal(call.refresh_expires_s, call.absolute_at_s);
	assert_int_equal(call.evicted_count, 0);
	assert_int_equal(call.log_pos, 0);
	assert_int_equal(call.partition, in.sid.b[0]);
	store_call_release(&call);
	assert_int_equal(rig_read(rig, in.sid, &call), STORE_OK);
	assert_true(sd_slice_is(call.session.user, "alice"));
	assert_true(sd_slice_eq(call.session.data, in.data));
	assert_true(sd_slice_is(call.session.audience, "[\"api\"]"));
	assert_int_equal(call.session.generation, 1);
	assert_int_equal(call.session.session_hash[31], 7);
	store_call_release(&call);
	keys = real_redis_ask(&rig->redis, "KEYS *");
	assert_int_equal(keys->elements, 10); /* record, active, user, tenant, deadlines, devices, four of counts */
	{
		char names[10][STORE_KEY_MAX];

		for (size_t i = 0; i < 10; i++)
			snprintf(names[i], sizeof(names[i]), "%s", keys->element[i]->str);
		for (size_t i = 0; i < 10; i++)
			assert_true(real_redis_int(&rig->redis, "PTTL %s", names[i]) > 43200000);
	}
	assert_int_equal(rig_calls(rig, "evalsha") + rig_calls(rig, "eval"),
			 2); /* NOSCRIPT, once */
}

static void create_is_one_round_trip(void **state)
{
	struct store_rig *rig = *state;

	(void)rig_session(rig, RIG_USER, NULL);
	(void)real_redis_ask(&rig->redis, "CONFIG RESETSTAT");
	(void)rig_session(rig, RIG_USER, NULL);
	assert_int_equal(rig_calls(rig, "evalsha"), 1);
	assert_int_equal(rig_calls(rig, "eval"), 0);
}

static void create_reject_changes_nothing(void **state)
{
	struct store_rig *rig = *state;
	struct store_call call;
	struct store_create in;
	struct sid first[2];

	for (int i = 0; i < 2; i++)
		first[i] = rig_session(rig, RIG_USER, NULL);
	in = rig_create_input(RIG_USER, NULL);
	in.max_per_user = 2;
	in.on_limit = 0;
	assert_int_equal(rig_create(rig, &in, &call), STORE_LIMIT);
	assert_int_equal(call.ended, 0);
	store_call_release(&call);
	rig_expect_active(rig, first[0]);
	rig_expect_active(rig, first[1]);
	assert_int_equal(rig_read(rig, in.sid, &call), STORE_ABSENT);
	store_call_release(&call);
	/* One that had run out does not count. */
	rig_age(rig, first[0], "seen", 1858000);
	in.touch_interval_s = 60; /* a worker may have seen it and not have said so yet */
	assert_int_equal(rig_create(rig, &in, &call), STORE_LIMIT);
	store_call_release(&call);
	rig_age(rig, first[0], "seen", 2000);
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	assert_int_equal(call.ended, 1);
	assert_int_equal(call.evicted_count, 0);
	store_call_release(&call);
	rig_expect_ended(rig, first[0], END_IDLE);
}

static void create_evicts(struct store_rig *rig, uint32_t mode, int expected)
{
	struct store_create in;
	struct store_call call;
	struct sid sid[3];

	for (int i = 0; i < 3; i++) {
		in = rig_create_input(RIG_USER, NULL);
		in.device_id = i == 2 ? SD_SLICE("mine") : SD_SLICE("other");
		assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
		store_call_release(&call);
		sid[i] = in.sid;
	}
	/* Created in this order whatever the clock's grain; the middle one was seen longest ago. */
	for (int i = 0; i < 3; i++) {
		struct store_key key;
		char hash[33], text[HANDLE_SID_LEN + 1];

		store_key_active_base(&key, RIG_PREFIX, sid[i].b[0], RIG_TENANT);
		assert_int_equal(store_key_user_hash(RIG_TENANT, RIG_USER, hash), SD_OK);
		sid_text(&sid[i], text);
		(void)real_redis_ask(&rig->redis, "ZADD %s%s XX %d %s", key.s, hash, i + 1, text);
	}
	rig_age(rig, sid[1], "seen", 5000);
	in = rig_create_input(RIG_USER, NULL);
	in.max_per_user = 3;
	in.on_limit = mode;
	in.device_id = SD_SLICE("mine");
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	assert_int_equal(call.evicted_count, 1);
	assert_int_equal(call.ended, 1);
	assert_true(same(&call.evicted[0], &sid[expected]));
	assert_true(call.log_pos > 0 && call.log_id[0]);
	store_call_release(&call);
	rig_expect_ended(rig, sid[expected], END_LIMIT);
	assert_int_equal(rig_log_len(rig, in.sid.b[0]), 1);
}

static void create_evicts_oldest(void **state)
{
	create_evicts(*state, 1, 0);
}

static void create_evicts_least_recent(void **state)
{
	create_evicts(*state, 2, 1);
}

static void create_evicts_same_device(void **state)
{
	create_evicts(*state, 3, 2);
}

static void create_limits_device_type(void **state)
{
	struct store_rig *rig = *state;
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;
	struct sid phone = rig_session(rig, RIG_USER, NULL);

	in.device_type = SD_SLICE("tv");
	in.max_per_device_type = 1;
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	assert_int_equal(call.evicted_count, 0);
	store_call_release(&call);
	{
		struct store_create second = rig_create_input(RIG_USER, NULL);

		second.device_type = SD_SLICE("tv");
		second.max_per_device_type = 1;
		assert_int_equal(rig_create(rig, &second, &call), STORE_OK);
		assert_int_equal(call.evicted_count, 1);
		assert_true(same(&call.evicted[0], &in.sid));
		store_call_release(&call);
	}
	rig_expect_active(rig, phone);
}

static void create_replaces_before_it_counts(void **state)
{
	struct store_rig *rig = *state;
	struct sid old = rig_session(rig, RIG_USER, NULL);
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;

	in.max_per_user = 1;
	in.on_limit = 0;
	in.has_replaces = true;
	in.replaces = old;
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	assert_int_equal(call.ended, 1);
	assert_int_equal(call.evicted_count, 0);
	store_call_release(&call);
	rig_expect_ended(rig, old, END_REPLACED);
	in = rig_create_input(RIG_USER, NULL);
	in.has_replaces = true;
	in.replaces = old;
	in.replaces.b[0] ^= 1;
	assert_int_equal(rig_create(rig, &in, &call), STORE_CORRUPT); /* another partition */
	store_call_release(&call);
}

static void create_in_parallel_never_exceeds(void **state)
{
	struct store_rig *rig = *state;
	static struct store_call calls[32];
	struct store_key key;
	char hash[33];

	for (int i = 0; i < 32; i++) {
		struct store_create in = rig_create_input(RIG_USER, NULL);

		in.max_per_user = 5;
		rig_begin(&calls[i]);
		store_create(rig->store, &in, &calls[i]);
	}
	for (int i = 0; i < 32; i++) {
		rig_wait(rig, &calls[i]);
		assert_int_equal(calls[i].status, STORE_OK);
		store_call_release(&calls[i]);
	}
	store_key_active_base(&key, RIG_PREFIX, handle_partition(RIG_TENANT, RIG_USER), RIG_TENANT);
	assert_int_equal(store_key_user_hash(RIG_TENANT, RIG_USER, hash), SD_OK);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s%s", key.s, hash), 5);
}

static void late_changes_nothing(void **state)
{
	struct store_rig *rig = *state;
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;
	int64_t offset = atomic_load(&rig->control->store_offset_ms);

	atomic_store(&rig->control->store_offset_ms, offset - 60000);
	assert_int_equal(rig_create(rig, &in, &call), STORE_LATE);
	assert_true(call.now_ms > 0);
	store_call_release(&call);
	atomic_store(&rig->control->store_offset_ms, INT64_MIN);
	assert_int_equal(rig_create(rig, &in, &call), STORE_UNAVAILABLE);
	store_call_release(&call);
	atomic_store(&rig->control->store_offset_ms, offset);
	assert_int_equal(real_redis_int(&rig->redis, "DBSIZE"), 0);
}

static void end_is_idempotent(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_call call;

	assert_int_equal(rig_end(rig, sid, END_LOGOUT, &call), STORE_OK);
	assert_int_equal(call.ended, 1);
	assert_true(call.log_pos > 0);
	assert_int_equal(call.session.status, SESSION_ENDED);
	store_call_release(&call);
	assert_int_equal(rig_end(rig, sid, END_ADMIN, &call), STORE_ENDED);
	assert_int_equal(call.ended, 0);
	assert_int_equal(call.log_pos, 0);
	assert_int_equal(call.session.end_reason, END_LOGOUT);
	store_call_release(&call);
	sid.b[15] ^= 1;
	assert_int_equal(rig_end(rig, sid, END_LOGOUT, &call), STORE_ABSENT);
	store_call_release(&call);
	assert_int_equal(rig_log_len(rig, sid.b[0]), 1);
}

static void end_writes_back(void **state)
{
	struct store_rig *rig = *state;
	struct store_end in = {
	    .tenant = RIG_TENANT, .reason = END_ADMIN, .retain_s = 60, .tombstone = true};
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_call call;

	/* The store lost the record: a tombstone. */
	(void)real_redis_int(&rig->redis, "DEL %s", rig_key(sid));
	in.sid = sid;
	in.until_s = 4000000000;
	for (int i = 0; i < 2; i++) {
		rig_begin(&call);
		store_end(rig->store, &in, &call);
		rig_wait(rig, &call);
		assert_int_equal(call.status, i == 0 ? STORE_OK : STORE_ENDED);
		assert_int_equal(call.ended, i == 0);
		assert_int_equal(call.session.until_s, 4000000000);
		store_call_release(&call);
	}
	rig_expect_ended(rig, sid, END_ADMIN);
	assert_int_equal(rig_log_len(rig, sid.b[0]), 1);
	/* It came back with an older copy: ended, with the later until. */
	in.sid = rig_session(rig, RIG_USER, NULL);
	rig_begin(&call);
	store_end(rig->store, &in, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_OK);
	assert_int_equal(call.session.until_s, 4000000000);
	store_call_release(&call);
}

/* Who shows a token of a session that the store has lost: ended, and told to all. */
static void end_by_token(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_end in = {.tenant = RIG_TENANT, .sid = sid, .reason = END_LOGOUT, .retain_s = 60,
			       .by_token = true, .until_s = 100, .tokens_until_s = 4000000000,
			       .absolute_s = 4000000500};
	struct store_call call;

	(void)real_redis_int(&rig->redis, "DEL %s", rig_key(sid));
	for (int i = 0; i < 2; i++) {
		rig_begin(&call);
		store_end(rig->store, &in, &call);
		rig_wait(rig, &call);
		assert_int_equal(call.status, i == 0 ? STORE_OK : STORE_ENDED);
		assert_int_equal(call.ended, i == 0);
		assert_int_equal(call.session.until_s, 4000000000);
		assert_int_equal(call.log_id[0] != 0, i == 0);
		store_call_release(&call);
	}
	rig_expect_ended(rig, sid, END_LOGOUT);
	assert_int_equal(rig_log_len(rig, sid.b[0]), 1);
	/* What stands there knows its own tokens; only one that is shown can prove it wrong. */
	in.sid = rig_session(rig, RIG_USER, NULL);
	rig_begin(&call);
	store_end(rig->store, &in, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_OK);
	assert_in_range(call.session.until_s, call.now_ms / 1000 + 800, call.now_ms / 1000 + 900);
	store_call_release(&call);
	in.sid = rig_session(rig, RIG_USER, NULL); /* an older copy of the record */
	in.until_s = 3000000000;
	rig_begin(&call);
	store_end(rig->store, &in, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.session.until_s, 3000000000);
	store_call_release(&call);
}

static void end_user_but_one(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid[4];
	struct store_call call;
	struct store_end_user in = {.tenant = RIG_TENANT,
				    .user = RIG_USER,
				    .reason = END_USER,
				    .has_except = true,
				    .retain_s = 60};
	struct sid other = rig_session(rig, SD_SLICE("bob"), NULL);

	for (int i = 0; i < 4; i++)
		sid[i] = rig_session(rig, RIG_USER, NULL);
	(void)real_redis_int(&rig->redis, "HDEL %s dev", rig_key(sid[3]));
	in.except = sid[0];
	in.device_id = SD_SLICE("d1");
	rig_begin(&call);
	store_end_user(rig->store, &in, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_OK);
	assert_int_equal(call.ended, 2);
	assert_true(call.log_pos > 0);
	store_call_release(&call);
	rig_expect_active(rig, sid[0]);
	rig_expect_ended(rig, sid[1], END_USER);
	rig_expect_ended(rig, sid[2], END_USER);
	rig_expect_active(rig, sid[3]);
	rig_expect_active(rig, other);
	in.has_except = false;
	in.device_id = SD_SLICE("");
	rig_begin(&call);
	store_end_user(rig->store, &in, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.ended, 2);
	store_call_release(&call);
	assert_int_equal(rig_log_len(rig, sid[0].b[0]), 4);
}

static int64_t rule(struct store_rig *rig, enum store_rule_kind kind, struct sd_slice id,
		    int64_t before)
{
	struct store_rule in = {.tenant = RIG_TENANT,
				.kind = kind,
				.id = id,
				.before_s = before,
				.until_s = 4000000000};
	struct store_call call;
	int64_t in_force;

	rig_begin(&call);
	store_rule(rig->store, &in, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_OK);
	assert_true(call.log_pos > 0);
	in_force = call.tenant_before_s;
	store_call_release(&call);
	return in_force;
}

static void rules_only_rise(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_call call;
	struct store_key key;

	assert_int_equal(rule(rig, STORE_RULE_TENANT, SD_SLICE(""), 1700000000), 1700000000);
	assert_int_equal(rule(rig, STORE_RULE_TENANT, SD_SLICE(""), 1600000000), 1700000000);
	assert_int_equal(rule(rig, STORE_RULE_KEY, SD_SLICE("kid"), 1650000000), 1650000001);
	assert_true(rule(rig, STORE_RULE_CLIENT, SD_SLICE("web"), 0) > 1700000000);
	assert_int_equal(rig_read(rig, sid, &call), STORE_OK);
	assert_int_equal(call.tenant_before_s, 1700000000);
	assert_int_equal(call.key_before_s, 1650000001);
	assert_true(call.client_before_s > 1700000000);
	assert_true(call.now_ms > 0);
	store_call_release(&call);
	store_key_tenant_record(&key, RIG_PREFIX, RIG_TENANT);
	assert_true(real_redis_int(&rig->redis, "PEXPIRETIME %s", key.s) >= 4000000000000);
	assert_int_equal(rig_log_len(rig, store_key_tenant_partition(RIG_TENANT)), 4);
}

static void touch_only_raises(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_call call;
	int64_t seen;

	assert_int_equal(rig_read(rig, sid, &call), STORE_OK);
	seen = call.session.seen_ms;
	store_call_release(&call);
	rig_touch(rig, &sid, seen - 5000, 2);
	rig_touch(rig, &sid, seen + 999999999,
		    3); /* not beyond the store's now */
	for (int i = 0; i < 50; i++) {
		assert_int_equal(rig_read(rig, sid, &call), STORE_OK);
		if (call.session.request_count == 5)
			break;
		store_call_release(&call);
	}
	assert_int_equal(call.session.request_count, 5);
	assert_true(call.session.seen_ms >= seen && call.session.seen_ms <= call.now_ms);
	store_call_release(&call);
	sid.b[3] ^= 1;
	rig_touch(rig, &sid, seen, 1);
	assert_int_equal(rig_read(rig, sid, &call), STORE_ABSENT); /* a touch makes nothing */
	store_call_release(&call);
	assert_int_equal(rig->touches_lost, 0);
	/* it stands on its connection when that breaks, or there is none: the caller is told */
	rig_touch(rig, &sid, seen, 1);
	(void)real_redis_ask(&rig->redis, "CLIENT KILL TYPE normal SKIPME yes");
	while (rig->lost < 2)
		assert_int_equal(sd_loop_turn(rig->loop, 10), SD_OK);
	assert_int_equal(rig->touches_lost, 1);
	rig_touch(rig, &sid, seen, 1);
	assert_int_equal(rig->touches_lost, 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(store_connection(rig->store, i, real_redis_fd(&rig->redis)), SD_OK);
}

/* Entries go only when their until has passed and their successor has stood for a while. */
static void log_is_trimmed_from_the_old_end(void **state)
{
	struct store_rig *rig = *state;
	uint8_t p = handle_partition(RIG_TENANT, RIG_USER);
	struct store_key key;
	struct store_call call;

	store_key_log(&key, RIG_PREFIX, p);
	for (int i = 1; i <= 4; i++)
		(void)real_redis_ask(&rig->redis, "XADD %s %d-0 kind end until %d", key.s, 1000 + i,
				     i * 10);
	(void)real_redis_ask(&rig->redis, "XADD %s 2000-0 kind end until 4000000000", key.s);
	(void)real_redis_ask(&rig->redis, "XADD %s 2001-0 kind end until 1", key.s);
	assert_int_equal(rig_end(rig, rig_session(rig, RIG_USER, NULL), END_LOGOUT, &call),
			 STORE_OK);
	store_call_release(&call);
	assert_int_equal(rig_log_len(rig, p), 3); /* 2000, 2001 and the new one */
	(void)real_redis_ask(&rig->redis, "XDEL %s 2000-0", key.s);
	assert_int_equal(rig_end(rig, rig_session(rig, RIG_USER, NULL), END_LOGOUT, &call),
			 STORE_OK);
	store_call_release(&call);
	/* 2001's until is over, but what follows it is new: a reader may hold 2001. */
	assert_int_equal(rig_log_len(rig, p), 3);
	store_key_log_id(&key, RIG_PREFIX, p);
	assert_int_equal(real_redis_int(&rig->redis, "PTTL %s", key.s), -1);
}

static void indexes_heal(void **state)
{
	struct store_rig *rig = *state;
	struct sid gone = rig_session(rig, RIG_USER, NULL);
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;
	struct store_key key;
	char hash[33];

	(void)real_redis_int(&rig->redis, "DEL %s", rig_key(gone));
	in.max_per_user = 1;
	in.on_limit = 0;
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(store_key_user_hash(RIG_TENANT, RIG_USER, hash), SD_OK);
	store_key_active_base(&key, RIG_PREFIX, in.sid.b[0], RIG_TENANT);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s%s", key.s, hash), 1);
	store_key_user_base(&key, RIG_PREFIX, in.sid.b[0], RIG_TENANT);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s%s", key.s, hash), 1);
	store_key_tenant_index(&key, RIG_PREFIX, in.sid.b[0], RIG_TENANT);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s", key.s), 1);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(create_writes_record_and_indexes),
	    TEST(create_is_one_round_trip),
	    TEST(create_reject_changes_nothing),
	    TEST(create_evicts_oldest),
	    TEST(create_evicts_least_recent),
	    TEST(create_evicts_same_device),
	    TEST(create_limits_device_type),
	    TEST(create_replaces_before_it_counts),
	    TEST(create_in_parallel_never_exceeds),
	    TEST(late_changes_nothing),
	    TEST(end_is_idempotent),
	    TEST(end_writes_back),
	    TEST(end_by_token),
	    TEST(end_user_but_one),
	    TEST(rules_only_rise),
	    TEST(touch_only_raises),
	    TEST(log_is_trimmed_from_the_old_end),
	    TEST(indexes_heal),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
