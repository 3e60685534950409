/* SPDX-License-Identifier: MIT
 * Data in the store: under which key, after which version, behind which lock; in every branch,
 * against a real Redis. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "store_data.h"
#include "store_key.h"
#include "store_rig.h"

static const struct store_clocks clocks = {1800, 43200, 3600, 86400, 2};

static const char *user_key_name(const char *kind)
{
	static char name[STORE_KEY_MAX + 40];
	uint8_t partition = handle_partition(RIG_TENANT, RIG_USER);
	struct store_key key;
	char hash[33];

	if (strcmp(kind, "key") == 0)
		store_key_data_base(&key, RIG_PREFIX, partition, RIG_TENANT);
	else
		store_key_shared_base(&key, RIG_PREFIX, partition, RIG_TENANT);
	assert_int_equal(store_key_user_hash(RIG_TENANT, RIG_USER, hash), SD_OK);
	snprintf(name, sizeof(name), "%s%s", key.s, hash);
	return name;
}

/* A session whose data is sealed under `put`, made where `standing` stands. */
static enum store_status create(struct store_rig *rig, const char *standing, const char *put,
				struct sid *sid_out, struct store_call *call)
{
	struct store_create in = rig_create_input(RIG_USER, NULL);

	in.data = SD_SLICE("sealed data");
	in.max_per_user = 0;
	in.key.standing = sd_slice_str(standing);
	in.key.put = sd_slice_str(put);
	*sid_out = in.sid;
	return rig_create(rig, &in, call);
}

static struct sid session(struct store_rig *rig)
{
	struct store_call call;
	struct sid sid;

	assert_int_equal(create(rig, "", "key 1", &sid, &call), STORE_OK);
	store_call_release(&call);
	return sid;
}

static enum store_status data_read(struct store_rig *rig, struct sid sid, struct store_call *call)
{
	rig_begin(call);
	store_data_read(rig->store, RIG_TENANT, &sid, call);
	rig_wait(rig, call);
	return call->status;
}

static struct store_update update_input(struct sid sid, uint32_t version, const char *head,
					const char *data)
{
	struct store_update in = {.tenant = RIG_TENANT,
				  .sid = sid,
				  .key = {SD_SLICE("key 1"), sd_slice(NULL, 0)},
				  .seen = {false, version, sd_slice_str(head)},
				  .data = sd_slice_str(data),
				  .clocks = clocks};

	return in;
}

static enum store_status update(struct store_rig *rig, const struct store_update *in,
				struct store_call *call)
{
	rig_begin(call);
	store_update(rig->store, in, call);
	rig_wait(rig, call);
	return call->status;
}

static void the_first_key_wins(void **state)
{
	struct store_rig *rig = *state;
	struct store_call call;
	struct sid sid;

	assert_int_equal(create(rig, "", "key 1", &sid, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(create(rig, "", "key 2", &sid, &call), STORE_KEY);
	assert_true(sd_slice_is(call.kept.key, "key 1"));
	store_call_release(&call);
	assert_int_equal(data_read(rig, sid, &call), STORE_ABSENT); /* nothing was made */
	store_call_release(&call);
	assert_int_equal(create(rig, "key 1", "", &sid, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(data_read(rig, sid, &call), STORE_OK);
	assert_true(sd_slice_is(call.kept.key, "key 1"));
	assert_true(sd_slice_is(call.session.data, "sealed data"));
	store_call_release(&call);
	/* Lives as long as what is sealed under it. */
	assert_true(real_redis_int(&rig->redis, "PTTL %s", user_key_name("key")) >
		    real_redis_int(&rig->redis, "PTTL %s", rig_key(sid)));
	/* A key that was destroyed meanwhile does not come back. */
	(void)real_redis_int(&rig->redis, "DEL %s", user_key_name("key"));
	assert_int_equal(create(rig, "key 1", "", &sid, &call), STORE_KEY);
	assert_int_equal(call.kept.key.n, 0);
	store_call_release(&call);
	assert_int_equal(create(rig, "key 1", "key 1 wrapped anew", &sid, &call), STORE_KEY);
	store_call_release(&call);
}

static void without_data_no_key_is_asked_for(void **state)
{
	struct store_rig *rig = *state;
	struct store_create in = rig_create_input(RIG_USER, NULL);
	struct store_call call;

	in.data = SD_SLICE("");
	in.key.put = SD_SLICE("key 1");
	assert_int_equal(rig_create(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(real_redis_int(&rig->redis, "EXISTS %s", user_key_name("key")), 0);
}

static void update_writes_what_nobody_changed(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig);
	struct store_update in = update_input(sid, 1, "sealed", "second data");
	struct store_call call;

	assert_int_equal(update(rig, &in, &call), STORE_OK);
	assert_int_equal(call.session.version, 2);
	assert_int_equal(call.session.data.n, 0);
	assert_true(sd_slice_is(call.session.user, "alice"));
	assert_true(call.log_pos > 0); /* the others forget what they remember of it */
	store_call_release(&call);
	assert_int_equal(rig_log_len(rig, sid.b[0]), 1);
	assert_int_equal(update(rig, &in, &call), STORE_CONFLICT);
	assert_int_equal(call.session.version, 2);
	assert_true(sd_slice_is(call.session.data, "second data"));
	assert_true(sd_slice_is(call.kept.key, "key 1"));
	store_call_release(&call);
	/* The same version of another past, and a head that is none. */
	in = update_input(sid, 2, "sealed", "third data");
	assert_int_equal(update(rig, &in, &call), STORE_CONFLICT);
	store_call_release(&call);
	in = update_input(sid, 2, "", "third data");
	assert_int_equal(update(rig, &in, &call), STORE_CONFLICT);
	store_call_release(&call);
	in.seen.any = true;
	assert_int_equal(update(rig, &in, &call), STORE_OK);
	assert_int_equal(call.session.version, 3);
	store_call_release(&call);
}

static void update_of_a_session_without_data(void **state)
{
	struct store_rig *rig = *state;
	struct store_create make = rig_create_input(RIG_USER, NULL);
	struct store_update in = update_input(make.sid, 1, "", "first data");
	struct store_call call;

	make.data = SD_SLICE("");
	assert_int_equal(rig_create(rig, &make, &call), STORE_OK);
	store_call_release(&call);
	in.key = (struct store_user_key){SD_SLICE(""), SD_SLICE("key 1")};
	assert_int_equal(update(rig, &in, &call), STORE_OK);
	assert_true(sd_slice_is(call.kept.key, ""));
	store_call_release(&call);
	assert_int_equal(data_read(rig, make.sid, &call), STORE_OK);
	assert_true(sd_slice_is(call.kept.key, "key 1"));
	store_call_release(&call);
	in.seen = (struct store_seen){false, 2, SD_SLICE("first")};
	assert_int_equal(update(rig, &in, &call), STORE_KEY); /* another's, sealed in vain */
	assert_true(sd_slice_is(call.kept.key, "key 1"));
	store_call_release(&call);
	in.key = (struct store_user_key){SD_SLICE("key 1"), SD_SLICE("key 1 wrapped anew")};
	assert_int_equal(update(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(data_read(rig, make.sid, &call), STORE_OK);
	assert_true(sd_slice_is(call.kept.key, "key 1 wrapped anew"));
	store_call_release(&call);
}

static void update_of_what_is_over(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig);
	struct store_update in = update_input(sid, 1, "sealed", "x");
	struct store_call call;

	in.sid.b[5] ^= 1;
	assert_int_equal(update(rig, &in, &call), STORE_ABSENT);
	store_call_release(&call);
	in.sid = sid;
	in.clocks.idle_s = 10;
	rig_age(rig, sid, "seen", 11000);
	assert_int_equal(update(rig, &in, &call), STORE_OK); /* a worker may have seen it later */
	store_call_release(&call);
	rig_age(rig, sid, "seen", 1000);
	in.seen.any = true;
	assert_int_equal(update(rig, &in, &call), STORE_ENDED); /* by today's policy */
	store_call_release(&call);
	in.clocks.idle_s = 1800;
	assert_int_equal(rig_end(rig, sid, END_LOGOUT, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(update(rig, &in, &call), STORE_ENDED);
	assert_int_equal(call.session.end_reason, END_LOGOUT);
	assert_true(sd_slice_is(call.session.data, "x"));
	store_call_release(&call);
}

static enum store_status lock(struct store_rig *rig, struct sid sid, const char *presented,
			      int64_t ttl_ms, struct store_call *call)
{
	struct store_lock in = {.tenant = RIG_TENANT,
				.sid = sid,
				.presented = sd_slice_str(presented),
				.ttl_ms = ttl_ms,
				.clocks = clocks};

	memset(in.hash, 'h', sizeof(in.hash));
	rig_begin(call);
	store_lock(rig->store, &in, call);
	rig_wait(rig, call);
	return call->status;
}

#define HOLDER "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"

static void lock_shuts_out(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig);
	struct store_update in = update_input(sid, 1, "sealed", "other data");
	struct store_call call;
	int64_t fence, until;

	assert_int_equal(lock(rig, sid, "", 10000, &call), STORE_OK);
	fence = call.kept.fence;
	until = call.kept.lock_until_ms;
	assert_true(fence > 0 && until == call.now_ms + 10000 && !call.kept.renewed);
	assert_true(sd_slice_is(call.session.user, "alice"));
	store_call_release(&call);
	assert_int_equal(update(rig, &in, &call), STORE_LOCKED);
	store_call_release(&call);
	in.lock_hash = SD_SLICE("not the holder's");
	assert_int_equal(update(rig, &in, &call), STORE_LOCKED);
	store_call_release(&call);
	assert_int_equal(lock(rig, sid, "", 10000, &call), STORE_LOCKED);
	store_call_release(&call);
	assert_int_equal(lock(rig, sid, "", 0, &call), STORE_LOCKED);
	store_call_release(&call);
	in.lock_hash = SD_SLICE(HOLDER);
	assert_int_equal(update(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(lock(rig, sid, HOLDER, 20000, &call), STORE_OK);
	assert_true(call.kept.renewed && call.kept.fence == fence);
	assert_true(call.kept.lock_until_ms >= until + 10000);
	store_call_release(&call);
}

static void fences_only_rise(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig);
	struct store_call call;
	int64_t last = 0;

	for (int i = 0; i < 20; i++) {
		assert_int_equal(lock(rig, sid, "", 10000, &call), STORE_OK);
		assert_true(call.kept.fence > last);
		last = call.kept.fence;
		store_call_release(&call);
		if (i % 2) {
			assert_int_equal(lock(rig, sid, HOLDER, 0, &call), STORE_OK);
			assert_true(call.kept.renewed);
			store_call_release(&call);
		} else { /* run out, as its holder will learn */
			(void)real_redis_int(&rig->redis, "HSET %s lock 1", rig_key(sid));
		}
	}
	/* A store that lost the last one gives none twice. */
	(void)real_redis_int(&rig->redis, "HDEL %s lock lhash fence", rig_key(sid));
	(void)real_redis_int(&rig->redis, "HSET %s lock 1", rig_key(sid));
	assert_int_equal(lock(rig, sid, HOLDER, 10000, &call), STORE_OK);
	assert_true(call.kept.fence > last && !call.kept.renewed);
	store_call_release(&call);
	assert_int_equal(lock(rig, sid, HOLDER, 0, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(lock(rig, sid, HOLDER, 0, &call), STORE_OK); /* nobody holds it */
	assert_false(call.kept.renewed);
	store_call_release(&call);
	assert_int_equal(rig_end(rig, sid, END_LOGOUT, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(lock(rig, sid, "", 10000, &call), STORE_ENDED);
	store_call_release(&call);
	sid.b[3] ^= 1;
	assert_int_equal(lock(rig, sid, "", 10000, &call), STORE_ABSENT);
	store_call_release(&call);
}

static enum store_status shared(struct store_rig *rig, const struct store_shared *in,
				struct store_call *call)
{
	rig_begin(call);
	if (in)
		store_shared_write(rig->store, in, call);
	else
		store_shared_read(rig->store, RIG_TENANT, RIG_USER, call);
	rig_wait(rig, call);
	return call->status;
}

static void shared_data_stays(void **state)
{
	struct store_rig *rig = *state;
	struct store_shared in = {.tenant = RIG_TENANT,
				  .user = RIG_USER,
				  .key = {SD_SLICE(""), SD_SLICE("key 1")},
				  .data = SD_SLICE("shared 1")};
	struct store_call call;

	assert_int_equal(shared(rig, NULL, &call), STORE_ABSENT);
	store_call_release(&call);
	assert_int_equal(shared(rig, &in, &call), STORE_OK); /* version 0: nothing was there */
	assert_int_equal(call.kept.version, 1);
	assert_true(call.kept.updated_ms > 0);
	store_call_release(&call);
	assert_int_equal(shared(rig, &in, &call), STORE_CONFLICT);
	assert_int_equal(call.kept.version, 1);
	assert_true(sd_slice_is(call.kept.data, "shared 1"));
	store_call_release(&call);
	in.seen = (struct store_seen){false, 1, SD_SLICE("shared")};
	in.data = SD_SLICE("shared 2");
	assert_int_equal(shared(rig, &in, &call), STORE_KEY);
	assert_true(sd_slice_is(call.kept.key, "key 1"));
	store_call_release(&call);
	in.key = (struct store_user_key){SD_SLICE("key 1"), SD_SLICE("")};
	assert_int_equal(shared(rig, &in, &call), STORE_OK);
	store_call_release(&call);
	assert_int_equal(shared(rig, NULL, &call), STORE_OK);
	assert_int_equal(call.kept.version, 2);
	assert_true(sd_slice_is(call.kept.data, "shared 2"));
	store_call_release(&call);
	/* No session, and its key does not go with one either. */
	assert_int_equal(real_redis_int(&rig->redis, "PTTL %s", user_key_name("shared")), -1);
	assert_true(real_redis_int(&rig->redis, "PTTL %s", user_key_name("key")) > 1LL << 42);
	{
		struct sid sid;

		assert_int_equal(create(rig, "key 1", "", &sid, &call), STORE_OK);
		store_call_release(&call);
	}
	assert_true(real_redis_int(&rig->redis, "PTTL %s", user_key_name("key")) > 1LL << 42);
}

static void user_is_known_by_a_session(void **state)
{
	struct store_rig *rig = *state;
	struct store_call call;

	(void)rig_session(rig, RIG_USER, NULL);
	assert_int_equal(shared(rig, NULL, &call), STORE_OK);
	assert_int_equal(call.kept.version, 0);
	assert_int_equal(call.kept.data.n, 0);
	store_call_release(&call);
	(void)real_redis_int(&rig->redis, "HSET %s v 2", user_key_name("shared"));
	assert_int_equal(shared(rig, NULL, &call), STORE_CORRUPT);
	store_call_release(&call);
}

static void each_is_one_round_trip(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig);
	struct store_update in = update_input(sid, 1, "sealed", "x");
	struct store_call call;

	in.seen.any = true;
	for (int i = 0; i < 2; i++) { /* the first brings the scripts */
		(void)real_redis_ask(&rig->redis, "CONFIG RESETSTAT");
		assert_int_equal(data_read(rig, sid, &call), STORE_OK);
		store_call_release(&call);
		assert_int_equal(update(rig, &in, &call), STORE_OK);
		store_call_release(&call);
		assert_int_equal(lock(rig, sid, HOLDER, 10, &call), STORE_OK);
		store_call_release(&call);
		in.lock_hash = SD_SLICE(HOLDER);
	}
	assert_int_equal(rig_calls(rig, "evalsha"), 3);
	assert_int_equal(rig_calls(rig, "eval"), 0);
}

/* Of those that write after the same reading one succeeds. */
static void parallel_updates_lose_nothing(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = session(rig);
	static struct store_call calls[16];
	struct store_call call;
	uint32_t done = 0;

	for (int round = 0; round < 25; round++) {
		char head[32], text[32];

		assert_int_equal(data_read(rig, sid, &call), STORE_OK);
		snprintf(head, sizeof(head), SD_SLICE_FMT, SD_SLICE_ARG(call.session.data));
		for (int i = 0; i < 16; i++) {
			struct store_update in;

			snprintf(text, sizeof(text), "round %d writer %d", round, i);
			in = update_input(sid, call.session.version, head, text);
			rig_begin(&calls[i]);
			store_update(rig->store, &in, &calls[i]);
		}
		store_call_release(&call);
		for (int i = 0; i < 16; i++) {
			rig_wait(rig, &calls[i]);
			done += calls[i].status == STORE_OK;
			assert_true(calls[i].status == STORE_OK ||
				    calls[i].status == STORE_CONFLICT);
			store_call_release(&calls[i]);
		}
	}
	assert_int_equal(done, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_first_key_wins, rig_flush),
	    cmocka_unit_test_setup(without_data_no_key_is_asked_for, rig_flush),
	    cmocka_unit_test_setup(update_writes_what_nobody_changed, rig_flush),
	    cmocka_unit_test_setup(update_of_a_session_without_data, rig_flush),
	    cmocka_unit_test_setup(update_of_what_is_over, rig_flush),
	    cmocka_unit_test_setup(lock_shuts_out, rig_flush),
	    cmocka_unit_test_setup(fences_only_rise, rig_flush),
	    cmocka_unit_test_setup(shared_data_stays, rig_flush),
	    cmocka_unit_test_setup(user_is_known_by_a_session, rig_flush),
	    cmocka_unit_test_setup(each_is_one_round_trip, rig_flush),
	    cmocka_unit_test_setup(parallel_updates_lose_nothing, rig_flush),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
