/* SPDX-License-Identifier: MIT
 * What is due is found by one owner of the lease alone; a session ends when its record says so, by
 * the shorter of creation's clocks and today's, and goes when its retention is over. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "store_key.h"
#include "store_rig.h"
#include "store_sweep.h"

#define DEADLINE_MS INT64_C(4000000000000)
#define IDLE_S 1800
#define ABSOLUTE_S 43200
#define TOUCH_S 60

static struct store_sweep *sweep;

static struct redisReply *run(struct store_rig *rig, struct sd_slice command)
{
	struct redisReply *reply = NULL;

	assert_int_equal(redisAppendFormattedCommand(rig->redis.ctx, command.p, command.n),
			 REDIS_OK);
	assert_int_equal(redisGetReply(rig->redis.ctx, (void **)&reply), REDIS_OK);
	free((void *)(uintptr_t)command.p);
	return reply;
}

static enum store_sweep_result due(struct store_rig *rig, uint8_t partition, const char *owner,
				   struct store_sweep_found *out)
{
	struct store_sweep_due_in in = {partition, owner, 45000, 4};
	struct sd_slice command;
	struct redisReply *reply;
	enum store_sweep_result result;

	assert_int_equal(store_sweep_due(sweep, &in, DEADLINE_MS, true, &command), SD_OK);
	reply = run(rig, command);
	result = store_sweep_take_due(reply, partition, out);
	store_sweep_reply_free(reply);
	return result;
}

static struct store_sweep_expire_in input(struct sid sid)
{
	return (struct store_sweep_expire_in){
	    .tenant = RIG_TENANT, .sid = sid, .retain_s = 60, .owner = "me",
	    .now = {IDLE_S, ABSOLUTE_S, 2 * IDLE_S, 2 * ABSOLUTE_S, TOUCH_S}};
}

static enum end_reason last_reason;

static enum store_sweep_result expire(struct store_rig *rig,
				      const struct store_sweep_expire_in *in)
{
	struct sd_slice command;
	struct redisReply *reply;
	struct store_sweep_end end;
	enum store_sweep_result result;

	assert_int_equal(store_sweep_expire(sweep, in, DEADLINE_MS, true, &command), SD_OK);
	reply = run(rig, command);
	result = store_sweep_take_expire(reply, &end);
	last_reason = end.reason;
	if (result == STORE_SWEEP_ENDED)
		assert_true(sd_slice_is(end.user, "alice"));
	store_sweep_reply_free(reply);
	return result;
}

static struct sid session(struct store_rig *rig)
{
	struct store_create c = rig_create_input(RIG_USER, NULL);
	struct store_call call;

	c.idle_s = IDLE_S;
	c.absolute_s = ABSOLUTE_S;
	assert_int_equal(rig_create(rig, &c, &call), STORE_OK);
	store_call_release(&call);
	return c.sid;
}

static long long score(struct store_rig *rig, struct sid sid)
{
	struct store_key key;
	char text[HANDLE_SID_LEN + 1];

	store_key_deadlines(&key, RIG_PREFIX, sid.b[0]);
	sid_text(&sid, text);
	return strtoll(real_redis_str(&rig->redis, "ZSCORE %s brand-a:%s", key.s, text), NULL, 10);
}

static void make_due(struct store_rig *rig, struct sid sid)
{
	struct store_key key;
	char text[HANDLE_SID_LEN + 1];

	store_key_deadlines(&key, RIG_PREFIX, sid.b[0]);
	sid_text(&sid, text);
	(void)real_redis_ask(&rig->redis, "ZADD %s XX 1000 brand-a:%s", key.s, text);
}

static void one_owner_finds_what_is_due(void **state)
{
	struct store_rig *rig = *state;
	struct store_sweep_found found;
	struct store_key key;
	uint8_t p = handle_partition(RIG_TENANT, RIG_USER);
	struct sid sid[5];

	assert_int_equal(due(rig, p, "me", &found), STORE_SWEEP_DONE); /* nothing, and no lease */
	assert_int_equal(due(rig, p, "you", &found), STORE_SWEEP_DONE);
	for (int i = 0; i < 5; i++)
		sid[i] = session(rig);
	assert_int_equal(due(rig, p, "me", &found), STORE_SWEEP_DONE);
	assert_int_equal(found.count, 0);
	assert_int_equal(due(rig, p, "you", &found), STORE_SWEEP_HELD);
	make_due(rig, sid[3]);
	assert_int_equal(due(rig, p, "me", &found), STORE_SWEEP_DONE);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.member[0].tenant, "brand-a");
	assert_memory_equal(&found.member[0].sid, &sid[3], sizeof(sid[3]));
	for (int i = 0; i < 5; i++)
		make_due(rig, sid[i]);
	assert_int_equal(due(rig, p, "me", &found), STORE_SWEEP_DONE);
	assert_int_equal(found.count, 4);
	store_key_sweep(&key, RIG_PREFIX, p);
	(void)real_redis_int(&rig->redis, "HSET %s until 5", key.s);
	assert_int_equal(due(rig, p, "you", &found), STORE_SWEEP_DONE); /* the lease was over */
	assert_int_equal(due(rig, p, "me", &found), STORE_SWEEP_HELD);
	(void)real_redis_int(&rig->redis, "HSET %s until 9999999999999", key.s); /* no lease of ours */
	assert_int_equal(due(rig, p, "me", &found), STORE_SWEEP_DONE);
}

static void rubbish_is_dropped(void **state)
{
	struct store_rig *rig = *state;
	struct store_sweep_found found;
	struct store_key key;
	struct sid sid = session(rig);

	store_key_deadlines(&key, RIG_PREFIX, sid.b[0]);
	make_due(rig, sid);
	(void)real_redis_int(&rig->redis, "ZADD %s 1 x 2 brand-a: 3 %s", key.s,
			     "Brand:AAAAAAAAAAAAAAAAAAAAAA");
	(void)due(rig, sid.b[0], "me", &found);
	(void)due(rig, sid.b[0], "me", &found);
	assert_int_equal(found.count, 1);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s", key.s), 1);
}

static void idle_to_the_slack(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig);
	struct store_sweep_expire_in in = input(sid);
	long long at;

	make_due(rig, sid);
	assert_int_equal(expire(rig, &in), STORE_SWEEP_DONE); /* whoever says it is due: it is not */
	rig_expect_active(rig, sid);
	at = score(rig, sid);
	assert_true(at > 1000000000000);
	rig_age(rig, sid, "seen", (IDLE_S + 10) * 1000LL); /* over, but a use may not be told yet */
	make_due(rig, sid);
	assert_int_equal(expire(rig, &in), STORE_SWEEP_DONE);
	rig_expect_active(rig, sid);
	assert_true(llabs(score(rig, sid) - (at + (TOUCH_S - IDLE_S - 10) * 1000LL)) < 2000);
	rig_age(rig, sid, "seen", TOUCH_S * 1000LL);
	assert_int_equal(expire(rig, &in), STORE_SWEEP_ENDED);
	assert_int_equal(last_reason, END_IDLE);
	rig_expect_ended(rig, sid, END_IDLE);
	assert_int_equal(rig_log_len(rig, sid.b[0]), 1);
	assert_int_equal(expire(rig, &in), STORE_SWEEP_DONE);
	in.again = true; /* the answer had been lost: told once more, to this owner alone */
	assert_int_equal(expire(rig, &in), STORE_SWEEP_ENDED);
	in.owner = "you";
	assert_int_equal(expire(rig, &in), STORE_SWEEP_DONE);
	assert_int_equal(rig_log_len(rig, sid.b[0]), 1);
}

static void absolute_and_todays_policy(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig), other = session(rig);
	struct store_sweep_expire_in in = input(sid);

	rig_age(rig, sid, "created", ABSOLUTE_S * 1000LL);
	assert_int_equal(expire(rig, &in), STORE_SWEEP_ENDED);
	assert_int_equal(last_reason, END_ABSOLUTE);
	in = input(other);
	rig_age(rig, other, "seen", 700 * 1000LL);
	in.now.idle_s = 900;
	assert_int_equal(expire(rig, &in), STORE_SWEEP_DONE);
	in.now.idle_s = 600;
	assert_int_equal(expire(rig, &in), STORE_SWEEP_ENDED);
	rig_expect_ended(rig, other, END_IDLE);
}

static void gone_from_record_and_indexes(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig), stays = session(rig);
	struct store_sweep_expire_in in = input(sid);
	struct store_key key;
	char hash[33];
	struct store_call call;

	(void)rig_end(rig, sid, END_LOGOUT, &call);
	store_call_release(&call);
	assert_int_equal(expire(rig, &in), STORE_SWEEP_DONE);
	assert_int_equal(real_redis_int(&rig->redis, "EXISTS %s", rig_key(sid)), 1);
	assert_true(score(rig, sid) > 1000000000000);
	rig_age(rig, sid, "ended", 61000);
	assert_int_equal(expire(rig, &in), STORE_SWEEP_DONE); /* a token may live: `until` */
	assert_int_equal(real_redis_int(&rig->redis, "EXISTS %s", rig_key(sid)), 1);
	(void)real_redis_int(&rig->redis, "HSET %s until 5", rig_key(sid));
	assert_int_equal(expire(rig, &in), STORE_SWEEP_DONE);
	assert_int_equal(real_redis_int(&rig->redis, "EXISTS %s", rig_key(sid)), 0);
	store_key_tenant_index(&key, RIG_PREFIX, sid.b[0], RIG_TENANT);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s", key.s), 1);
	store_key_user_base(&key, RIG_PREFIX, sid.b[0], RIG_TENANT);
	assert_int_equal(store_key_user_hash(RIG_TENANT, RIG_USER, hash), SD_OK);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s%s", key.s, hash), 1);
	store_key_deadlines(&key, RIG_PREFIX, sid.b[0]);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s", key.s), 1);
	rig_expect_active(rig, stays);
	in = input(stays);
	(void)real_redis_int(&rig->redis, "DEL %s", rig_key(stays));
	assert_int_equal(expire(rig, &in), STORE_SWEEP_DONE);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s", key.s), 0);
}

/* A child of `parent`, as share and redeem leave it. */
static struct sid child_of(struct store_rig *rig, struct sid parent)
{
	struct sid sid = session(rig);
	char text[HANDLE_SID_LEN + 1];

	sid_text(&parent, text);
	(void)real_redis_int(&rig->redis, "HSET %s parent %s", rig_key(sid), text);
	sid_text(&sid, text);
	(void)real_redis_int(&rig->redis, "HSET %s c:%s 1", rig_key(parent), text);
	return sid;
}

static void children_end_with_it(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig), child = child_of(rig, sid);
	struct store_sweep_expire_in in = input(sid);
	struct store_sweep_end end;
	struct sd_slice command;
	struct redisReply *reply;
	char text[HANDLE_SID_LEN + 1];

	rig_age(rig, sid, "created", ABSOLUTE_S * 1000LL);
	assert_int_equal(store_sweep_expire(sweep, &in, DEADLINE_MS, true, &command), SD_OK);
	reply = run(rig, command);
	assert_int_equal(store_sweep_take_expire(reply, &end), STORE_SWEEP_ENDED);
	sid_text(&child, text);
	assert_true(sd_slice_is(end.children, text));
	store_sweep_reply_free(reply);
	rig_expect_ended(rig, child, END_PARENT);
}

static void shorter_clocks_move_deadlines(void **state)
{
	struct store_rig *rig = *state;
	struct store_sweep_reindex_in in = {.tenant = RIG_TENANT, .limit = 2, .retain_s = 60,
					    .now = {600, ABSOLUTE_S, 600, ABSOLUTE_S, TOUCH_S}};
	struct sid sid[5], ended = session(rig);
	long long was[5];
	unsigned pieces = 0;
	struct store_call call;

	for (int i = 0; i < 5; i++) {
		sid[i] = session(rig);
		was[i] = score(rig, sid[i]);
	}
	make_due(rig, sid[0]);
	(void)rig_end(rig, ended, END_LOGOUT, &call);
	store_call_release(&call);
	in.partition = ended.b[0];
	do {
		struct sd_slice command;
		struct redisReply *reply;

		assert_int_equal(store_sweep_reindex(sweep, &in, DEADLINE_MS, true, &command), SD_OK);
		reply = run(rig, command);
		assert_int_equal(store_sweep_take_reindex(reply, &in.from), STORE_SWEEP_DONE);
		store_sweep_reply_free(reply);
		pieces++;
	} while (in.from.given);
	assert_true(pieces >= 3);
	assert_int_equal(score(rig, sid[0]), 1000); /* never later */
	for (int i = 1; i < 5; i++)
		assert_int_equal(score(rig, sid[i]), was[i] - (IDLE_S - 600) * 1000);
	in.now.idle_s = 3 * IDLE_S;
	for (int i = 1; i < 5; i++)
		rig_expect_active(rig, sid[i]);
}

/* What a tenant's or client's `before` has ended is due at once, and ends with that reason. */
static void rules_by_time_end_theirs(void **state)
{
	static const struct {
		const char *rules;
		enum end_reason reason; /* END_NONE: it stays */
	} cases[] = {{" 1\nother 99999999999\n", END_NONE},
		     {"web 99999999999\n", END_CLIENT},
		     {" 99999999999\nweb 99999999999\n", END_TENANT}};
	struct store_rig *rig = *state;
	struct store_sweep_reindex_in in = {.tenant = RIG_TENANT, .limit = 100, .retain_s = 60,
					    .now = {IDLE_S, ABSOLUTE_S, IDLE_S, ABSOLUTE_S, TOUCH_S}};

	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		struct sid sid = session(rig);
		struct store_sweep_expire_in one = input(sid);
		long long was = score(rig, sid);
		struct sd_slice command;
		struct redisReply *reply;

		in.partition = sid.b[0];
		in.rules = one.rules = sd_slice_str(cases[i].rules);
		assert_int_equal(store_sweep_reindex(sweep, &in, DEADLINE_MS, true, &command), SD_OK);
		reply = run(rig, command);
		assert_int_equal(store_sweep_take_reindex(reply, &in.from), STORE_SWEEP_DONE);
		store_sweep_reply_free(reply);
		assert_int_equal(score(rig, sid) < was, cases[i].reason != END_NONE);
		assert_int_equal(expire(rig, &one),
				 cases[i].reason ? STORE_SWEEP_ENDED : STORE_SWEEP_DONE);
		assert_int_equal(last_reason, cases[i].reason);
		if (cases[i].reason)
			rig_expect_ended(rig, sid, cases[i].reason);
	}
}

static void silence_and_nonsense(void **state)
{
	struct store_rig *rig = *state;
	struct store_sweep_found found;
	struct store_sweep_end end;
	struct sid sid = session(rig);
	struct store_sweep_expire_in in = input(sid);
	struct sd_slice command;
	struct redisReply *reply;

	assert_int_equal(store_sweep_take_due(NULL, 0, &found), STORE_SWEEP_AGAIN);
	assert_int_equal(store_sweep_take_expire(NULL, &end), STORE_SWEEP_AGAIN);
	assert_int_equal(store_sweep_expire(sweep, &in, 5, true, &command), SD_OK); /* too late */
	reply = run(rig, command);
	assert_int_equal(store_sweep_take_expire(reply, &end), STORE_SWEEP_AGAIN);
	store_sweep_reply_free(reply);
	(void)real_redis_ask(&rig->redis, "SCRIPT FLUSH");
	assert_int_equal(store_sweep_expire(sweep, &in, DEADLINE_MS, false, &command), SD_OK);
	reply = run(rig, command);
	assert_int_equal(store_sweep_take_expire(reply, &end), STORE_SWEEP_UNKNOWN);
	store_sweep_reply_free(reply);
	(void)real_redis_int(&rig->redis, "DEL %s", rig_key(sid));
	(void)real_redis_ask(&rig->redis, "SET %s x", rig_key(sid));
	assert_int_equal(expire(rig, &in), STORE_SWEEP_BROKEN);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_owner_finds_what_is_due), TEST(rubbish_is_dropped),
	    TEST(idle_to_the_slack),	       TEST(absolute_and_todays_policy),
	    TEST(gone_from_record_and_indexes), TEST(silence_and_nonsense),
	    TEST(children_end_with_it), TEST(shorter_clocks_move_deadlines), TEST(rules_by_time_end_theirs),
	};
	int failed;

	if (store_sweep_new(RIG_PREFIX, &sweep) != SD_OK)
		return 1;
	failed = cmocka_run_group_tests(tests, rig_setup, rig_teardown);
	store_sweep_free(&sweep);
	return failed;
}
