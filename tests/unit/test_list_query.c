/* SPDX-License-Identifier: MIT
 * The query of a list: what is misspelt is refused, and a record fits or does not. */
#include "base.h"

#include "list_query.h"
#include "worker_rig.h"

static enum step read_query(struct worker_rig *rig, const char *query, struct list_query *q)
{
	return list_query_read(worker_rig_message(rig, query, NULL, NULL), true, q);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "userid=x",      "limit=0",		 "limit=501",	       "limit=",
	    "limit=1&limit=1", "status=Active",	 "active_only=yes",    "ip=1.2.3",
	    "ip=",	     "device_id=",	 "client_id=%20",      "created_after_at=1.5",
	    "cursor=AAAA",   "cursor=",		 "user_id=a%00b",      "status=ended&active_only=true",
	    "ip=::1&ip=::1", "created_before_at=99999999999999999",
	};
	struct list_query q;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_int_equal(read_query(*state, bad[i], &q), STEP_DONE);
}

static void test_each_filter(void **state)
{
	struct worker_rig *rig = *state;
	static const struct {
		const char *query;
		bool fits;
	} rows[] = {
	    {"", true},
	    {"user_id=alice", true},
	    {"user_id=alic", false},
	    {"device_id=d1&client_id=web", true},
	    {"device_id=d2", false},
	    {"client_id=d1", false},
	    {"ip=192.0.2.1", true},
	    {"ip=::ffff:192.0.2.1", true},
	    {"ip=192.0.2.2", false},
	    {"status=active", true},
	    {"status=ended", false},
	    {"active_only=true", true},
	    {"active_only=false&limit=500", true},
	};
	struct session s = {.status = SESSION_ACTIVE, .created_ms = RIG_WALL_MS - 5000,
			    .seen_ms = RIG_WALL_MS - 5000, .idle_s = 1800, .absolute_s = 36000,
			    .user = SD_SLICE("alice"), .client = SD_SLICE("web"),
			    .device_id = SD_SLICE("d1"), .ip = SD_SLICE("192.0.2.1")};
	struct list_query q;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		assert_int_equal(read_query(rig, rows[i].query, &q), STEP_NEXT);
		assert_int_equal(list_query_fits(&rig->r, &q, &s), rows[i].fits);
	}
}

static void test_times_and_retention(void **state)
{
	struct worker_rig *rig = *state;
	int64_t made = RIG_WALL_MS / 1000 - 5;
	struct session s = {.status = SESSION_ENDED, .created_ms = made * 1000 + 999,
			    .seen_ms = made * 1000, .ended_ms = made * 1000, .idle_s = 1800,
			    .absolute_s = 36000};
	struct list_query q;
	char text[64];
	for (int d = -1; d <= 1; d++) {
		(void)snprintf(text, sizeof(text), "created_after_at=%lld", (long long)made + d);
		assert_int_equal(read_query(rig, text, &q), STEP_NEXT);
		assert_int_equal(list_query_fits(&rig->r, &q, &s), d <= 0);
		(void)snprintf(text, sizeof(text), "created_before_at=%lld", (long long)made + d);
		assert_int_equal(read_query(rig, text, &q), STEP_NEXT);
		assert_int_equal(list_query_fits(&rig->r, &q, &s), d == 1);
	}
	assert_int_equal(read_query(rig, "", &q), STEP_NEXT);
	s.ended_ms = RIG_WALL_MS - 59000;
	assert_true(list_query_fits(&rig->r, &q, &s));
	s.ended_ms = RIG_WALL_MS - 60000; /* the rig's policy keeps them for a minute */
	assert_false(list_query_fits(&rig->r, &q, &s));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_refused),
	    TEST(test_each_filter),
	    TEST(test_times_and_retention),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
