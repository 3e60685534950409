/* SPDX-License-Identifier: MIT
 * Clocks are the shorter of creation's and today's policy; ended beats expired beats idle. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "session_rules.h"

static const struct policy_tenant tenant = {
    .idle_s = 100,
    .absolute_s = 1000,
    .remember_idle_s = 500,
    .remember_absolute_s = 5000,
    .access_ttl_s = 600,
};

static struct session active(void)
{
	return (struct session){.status = SESSION_ACTIVE,
				.created_ms = 1000000,
				.seen_ms = 1000000,
				.idle_s = 100,
				.absolute_s = 1000};
}

static enum session_fate fate(const struct session *s, int64_t seen_ms, int64_t now_ms)
{
	struct session_clocks clocks;
	return session_fate((struct session_policy){NULL, &tenant}, s, seen_ms, now_ms, &clocks);
}

static void test_clocks_to_the_second(void **state)
{
	struct session s = active();
	(void)state;
	assert_int_equal(fate(&s, 0, 1000000 + 99999), FATE_ACTIVE);
	assert_int_equal(fate(&s, 0, 1000000 + 100000), FATE_IDLE);
	assert_int_equal(fate(&s, 1050000, 1000000 + 149999), FATE_ACTIVE);
	assert_int_equal(fate(&s, 1050000, 1000000 + 150000), FATE_IDLE);
	assert_int_equal(fate(&s, 1990000, 1000000 + 999999), FATE_ACTIVE);
	assert_int_equal(fate(&s, 1999999, 1000000 + 1000000), FATE_EXPIRED);
	s.status = SESSION_ENDED;
	assert_int_equal(fate(&s, 1999999, 1000000 + 1000000), FATE_ENDED);
	s.status = SESSION_GONE;
	assert_int_equal(fate(&s, 0, 1000001), FATE_ENDED);
}

/* What another worker saw and has not told yet is at most a touch interval old. */
static void test_idle_waits_for_what_is_not_told_yet(void **state)
{
	struct policy_tenant t = tenant;
	struct session s = active();
	struct session_clocks clocks;
	(void)state;
	t.touch_interval_s = 30;
	s.seen_ms += 999;
	assert_int_equal(session_fate((struct session_policy){NULL, &t}, &s, 0, 1000999 + 129999, &clocks), FATE_ACTIVE);
	assert_int_equal(clocks.idle_at_s, 1100); /* what is said is the clock itself */
	assert_int_equal(session_fate((struct session_policy){NULL, &t}, &s, 0, 1000999 + 130000, &clocks), FATE_IDLE);
	assert_int_equal(session_fate((struct session_policy){NULL, &t}, &s, 1990000, 1000000 + 1000000, &clocks), FATE_EXPIRED);
}

static void test_the_shorter_clock_counts(void **state)
{
	struct session s = active();
	struct session_clocks clocks;
	(void)state;
	s.idle_s = 50; /* the policy was stricter at creation */
	session_clocks((struct session_policy){NULL, &tenant}, &s, 0, &clocks);
	assert_int_equal(clocks.idle_at_s, 1050);
	s.idle_s = 5000; /* it is stricter now */
	s.absolute_s = 90000;
	session_clocks((struct session_policy){NULL, &tenant}, &s, 0, &clocks);
	assert_int_equal(clocks.idle_at_s, 1100);
	assert_int_equal(clocks.absolute_at_s, 2000);
	s.remember_me = true;
	session_clocks((struct session_policy){NULL, &tenant}, &s, 0, &clocks);
	assert_int_equal(clocks.idle_at_s, 1500);
	assert_int_equal(clocks.absolute_at_s, 6000);
	session_clocks((struct session_policy){NULL, &tenant}, &s, 5900000, &clocks); /* never beyond the absolute end */
	assert_int_equal(clocks.idle_at_s, 6000);
}

/* An image with two levels of trust, as far as the rules read one. */
static struct {
	struct policy_level level[2];
	char text[64];
	struct policy_tenant t;
} image = {.text = "none\0low\0mfa\0\nnone 0 300 0 \nlow 50 0 0 mfa"};

static struct session_policy trusting(void)
{
	static struct policy_view v;
	const uint32_t text = (uint32_t)((char *)image.text - (char *)&image);
	v.image = (const struct policy_image *)(const void *)&image;
	image.level[0] = (struct policy_level){.name = {text, 4}, .step_up = {text + 4, 0}, .absolute_s = 300};
	image.level[1] = (struct policy_level){.name = {text + 5, 3}, .step_up = {text + 9, 3}, .idle_s = 50};
	image.t = tenant;
	image.t.levels = (struct pi_list){0, 2};
	image.t.levels_text = (struct pi_str){text + 13, 29};
	return (struct session_policy){&v, &image.t};
}

static void test_trust_only_shortens(void **state)
{
	struct session s = active();
	struct session_clocks clocks;
	struct session_policy p = trusting();
	struct sd_slice acr;
	(void)state;
	session_clocks(p, &s, 0, &clocks); /* no trust is known */
	assert_int_equal(clocks.idle_at_s, 1100);
	assert_int_equal(clocks.absolute_at_s, 1300);
	assert_false(session_must_step_up(p, &s, &acr));
	s.device_trust = SD_SLICE("low");
	session_clocks(p, &s, 0, &clocks);
	assert_int_equal(clocks.idle_at_s, 1050);
	assert_int_equal(clocks.absolute_at_s, 2000);
	assert_int_equal(session_fate(p, &s, 0, 1050000, &clocks), FATE_IDLE);
	assert_true(session_must_step_up(p, &s, &acr));
	assert_true(sd_slice_is(acr, "mfa"));
	s.acr = SD_SLICE("mfa");
	assert_false(session_must_step_up(p, &s, &acr));
	s.remember_me = true;
	s.idle_s = s.absolute_s = 5000;
	session_clocks(p, &s, 0, &clocks);
	assert_int_equal(clocks.idle_at_s, 1050);
	assert_int_equal(clocks.absolute_at_s, 6000);
	s.device_trust = SD_SLICE("high"); /* an absent level changes nothing */
	session_clocks(p, &s, 0, &clocks);
	assert_int_equal(clocks.idle_at_s, 1500);
	assert_int_equal(session_least_idle_s(p, true), 50);
	assert_true(session_may_step_up(p));
	assert_true(sd_slice_is(session_clocks_now(p).levels, image.text + 13));
	assert_false(session_may_step_up((struct session_policy){NULL, &tenant}));
	assert_int_equal(session_least_idle_s((struct session_policy){NULL, &tenant}, true), 500);
}

static void test_hostile_durations_do_not_overflow(void **state)
{
	struct session s = active();
	(void)state;
	s.idle_s = s.absolute_s = INT64_MAX;
	assert_int_equal(fate(&s, 0, 1000000 + 99999), FATE_ACTIVE);
	s.idle_s = s.absolute_s = 0;
	assert_int_equal(fate(&s, 0, 1000000), FATE_EXPIRED);
}

static void test_jitter_only_shortens(void **state)
{
	struct policy_tenant t = tenant;
	(void)state;
	assert_int_equal(session_access_ttl_s(&t, 12345), 600);
	t.jitter_permille = 100;
	for (uint32_t random = 0; random < 1000; random++)
		assert_in_range(session_access_ttl_s(&t, random * 7919), 540, 600);
	assert_int_equal(session_access_ttl_s(&t, 60), 540);
	t.access_ttl_s = 1;
	t.jitter_permille = 1000;
	assert_int_equal(session_access_ttl_s(&t, 1), 1);
}

static void test_scope_words(void **state)
{
	static const struct {
		const char *granted, *wanted;
		const char *lacks;
	} cases[] = {
	    {"read write", "read", ""},	    {"read write", "write read", ""},
	    {"read write", "", ""},	    {"", "read", "read"},
	    {"read write", "rea", "rea"},   {"read", "read write", "write"},
	    {"reader", "read", "read"},	    {"read  write", " write ", ""},
	    {"b", "a  b c", "a"},
	};
	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++)
		assert_true(sd_slice_is(session_scope_lacks(sd_slice_str(cases[i].granted),
							    sd_slice_str(cases[i].wanted)),
					cases[i].lacks));
}

static void test_what_is_kept_of_an_address(void **state)
{
	char out[64];
	(void)state;
	assert_true(
	    sd_slice_is(session_keep_ip(PRIVACY_FULL, SD_SLICE("192.0.2.77"), out), "192.0.2.77"));
	assert_true(sd_slice_is(session_keep_ip(PRIVACY_TRUNCATE, SD_SLICE("192.0.2.77"), out),
				"192.0.2.0"));
	assert_true(sd_slice_is(session_keep_ip(PRIVACY_TRUNCATE, SD_SLICE("2001:db8:1:2::3"), out),
				"2001:db8:1::"));
	assert_int_equal(session_keep_ip(PRIVACY_TRUNCATE, SD_SLICE("nonsense"), out).n, 0);
	assert_int_equal(session_keep_ip(PRIVACY_HASH, SD_SLICE("192.0.2.77"), out).n, 0);
	assert_int_equal(session_keep_ip(PRIVACY_OFF, SD_SLICE("192.0.2.77"), out).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_clocks_to_the_second),
	    cmocka_unit_test(test_idle_waits_for_what_is_not_told_yet),
	    cmocka_unit_test(test_the_shorter_clock_counts),
	    cmocka_unit_test(test_trust_only_shortens),
	    cmocka_unit_test(test_hostile_durations_do_not_overflow),
	    cmocka_unit_test(test_jitter_only_shortens),
	    cmocka_unit_test(test_scope_words),
	    cmocka_unit_test(test_what_is_kept_of_an_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
