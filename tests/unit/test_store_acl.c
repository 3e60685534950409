/* SPDX-License-Identifier: MIT
 * The narrow users against a real Redis: every call works under them, nothing else does. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "clock.h"
#include "err.h"
#include "redis_sub.h"
#include "store_acl.h"
#include "store_device.h"
#include "store_data.h"
#include "store_nodes.h"
#include "store_privacy.h"
#include "store_rig.h"
#include "store_tally.h"

static void set_user(struct store_rig *rig, const char *name, const char *rules)
{
	char text[STORE_ACL_MAX + 64], *save;
	const char *words[96] = {"ACL", "SETUSER", name, "reset", "on", ">pw"};
	int n = 6;
	struct redisReply *reply;

	snprintf(text, sizeof(text), "%s", rules);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	reply = redisCommandArgv(rig->redis.ctx, n, words, NULL);
	assert_non_null(reply);
	assert_int_equal(reply->type, REDIS_REPLY_STATUS);
	freeReplyObject(reply);
}

static int login(struct store_rig *rig, const char *name)
{
	redisContext *c = redisConnectUnix(rig->redis.path);
	struct redisReply *reply = redisCommand(c, "AUTH %s pw", name);
	int fd;

	assert_int_equal(reply->type, REDIS_REPLY_STATUS);
	freeReplyObject(reply);
	fd = redisFreeKeepFd(c);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void ends_ok(struct store_rig *rig, struct store_call *call)
{
	rig_wait(rig, call);
	assert_int_equal(call->status, STORE_OK);
	store_call_release(call);
	rig_begin(call);
}

static void data_works(struct store_rig *rig)
{
	struct store_clocks clocks = {1800, 43200, 1800, 43200, 60};
	struct store_user_key key = {SD_SLICE(""), SD_SLICE("key")};
	struct store_seen any = {.any = true};
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_update update = {.tenant = RIG_TENANT, .sid = sid, .key = key, .seen = any,
				      .data = SD_SLICE("x"), .clocks = clocks};
	struct store_lock lock = {.tenant = RIG_TENANT, .sid = sid, .ttl_ms = 1, .clocks = clocks};
	struct store_shared shared = {.tenant = RIG_TENANT, .user = RIG_USER, .seen = any,
				      .key = {SD_SLICE("key"), SD_SLICE("")}, .data = SD_SLICE("y")};
	struct store_device_ask device = {.tenant = RIG_TENANT, .user = RIG_USER,
					  .id = SD_SLICE("d1"), .may_make = true,
					  .reason = END_DEVICE};
	struct store_erase erase = {RIG_TENANT, RIG_USER, 60, 10};
	struct store_call call;

	rig_begin(&call);
	store_update(rig->store, &update, &call);
	ends_ok(rig, &call);
	store_data_read(rig->store, RIG_TENANT, &sid, &call);
	ends_ok(rig, &call);
	store_lock(rig->store, &lock, &call);
	ends_ok(rig, &call);
	store_shared_write(rig->store, &shared, &call);
	ends_ok(rig, &call);
	store_shared_read(rig->store, RIG_TENANT, RIG_USER, &call);
	ends_ok(rig, &call);
	store_device_write(rig->store, &device, &call);
	ends_ok(rig, &call);
	store_device_read(rig->store, &device, &call);
	ends_ok(rig, &call);
	store_device_end(rig->store, &device, &call);
	ends_ok(rig, &call);
	for (enum store_restriction how = STORE_RESTRICTION_ASK; how <= STORE_LIFT; how++) {
		struct store_restrict restriction = {RIG_TENANT, RIG_USER, how, 60};

		store_restrict(rig->store, &restriction, &call);
		ends_ok(rig, &call);
	}
	store_erase(rig->store, &erase, &call);
	ends_ok(rig, &call);
}

static void on_count(struct store_tally *t, int64_t hour, struct sd_slice name, uint64_t n)
{
	(void)t, (void)hour, (void)name, (void)n;
}

static void counts_work(struct store_rig *rig)
{
	struct store_tally_in in = {.tenant = RIG_TENANT, .names = 100, .first = true,
				    .partition = handle_partition(RIG_TENANT, RIG_USER)};
	struct store_tally t = {.take = on_count};

	rig_begin(&t.call);
	store_tally(rig->store, &in, &t);
	ends_ok(rig, &t.call);
}

static void worker_user_can_do_its_work(void **state)
{
	struct store_rig *rig = *state;
	char rules[STORE_ACL_MAX];
	struct store_create in;
	struct store_refresh ref;
	struct store_end_user all = {.tenant = RIG_TENANT, .user = RIG_USER, .reason = END_USER};
	struct store_rule rule = {
	    .tenant = RIG_TENANT, .kind = STORE_RULE_TENANT, .until_s = 4000000000};
	struct store_list list = {
	    .tenant = RIG_TENANT, .user = RIG_USER, .from_ms = INT64_MAX, .limit = 9};
	struct handle h, next;
	struct store_call call;
	uint32_t touched = 0;

	store_acl_rules(RIG_PREFIX, rules, sizeof(rules));
	set_user(rig, "w", rules);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(store_connection(rig->store, i, login(rig, "w")), SD_OK);
	(void)real_redis_ask(&rig->redis, "SCRIPT FLUSH");
	in = rig_create_input(RIG_USER, &h);
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	ref = rig_refresh_input(&h, &next);
	assert_int_equal(rig_refresh(rig, &ref, &call), STORE_OK);
	store_call_release(&call);
	ref.grace_ms = 0;
	ref = rig_refresh_input(&next, &h);
	ref.grace_ms = 0; /* drops what was kept of the first rotation */
	assert_int_equal(rig_refresh(rig, &ref, &call), STORE_OK);
	store_call_release(&call);
	rig_touch(rig, &in.sid, 1, 3);
	for (int i = 0; i < 100; i++) { /* nobody waits for a touch: reads may overtake it */
		assert_int_equal(rig_read(rig, in.sid, &call), STORE_OK);
		touched = call.session.request_count;
		store_call_release(&call);
		if (touched == 5)
			break;
	}
	assert_int_equal(touched, 5);
	rig_begin(&call);
	store_list_user(rig->store, &list, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.row_count, 1);
	store_call_release(&call);
	in = rig_create_input(RIG_USER, NULL);
	in.max_per_user = 1;
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	assert_int_equal(call.evicted_count, 1);
	store_call_release(&call);
	rig_begin(&call);
	store_rule(rig->store, &rule, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_OK);
	store_call_release(&call);
	assert_int_equal(rig_end(rig, in.sid, END_ADMIN, &call), STORE_OK);
	store_call_release(&call);
	rig_begin(&call);
	store_end_user(rig->store, &all, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_OK);
	store_call_release(&call);
	counts_work(rig);
	data_works(rig);
	/* Lists and trims: each command of each script was called under the narrow user. */
	for (int i = 0; i < 8; i++) {
		struct sid sid = rig_session(rig, RIG_USER, NULL);
		char key[128];

		snprintf(key, sizeof(key), "%s{%02x}:log", RIG_PREFIX, sid.b[0]);
		if (i == 0) {
			(void)real_redis_ask(&rig->redis, "DEL %s", key);
			(void)real_redis_ask(&rig->redis, "XADD %s 1-0 kind end until 1", key);
			(void)real_redis_ask(&rig->redis, "XADD %s 2-0 kind end until 1", key);
		}
		assert_int_equal(rig_end(rig, sid, END_ADMIN, &call), STORE_OK);
		store_call_release(&call);
	}
	assert_int_equal(rig->lost, 0);
}

static void refused(redisContext *c, const char *command)
{
	struct redisReply *reply = redisCommand(c, command);

	assert_non_null(reply);
	if (reply->type != REDIS_REPLY_ERROR || !strstr(reply->str, "permission"))
		fail_msg("%s: %s", command, reply->str ? reply->str : "allowed");
	freeReplyObject(reply);
}

static void nothing_else_is_allowed(struct store_rig *rig, const char *user, bool master)
{
	static const char *const never[] = {"FLUSHALL",
					    "FLUSHDB",
					    "KEYS *",
					    "CONFIG GET *",
					    "CONFIG SET dir /tmp",
					    "DEL sdt:x",
					    "UNLINK sdt:x",
					    "SHUTDOWN",
					    "ACL LIST",
					    "CLIENT LIST",
					    "CLIENT KILL TYPE normal",
					    "MONITOR",
					    "SAVE",
					    "BGSAVE",
					    "REPLICAOF NO ONE",
					    "MODULE LIST",
					    "SCRIPT FLUSH",
					    "SCAN 0",
					    "RANDOMKEY",
					    "RENAMENX sdt:a sdt:b",
					    "DUMP sdt:a",
					    "MIGRATE h 1 k 0 1",
					    "FUNCTION LIST",
					    "SET sdt:x 1",
					    "GET sdt:x",
					    "HGETALL other",
					    "HSET other a b",
					    "XADD other * a b",
					    "PUBLISH other x",
					    "ZADD other 1 a",
					    "EVAL return 1 1 other",
					    "PSUBSCRIBE *"};
	redisContext *c = redisConnectUnix(rig->redis.path);
	struct redisReply *reply = redisCommand(c, "AUTH %s pw", user);
	static const char *const inside[] = {
	    "return redis.call('FLUSHALL')", "return redis.call('KEYS','*')",
	    "return redis.call('DEL','sdt:x')", "return redis.call('GET','other')",
	    "return redis.call('HGETALL','other')"};

	assert_int_equal(reply->type, REDIS_REPLY_STATUS);
	freeReplyObject(reply);
	for (size_t i = 0; i < SD_ARRAY_LEN(never); i++)
		refused(c, never[i]);
	if (!master) {
		refused(c, "SUBSCRIBE sdt:wake");
		refused(c, "XREAD STREAMS sdt:{00}:log 0");
		refused(c, "INFO");
		/* What it said of other nodes, another worker would believe. */
		refused(c, "HSET sdt:{nodes}:live a b");
		refused(c, "HDEL sdt:{nodes}:live a");
		refused(c, "HSET sdt:{nodes}:acks:ff a 1");
		refused(c, "HSET sdt:x a b");
	} else {
		refused(c, "SUBSCRIBE other");
		refused(c, "XREAD STREAMS other 0");
		refused(c, "MGET other");
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(inside); i++) {
		reply = redisCommand(c, "EVAL %s 0", inside[i]);
		assert_int_equal(reply->type, REDIS_REPLY_ERROR);
		freeReplyObject(reply);
	}
	redisFree(c);
}

static void worker_user_can_do_nothing_else(void **state)
{
	struct store_rig *rig = *state;
	char rules[STORE_ACL_MAX];

	store_acl_rules(RIG_PREFIX, rules, sizeof(rules));
	set_user(rig, "w", rules);
	nothing_else_is_allowed(rig, "w", false);
}

static unsigned proofs;

static void on_proof(void *arg, int64_t sent_ns)
{
	(void)arg;
	(void)sent_ns;
	proofs++;
}

static int64_t staleness(void *arg)
{
	(void)arg;
	return 1000;
}

static void on_look(struct store_nodes *q)
{
	q->done = NULL;
}

static void worker_user_can_ask_the_nodes(struct store_rig *rig)
{
	struct store_nodes q = {.self = "0123456789abcdef", .pos = "0-0", .done = on_look};
	char rules[STORE_ACL_MAX];

	store_acl_rules(RIG_PREFIX, rules, sizeof(rules));
	set_user(rig, "w", rules);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(store_connection(rig->store, i, login(rig, "w")), SD_OK);
	assert_int_equal(store_nodes_look(rig->store, &q, true), SD_OK);
	while (q.done)
		assert_int_equal(sd_loop_turn(rig->loop, 10), SD_OK);
	assert_int_equal(q.status, STORE_OK);
	assert_int_equal(q.count, 1);
	assert_int_equal(real_redis_int(&rig->redis, "XLEN sdt:{nodes}:asks"), 1);
	for (int i = 0; i < 500 && real_redis_int(&rig->redis, "EXISTS sdt:{nodes}:acks:%s", q.nonce) == 0; i++)
		assert_int_equal(sd_loop_turn(rig->loop, 10), SD_OK);
	assert_int_equal(real_redis_int(&rig->redis, "EXISTS sdt:{nodes}:acks:%s", q.nonce), 1);
}

static void master_user_can_subscribe(void **state)
{
	struct store_rig *rig = *state;
	char rules[STORE_ACL_MAX], url[128];
	struct redis_sub_conf conf = {.loop = rig->loop,
				      .prefix = RIG_PREFIX,
				      .poll_interval_ns = 20 * SD_NS_PER_MS,
				      .timeout_ns = SD_NS_PER_S,
				      .events = {.proof = on_proof},
				      .node = {.id = "0123456789abcdef",
					       .name = "first",
					       .version = "1",
					       .staleness_ms = staleness}};
	struct redis_sub *sub;

	store_acl_rules_master(RIG_PREFIX, rules, sizeof(rules));
	set_user(rig, "m", rules);
	nothing_else_is_allowed(rig, "m", true);
	snprintf(url, sizeof(url), "unix:%s", rig->redis.path);
	assert_int_equal(redis_addr_parse(url, &conf.addr, NULL), SD_OK);
	snprintf(conf.addr.username, sizeof(conf.addr.username), "m");
	snprintf(conf.addr.password, sizeof(conf.addr.password), "pw");
	assert_int_equal(redis_sub_new(&conf, &sub), SD_OK);
	for (int i = 0; i < 500 && proofs < 3; i++)
		assert_int_equal(sd_loop_turn(rig->loop, 10), SD_OK);
	assert_true(proofs >= 3);
	worker_user_can_ask_the_nodes(rig);
	redis_sub_free(&sub);
}

static void unsafe_prefixes_give_nothing(void **state)
{
	char rules[STORE_ACL_MAX] = "x", small[32] = "x";

	(void)state;
	store_acl_rules("sd* +@all", rules, sizeof(rules));
	assert_string_equal(rules, "");
	store_acl_rules_master("sd1:", small, sizeof(small));
	assert_string_equal(small, "");
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(worker_user_can_do_its_work),
	    TEST(worker_user_can_do_nothing_else),
	    TEST(master_user_can_subscribe),
	    TEST(unsafe_prefixes_give_nothing),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
