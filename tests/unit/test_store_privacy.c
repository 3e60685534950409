/* SPDX-License-Identifier: MIT
 * Erasure and restriction in the store, against a real Redis. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "store_data.h"
#include "store_key.h"
#include "store_privacy.h"
#include "store_rig.h"

static struct sid session(struct store_rig *rig, const char *data, const char *standing)
{
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;

	in.max_per_user = 0;
	in.ip = SD_SLICE("192.0.2.7");
	in.user_agent = SD_SLICE("Agent of alice");
	in.device_id = SD_SLICE("phone-of-alice");
	in.claims = SD_SLICE("{\"name\":\"alice\"}");
	in.data = sd_slice_str(data);
	in.key.standing = sd_slice_str(standing);
	in.key.put = SD_SLICE("wrapped key");
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	return in.sid;
}

static void shared(struct store_rig *rig, enum store_status want)
{
	struct store_shared in = {.tenant = RIG_TENANT, .user = RIG_USER,
				  .key = {SD_SLICE("wrapped key"), SD_SLICE("")},
				  .seen = {.any = true}, .data = SD_SLICE("shared text")};
	struct store_call call;

	rig_begin(&call);
	store_shared_write(rig->store, &in, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, want);
	store_call_release(&call);
}

static struct store_call erase(struct store_rig *rig, uint32_t limit)
{
	struct store_erase in = {RIG_TENANT, RIG_USER, 60, limit};
	struct store_call call;

	rig_begin(&call);
	store_erase(rig->store, &in, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_OK);
	store_call_release(&call);
	return call;
}

static struct store_call restrict_user(struct store_rig *rig, enum store_restriction how)
{
	struct store_restrict in = {RIG_TENANT, RIG_USER, how, 60};
	struct store_call call;

	rig_begin(&call);
	store_restrict(rig->store, &in, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_OK);
	store_call_release(&call);
	return call;
}

static enum store_status create(struct store_rig *rig)
{
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;
	enum store_status status;

	in.data = SD_SLICE("");
	status = rig_create(rig, &in, &call);
	store_call_release(&call);
	return status;
}

/* How often text stands in any value of any key of the server. */
static long long found(struct store_rig *rig, const char *text)
{
	static const char script[] =
	    "local n = 0 local function look(v) if type(v) == 'table' then for _, x in ipairs(v) do look(x) end "
	    "elseif type(v) == 'string' and string.find(v, ARGV[1], 1, true) then n = n + 1 end end "
	    "local how = { hash = { 'HGETALL' }, zset = { 'ZRANGE', 0, -1 }, stream = { 'XRANGE', '-', '+' }, "
	    "string = { 'GET' } } for _, k in ipairs(redis.call('KEYS', '*')) do look(k) "
	    "local h = how[redis.call('TYPE', k).ok] look(redis.call(h[1], k, unpack(h, 2))) end return n";
	struct redisReply *reply = redisCommand(rig->redis.ctx, "EVAL %s 0 %s", script, text);
	long long n;

	assert_non_null(reply);
	assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
	n = reply->integer;
	freeReplyObject(reply);
	return n;
}

static void erasure_leaves_no_trace_but_ends(void **state)
{
	static const char *const of_him[] = {"alice", "192.0.2.7", "sealed text", "wrapped key", "shared text",
					     "phone-of"};
	struct store_rig *rig = *state;
	struct sid first = session(rig, "sealed text", ""), second = session(rig, "sealed text", "wrapped key");
	struct store_call call;
	char hash[33];

	shared(rig, STORE_OK);
	assert_int_equal(store_key_user_hash(RIG_TENANT, RIG_USER, hash), SD_OK);
	for (size_t i = 0; i < SD_ARRAY_LEN(of_him); i++)
		assert_true(found(rig, of_him[i]) > 0); /* the search finds */
	call = erase(rig, 100);
	assert_int_equal(call.ended, 2);
	assert_int_equal(call.privacy.records, 2);
	assert_int_equal(call.privacy.left, 0);
	assert_true(call.privacy.had_key && call.privacy.had_shared && call.log_pos > 0);
	assert_int_equal(call.privacy.devices, 1);
	for (size_t i = 0; i < SD_ARRAY_LEN(of_him); i++)
		assert_int_equal(found(rig, of_him[i]), 0); /* the entries in the log as well */
	assert_int_equal(found(rig, hash), 0);
	rig_expect_ended(rig, first, END_ERASED); /* who shows a token of it is told */
	rig_expect_ended(rig, second, END_ERASED);
	assert_true(real_redis_int(&rig->redis, "PTTL %s", rig_key(first)) > 0);
	call = erase(rig, 100);
	assert_int_equal(call.ended + call.privacy.records + call.privacy.had_key +
			     call.privacy.had_shared + call.privacy.devices, 0);
	assert_int_equal(create(rig), STORE_OK); /* he may come back */
}

static void ended_records_go_too_in_portions(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid[5];
	struct store_call call;

	for (int i = 0; i < 5; i++) {
		sid[i] = session(rig, "", "");
		if (i > 0)
			assert_int_equal(rig_end(rig, sid[i], END_LOGOUT, &call), STORE_OK);
		if (i > 0)
			store_call_release(&call);
	}
	call = erase(rig, 2);
	assert_int_equal(call.ended, 1); /* at once, however many records there are */
	assert_int_equal(call.privacy.left, 3);
	call = erase(rig, 2);
	assert_int_equal(call.privacy.left, 1);
	call = erase(rig, 2);
	assert_int_equal(call.privacy.left + call.ended, 0);
	assert_int_equal(found(rig, "192.0.2.7"), 0);
	rig_expect_ended(rig, sid[4], END_ERASED);
}

/* Whatever a record lacks, it goes. */
static void a_corrupt_record_goes_too(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid[2] = {session(rig, "", ""), session(rig, "", "")};
	struct store_call call;

	assert_int_equal(real_redis_int(&rig->redis, "HDEL %s created status user", rig_key(sid[0])), 3);
	assert_int_equal(real_redis_int(&rig->redis, "HDEL %s created until uhash", rig_key(sid[1])), 3);
	call = erase(rig, 10);
	assert_int_equal(call.ended, 2); /* tokens of both may be out */
	assert_int_equal(call.privacy.records, 2);
	assert_int_equal(call.privacy.left, 0);
	assert_int_equal(found(rig, "192.0.2.7") + found(rig, "alice"), 0);
}

static void erasure_is_his_alone(void **state)
{
	struct store_rig *rig = *state;
	struct sid other = rig_session(rig, SD_SLICE("bob"), NULL);

	(void)session(rig, "", "");
	assert_int_equal(erase(rig, 100).ended, 1);
	rig_expect_active(rig, other);
	assert_true(found(rig, "bob") > 0);
}

static void restriction_ends_and_refuses(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig, "sealed text", "");
	struct store_call call = restrict_user(rig, STORE_RESTRICT);
	int64_t since = call.privacy.restricted_ms;

	assert_int_equal(call.ended, 1);
	assert_true(call.privacy.changed && since > 0);
	rig_expect_ended(rig, sid, END_ADMIN);
	assert_true(found(rig, "sealed text") > 0); /* kept, and no more */
	assert_int_equal(create(rig), STORE_RESTRICTED);
	shared(rig, STORE_RESTRICTED);
	call = restrict_user(rig, STORE_RESTRICT);
	assert_int_equal(call.privacy.restricted_ms, since);
	assert_false(call.privacy.changed);
	call = restrict_user(rig, STORE_RESTRICTION_ASK);
	assert_int_equal(call.privacy.restricted_ms, since);
	call = restrict_user(rig, STORE_LIFT);
	assert_true(call.privacy.changed);
	assert_int_equal(call.privacy.restricted_ms, 0);
	call = restrict_user(rig, STORE_LIFT);
	assert_false(call.privacy.changed);
	assert_int_equal(create(rig), STORE_OK);
	shared(rig, STORE_OK);
}

static void restriction_outlives_all_but_erasure(void **state)
{
	struct store_rig *rig = *state;
	struct store_call call;
	struct store_key key;
	char hash[33];

	(void)restrict_user(rig, STORE_RESTRICT); /* of whom nothing is known yet */
	store_key_data_base(&key, RIG_PREFIX, handle_partition(RIG_TENANT, RIG_USER), RIG_TENANT);
	assert_int_equal(store_key_user_hash(RIG_TENANT, RIG_USER, hash), SD_OK);
	assert_true(real_redis_int(&rig->redis, "PTTL %s%s", key.s, hash) > INT64_C(86400000) * 36500);
	(void)erase(rig, 10);
	call = restrict_user(rig, STORE_RESTRICTION_ASK);
	assert_int_equal(call.privacy.restricted_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(erasure_leaves_no_trace_but_ends, rig_flush),
	    cmocka_unit_test_setup(ended_records_go_too_in_portions, rig_flush),
	    cmocka_unit_test_setup(a_corrupt_record_goes_too, rig_flush),
	    cmocka_unit_test_setup(erasure_is_his_alone, rig_flush),
	    cmocka_unit_test_setup(restriction_ends_and_refuses, rig_flush),
	    cmocka_unit_test_setup(restriction_outlives_all_but_erasure, rig_flush),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
