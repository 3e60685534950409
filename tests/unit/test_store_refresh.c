/* SPDX-License-Identifier: MIT
 * Rotation in every branch against a real Redis: grace, reuse, roll-forward, clocks, races. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "store_rig.h"

static void refresh_rotates_and_repeats(void **state)
{
	struct store_rig *rig = *state;
	struct handle h[4], lost;
	struct store_refresh in;
	struct store_call call;

	(void)rig_session(rig, RIG_USER, &h[0]);
	in = rig_refresh_input(&h[0], &h[1]);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	assert_int_equal(call.session.generation, 2);
	assert_true(sd_slice_is(call.session.user, "alice"));
	assert_int_equal(call.exp_s, call.iat_s + 900);
	assert_int_equal(call.session.until_s, call.exp_s);
	assert_int_equal(call.successor.n, 0);
	store_call_release(&call);
	/* The answer was lost: the same successor again. */
	in = rig_refresh_input(&h[0], &lost);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_SUCCESSOR);
	assert_int_equal(call.successor.n, 32);
	assert_memory_equal(call.successor.p, h[1].random, 32);
	assert_int_equal(call.session.generation, 2);
	store_call_release(&call);
	/* And also when the successor has been used meanwhile. */
	in = rig_refresh_input(&h[1], &h[2]);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	in = rig_refresh_input(&h[0], &lost);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_SUCCESSOR);
	assert_memory_equal(call.successor.p, h[1].random, 32);
	store_call_release(&call);
	in = rig_refresh_input(&h[2], &h[3]);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	store_call_release(&call);
}

static void refresh_reuse_ends(void **state)
{
	struct store_rig *rig = *state;
	struct handle h, next, other;
	struct sid sid = rig_session(rig, RIG_USER, &h);
	struct store_refresh in = rig_refresh_input(&h, &next);
	struct store_call call;

	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	in.grace_ms = 0; /* older than the grace */
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_REUSED);
	assert_int_equal(call.session.end_reason, END_REUSE);
	assert_int_equal(call.ended, 1);
	assert_true(call.log_pos > 0);
	store_call_release(&call);
	rig_expect_ended(rig, sid, END_REUSE);
	in = rig_refresh_input(&next, &other);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_ENDED);
	assert_int_equal(call.session.end_reason, END_REUSE);
	assert_int_equal(call.ended, 0);
	store_call_release(&call);
}

static void refresh_other_secret_of_same_generation(void **state)
{
	struct store_rig *rig = *state;
	struct handle h, next;
	struct sid sid = rig_session(rig, RIG_USER, &h);
	struct store_refresh in;
	struct store_call call;

	h.random[0] ^= 1;
	in = rig_refresh_input(&h, &next);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_REUSED);
	store_call_release(&call);
	rig_expect_ended(rig, sid, END_REUSE);
}

static void refresh_rolls_forward(void **state)
{
	struct store_rig *rig = *state;
	struct handle h, ahead, next, after;
	struct store_refresh in;
	struct store_call call;
	struct sid sid = rig_session(rig, RIG_USER, &h);

	/* The store lost two rotations: the client holds generation 3, the record says 1. */
	assert_int_equal(handle_new(HANDLE_REFRESH, &sid, 3, &ahead), SD_OK);
	in = rig_refresh_input(&ahead, &next);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	assert_int_equal(call.session.generation, 4);
	store_call_release(&call);
	in = rig_refresh_input(&ahead, &after);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_SUCCESSOR);
	store_call_release(&call);
	in = rig_refresh_input(&next, &after);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	in = rig_refresh_input(&h, &after);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_REUSED);
	store_call_release(&call);
}

static void refresh_clocks(void **state)
{
	struct store_rig *rig = *state;
	struct handle h, next;
	struct store_refresh in;
	struct store_call call;
	struct sid sid = rig_session(rig, RIG_USER, &h);

	rig_age(rig, sid, "seen", 1801000);
	in = rig_refresh_input(&h, &next);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_EXPIRED);
	assert_int_equal(call.session.end_reason, END_IDLE);
	store_call_release(&call);
	rig_expect_ended(rig, sid, END_IDLE);

	sid = rig_session(rig, RIG_USER, &h);
	rig_age(rig, sid, "created", 43201000);
	in = rig_refresh_input(&h, &next);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_EXPIRED);
	assert_int_equal(call.session.end_reason, END_ABSOLUTE);
	store_call_release(&call);

	/* A worker may have seen it and not have said so yet: to the touch interval and no longer. */
	sid = rig_session(rig, RIG_USER, &h);
	rig_age(rig, sid, "seen", 1858000);
	in = rig_refresh_input(&h, &next);
	in.touch_interval_s = 60;
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	rig_age(rig, sid, "seen", 1860000);
	in = rig_refresh_input(&next, &h);
	in.touch_interval_s = 60;
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_EXPIRED);
	assert_int_equal(call.session.end_reason, END_IDLE);
	store_call_release(&call);

	/* What the asking worker itself saw counts in full, but not beyond the store's now. */
	sid = rig_session(rig, RIG_USER, &h);
	rig_age(rig, sid, "seen", 9999000);
	in = rig_refresh_input(&h, &next);
	in.seen_ms = call.now_ms - 1790000;
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	rig_age(rig, sid, "seen", 9999000);
	in = rig_refresh_input(&next, &h);
	in.seen_ms = call.now_ms - 1800001;
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_EXPIRED);
	store_call_release(&call);
	sid = rig_session(rig, RIG_USER, &h);
	in = rig_refresh_input(&h, &next);
	in.seen_ms = call.now_ms + 999999;
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	assert_true(call.session.seen_ms <= call.now_ms);
	store_call_release(&call);

	/* The policy became shorter since. */
	sid = rig_session(rig, RIG_USER, &h);
	rig_age(rig, sid, "seen", 61000);
	in = rig_refresh_input(&h, &next);
	in.idle_s = 60;
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_EXPIRED);
	store_call_release(&call);

	/* And longer: the session keeps what it was given. */
	sid = rig_session(rig, RIG_USER, &h);
	rig_age(rig, sid, "seen", 1801000);
	in = rig_refresh_input(&h, &next);
	in.idle_s = 999999;
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_EXPIRED);
	store_call_release(&call);

	/* The refresh token's own clock, today's policy. */
	sid = rig_session(rig, RIG_USER, &h);
	rig_age(rig, sid, "issued", 1000);
	in = rig_refresh_input(&h, &next);
	in.refresh_ttl_s = 1000;
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_EXPIRED);
	store_call_release(&call);
	rig_expect_ended(rig, sid, END_IDLE);
}

static void refresh_near_the_end(void **state)
{
	struct store_rig *rig = *state;
	struct handle h, next;
	struct store_refresh in;
	struct store_call call;
	struct sid sid = rig_session(rig, RIG_USER, &h);
	int64_t end;

	rig_age(rig, sid, "created", 43200000 - 60000);
	in = rig_refresh_input(&h, &next);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_OK);
	end = (call.session.created_ms + 43200000) / 1000;
	assert_int_equal(call.exp_s, end); /* never beyond the session */
	assert_int_equal(call.refresh_expires_s, end);
	assert_true(call.session.seen_ms >= call.now_ms);
	store_call_release(&call);
}

static void refresh_unknown_or_cookie(void **state)
{
	struct store_rig *rig = *state;
	struct store_create cookie = rig_create_input(RIG_USER, NULL);
	struct handle h, next;
	struct store_refresh in;
	struct store_call call;

	assert_int_equal(handle_new(HANDLE_REFRESH, &cookie.sid, 1, &h), SD_OK);
	in = rig_refresh_input(&h, &next);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_ABSENT);
	store_call_release(&call);
	memset(cookie.refresh_hash, 0, 32);
	cookie.mode = SESSION_MODE_COOKIE;
	cookie.access_ttl_s = cookie.refresh_ttl_s = 0;
	assert_int_equal(rig_create(rig, &cookie, &call), STORE_OK);
	assert_int_equal(call.exp_s, 0);
	store_call_release(&call);
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_MISMATCH);
	store_call_release(&call);
	rig_expect_active(rig, cookie.sid);
	(void)real_redis_ask(&rig->redis, "HSET %s v 2", rig_key(cookie.sid));
	assert_int_equal(rig_refresh(rig, &in, &call), STORE_CORRUPT);
	store_call_release(&call);
	assert_int_equal(rig_read(rig, cookie.sid, &call), STORE_CORRUPT);
	store_call_release(&call);
}

static void refresh_in_parallel_has_one_successor(void **state)
{
	struct store_rig *rig = *state;
	static struct store_call calls[16];
	static struct handle next[16];
	struct handle h;
	uint8_t winner[32] = {0};
	int rotated = 0;

	(void)rig_session(rig, RIG_USER, &h);
	for (int i = 0; i < 16; i++) {
		struct store_refresh in = rig_refresh_input(&h, &next[i]);

		rig_begin(&calls[i]);
		store_refresh(rig->store, &in, &calls[i]);
	}
	for (int i = 0; i < 16; i++) {
		rig_wait(rig, &calls[i]);
		if (calls[i].status == STORE_OK) {
			memcpy(winner, next[i].random, 32);
			rotated++;
		}
	}
	assert_int_equal(rotated, 1);
	for (int i = 0; i < 16; i++) {
		if (calls[i].status != STORE_OK) {
			assert_int_equal(calls[i].status, STORE_SUCCESSOR);
			assert_memory_equal(calls[i].successor.p, winner, 32);
		}
		store_call_release(&calls[i]);
	}
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(refresh_rotates_and_repeats),
	    TEST(refresh_reuse_ends),
	    TEST(refresh_other_secret_of_same_generation),
	    TEST(refresh_rolls_forward),
	    TEST(refresh_clocks),
	    TEST(refresh_near_the_end),
	    TEST(refresh_unknown_or_cookie),
	    TEST(refresh_in_parallel_has_one_successor),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
