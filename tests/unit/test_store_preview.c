/* SPDX-License-Identifier: MIT
 * What another policy would do is counted exactly, in pieces of any size, and nothing changes. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "store_preview.h"
#include "store_rig.h"

static bool done;

static void on_done(struct store_call *call)
{
	(void)call;
	done = true;
}

static struct store_preview_in input(void)
{
	return (struct store_preview_in){.tenant = RIG_TENANT, .looks = 1000,
					 .now = {1800, 43200, 1800, 43200, 60},
					 .other = {1800, 43200, 1800, 43200, 60},
					 .rules = SD_SLICE("")};
}

static struct store_preview count(struct store_rig *rig, struct store_preview_in in)
{
	struct store_preview p = {.call = {.done = on_done}};

	for (unsigned partition = 0; partition < 256;) {
		in.partition = (uint8_t)partition;
		done = false;
		store_preview(rig->store, &in, &p);
		for (int i = 0; i < 500 && !done; i++)
			(void)!sd_loop_turn(rig->loop, 10);
		assert_true(done);
		assert_int_equal(p.call.status, STORE_OK);
		in.has_from = p.call.next_score_ms >= 0;
		in.from_ms = p.call.next_score_ms;
		in.from_sid = p.call.next_sid;
		store_call_release(&p.call);
		partition += !in.has_from;
	}
	return p;
}

/* 12 users: user i has i sessions, all but the newest half an hour less a minute idle. */
static void fill(struct store_rig *rig)
{
	for (int i = 1; i <= 12; i++) {
		char user[8];
		int n = snprintf(user, sizeof(user), "u%d", i);

		for (int j = 0; j < i; j++) {
			struct store_create c = rig_create_input(sd_slice(user, (size_t)n), NULL);
			struct store_call call;

			c.max_per_user = 0;
			c.idle_s = 1800;
			c.absolute_s = 43200;
			c.ip = j % 2 ? SD_SLICE("192.0.2.1") : SD_SLICE("");
			assert_int_equal(rig_create(rig, &c, &call), STORE_OK);
			store_call_release(&call);
			if (j + 1 < i)
				rig_age(rig, c.sid, "seen", 1740 * 1000);
		}
	}
}

static void each_effect(void **state)
{
	struct store_rig *rig = *state;
	struct store_preview_in in = input();
	struct store_preview p;

	fill(rig);
	for (uint32_t looks = 1; looks <= 1000; looks *= 31) {
		in = input();
		in.looks = looks;
		p = count(rig, in);
		assert_int_equal(p.live, 78);
		assert_int_equal(p.idle + p.absolute + p.users + p.excess + p.rebound, 0);
		in.max_per_user = 10;
		in.ip_differs = true;
		p = count(rig, in);
		assert_int_equal(p.users, 2);
		assert_int_equal(p.excess, 3);
		assert_int_equal(p.rebound, 36);
		in.other.idle_s = 1600; /* all but the newest of each user would end */
		p = count(rig, in);
		assert_int_equal(p.live, 78);
		assert_int_equal(p.idle, 66);
		assert_int_equal(p.users, 0);
		in.max_per_user = 1;
		in.other = (struct store_clocks){1800, 0, 1800, 0, 60};
		p = count(rig, in);
		assert_int_equal(p.absolute, 78);
		assert_int_equal(p.users, 0);
	}
}

/* The other policy's trust levels: clocks of some devices, and an acr that not all have. */
static void levels_of_trust(void **state)
{
	static const char *const trusts[] = {"", "low", "low", "high"};
	struct store_rig *rig = *state;
	struct store_preview_in in = input();
	struct store_preview p;

	for (size_t i = 0; i < SD_ARRAY_LEN(trusts); i++) {
		struct store_create c = rig_create_input(RIG_USER, NULL);
		char id[8];
		struct store_call call;

		snprintf(id, sizeof(id), "t%zu", i);
		c.device_id = sd_slice_str(id);
		c.device_trust = sd_slice_str(trusts[i]);
		c.acr = i == 2 ? SD_SLICE("mfa") : SD_SLICE("");
		assert_int_equal(rig_create(rig, &c, &call), STORE_OK);
		store_call_release(&call);
		rig_age(rig, c.sid, "seen", 1000 * 1000);
	}
	in.other.levels = SD_SLICE("\nlow 0 0 0 mfa");
	p = count(rig, in);
	assert_int_equal(p.live, 4);
	assert_int_equal(p.step_up, 1);
	assert_int_equal(p.level_users, 0);
	in.other.levels = SD_SLICE("\nlow 0 0 1 \nnone 0 0 1 ");
	p = count(rig, in);
	assert_int_equal(p.level_users, 1);
	assert_int_equal(p.level_excess, 1); /* one of the two that are low */
	in.other.levels = SD_SLICE("\nlow 300 0 0 mfa\nnone 0 0 0 mfa");
	p = count(rig, in);
	assert_int_equal(p.idle, 2);
	assert_int_equal(p.step_up, 1);
	in.now.levels = in.other.levels; /* what is over by the policy in force is over */
	p = count(rig, in);
	assert_int_equal(p.live, 2);
	assert_int_equal(p.idle + p.step_up, 0);
}

static void the_dead_do_not_count(void **state)
{
	struct store_rig *rig = *state;
	struct store_preview_in in = input();
	struct store_preview p;
	struct store_call call;
	struct sid sid = rig_session(rig, RIG_USER, NULL), over = rig_session(rig, RIG_USER, NULL);
	struct sid gone = rig_session(rig, RIG_USER, NULL);

	(void)rig_end(rig, sid, END_LOGOUT, &call);
	store_call_release(&call);
	rig_age(rig, over, "seen", 90000000);
	(void)real_redis_int(&rig->redis, "DEL %s", rig_key(gone));
	in.max_per_user = 1;
	p = count(rig, in);
	assert_int_equal(p.live, 0);
	assert_int_equal(p.users, 0);
	rig_expect_active(rig, over);
}

static void rules_by_time_have_ended_theirs(void **state)
{
	static const struct {
		const char *rules;
		uint64_t live;
	} cases[] = {{" 1\nother 9999999999\n", 1}, {"web 9999999999\n", 0}, {" 9999999999\n", 0}};
	struct store_rig *rig = *state;
	struct store_preview_in in = input();
	struct store_create c = rig_create_input(RIG_USER, NULL);
	struct store_call call;

	c.client = SD_SLICE("web");
	assert_int_equal(rig_create(rig, &c, &call), STORE_OK);
	store_call_release(&call);
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		in.rules = sd_slice_str(cases[i].rules);
		assert_int_equal(count(rig, in).live, cases[i].live);
	}
}

static void clients_and_types(void **state)
{
	struct store_rig *rig = *state;
	struct store_preview_in in = input();
	struct store_preview p;

	for (int i = 0; i < 4; i++) {
		struct store_create c = rig_create_input(RIG_USER, NULL);
		struct store_call call;

		c.max_per_user = 0;
		c.client = i ? SD_SLICE("web") : SD_SLICE("app");
		c.device_type = i == 1 ? SD_SLICE("phone") : SD_SLICE("tv");
		assert_int_equal(rig_create(rig, &c, &call), STORE_OK);
		store_call_release(&call);
	}
	in.types = SD_SLICE("phone 1\ntv 1\n");
	p = count(rig, in);
	assert_int_equal(p.type_users, 1);
	assert_int_equal(p.type_excess, 2);
	in.removed = SD_SLICE("app 99999999999\n");
	p = count(rig, in);
	assert_int_equal(p.live, 4);
	assert_int_equal(p.client, 1);
	assert_int_equal(p.type_excess, 1);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(each_effect), TEST(levels_of_trust), TEST(the_dead_do_not_count),
					   TEST(rules_by_time_have_ended_theirs), TEST(clients_and_types)};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
