/* SPDX-License-Identifier: MIT
 * The query of the audit records: what is misspelt is refused; a cursor has all of an entry's id. */
#include "base.h"

#include "audit_query.h"
#include "worker_rig.h"

static enum step read_query(struct worker_rig *rig, const char *query, struct audit_query *q)
{
	return audit_query_read(worker_rig_message(rig, query, NULL, NULL), q);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "userid=x", "limit=0", "limit=501", "limit=1&limit=1", "from_at=1.5", "to_at=-1", "from_at=",
	    "event=session", "event=", "session_id=x", "user_id=", "user_id=a%00b", "cursor=", "cursor=AAAA",
	    "status=active", "to_at=99999999999999999",
	};
	struct audit_query q;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_int_equal(read_query(*state, bad[i], &q), STEP_DONE);
}

static void test_taken(void **state)
{
	struct audit_query q;
	assert_int_equal(read_query(*state, "", &q), STEP_NEXT);
	assert_int_equal(q.page.limit, 50);
	assert_int_equal(q.from_s, 0);
	assert_true(q.to_s == INT64_MAX);
	assert_int_equal(read_query(*state, "user_id=a%2Fb&event=session.ended&from_at=5&to_at=7&limit=3", &q),
			 STEP_NEXT);
	assert_true(sd_slice_is(q.user, "a/b") && sd_slice_is(q.event, "session.ended"));
	assert_int_equal(q.from_s, 5);
	assert_int_equal(q.to_s, 7);
	assert_int_equal(q.page.limit, 3);
}

static void test_cursor(void **state)
{
	struct cursor c = audit_cursor_of(1700000000123, UINT64_C(0x0123456789abcdef));
	(void)state;
	assert_true(c.ms == 1700000000123 && audit_cursor_seq(&c) == UINT64_C(0x0123456789abcdef));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_refused),
	    TEST(test_taken),
	    cmocka_unit_test(test_cursor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
