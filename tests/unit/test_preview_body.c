/* SPDX-License-Identifier: MIT
 * A policy document over the policy in force: what touches live sessions is read, what does not is
 * passed over, what is no policy is refused at its place. */
#include "base.h"

#include "preview_body.h"
#include "worker_rig.h"

static enum step read_body(struct worker_rig *rig, const char *body, struct preview_policy *p)
{
	struct request *r = worker_rig_message(rig, NULL, NULL, body);
	*p = preview_policy_of(r);
	return preview_body_read(r, p);
}

static void test_what_is_read(void **state)
{
	struct preview_policy p, was = {0};
	assert_int_equal(read_body(*state, "{}", &was), STEP_NEXT);
	assert_int_equal(read_body(*state,
				   "{\"tenant\":\"brand-a\",\"sessions\":{\"idle_timeout\":\"10m\","
				   "\"absolute_timeout\":7200,\"touch_interval\":\"30s\",\"remember_me\":"
				   "{\"idle_timeout\":\"1d12h\",\"absolute_timeout\":\"30d\"},"
				   "\"max_per_user\":3,\"on_limit\":\"reject\"},\"binding\":{\"ip\":"
				   "{\"mode\":\"revoke\",\"prefix_v4\":16},\"device\":\"step_up\"}}",
				   &p),
			 STEP_NEXT);
	assert_int_equal(p.idle_s, 600);
	assert_int_equal(p.absolute_s, 7200);
	assert_int_equal(p.touch_interval_s, 30);
	assert_int_equal(p.remember_idle_s, 129600);
	assert_int_equal(p.remember_absolute_s, 2592000);
	assert_int_equal(p.max_per_user, 3);
	assert_int_equal(p.bind_ip, BINDING_REVOKE);
	assert_int_equal(p.bind_ip_v4, 16);
	assert_int_equal(p.bind_ip_v6, was.bind_ip_v6);
	assert_int_equal(p.bind_user_agent, was.bind_user_agent);
	assert_int_equal(p.bind_device, BINDING_STEP_UP);
}

/* The levels of the document replace those in force; without any, those stay. */
static void test_levels(void **state)
{
	struct preview_policy p;
	worker_rig_level(*state, RIG_A, (struct rig_level){.name = "low", .idle_s = 60});
	worker_rig_adopt(*state, 8);
	assert_int_equal(read_body(*state, "{}", &p), STEP_NEXT);
	assert_true(sd_slice_is(p.levels, "\nlow 60 0 0 "));
	assert_int_equal(read_body(*state,
				   "{\"devices\":{\"trust\":{\"none\":{\"idle_timeout\":\"5m\","
				   "\"absolute_timeout\":0},\"kiosk\":{\"max_per_user\":2,\"step_up\":"
				   "\"urn:mfa\"}}}}",
				   &p),
			 STEP_NEXT);
	assert_true(sd_slice_is(p.levels, "\nnone 300 0 0 \nkiosk 0 0 2 urn:mfa"));
	assert_int_equal(read_body(*state, "{\"devices\":{\"trust\":{}}}", &p), STEP_NEXT);
	assert_int_equal(p.levels.n, 0);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "[]", "{", "1", "{\"session\":{}}", "{\"sessions\":[]}", "{\"sessions\":null}",
	    "{\"sessions\":{\"idle\":5}}", "{\"sessions\":{\"idle_timeout\":\"5\"}}",
	    "{\"sessions\":{\"idle_timeout\":\"m\"}}", "{\"sessions\":{\"idle_timeout\":0}}",
	    "{\"sessions\":{\"idle_timeout\":-5}}", "{\"sessions\":{\"idle_timeout\":1.5}}",
	    "{\"sessions\":{\"idle_timeout\":\"9999999999d\"}}",
	    "{\"sessions\":{\"idle_timeout\":\"20d\",\"absolute_timeout\":\"1d\"}}",
	    "{\"sessions\":{\"touch_interval\":\"10d\"}}", "{\"sessions\":{\"max_per_user\":0}}",
	    "{\"sessions\":{\"max_per_user\":\"5\"}}", "{\"binding\":{\"ip\":\"off\"}}",
	    "{\"binding\":{\"device\":\"on\"}}", "{\"sessions\":{\"remember_me\":{\"max\":1}}}",
	    "{\"sessions\":{},\"sessions\":{}}", "{\"devices\":{\"trusted\":{}}}",
	    "{\"devices\":{\"trust\":[]}}", "{\"devices\":{\"trust\":{\"a b\":{}}}}",
	    "{\"devices\":{\"trust\":{\"low\":5}}}", "{\"devices\":{\"trust\":{\"low\":{\"idle\":1}}}}",
	    "{\"devices\":{\"trust\":{\"low\":{\"step_up\":\"a b\"}}}}",
	    "{\"devices\":{\"trust\":{\"low\":{\"max_per_user\":1001}}}}",
	};
	struct preview_policy p;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		if (read_body(*state, bad[i], &p) != STEP_DONE)
			fail_msg("taken: %s", bad[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_what_is_read), TEST(test_levels), TEST(test_refused)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
