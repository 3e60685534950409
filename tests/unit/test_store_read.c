/* SPDX-License-Identifier: MIT
 * Lists of a user's sessions against a real Redis: order, pages, equal times, healing. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "store_key.h"
#include "store_rig.h"

static void page(struct store_rig *rig, struct store_list *in, struct store_call *call)
{
	rig_begin(call);
	store_list_user(rig->store, in, call);
	rig_wait(rig, call);
	assert_int_equal(call->status, STORE_OK);
	in->from_ms = call->next_score_ms;
	in->from_sid = call->next_sid;
}

/* Sets all creation times of the user's index. */
static void score(struct store_rig *rig, struct sid sid, long long ms)
{
	struct store_key key;
	char hash[33], text[HANDLE_SID_LEN + 1];

	store_key_user_base(&key, RIG_PREFIX, sid.b[0], RIG_TENANT);
	assert_int_equal(store_key_user_hash(RIG_TENANT, RIG_USER, hash), SD_OK);
	sid_text(&sid, text);
	(void)real_redis_ask(&rig->redis, "ZADD %s%s XX %lld %s", key.s, hash, ms, text);
}

static void walk(struct store_rig *rig, uint32_t limit, unsigned total, unsigned gone)
{
	struct store_list in = {
	    .tenant = RIG_TENANT, .user = RIG_USER, .from_ms = INT64_MAX, .limit = limit};
	static struct sid seen[600];
	unsigned n = 0, pages = 0;
	struct store_call call;

	do {
		page(rig, &in, &call);
		assert_true(call.row_count <= limit);
		for (uint32_t i = 0; i < call.row_count; i++) {
			for (unsigned j = 0; j < n; j++)
				assert_memory_not_equal(&seen[j], &call.rows[i].sid,
							sizeof(struct sid));
			assert_true(n < 600);
			seen[n++] = call.rows[i].sid;
			assert_true(sd_slice_is(call.rows[i].user, "alice"));
			assert_int_equal(call.rows[i].data.n, 0);
		}
		pages++;
		store_call_release(&call);
	} while (in.from_ms != -1);
	assert_int_equal(n, total - gone);
	assert_true(pages <= total / limit + 2);
}

static void pages_are_complete(void **state)
{
	struct store_rig *rig = *state;
	static struct sid sid[230];

	for (int i = 0; i < 230; i++) {
		sid[i] = rig_session(rig, RIG_USER, NULL);
		score(rig, sid[i], 1000 + i / 7); /* sevens of the same millisecond */
	}
	walk(rig, 1, 230, 0);
	walk(rig, 3, 230, 0);
	walk(rig, 50, 230, 0);
	walk(rig, 500, 230, 0);
	for (int i = 0; i < 230; i += 5)
		(void)real_redis_int(&rig->redis, "DEL %s", rig_key(sid[i]));
	walk(rig, 7, 230, 46);
	walk(rig, 7, 230, 46);
}

static void newest_first_ended_too(void **state)
{
	struct store_rig *rig = *state;
	struct store_list in = {
	    .tenant = RIG_TENANT, .user = RIG_USER, .from_ms = INT64_MAX, .limit = 10};
	struct sid a = rig_session(rig, RIG_USER, NULL), b = rig_session(rig, RIG_USER, NULL);
	struct store_call call;

	score(rig, a, 1000);
	score(rig, b, 2000);
	assert_int_equal(rig_end(rig, a, END_ADMIN, &call), STORE_OK);
	store_call_release(&call);
	page(rig, &in, &call);
	assert_int_equal(call.row_count, 2);
	assert_memory_equal(&call.rows[0].sid, &b, sizeof(b));
	assert_int_equal(call.rows[1].end_reason, END_ADMIN);
	assert_int_equal(call.next_score_ms, -1);
	store_call_release(&call);
}

static void one_bad_record_hides_no_other(void **state)
{
	struct store_rig *rig = *state;
	struct store_list in = {
	    .tenant = RIG_TENANT, .user = RIG_USER, .from_ms = INT64_MAX, .limit = 10};
	struct sid a = rig_session(rig, RIG_USER, NULL);
	struct store_call call;

	(void)rig_session(rig, RIG_USER, NULL);
	(void)real_redis_ask(&rig->redis, "HSET %s created never", rig_key(a));
	page(rig, &in, &call);
	assert_int_equal(call.row_count, 1);
	store_call_release(&call);
	assert_int_equal(rig_read(rig, a, &call), STORE_CORRUPT);
	store_call_release(&call);
}

static void nobody(void **state)
{
	struct store_rig *rig = *state;
	struct store_list in = {
	    .tenant = RIG_TENANT, .user = SD_SLICE("x"), .from_ms = INT64_MAX, .limit = 10};
	struct store_call call;

	page(rig, &in, &call);
	assert_int_equal(call.row_count, 0);
	assert_int_equal(call.next_score_ms, -1);
	store_call_release(&call);
}

/* Large records end a page early: the reply stays within its bound. */
static void pages_are_bounded_in_bytes(void **state)
{
	struct store_rig *rig = *state;
	static char big[16000];
	struct store_list in = {
	    .tenant = RIG_TENANT, .user = RIG_USER, .from_ms = INT64_MAX, .limit = 500};
	struct store_call call;
	unsigned n = 0;

	memset(big, 'x', sizeof(big));
	for (int i = 0; i < 60; i++) {
		struct store_create c = rig_create_input(RIG_USER, NULL);

		c.claims = sd_slice(big, sizeof(big));
		c.max_per_user = 0;
		assert_int_equal(rig_create(rig, &c, &call), STORE_OK);
		store_call_release(&call);
	}
	do {
		page(rig, &in, &call);
		assert_true(call.row_count < 40);
		n += call.row_count;
		store_call_release(&call);
	} while (in.from_ms != -1);
	assert_int_equal(n, 60);
	assert_int_equal(rig->lost, 0);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(pages_are_complete),
	    TEST(newest_first_ended_too),
	    TEST(one_bad_record_hides_no_other),
	    TEST(nobody),
	    TEST(pages_are_bounded_in_bytes),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
