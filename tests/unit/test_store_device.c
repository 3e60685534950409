/* SPDX-License-Identifier: MIT
 * A user's devices against a real Redis: registered, changed, seen by sessions, forgotten with
 * their sessions, never more than there may be. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "store_device.h"
#include "store_key.h"
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

static enum store_status create_on(struct store_rig *rig, const char *id, const char *trust,
				   const char *levels, struct sid *sid_out)
{
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;

	in.device_id = sd_slice_str(id);
	in.device_trust = sd_slice_str(trust);
	in.levels = sd_slice_str(levels);
	in.max_per_user = 0;
	in.on_limit = 0; /* reject */
	enum store_status status = rig_create(rig, &in, &call);

	if (sid_out)
		*sid_out = in.sid;
	store_call_release(&call);
	return status;
}

static void expect_session(struct store_rig *rig, struct sid sid, const char *trust, int64_t idle_s,
			   int64_t absolute_s)
{
	struct store_call call;

	assert_int_equal(rig_read(rig, sid, &call), STORE_OK);
	assert_true(sd_slice_is(call.session.device_trust, trust));
	assert_int_equal(call.session.idle_s, idle_s);
	assert_int_equal(call.session.absolute_s, absolute_s);
	store_call_release(&call);
}

/* Registered, a device is trusted as its registration says, whoever logs in. */
static void the_registration_has_the_word_on_trust(void **state)
{
	static const char levels[] = "\nlow 300 0 0 \nnone 0 600 0 \nl.w 1 1 1 x";
	struct store_rig *rig = *state;
	struct store_device_ask in = device("d1");
	struct sid sid;

	in.may_make = in.has_trust = true;
	in.trust = SD_SLICE("low");
	expect(rig, store_device_write, &in, STORE_OK);
	assert_int_equal(create_on(rig, "d1", "high", levels, &sid), STORE_OK);
	expect_session(rig, sid, "low", 300, 43200);
	assert_int_equal(create_on(rig, "d2", "high", levels, &sid), STORE_OK);
	expect_session(rig, sid, "high", 1800, 43200);
	assert_int_equal(create_on(rig, "d3", "", levels, &sid), STORE_OK);
	expect_session(rig, sid, "", 1800, 600);
	assert_int_equal(create_on(rig, "d3", "high", levels, &sid), STORE_OK); /* known by then, without any */
	expect_session(rig, sid, "", 1800, 600);
	assert_int_equal(create_on(rig, "", "", "", &sid), STORE_OK); /* no levels at all */
	expect_session(rig, sid, "", 1800, 43200);
}

static void a_level_has_a_limit_of_its_own(void **state)
{
	static const char levels[] = "\nlow 0 0 2 \nnone 0 0 1 ";
	struct store_rig *rig = *state;

	assert_int_equal(create_on(rig, "d1", "low", levels, NULL), STORE_OK);
	assert_int_equal(create_on(rig, "d2", "low", levels, NULL), STORE_OK);
	assert_int_equal(create_on(rig, "d3", "low", levels, NULL), STORE_LIMIT);
	assert_int_equal(create_on(rig, "d1", "high", levels, NULL), STORE_LIMIT); /* d1 is low */
	assert_int_equal(create_on(rig, "d4", "high", levels, NULL), STORE_OK);
	assert_int_equal(create_on(rig, "d5", "high", levels, NULL), STORE_OK);
	assert_int_equal(create_on(rig, "", "", levels, NULL), STORE_OK);
	assert_int_equal(create_on(rig, "", "", levels, NULL), STORE_LIMIT);
}

/* Less trust reaches the sessions that live: record, index of deadlines, log; more gives no time back. */
static void a_change_of_trust_reaches_live_sessions(void **state)
{
	static const char levels[] = "\nlow 60 0 0 ";
	struct store_rig *rig = *state;
	struct store_device_ask in = device("d1");
	struct store_call call;
	struct sid mine, other;

	assert_int_equal(create_on(rig, "d1", "high", levels, &mine), STORE_OK);
	assert_int_equal(create_on(rig, "d2", "high", levels, &other), STORE_OK);
	long long log = rig_log_len(rig, mine.b[0]);
	in.has_trust = true;
	in.trust = SD_SLICE("low");
	in.now = (struct store_clocks){1800, 43200, 3600, 86400, 30, sd_slice_str(levels)};
	assert_int_equal(ask(rig, store_device_write, &in, &call), STORE_OK);
	assert_true(call.log_pos > 0);
	store_call_release(&call);
	assert_int_equal(rig_log_len(rig, mine.b[0]), log + 1);
	expect_session(rig, mine, "low", 1800, 43200);
	expect_session(rig, other, "high", 1800, 43200);
	struct store_key due;
	char sid[HANDLE_SID_LEN + 1];

	store_key_deadlines(&due, RIG_PREFIX, mine.b[0]);
	sid_text(&mine, sid);
	long long seen = strtoll(real_redis_str(&rig->redis, "HGET %s seen", rig_key(mine)), NULL, 10);
	const char *at = real_redis_str(&rig->redis, "ZSCORE %s brand-a:%s", due.s, sid);

	assert_int_equal(strtoll(at, NULL, 10), seen + 60000);
	assert_int_equal(ask(rig, store_device_write, &in, &call), STORE_OK); /* the same again */
	assert_int_equal(call.log_pos, 0);
	store_call_release(&call);
	in.has_trust = false;
	in.has_name = true;
	in.name = SD_SLICE("x"); /* what says nothing of trust changes none */
	assert_int_equal(ask(rig, store_device_write, &in, &call), STORE_OK);
	assert_int_equal(call.log_pos, 0);
	store_call_release(&call);
	/* the record, older than a minute now, is over for every script that is told the levels */
	rig_age(rig, mine, "seen", 61 * 1000);
	struct store_touch_now touch = {.tenant = RIG_TENANT, .sid = mine, .retain_s = 3600, .now = in.now};
	touch.now.touch_interval_s = 0;
	rig_begin(&call);
	store_touch_now(rig->store, &touch, &call);
	rig_wait(rig, &call);
	assert_int_equal(call.status, STORE_EXPIRED);
	store_call_release(&call);
	rig_expect_ended(rig, mine, END_IDLE);
}

#define PLACE_1 "1111111111111111"
#define PLACE_2 "2222222222222222"

/* What is new of a session from there: "", "device", "place", "device place". */
static const char *fresh_from(struct store_rig *rig, const char *places, const char *id, int64_t retain_s)
{
	static char out[32];
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;

	in.places = sd_slice_str(places);
	in.device_id = sd_slice_str(id);
	in.retain_s = retain_s;
	in.max_per_user = 1; /* what else ends is told beside */
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	snprintf(out, sizeof(out), "%s%s%s", call.kept.renewed ? "device" : "",
		 call.kept.renewed && call.kept.new_place ? " " : "", call.kept.new_place ? "place" : "");
	store_call_release(&call);
	return out;
}

static void new_places_and_devices_are_told(void **state)
{
	struct store_rig *rig = *state;
	struct store_key key;
	char uhash[33], place[17];

	assert_string_equal(fresh_from(rig, PLACE_1, "d1", 3600), "device place");
	assert_string_equal(fresh_from(rig, PLACE_1, "d1", 3600), "");
	assert_string_equal(fresh_from(rig, PLACE_2, "d1", 3600), "place");
	assert_string_equal(fresh_from(rig, PLACE_1, "d2", 3600), "device");
	assert_string_equal(fresh_from(rig, "", "", 3600), "");
	/* after a change of the tenant's key the old hash counts, and makes room for the new one */
	assert_string_equal(fresh_from(rig, "3333333333333333" PLACE_2, "", 3600), "");
	assert_string_equal(fresh_from(rig, "3333333333333333", "", 3600), "");
	assert_string_equal(fresh_from(rig, PLACE_2, "", 3600), "place");
	/* what was seen longer ago than sessions are kept is new again */
	assert_string_equal(fresh_from(rig, PLACE_2, "", -5), "place");
	for (int i = 0; i < 40; i++) {
		snprintf(place, sizeof(place), "place-%010d", i);
		assert_string_equal(fresh_from(rig, place, "", 3600), "place");
	}
	assert_string_equal(fresh_from(rig, "place-0000000039", "", 3600), "");
	assert_string_equal(fresh_from(rig, "place-0000000000", "", 3600), "place");
	store_key_device_base(&key, RIG_PREFIX, handle_partition(RIG_TENANT, RIG_USER), RIG_TENANT);
	assert_int_equal(store_key_user_hash(RIG_TENANT, RIG_USER, uhash), SD_OK);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s%s:p", key.s, uhash), 32);
	assert_in_range(real_redis_int(&rig->redis, "TTL %s%s:p", key.s, uhash), 3600, 3600 + 86400);
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
	    TEST(the_registration_has_the_word_on_trust),
	    TEST(a_level_has_a_limit_of_its_own),
	    TEST(a_change_of_trust_reaches_live_sessions),
	    TEST(new_places_and_devices_are_told),
	    TEST(there_are_never_too_many),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
