/* SPDX-License-Identifier: MIT
 * A user's devices against a real Redis: registered, changed, seen by sessions, forgotten with
 * their sessions, never more than there may be. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "store_device.h"
#include "store_rig.h"

typedef void (*ask_fn)(struct store *s, const struct store_device_ask *in, struct store_call *call);

static struct store_device_ask device(const char *id)
{
	return (struct store_device_ask){.tenant = RIG_TENANT, .user = RIG_USER,
					 .id = sd_slice_str(id), .reason = END_DEVICE};
}

static enum store_status ask(struct store_rig *rig, ask_fn fn, const struct store_device_ask *in,
			     struct store_call *call)
{
	rig_begin(call);
	fn(rig->store, in, call);
	rig_wait(rig, call);
	return call->status;
}

static void expect(struct store_rig *rig, ask_fn fn, const struct store_device_ask *in,
		   enum store_status want)
{
	struct store_call call;

	assert_int_equal(ask(rig, fn, in, &call), want);
	store_call_release(&call);
}

static void what_is_given_changes_and_the_rest_stays(void **state)
{
	struct store_rig *rig = *state;
	struct store_device_ask in = device("d1");
	struct store_device got;
	struct store_call call;

	in.has_name = in.has_type = true;
	in.name = SD_SLICE("phone");
	in.type = SD_SLICE("mobile");
	expect(rig, store_device_write, &in, STORE_ABSENT);
	expect(rig, store_device_read, &in, STORE_ABSENT);
	in.may_make = true;
	assert_int_equal(ask(rig, store_device_write, &in, &call), STORE_OK);
	assert_true(call.kept.renewed);
	store_call_release(&call);
	in.may_make = in.has_type = false;
	in.name = SD_SLICE("new\nname"); /* a line of its own it must not become */
	in.has_trust = in.has_data = true;
	in.trust = SD_SLICE("high");
	in.data = SD_SLICE("sealed");
	in.key.standing = SD_SLICE("other");
	expect(rig, store_device_write, &in, STORE_KEY);
	in.key = (struct store_user_key){SD_SLICE(""), SD_SLICE("key")};
	assert_int_equal(ask(rig, store_device_write, &in, &call), STORE_OK);
	assert_false(call.kept.renewed);
	store_call_release(&call);
	assert_int_equal(ask(rig, store_device_read, &in, &call), STORE_OK);
	assert_int_equal(call.row_count, 1);
	store_device_at(&call, 0, &got);
	assert_true(sd_slice_is(got.id, "d1") && sd_slice_is(got.name, "new name"));
	assert_true(sd_slice_is(got.type, "mobile") && sd_slice_is(got.trust, "high"));
	assert_true(got.made_ms > 0 && got.changed_ms >= got.made_ms && got.seen_ms == 0);
	assert_true(sd_slice_is(call.kept.data, "sealed") && sd_slice_is(call.kept.key, "key"));
	store_call_release(&call);
}

static void a_session_makes_its_device_known(void **state)
{
	struct store_rig *rig = *state;
	struct handle h;
	struct store_create in = rig_create_input(RIG_USER, &h);
	struct store_device_ask all = device("");
	struct store_device got;
	struct store_call call;

	in.device_id = SD_SLICE("d1");
	in.device_name = SD_SLICE("phone");
	in.device_trust = SD_SLICE("low");
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	assert_true(call.kept.renewed);
	store_call_release(&call);
	assert_int_equal(sid_new(in.sid.b[0], &in.sid), SD_OK);
	in.device_name = SD_SLICE("");
	in.device_trust = SD_SLICE("high"); /* who logs in does not say how he is trusted */
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	assert_false(call.kept.renewed);
	store_call_release(&call);
	assert_int_equal(ask(rig, store_device_read, &all, &call), STORE_OK);
	assert_int_equal(call.row_count, 1);
	store_device_at(&call, 0, &got);
	assert_true(sd_slice_is(got.name, "phone") && sd_slice_is(got.trust, "low"));
	assert_true(got.seen_ms > 0);
	store_call_release(&call);
}

static void an_end_takes_the_sessions_of_the_device_alone(void **state)
{
	struct store_rig *rig = *state;
	struct handle h;
	struct store_create in = rig_create_input(RIG_USER, &h);
	struct sid other = rig_session(rig, RIG_USER, NULL);
	struct store_device_ask one = device("d2");
	struct store_call call;

	in.device_id = SD_SLICE("d2");
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(ask(rig, store_device_end, &one, &call), STORE_OK);
	assert_int_equal(call.ended, 1);
	assert_true(call.kept.renewed && call.log_pos > 0);
	store_call_release(&call);
	rig_expect_ended(rig, in.sid, END_DEVICE);
	rig_expect_active(rig, other);
	assert_int_equal(ask(rig, store_device_end, &one, &call), STORE_OK);
	assert_false(call.kept.renewed || call.ended);
	store_call_release(&call);
	expect(rig, store_device_read, &one, STORE_ABSENT);
}

static void there_are_never_too_many(void **state)
{
	struct store_rig *rig = *state;
	struct handle h;
	struct store_create in = rig_create_input(RIG_USER, &h);
	struct store_device_ask one;
	struct store_call call;
	char id[16];

	for (unsigned i = 0; i < STORE_MAX_DEVICES; i++) {
		snprintf(id, sizeof(id), "d%u", i);
		one = device(id);
		one.may_make = true;
		expect(rig, store_device_write, &one, STORE_OK);
	}
	expect(rig, store_device_write, &one, STORE_OK); /* a known one */
	one.id = SD_SLICE("more");
	expect(rig, store_device_write, &one, STORE_LIMIT);
	in.device_id = SD_SLICE("more"); /* a login is not refused for it */
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	one.id = SD_SLICE("");
	assert_int_equal(ask(rig, store_device_read, &one, &call), STORE_OK);
	assert_int_equal(call.row_count, STORE_MAX_DEVICES);
	store_call_release(&call);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_given_changes_and_the_rest_stays),
	    TEST(a_session_makes_its_device_known),
	    TEST(an_end_takes_the_sessions_of_the_device_alone),
	    TEST(there_are_never_too_many),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
