/* SPDX-License-Identifier: MIT
 * What is counted of sessions, against a real Redis: each creation and each end once, whoever made it;
 * what came from where; told in pieces of any size. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "store_back.h"
#include "store_key.h"
#include "store_rig.h"
#include "store_sweep.h"
#include "store_tally.h"

static struct {
	struct {
		int64_t hour;
		char name[96];
		uint64_t n;
	} row[1024];
	unsigned rows;
} seen;

static bool done;

static void on_done(struct store_call *call)
{
	(void)call;
	done = true;
}

static void take(struct store_tally *t, int64_t hour, struct sd_slice name, uint64_t n)
{
	unsigned i = 0;

	(void)t;
	while (i < seen.rows &&
	       (seen.row[i].hour != hour || !sd_slice_is(name, seen.row[i].name)))
		i++;
	if (i == seen.rows) {
		assert_true(seen.rows < SD_ARRAY_LEN(seen.row));
		seen.row[i].hour = hour;
		assert_int_equal(sd_slice_copy(name, seen.row[i].name, 96), SD_OK);
		seen.row[seen.rows++].n = 0;
	}
	seen.row[i].n += n;
}

static uint64_t count(const char *name)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < seen.rows; i++)
		if (strcmp(seen.row[i].name, name) == 0)
			n += seen.row[i].n;
	return n;
}

static int64_t hour_of(struct store_rig *rig)
{
	return real_redis_int(&rig->redis, "EVAL %s 0", "return tonumber(redis.call('TIME')[1])") / 3600;
}

static void ask(struct store_rig *rig, enum store_tally_what what, int64_t hours, uint32_t names)
{
	struct store_tally t = {.call = {.done = on_done}, .take = take};
	int64_t now = hour_of(rig);

	memset(&seen, 0, sizeof(seen));
	for (unsigned partition = 0; partition < 256;) {
		struct store_tally_in in = {.tenant = RIG_TENANT, .what = what,
					    .partition = (uint8_t)partition,
					    .from_hour = now - hours, .to_hour = now + 1,
					    .names = names, .first = true};

		for (bool more = true; more;) {
			done = false;
			store_tally(rig->store, &in, &t);
			for (int i = 0; i < 500 && !done; i++)
				(void)!sd_loop_turn(rig->loop, 10);
			assert_true(done);
			assert_int_equal(t.call.status, STORE_OK);
			more = t.call.next_score_ms >= 0;
			in.from_hour = t.call.next_score_ms;
			in.first = false;
			store_call_release(&t.call);
		}
		partition++;
	}
}

static void create(struct store_rig *rig, const char *user, const char *network, const char *browser)
{
	struct store_create in = rig_create_input(sd_slice_str(user), NULL);
	struct store_call call;

	in.origin.browser = browser;
	assert_int_equal(sd_slice_copy(sd_slice_str(network), in.origin.network, sizeof(in.origin.network)), SD_OK);
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	store_call_release(&call);
}

static void end(struct store_rig *rig, struct sid sid, enum end_reason reason)
{
	struct store_call call;

	(void)rig_end(rig, sid, reason, &call);
	store_call_release(&call);
}

static void each_once(void **state)
{
	struct store_rig *rig = *state;
	struct sid old = rig_session(rig, RIG_USER, NULL), other = rig_session(rig, SD_SLICE("bob"), NULL);
	struct store_end back = {.tenant = RIG_TENANT, .sid = other, .reason = END_ADMIN,
				 .until_s = 4000000000, .tombstone = true};
	struct store_call call;

	for (int i = 0; i < 6; i++) /* a limit of five: the seventh of alice's evicts two */
		create(rig, "alice", "192.0.2.0/24", "chrome");
	end(rig, old, END_LOGOUT); /* evicted before: no end of its own */
	end(rig, other, END_LOGOUT);
	end(rig, other, END_LOGOUT);
	for (int i = 0; i < 2; i++) { /* what a node writes back has been counted */
		rig_begin(&call);
		store_end(rig->store, &back, &call);
		rig_wait(rig, &call);
		store_call_release(&call);
	}
	for (uint32_t names = 1; names < 2000; names *= 40) {
		ask(rig, TALLY_SUMMARY, 100, names);
		assert_int_equal(count("created"), 8);
		assert_int_equal(count("e:limit"), 2);
		assert_int_equal(count("e:logout"), 1);
		assert_int_equal(count("e:admin"), 0);
		assert_int_equal(count("active"), 5);
		assert_int_equal(count("users"), 2);
	}
	ask(rig, TALLY_SESSIONS, 2, 1000);
	assert_int_equal(count("created"), 8);
	assert_int_equal(count("e:limit"), 2);
	assert_int_equal(count("users"), 2);
	ask(rig, TALLY_DURATIONS, 2, 1000);
	assert_int_equal(count("60"), 3);
}

/* With nothing but records that are gone, nothing is active. */
static void an_index_that_is_gone(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_key key;

	store_key_tenant_index(&key, RIG_PREFIX, sid.b[0], RIG_TENANT);
	(void)real_redis_int(&rig->redis, "DEL %s", key.s);
	ask(rig, TALLY_SUMMARY, 2, 1000);
	assert_int_equal(count("active"), 0);
	assert_int_equal(count("created"), 1);
}

/* An end whose creation nobody counted leaves no debt, and nothing that stays for ever. */
static void counts_that_were_lost(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_key key;

	store_key_tally(&key, RIG_PREFIX, sid.b[0], RIG_TENANT);
	(void)real_redis_int(&rig->redis, "DEL %s", key.s);
	end(rig, sid, END_LOGOUT);
	assert_true(real_redis_int(&rig->redis, "TTL %s", key.s) > 0);
	(void)rig_session(rig, RIG_USER, NULL);
	ask(rig, TALLY_SUMMARY, 2, 1000);
	assert_int_equal(count("active"), 1);
	assert_int_equal(count("e:logout"), 1);
}

static void by_age(void **state)
{
	static const struct {
		long long age_s;
		const char *bound;
	} ages[] = {{59, "60"},	    {61, "300"},     {299, "300"},    {3500, "3600"},
		    {14000, "14400"}, {80000, "86400"}, {700000, "more"}};
	struct store_rig *rig = *state;

	for (size_t i = 0; i < SD_ARRAY_LEN(ages); i++) {
		struct sid sid = rig_session(rig, RIG_USER, NULL);

		rig_age(rig, sid, "created", ages[i].age_s * 1000 - 500);
		end(rig, sid, END_ADMIN);
	}
	ask(rig, TALLY_DURATIONS, 2, 1000);
	for (size_t i = 0; i < SD_ARRAY_LEN(ages); i++)
		assert_int_equal(count(ages[i].bound), strcmp(ages[i].bound, "300") == 0 ? 2 : 1);
	assert_int_equal(seen.rows, 6);
}

static void from_where(void **state)
{
	static const struct {
		const char *network, *country, *browser;
	} rows[] = {{"2001:db8:7::/48", "DE", "firefox"}, {"2001:db8:7::/48", "DE", "firefox"},
		    {"198.51.100.0/24", "DE", "chrome"}, {"198.51.100.0/24", "", NULL},
		    {"198.51.100.0/24", "ZZ", "chrome"}, {"", "FR", "other"}, {"", "", "other"}};
	struct store_rig *rig = *state;

	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		struct store_create in = rig_create_input(RIG_USER, NULL);
		struct store_call call;

		in.max_per_user = 0;
		in.origin.browser = rows[i].browser;
		memcpy(in.origin.network, rows[i].network, strlen(rows[i].network) + 1);
		memcpy(in.origin.country, rows[i].country, strlen(rows[i].country) + 1);
		assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
		store_call_release(&call);
	}
	ask(rig, TALLY_NETWORKS, 2, 1000);
	assert_int_equal(count("2001:db8:7::/48"), 2);
	assert_int_equal(count("198.51.100.0/24"), 3);
	assert_int_equal(seen.rows, 2);
	ask(rig, TALLY_COUNTRIES, 2, 1000);
	assert_int_equal(count("DE"), 3);
	assert_int_equal(count("FR"), 1);
	assert_int_equal(count("ZZ"), 1);
	assert_int_equal(seen.rows, 3);
	ask(rig, TALLY_DEVICES, 2, 1000);
	assert_int_equal(count("b:firefox"), 2);
	assert_int_equal(count("b:chrome"), 2);
	assert_int_equal(count("b:other"), 2);
	assert_int_equal(count("b:unknown"), 1);
	assert_int_equal(count("t:phone"), 7);
	assert_int_equal(seen.rows, 5);
}

static void names_are_bounded(void **state)
{
	struct store_rig *rig = *state;
	unsigned before;
	uint64_t sum = 0;

	for (int i = 0; i < 510; i++) {
		struct store_create in = rig_create_input(RIG_USER, NULL);
		struct store_call call;
		char type[16];

		snprintf(in.origin.network, sizeof(in.origin.network), "10.%d.%d.0/24", i / 200, i % 200);
		memcpy(in.origin.country, i % 2 ? "DE" : "FR", 3);
		snprintf(type, sizeof(type), "t:%d", i);
		in.device_type = sd_slice_str(type);
		in.on_limit = 1;
		assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
		store_call_release(&call);
	}
	ask(rig, TALLY_NETWORKS, 2, 100);
	before = seen.rows;
	for (unsigned i = 0; i < seen.rows; i++)
		sum += seen.row[i].n;
	assert_in_range(before, 500, 502); /* two, where an hour began on the way */
	assert_int_equal(sum, 510);
	ask(rig, TALLY_COUNTRIES, 2, 100); /* of the rest too */
	assert_int_equal(count("DE"), 255);
	assert_int_equal(count("FR"), 255);
	ask(rig, TALLY_SUMMARY, 2, 100);
	assert_int_equal(count("created"), 510);
	assert_int_equal(count("e:limit"), 505);
	assert_int_equal(count("active"), 5);
}

/* A sweeper's end counts once, also when its answer was lost and it asks again. */
static void by_a_sweeper(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_sweep_expire_in in = {.tenant = RIG_TENANT, .sid = sid, .retain_s = 3600,
					   .now = {1800, 43200, 1800, 43200, 60}, .owner = "me"};
	struct store_sweep *sweep;

	rig_age(rig, sid, "seen", 90000000);
	assert_int_equal(store_sweep_new(RIG_PREFIX, &sweep), SD_OK);
	for (int i = 0; i < 3; i++) {
		struct redisReply *reply = NULL;
		struct sd_slice wire;

		in.again = i > 0;
		assert_int_equal(store_sweep_expire(sweep, &in, INT64_C(4000000000000), true, &wire), SD_OK);
		(void)redisAppendFormattedCommand(rig->redis.ctx, wire.p, wire.n);
		assert_int_equal(redisGetReply(rig->redis.ctx, (void **)&reply), REDIS_OK);
		freeReplyObject(reply);
		free((void *)(uintptr_t)wire.p);
	}
	store_sweep_free(&sweep);
	rig_expect_ended(rig, sid, END_IDLE);
	ask(rig, TALLY_SUMMARY, 2, 100);
	assert_int_equal(count("e:idle"), 1);
	assert_int_equal(count("active"), 0);
}

/* What a node counted by itself is added to the hour, in the tenant's own partition. */
static void what_a_node_refused(void **state)
{
	struct store_rig *rig = *state;
	struct store_count in = {.tenant = RIG_TENANT, .rows = 2,
				 .row = {{"s:v:token-expired", 7}, {"s:b:ip:shadow", 2}}};
	struct store_back *back;

	create(rig, "alice", "192.0.2.0/24", "chrome");
	assert_int_equal(store_back_new(RIG_PREFIX, &back), SD_OK);
	for (int i = 0; i < 2; i++) {
		struct redisReply *reply = NULL;
		struct sd_slice wire;

		assert_int_equal(store_back_count(back, &in, INT64_C(4000000000000), i == 0, &wire), SD_OK);
		(void)redisAppendFormattedCommand(rig->redis.ctx, wire.p, wire.n);
		assert_int_equal(redisGetReply(rig->redis.ctx, (void **)&reply), REDIS_OK);
		assert_int_equal(store_back_take(reply), STORE_BACK_STOOD);
		free((void *)(uintptr_t)wire.p);
	}
	store_back_free(&back);
	for (enum store_tally_what what = TALLY_SUMMARY; what <= TALLY_SESSIONS; what++) {
		ask(rig, what, 2, 1000);
		assert_int_equal(count("s:v:token-expired"), 14);
		assert_int_equal(count("s:b:ip:shadow"), 4);
		assert_int_equal(count("created"), 1);
	}
	ask(rig, TALLY_DURATIONS, 2, 1000);
	assert_int_equal(seen.rows, 0);
	ask(rig, TALLY_DEVICES, 2, 1000);
	assert_int_equal(seen.rows, 2);
}

/* What nobody asks for any more goes. */
static void all_of_it_goes(void **state)
{
	struct store_rig *rig = *state;

	create(rig, "alice", "192.0.2.0/24", "chrome");
	assert_int_equal(real_redis_int(&rig->redis, "EVAL %s 0",
					"local n = 0 for _, k in ipairs(redis.call('KEYS', '*:n:*')) do "
					"n = n + (redis.call('TTL', k) > 0 and 1 or 100) end return n"),
			 4);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_once),	     TEST(an_index_that_is_gone), TEST(by_age), TEST(from_where),
	    TEST(counts_that_were_lost), TEST(names_are_bounded), TEST(by_a_sweeper),	   TEST(all_of_it_goes),
	    TEST(what_a_node_refused),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
