/* SPDX-License-Identifier: MIT
 * What is asked of the counts: whole hours, at most 31 days of them; what is misspelt is refused. */
#include "base.h"

#include "analytics.h"
#include "worker_rig.h"

static struct http_msg msg;

static enum step parse(struct worker_rig *rig, const char *query, enum store_tally_what what)
{
	struct request *r = worker_rig_request(rig, RIG_A);
	msg.query = sd_slice_str(query);
	r->msg = &msg;
	return analytics_parse(r, what);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {"from_at=x",	   "to_at=1&to_at=2",	"from_at=9&to_at=9",
					  "from_at=1&to_at=2682002", "bucket=day", "bucket=", "hour=1",
					  "to_at=0",	   "to_at=99999999999999999"};
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_int_equal(parse(*state, bad[i], TALLY_SESSIONS), STEP_DONE);
	assert_int_equal(parse(*state, "bucket=hour", TALLY_SUMMARY), STEP_DONE);
}

static void test_hours(void **state)
{
	struct worker_rig *rig = *state;
	static const struct {
		const char *query;
		int64_t from, to;
	} rows[] = {{"from_at=3600&to_at=7200", 1, 1}, {"from_at=3599&to_at=7201", 0, 2},
		    {"from_at=0&to_at=2678400&bucket=hour", 0, 743}, {"from_at=1&to_at=2682001", 0, 745}, {"to_at=1", 0, 0}};
	const struct analytics *a;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		assert_int_equal(parse(rig, rows[i].query, TALLY_SESSIONS), STEP_NEXT);
		a = rig->r.state;
		assert_int_equal(a->from_hour, rows[i].from);
		assert_int_equal(a->to_hour, rows[i].to);
	}
	assert_int_equal(parse(rig, "", TALLY_SESSIONS), STEP_NEXT);
	a = rig->r.state;
	assert_int_equal(a->to_hour, RIG_WALL_MS / 1000 / 3600);
	assert_int_equal(a->to_hour - a->from_hour, 24);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_refused), TEST(test_hours)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
