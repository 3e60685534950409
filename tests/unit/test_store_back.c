/* SPDX-License-Identifier: MIT
 * test_store_back - written back once, whatever the store had lost: the record, the log, both. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "handle.h"
#include "store_back.h"
#include "store_key.h"
#include "store_rig.h"

#define LATER_S INT64_C(4000000000)
#define DEADLINE_MS (LATER_S * 1000)

static enum store_back_result run(struct store_rig *rig, struct sd_slice command)
{
	struct redisReply *reply = NULL;
	enum store_back_result result;

	assert_int_equal(redisAppendFormattedCommand(rig->redis.ctx, command.p, command.n), REDIS_OK);
	assert_int_equal(redisGetReply(rig->redis.ctx, (void **)&reply), REDIS_OK);
	result = store_back_take(reply);
	free((void *)(uintptr_t)command.p);
	return result;
}

static struct store_back *make(void)
{
	struct store_back *b;

	assert_int_equal(store_back_new(RIG_PREFIX, &b), SD_OK);
	return b;
}

static enum store_back_result end(struct store_rig *rig, struct sid sid, int64_t until_s, bool whole)
{
	struct store_back *b = make();
	struct sd_slice command;
	struct store_end in = {.tenant = RIG_TENANT, .sid = sid, .reason = END_ADMIN, .retain_s = 60,
			       .tombstone = true, .until_s = until_s, .absolute_s = LATER_S};

	assert_int_equal(store_back_end(b, &in, DEADLINE_MS, whole, &command), SD_OK);
	store_back_free(&b);
	return run(rig, command);
}

static enum store_back_result rule(struct store_rig *rig, enum store_rule_kind kind, int64_t before_s)
{
	struct store_back *b = make();
	struct sd_slice command;
	struct store_rule in = {.tenant = RIG_TENANT, .kind = kind, .before_s = before_s,
				.id = kind == STORE_RULE_TENANT ? SD_SLICE("") : SD_SLICE("web"),
				.until_s = LATER_S, .write_back = true};

	assert_int_equal(store_back_rule(b, &in, DEADLINE_MS, true, &command), SD_OK);
	store_back_free(&b);
	return run(rig, command);
}

static const char *log_key(uint8_t partition)
{
	static struct store_key key;

	store_key_log(&key, RIG_PREFIX, partition);
	return key.s;
}

static void end_of_a_record_that_is_gone(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);

	(void)real_redis_int(&rig->redis, "DEL %s", rig_key(sid));
	assert_int_equal(end(rig, sid, LATER_S - 9, true), STORE_BACK_WRITTEN);
	rig_expect_ended(rig, sid, END_ADMIN);
	/* a second node has nothing to add; by digest, the server knows it now */
	assert_int_equal(end(rig, sid, LATER_S - 9, false), STORE_BACK_STOOD);
	assert_int_equal(rig_log_len(rig, sid.b[0]), 1);
	/* whoever reads this entry remembers the session for as long as we did */
	struct redisReply *log = real_redis_ask(&rig->redis, "XRANGE %s - +", log_key(sid.b[0]));
	struct redisReply *fields = log->element[0]->element[1];
	assert_string_equal(fields->element[fields->elements - 2]->str, "absolute");
	assert_string_equal(fields->element[fields->elements - 1]->str, "4000000000");
}

static void end_of_an_older_copy(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);

	assert_int_equal(end(rig, sid, LATER_S, true), STORE_BACK_WRITTEN);
	rig_expect_ended(rig, sid, END_ADMIN);
	assert_int_equal(end(rig, sid, LATER_S, true), STORE_BACK_STOOD);
	assert_int_equal(rig_log_len(rig, sid.b[0]), 1);
}

static void end_whose_log_alone_is_gone(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_call call;

	assert_int_equal(rig_end(rig, sid, END_LOGOUT, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(end(rig, sid, 0, true), STORE_BACK_STOOD);
	(void)real_redis_int(&rig->redis, "DEL %s", log_key(sid.b[0]));
	assert_int_equal(end(rig, sid, 0, true), STORE_BACK_WRITTEN);
	assert_int_equal(end(rig, sid, 0, true), STORE_BACK_STOOD);
	assert_int_equal(rig_log_len(rig, sid.b[0]), 1);
	rig_expect_ended(rig, sid, END_LOGOUT); /* its own reason */
}

static void rules(void **state)
{
	static const enum store_rule_kind kinds[] = {STORE_RULE_TENANT, STORE_RULE_CLIENT, STORE_RULE_KEY};
	static const char *const names[] = {"before", "c:web", "k:web"};
	struct store_rig *rig = *state;
	uint8_t partition = store_key_tenant_partition(RIG_TENANT);
	struct store_key record;

	store_key_tenant_record(&record, RIG_PREFIX, RIG_TENANT);
	for (size_t i = 0; i < SD_ARRAY_LEN(kinds); i++) {
		assert_int_equal(rule(rig, kinds[i], 1000), STORE_BACK_WRITTEN);
		assert_int_equal(rule(rig, kinds[i], 1000), STORE_BACK_STOOD);
		assert_int_equal(rule(rig, kinds[i], 999), STORE_BACK_STOOD);
		assert_int_equal(rig_log_len(rig, partition), 1);
		assert_string_equal(real_redis_str(&rig->redis, "HGET %s %s", record.s, names[i]), "1000");
		(void)real_redis_int(&rig->redis, "DEL %s", log_key(partition));
		assert_int_equal(rule(rig, kinds[i], 1000), STORE_BACK_WRITTEN);
		assert_int_equal(rule(rig, kinds[i], 1001), STORE_BACK_WRITTEN);
		(void)real_redis_int(&rig->redis, "DEL %s", log_key(partition));
	}
}

static void what_is_no_answer_is_asked_again(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_back *b = make();
	struct store_end in = {.tenant = RIG_TENANT, .sid = sid, .reason = END_ADMIN, .tombstone = true};
	struct sd_slice command;

	assert_int_equal(store_back_take(NULL), STORE_BACK_AGAIN);
	(void)real_redis_ask(&rig->redis, "SCRIPT FLUSH");
	assert_int_equal(end(rig, sid, 0, false), STORE_BACK_AGAIN); /* NOSCRIPT */
	assert_int_equal(store_back_end(b, &in, 1, true, &command), SD_OK);
	store_back_free(&b);
	assert_int_equal(run(rig, command), STORE_BACK_AGAIN); /* LATE */
	rig_expect_active(rig, sid);
	(void)real_redis_int(&rig->redis, "DEL %s", rig_key(sid));
	(void)real_redis_str(&rig->redis, "SET %s x", rig_key(sid));
	assert_int_equal(end(rig, sid, 0, true), STORE_BACK_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(end_of_a_record_that_is_gone, rig_flush),
		cmocka_unit_test_setup(end_of_an_older_copy, rig_flush),
		cmocka_unit_test_setup(end_whose_log_alone_is_gone, rig_flush),
		cmocka_unit_test_setup(rules, rig_flush),
		cmocka_unit_test_setup(what_is_no_answer_is_asked_again, rig_flush),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
