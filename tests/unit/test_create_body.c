/* SPDX-License-Identifier: MIT
 * The body of POST /sessions: each field up to its bound and no further, and what is filled in. */
#include "base.h"

#include "create_body.h"
#include "err.h"
#include "worker_rig.h"

static struct store_create in;

/* The refusal, "" = taken. members: what stands beside the user. */
static const char *made(struct worker_rig *rig, const char *members)
{
	static char body[8192];
	(void)snprintf(body, sizeof(body), "{\"user_id\":\"alice\"%s%s}", members[0] ? "," : "", members);
	struct request *r = worker_rig_message(rig, NULL, NULL, body);
	r->caller.id = SD_SLICE("mobile");
	memset(&in, 0, sizeof(in));
	bool taken = create_body_read(r, &in) == STEP_NEXT;
	assert_int_equal(taken, rig->c.out.len == 0);
	return worker_rig_refusal(rig);
}

static void test_the_least(void **state)
{
	assert_string_equal(made(*state, ""), "");
	assert_true(sd_slice_is(in.user, "alice") && sd_slice_is(in.client, "mobile"));
	assert_true(sd_slice_is(in.audience, "[]") && sd_slice_is(in.data, "{}"));
	assert_int_equal(in.mode, SESSION_MODE_TOKEN);
	assert_false(in.remember_me || in.has_replaces);
	const struct sd_slice empty[] = {in.scope, in.acr, in.amr, in.claims, in.ip, in.user_agent, in.device_id};
	for (size_t i = 0; i < SD_ARRAY_LEN(empty); i++)
		assert_true(empty[i].p && empty[i].n == 0); /* the store is sent each of them */
}

static void test_all_of_it(void **state)
{
	worker_rig_tenant(*state, RIG_A)->data_bytes = 100;
	worker_rig_adopt(*state, 9);
	assert_string_equal(
	    made(*state, "\"client_id\":\"web\",\"audience\":\"api-a\",\"scope\":\"a b\",\"claims\":{\"plan\":1},"
			 "\"acr\":\"high\",\"amr\":[\"pwd\",\"otp\"],\"auth_time_at\":5,\"remember_me\":true,"
			 "\"ip\":\"2001:db8::1\",\"user_agent\":\"x\",\"device\":{\"id\":\"d1\",\"name\":\"n\","
			 "\"type\":\"phone\",\"fingerprint\":\"f\",\"trust\":\"high\"},\"data\":{ \"a\" : 1 },"
			 "\"mode\":\"both\",\"replaces\":\"AAECAwQFBgcICQoLDA0ODw\""),
	    "");
	assert_true(sd_slice_is(in.client, "web") && sd_slice_is(in.audience, "[\"api-a\"]"));
	assert_true(sd_slice_is(in.scope, "a b") && sd_slice_is(in.claims, "{\"plan\":1}"));
	assert_true(sd_slice_is(in.amr, "[\"pwd\",\"otp\"]") && sd_slice_is(in.acr, "high"));
	assert_int_equal(in.auth_time_s, 5);
	assert_true(in.remember_me && in.mode == SESSION_MODE_BOTH);
	assert_true(sd_slice_is(in.ip, "2001:db8::1") && sd_slice_is(in.device_type, "phone"));
	assert_true(sd_slice_is(in.device_trust, "high") && sd_slice_is(in.device_fingerprint, "f"));
	assert_true(sd_slice_is(in.data, "{\"a\":1}"));
	assert_true(in.has_replaces && in.replaces.b[15] == 15);
	assert_string_equal(made(*state, "\"audience\":[\"api-a\",\"api-b\"],\"mode\":\"cookie\""), "");
	assert_true(sd_slice_is(in.audience, "[\"api-a\",\"api-b\"]"));
	assert_int_equal(in.mode, SESSION_MODE_COOKIE);
}

static void test_refused_at_their_place(void **state)
{
	static const struct {
		const char *members, *refusal;
	} rows[] = {
	    {"\"client_id\":\"nobody\"", "field-invalid /client_id"},
	    {"\"client_id\":\"Mobile\"", "field-invalid /client_id"},
	    {"\"audience\":\"api-c\"", "field-invalid /audience"},
	    {"\"audience\":[\"api-a\",\"\"]", "field-invalid /audience"},
	    {"\"audience\":[1]", "field-invalid /audience"},
	    {"\"audience\":[\"a\\n\"]", "field-invalid /audience"},
	    {"\"amr\":[\"a\\u001b\"]", "field-invalid /amr"},
	    {"\"amr\":[\"\\u009b2J\"]", "field-invalid /amr"},
	    {"\"device\":{\"name\":\"a\\u001b[2J\"}", "field-invalid /device/name"},
	    {"\"device\":{\"fingerprint\":\"\\u0085\"}", "field-invalid /device/fingerprint"},
	    {"\"audience\":\"\"", "field-invalid /audience"},
	    {"\"scope\":\" a\"", "field-invalid /scope"},
	    {"\"scope\":\"a  b\"", "field-invalid /scope"},
	    {"\"scope\":\"a b \"", "field-invalid /scope"},
	    {"\"scope\":\"a\\\"b\"", "field-invalid /scope"},
	    {"\"scope\":\"\\u00e9\"", "field-invalid /scope"},
	    {"\"claims\":{\"sub\":\"root\"}", "field-invalid /claims"},
	    {"\"claims\":{\"s\\u0075b\":\"root\"}", "field-invalid /claims"},
	    {"\"claims\":{\"cnf\":{}}", "field-invalid /claims"},
	    {"\"claims\":[]", "field-invalid /claims"},
	    {"\"amr\":[\"\"]", "field-invalid /amr"},
	    {"\"amr\":[1]", "field-invalid /amr"},
	    {"\"auth_time_at\":0", "field-invalid /auth_time_at"},
	    {"\"auth_time_at\":-1", "field-invalid /auth_time_at"},
	    {"\"auth_time_at\":1.5", "field-invalid /auth_time_at"},
	    {"\"ip\":\"192.0.2.256\"", "field-invalid /ip"},
	    {"\"ip\":\"192.0.2.1/24\"", "field-invalid /ip"},
	    {"\"ip\":\"::1%lo\"", "field-invalid /ip"},
	    {"\"ip\":\"localhost\"", "field-invalid /ip"},
	    {"\"device\":{\"id\":\"a b\"}", "field-invalid /device/id"},
	    {"\"device\":{\"id\":\"\"}", "field-invalid /device/id"},
	    {"\"device\":{\"id\":5}", "field-invalid /device/id"},
	    {"\"device\":{\"trust\":\"<\"}", "field-invalid /device/trust"},
	    {"\"device\":{\"ID\":\"a\"}", "unknown-field /device/ID"},
	    {"\"mode\":\"Cookie\"", "field-invalid /mode"},
	    {"\"replaces\":\"AAECAwQFBgcICQoLDA0OD\"", "field-invalid /replaces"},
	    {"\"replaces\":\"sds_AAAA\"", "field-invalid /replaces"},
	    {"\"user\":\"x\"", "unknown-field /user"},
	    {"\"user_id\":\"bob\"", "json-malformed"},
	};
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++)
		if (strcmp(made(*state, rows[i].members), rows[i].refusal) != 0)
			fail_msg("%s: %s", rows[i].members, made(*state, rows[i].members));
}

#define FOUR "\"a\",\"a\",\"a\",\"a\""

/* The last that is taken, and the first that is not. */
static void test_bounds(void **state)
{
	char members[2200], text[1100];
	assert_string_equal(made(*state, "\"amr\":[" FOUR "," FOUR "," FOUR "," FOUR "]"), "");
	assert_string_equal(made(*state, "\"amr\":[" FOUR "," FOUR "," FOUR "," FOUR ",\"a\"]"), "field-invalid /amr");
	memset(text, 'x', sizeof(text));
	(void)snprintf(members, sizeof(members), "\"auth_time_at\":%lld", RIG_WALL_MS / 1000 + 5);
	assert_string_equal(made(*state, members), "");
	(void)snprintf(members, sizeof(members), "\"auth_time_at\":%lld", RIG_WALL_MS / 1000 + 6);
	assert_string_equal(made(*state, members), "field-invalid /auth_time_at");
	(void)snprintf(members, sizeof(members), "\"device\":{\"id\":\"%.64s\",\"name\":\"%.128s\"}", text, text);
	assert_string_equal(made(*state, members), "");
	(void)snprintf(members, sizeof(members), "\"device\":{\"id\":\"%.65s\"}", text);
	assert_string_equal(made(*state, members), "field-invalid /device/id");
	(void)snprintf(members, sizeof(members), "\"device\":{\"name\":\"%.129s\"}", text);
	assert_string_equal(made(*state, members), "field-invalid /device/name");
	(void)snprintf(members, sizeof(members), "\"user_agent\":\"%.1024s\",\"scope\":\"%.1024s\"", text, text);
	assert_string_equal(made(*state, members), "");
	(void)snprintf(members, sizeof(members), "\"user_agent\":\"%.1025s\"", text);
	assert_string_equal(made(*state, members), "field-invalid /user_agent");
	(void)snprintf(members, sizeof(members), "\"amr\":[\"%.64s\"]", text);
	assert_string_equal(made(*state, members), "");
	(void)snprintf(members, sizeof(members), "\"amr\":[\"%.65s\"]", text);
	assert_string_equal(made(*state, members), "field-invalid /amr");
}

/* Fields that are each within their bounds, and a token that nobody would accept. */
static void test_all_fit_into_a_token(void **state)
{
	static char members[6000], text[4100];
	memset(text, 'x', sizeof(text));
	(void)snprintf(members, sizeof(members), "\"claims\":{\"x\":\"%.4000s\"},\"scope\":\"%.1000s\"", text, text);
	assert_string_equal(made(*state, members), "");
	(void)snprintf(members, sizeof(members), "\"claims\":{\"x\":\"%.4000s\"},\"scope\":\"%.1000s\",\"acr\":\"%.128s\"",
		       text, text, text);
	assert_string_equal(made(*state, members), "field-invalid /claims");
	(void)snprintf(members, sizeof(members), "\"claims\":{\"x\":\"%.4085s\"},\"scope\":\"%.960s\"", text, text);
	assert_string_equal(made(*state, members), "");
}

static void test_data_up_to_the_policy(void **state)
{
	worker_rig_tenant(*state, RIG_A)->data_bytes = 9;
	worker_rig_adopt(*state, 9);
	assert_string_equal(made(*state, "\"data\":{ \"abc\" : 1 }"), "");
	assert_string_equal(made(*state, "\"data\":{\"abcd\":1}"), "data-too-large /data");
	assert_string_equal(made(*state, "\"data\":[]"), "field-invalid /data");
	worker_rig_tenant(*state, RIG_A)->data_bytes = 0;
	worker_rig_adopt(*state, 10);
	assert_string_equal(made(*state, "\"data\":{}"), "");
	assert_string_equal(made(*state, "\"data\":{\"a\":1}"), "data-too-large /data");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_the_least),
	    TEST(test_all_of_it),
	    TEST(test_refused_at_their_place),
	    TEST(test_bounds),
	    TEST(test_all_fit_into_a_token),
	    TEST(test_data_up_to_the_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
