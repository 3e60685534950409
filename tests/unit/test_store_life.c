/* SPDX-License-Identifier: MIT
 * Reported activity, new ids, sharing, in every branch against a real Redis: clocks, tokens, races. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "store_key.h"
#include "store_life.h"
#include "store_rig.h"

static const struct store_clocks as_created = {1800, 43200, 1800, 43200, 0};

static enum store_status touch(struct store_rig *rig, struct sid sid, struct store_clocks now,
			       struct store_call *call)
{
	struct store_touch_now in = {
	    .tenant = RIG_TENANT, .sid = sid, .now = now, .retain_s = 86400};

	rig_begin(call);
	store_touch_now(rig->store, &in, call);
	rig_wait(rig, call);
	return call->status;
}

static struct store_regenerate regenerate_input(struct sid old, struct handle *refresh_out)
{
	struct store_regenerate in = {.tenant = RIG_TENANT,
				      .old = old,
				      .version = 1,
				      .data = SD_SLICE(""),
				      .key = {SD_SLICE(""), SD_SLICE("")},
				      .access_ttl_s = 900,
				      .refresh_ttl_s = 86400,
				      .retain_s = 86400,
				      .now = as_created};

	assert_int_equal(sid_new(old.b[0], &in.sid), SD_OK);
	assert_int_equal(handle_new(HANDLE_REFRESH, &in.sid, 1, refresh_out), SD_OK);
	handle_hash(refresh_out, in.refresh_hash);
	return in;
}

static enum store_status regenerate(struct store_rig *rig, const struct store_regenerate *in,
				    struct store_call *call)
{
	rig_begin(call);
	store_regenerate(rig->store, in, call);
	rig_wait(rig, call);
	return call->status;
}

static void touch_slides_idle_alone(void **state)
{
	struct store_rig *rig = *state;
	struct store_call call;
	struct sid sid = rig_session(rig, RIG_USER, NULL);

	rig_age(rig, sid, "seen", 600000);
	assert_int_equal(touch(rig, sid, as_created, &call), STORE_OK);
	assert_int_equal(call.idle_at_s, (call.now_ms + 1800000) / 1000);
	assert_int_equal(call.session.request_count, 1);
	assert_int_equal(call.session.seen_ms, call.now_ms);
	assert_int_equal(call.log_pos, 0);
	store_call_release(&call);
	/* within the absolute clock */
	rig_age(rig, sid, "created", 43200000 - 60000);
	assert_int_equal(touch(rig, sid, as_created, &call), STORE_OK);
	assert_in_range(call.absolute_at_s - call.now_ms / 1000, 57, 60);
	assert_int_equal(call.idle_at_s, call.absolute_at_s);
	store_call_release(&call);
}

static void touch_takes_the_shorter_policy(void **state)
{
	struct store_rig *rig = *state;
	struct store_call call;
	struct sid sid = rig_session(rig, RIG_USER, NULL);

	/* loosened since: as at creation */
	assert_int_equal(touch(rig, sid, (struct store_clocks){7200, 86400, 7200, 86400, 60}, &call),
			 STORE_OK);
	assert_int_equal(call.idle_at_s, (call.now_ms + 1800000) / 1000);
	store_call_release(&call);
	/* tightened since: as now */
	assert_int_equal(touch(rig, sid, (struct store_clocks){60, 43200, 1800, 43200, 60}, &call),
			 STORE_OK);
	assert_int_equal(call.idle_at_s, (call.now_ms + 60000) / 1000);
	store_call_release(&call);
	assert_int_equal(touch(rig, sid, (struct store_clocks){60, 300, 1800, 43200, 60}, &call),
			 STORE_OK);
	assert_int_equal(call.absolute_at_s, call.session.created_ms / 1000 + 300);
	store_call_release(&call);
}

static void touch_remembers_by_its_own_clocks(void **state)
{
	struct store_rig *rig = *state;
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;

	in.remember_me = true;
	in.idle_s = 1209600;
	in.absolute_s = 2592000;
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	rig_age(rig, in.sid, "seen", 86400000);
	assert_int_equal(touch(rig, in.sid, (struct store_clocks){60, 300, 604800, 2592000, 60}, &call),
			 STORE_OK);
	assert_int_equal(call.idle_at_s, (call.now_ms + 604800000) / 1000);
	store_call_release(&call);
}

static void touch_revives_nothing(void **state)
{
	struct store_rig *rig = *state;
	struct store_call call;
	struct sid sid = rig_session(rig, RIG_USER, NULL);

	rig_age(rig, sid, "seen", 1801000);
	assert_int_equal(touch(rig, sid, as_created, &call), STORE_EXPIRED);
	assert_int_equal(call.session.end_reason, END_IDLE);
	assert_int_equal(call.ended, 1);
	assert_true(call.log_pos > 0);
	store_call_release(&call);
	rig_expect_ended(rig, sid, END_IDLE);
	assert_int_equal(touch(rig, sid, as_created, &call), STORE_ENDED);
	assert_int_equal(call.ended, 0);
	store_call_release(&call);
	sid = rig_session(rig, RIG_USER, NULL);
	rig_age(rig, sid, "created", 43201000);
	assert_int_equal(touch(rig, sid, as_created, &call), STORE_EXPIRED);
	store_call_release(&call);
	rig_expect_ended(rig, sid, END_ABSOLUTE);
	assert_int_equal(sid_new(sid.b[0], &sid), SD_OK);
	assert_int_equal(touch(rig, sid, as_created, &call), STORE_ABSENT);
	store_call_release(&call);
}

static void regenerate_keeps_what_it_is(void **state)
{
	struct store_rig *rig = *state;
	struct handle h, next, fresh;
	struct store_call call, was;
	struct sid old = rig_session(rig, RIG_USER, &h);
	struct store_refresh refresh = rig_refresh_input(&h, &next);
	struct store_regenerate in;

	assert_int_equal(rig_refresh(rig, &refresh, &call), STORE_OK);
	store_call_release(&call);
	rig_age(rig, old, "created", 3600000);
	assert_int_equal(rig_read(rig, old, &was), STORE_OK);
	in = regenerate_input(old, &fresh);
	in.data = SD_SLICE("sealed anew");
	in.key.put = SD_SLICE("a key");
	assert_int_equal(regenerate(rig, &in, &call), STORE_OK);
	assert_int_equal(call.ended, 1);
	assert_true(call.log_pos > 0);
	assert_int_equal(call.exp_s, call.iat_s + 900);
	/* the absolute end does not move */
	assert_int_equal(call.absolute_at_s, was.session.created_ms / 1000 + 43200);
	assert_int_equal(call.refresh_expires_s, call.absolute_at_s);
	store_call_release(&call);
	rig_expect_ended(rig, old, END_REGENERATED);
	assert_int_equal(rig_read(rig, in.sid, &call), STORE_OK);
	assert_true(sd_slice_is(call.session.user, "alice"));
	assert_true(sd_slice_eq(call.session.client, was.session.client));
	assert_true(sd_slice_eq(call.session.claims, was.session.claims));
	assert_true(sd_slice_eq(call.session.device_id, was.session.device_id));
	assert_true(sd_slice_is(call.session.data, "sealed anew"));
	assert_int_equal(call.session.created_ms, was.session.created_ms);
	assert_int_equal(call.session.generation, 1);
	store_call_release(&call);
	store_call_release(&was);
	/* tokens of the old id are nothing any more, the new one refreshes */
	refresh = rig_refresh_input(&next, &h);
	assert_int_equal(rig_refresh(rig, &refresh, &call), STORE_ENDED);
	store_call_release(&call);
	refresh = rig_refresh_input(&fresh, &h);
	assert_int_equal(rig_refresh(rig, &refresh, &call), STORE_OK);
	store_call_release(&call);
}

static void regenerate_refuses(void **state)
{
	struct store_rig *rig = *state;
	struct handle fresh;
	struct store_call call;
	struct sid old = rig_session(rig, RIG_USER, NULL);
	struct store_regenerate in = regenerate_input(old, &fresh);

	in.version = 2; /* its data changed after it was read */
	assert_int_equal(regenerate(rig, &in, &call), STORE_MISMATCH);
	assert_int_equal(call.ended, 0);
	store_call_release(&call);
	rig_expect_active(rig, old);
	in.version = 1;
	in.sid.b[0] ^= 1;
	assert_int_equal(regenerate(rig, &in, &call), STORE_CORRUPT);
	store_call_release(&call);
	in.sid.b[0] ^= 1;
	rig_age(rig, old, "seen", 1801000);
	assert_int_equal(regenerate(rig, &in, &call), STORE_EXPIRED);
	assert_int_equal(call.ended, 1);
	store_call_release(&call);
	rig_expect_ended(rig, old, END_IDLE);
	assert_int_equal(regenerate(rig, &in, &call), STORE_ENDED);
	store_call_release(&call);
	assert_int_equal(sid_new(old.b[0], &in.old), SD_OK);
	assert_int_equal(regenerate(rig, &in, &call), STORE_ABSENT);
	store_call_release(&call);
	assert_int_equal(rig_read(rig, in.sid, &call), STORE_ABSENT);
	store_call_release(&call);
}

static void regenerate_in_parallel_has_one_winner(void **state)
{
	struct store_rig *rig = *state;
	struct handle fresh;
	struct sid old = rig_session(rig, RIG_USER, NULL);
	struct store_call calls[16];
	int won = 0;

	for (int i = 0; i < 16; i++) {
		struct store_regenerate in = regenerate_input(old, &fresh);

		rig_begin(&calls[i]);
		store_regenerate(rig->store, &in, &calls[i]);
	}
	for (int i = 0; i < 16; i++) {
		rig_wait(rig, &calls[i]);
		won += calls[i].status == STORE_OK;
		if (calls[i].status != STORE_OK)
			assert_int_equal(calls[i].status, STORE_ENDED);
		store_call_release(&calls[i]);
	}
	assert_int_equal(won, 1);
	assert_int_equal(rig_log_len(rig, old.b[0]), 1);
}

/* Another client's session beside `parent`. */
static struct sid shared(struct store_rig *rig, struct sid parent, struct sd_slice client)
{
	struct store_call call;
	struct handle h;
	struct store_create in = rig_create_input(RIG_USER, &h);
	struct store_share share = {.tenant = RIG_TENANT, .client = client, .ttl_ms = 60000, .retain_s = 86400,
				    .now = as_created};

	assert_int_equal(handle_new(HANDLE_CODE, &parent, 7, &share.code), SD_OK);
	rig_begin(&call);
	store_share(rig->store, &share, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_OK);
	store_call_release(&call);
	in.client = client;
	in.has_parent = true;
	in.code = share.code;
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	return in.sid;
}

static void shared_ones_end_with_their_parent(void **state)
{
	struct store_rig *rig = *state;
	struct store_call call;
	struct sid parent = rig_session(rig, RIG_USER, NULL), beside = rig_session(rig, RIG_USER, NULL);
	struct sid child = shared(rig, parent, SD_SLICE("phone"));
	struct sid grandchild = shared(rig, child, SD_SLICE("watch"));

	assert_int_equal(rig_end(rig, parent, END_ADMIN, &call), STORE_OK);
	assert_int_equal(call.ended, 3);
	store_call_release(&call);
	rig_expect_ended(rig, parent, END_ADMIN);
	rig_expect_ended(rig, child, END_PARENT);
	rig_expect_ended(rig, grandchild, END_PARENT);
	rig_expect_active(rig, beside);
	assert_int_equal(rig_log_len(rig, parent.b[0]), 3);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(touch_slides_idle_alone),
	    TEST(touch_takes_the_shorter_policy),
	    TEST(touch_remembers_by_its_own_clocks),
	    TEST(touch_revives_nothing),
	    TEST(regenerate_keeps_what_it_is),
	    TEST(regenerate_refuses),
	    TEST(regenerate_in_parallel_has_one_winner),
	    TEST(shared_ones_end_with_their_parent),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
