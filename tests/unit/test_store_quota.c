/* SPDX-License-Identifier: MIT
 * Places of a tenant's sessions against a real Redis: never too few counted, given back, found
 * again when nobody confirmed them. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "store_key.h"
#include "store_quota.h"
#include "store_rig.h"

static struct store_quota ask(const char *client, uint32_t max_total, uint32_t max_client)
{
	struct store_quota in = {.tenant = RIG_TENANT, .client = sd_slice_str(client),
				 .max_total = max_total, .max_client = max_client,
				 .absolute_s = 3600};

	assert_int_equal(sid_new(handle_partition(RIG_TENANT, RIG_USER), &in.sid), SD_OK);
	return in;
}

static enum store_status take(struct store_rig *rig, const struct store_quota *in,
			      struct store_call *call)
{
	rig_begin(call);
	store_quota_take(rig->store, in, call);
	rig_wait(rig, call);
	return call->status;
}

static enum store_status take_only(struct store_rig *rig, const struct store_quota *in)
{
	struct store_call call;
	enum store_status status = take(rig, in, &call);

	store_call_release(&call);
	return status;
}

/* Behind what nobody waits for, on each connection. */
static void settle(struct store_rig *rig)
{
	for (int i = 0; i < 4; i++) {
		struct store_quota none = ask("settle", 1, 0);

		none.tenant = SD_SLICE("other");
		(void)take_only(rig, &none);
	}
}

static void total_is_never_exceeded(void **state)
{
	struct store_rig *rig = *state;
	struct store_quota a = ask("web", 2, 0), b = ask("app", 2, 0), c = ask("web", 2, 0);

	assert_int_equal(take_only(rig, &a), STORE_OK);
	assert_int_equal(take_only(rig, &b), STORE_OK);
	assert_int_equal(take_only(rig, &c), STORE_LIMIT);
	store_quota_end(rig->store, RIG_TENANT, &a.sid, STORE_QUOTA_RELEASE);
	settle(rig);
	assert_int_equal(take_only(rig, &c), STORE_OK);
}

static void a_client_has_places_of_its_own(void **state)
{
	struct store_rig *rig = *state;
	struct store_quota a = ask("web", 0, 1), b = ask("app", 0, 1), c = ask("web", 0, 1);

	assert_int_equal(take_only(rig, &a), STORE_OK);
	assert_int_equal(take_only(rig, &b), STORE_OK);
	assert_int_equal(take_only(rig, &c), STORE_LIMIT);
	/* the end of a session names no client: the place knows it */
	store_quota_end(rig->store, RIG_TENANT, &a.sid, STORE_QUOTA_RELEASE);
	settle(rig);
	assert_int_equal(take_only(rig, &c), STORE_OK);
}

static void what_is_replaced_does_not_count(void **state)
{
	struct store_rig *rig = *state;
	struct store_quota a = ask("web", 1, 1), b = ask("web", 1, 1), c = ask("web", 1, 1);

	assert_int_equal(take_only(rig, &a), STORE_OK);
	b.has_replaces = true;
	b.replaces = a.sid;
	assert_int_equal(take_only(rig, &b), STORE_OK);
	c.has_replaces = true;
	assert_int_equal(sid_new(3, &c.replaces), SD_OK); /* holds no place */
	assert_int_equal(take_only(rig, &c), STORE_LIMIT);
}

static const char *base_key(void)
{
	static struct store_key key;

	store_key_quota_base(&key, RIG_PREFIX, RIG_TENANT);
	return key.s;
}

static void unconfirmed_places_are_asked_about(void **state)
{
	struct store_rig *rig = *state;
	struct store_quota a = ask("web", 9, 0), b = ask("web", 9, 0), c = ask("web", 9, 0);
	struct store_call call;
	char sid[HANDLE_SID_LEN + 1];

	assert_int_equal(take_only(rig, &a), STORE_OK);
	assert_int_equal(take_only(rig, &b), STORE_OK);
	store_quota_end(rig->store, RIG_TENANT, &b.sid, STORE_QUOTA_CONFIRM);
	settle(rig);
	sid_text(&a.sid, sid);
	(void)real_redis_int(&rig->redis, "ZADD %s:p 5 %s", base_key(), sid);
	assert_int_equal(take(rig, &c, &call), STORE_OK);
	assert_int_equal(call.evicted_count, 1);
	assert_memory_equal(&call.evicted[0], &a.sid, sizeof(a.sid));
	store_call_release(&call);
	assert_int_equal(take(rig, &c, &call), STORE_OK);
	assert_int_equal(call.evicted_count, 0); /* one asker at a time */
	store_call_release(&call);
}

static void places_end_with_the_longest_session(void **state)
{
	struct store_rig *rig = *state;
	struct store_quota a = ask("web", 1, 1), b = ask("web", 1, 1);
	char sid[HANDLE_SID_LEN + 1];

	assert_int_equal(take_only(rig, &a), STORE_OK);
	assert_int_equal(take_only(rig, &b), STORE_LIMIT);
	sid_text(&a.sid, sid);
	(void)real_redis_int(&rig->redis, "ZADD %s 5 %s", base_key(), sid);
	assert_int_equal(take_only(rig, &b), STORE_OK);
	assert_int_equal(real_redis_int(&rig->redis, "ZCARD %s:c:web", base_key()), 1);
	assert_int_equal(real_redis_int(&rig->redis, "HLEN %s:m", base_key()), 1);
	assert_true(real_redis_int(&rig->redis, "PTTL %s", base_key()) > 3500000);
}

static void taken_twice_is_one_place(void **state)
{
	struct store_rig *rig = *state;
	struct store_quota a = ask("web", 2, 2), b = ask("web", 2, 2);

	assert_int_equal(take_only(rig, &a), STORE_OK);
	assert_int_equal(take_only(rig, &a), STORE_OK);
	assert_int_equal(take_only(rig, &b), STORE_OK);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(total_is_never_exceeded),
	    TEST(a_client_has_places_of_its_own),
	    TEST(what_is_replaced_does_not_count),
	    TEST(unconfirmed_places_are_asked_about),
	    TEST(places_end_with_the_longest_session),
	    TEST(taken_twice_is_one_place),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
