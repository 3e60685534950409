/* SPDX-License-Identifier: MIT
 * A session as its owner sees it: all that there is, nothing that is not, no secret, valid JSON. */
#include "base.h"

#include "err.h"
#include "json_in.h"
#include "session_json.h"
#include "worker_rig.h"

#define NOW_S (RIG_WALL_MS / 1000)
#define SID "BwEAAAAAAAAAAAAAAAAAAA"
#define HEAD "{\"session_id\":\"" SID "\",\"user_id\":\"alice\",\"tenant_id\":\"brand-a\",\"client_id\":\"mobile\","

static struct session plain(void)
{
	return (struct session){.sid = {{7, 1}},
				.status = SESSION_ACTIVE,
				.mode = SESSION_MODE_TOKEN,
				.created_ms = (NOW_S - 100) * 1000,
				.seen_ms = (NOW_S - 50) * 1000,
				.idle_s = 1800,
				.absolute_s = 36000,
				.request_count = 3,
				.user = SD_SLICE("alice"),
				.client = SD_SLICE("mobile")};
}

static const char *shown(struct request *r, const struct session *s, struct sd_slice data)
{
	sd_buf_reset(&r->body);
	session_json_data(r, &r->body, s, data);
	assert_int_equal(json_check(sd_buf_slice(&r->body), NULL), SD_OK);
	sd_buf_char(&r->body, '\0');
	return r->body.p;
}

static void holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
}

static void test_the_least(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct session s = plain();
	char want[512];
	(void)snprintf(want, sizeof(want),
		       HEAD "\"status\":\"active\",\"created_at\":%lld,\"last_seen_at\":%lld,\"expires_at\":%lld,"
			    "\"idle_expires_at\":%lld,\"request_count\":3,\"remember_me\":false,\"mode\":\"token\"}",
		       NOW_S - 100, NOW_S - 50, NOW_S + 35900, NOW_S + 1750);
	assert_string_equal(shown(r, &s, SD_SLICE("")), want);
	sd_buf_reset(&r->body);
	session_json(r, &r->body, &s);
	assert_true(sd_slice_is(sd_buf_slice(&r->body), want));
}

static void test_all_of_it(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct session s = plain();
	s.mode = SESSION_MODE_BOTH;
	s.remember_me = true;
	s.auth_time_s = 7;
	s.user = SD_SLICE("al\"ice\\");
	s.scope = SD_SLICE("read write");
	s.acr = SD_SLICE("high");
	s.amr = SD_SLICE("[\"pwd\"]");
	s.claims = SD_SLICE("{\"plan\":\"gold\"}");
	s.ip = SD_SLICE("192.0.2.1");
	s.user_agent = SD_SLICE("<script>");
	s.device_name = SD_SLICE("my phone");
	s.device_fingerprint = SD_SLICE("f1ngerprint");
	s.binding = SD_SLICE("b1nding");
	s.data = SD_SLICE("s3aled");
	memset(s.session_hash, 0xab, sizeof(s.session_hash));
	const char *text = shown(r, &s, SD_SLICE("{\"cart\":[1]}"));
	holds(text, "\"user_id\":\"al\\\"ice\\\\\"");
	holds(text, ",\"auth_time_at\":7,\"request_count\":3,\"remember_me\":true,\"mode\":\"both\",\"scope\":\"read write\","
		    "\"acr\":\"high\",\"amr\":[\"pwd\"],\"claims\":{\"plan\":\"gold\"},\"ip\":\"192.0.2.1\",");
	holds(text, ",\"device\":{\"id\":\"\",\"name\":\"my phone\"},\"data\":{\"cart\":[1]}}");
	assert_null(strstr(text, "f1ngerprint"));
	assert_null(strstr(text, "b1nding"));
	assert_null(strstr(text, "s3aled"));
	assert_null(strstr(text, "\"current\""));
}

static void test_which_is_his(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct session s = plain();
	r->caller.user = true;
	r->caller.sid = s.sid;
	holds(shown(r, &s, SD_SLICE("")), ",\"current\":true}");
	r->caller.sid.b[15] = 1;
	holds(shown(r, &s, SD_SLICE("")), ",\"current\":false}");
}

/* Whatever ended it: the record, a clock, a rule. */
static void test_how_it_ended(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct session s = plain();
	s.status = SESSION_ENDED;
	s.end_reason = END_ADMIN;
	s.ended_ms = (NOW_S - 9) * 1000;
	char want[64];
	(void)snprintf(want, sizeof(want), "\"ended_at\":%lld", NOW_S - 9);
	holds(shown(r, &s, SD_SLICE("")), "\"status\":\"ended\",\"end_reason\":\"admin\"");
	holds(shown(r, &s, SD_SLICE("")), want);
	s = plain();
	s.created_ms = (NOW_S - 36000) * 1000;
	holds(shown(r, &s, SD_SLICE("")), "\"status\":\"ended\",\"end_reason\":\"absolute\"");
	s = plain();
	shm_revoke_w_tenant(rig->revocations, r->tenant->slot, NOW_S);
	holds(shown(r, &s, SD_SLICE("")), "\"status\":\"ended\",\"end_reason\":\"tenant\"");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_the_least),
	    TEST(test_all_of_it),
	    TEST(test_which_is_his),
	    TEST(test_how_it_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
