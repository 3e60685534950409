/* SPDX-License-Identifier: MIT
 * Validations against a real store: what the store gives is held against the table; a client's rule
 * reaches session tokens that nobody remembers; activity is told once per interval. */
#include "base.h"

#include "clock.h"
#include "err.h"
#include "handle.h"
#include "shm_fresh.h"
#include "token_check.h"
#include "worker_store.h"

#include <signal.h>

struct tokens {
	char sid[32], session[128], access[4096], refresh[128];
};

static struct tokens create(struct worker_store *s)
{
	struct tokens t;
	assert_int_equal(worker_store_ask(s, "POST /sessions",
					  "{\"user_id\":\"alice\",\"client_id\":\"web\",\"mode\":"
					  "\"both\",\"scope\":\"read\"}"),
			 201);
	(void)snprintf(t.sid, sizeof(t.sid), "%s", worker_store_member(s, "session_id"));
	(void)snprintf(t.session, sizeof(t.session), "%s", worker_store_member(s, "session_token"));
	(void)snprintf(t.access, sizeof(t.access), "%s", worker_store_member(s, "access_token"));
	(void)snprintf(t.refresh, sizeof(t.refresh), "%s", worker_store_member(s, "refresh_token"));
	return t;
}

static int validate(struct worker_store *s, const char *kind, const char *token)
{
	char body[4400];
	(void)snprintf(body, sizeof(body), "{\"%s\":\"%s\"}", kind, token);
	return worker_store_ask(s, "POST /sessions/validate", body);
}

static const char *assurance(struct worker_store *s)
{
	return worker_store_member(s, "assurance");
}

/* The user's list comes to say so: what is told aside may need a second round trip. */
static void listed(struct worker_store *s, const char *text, bool there)
{
	for (int i = 0; i < 50; i++) {
		assert_int_equal(worker_store_ask(s, "GET /sessions/user/alice", NULL), 200);
		if (!strstr(s->heard, text) == !there)
			return;
	}
	fail_msg("%s: %s", text, s->heard);
}

static void stale(struct worker_store *s)
{
	shm_fresh_clear_all(s->rig.control);
}

static void test_both_kinds_are_good(void **state)
{
	struct worker_store *s = *state;
	struct tokens t = create(s);
	assert_int_equal(validate(s, "session_token", t.session), 200);
	assert_string_equal(assurance(s), "store");
	assert_int_equal(validate(s, "session_token", t.session), 200);
	assert_string_equal(assurance(s), "fresh");
	assert_int_equal(validate(s, "access_token", t.access), 200);
	assert_string_equal(assurance(s), "fresh");
	stale(s);
	assert_int_equal(validate(s, "session_token", t.session), 200);
	assert_string_equal(assurance(s), "store");
	assert_int_equal(validate(s, "access_token", t.access), 200);
	assert_string_equal(assurance(s), "store");
	t.session[40] = t.session[40] == 'A' ? 'B' : 'A';
	assert_int_equal(validate(s, "session_token", t.session), 401);
	assert_true(worker_store_code(s, "token-signature"));
}

/* A worker that has never seen the session asks the store, which does not know the client's rule
 * unless asked by name: the table does, and where it is stale the store is asked again. */
static void test_a_clients_rule_reaches_unseen_sessions(void **state)
{
	struct worker_store *s = *state;
	struct tokens t = create(s);
	int64_t now_s = sd_clock_wall_ms() / 1000;
	shm_revoke_w_client(s->rig.revocations, 1, now_s + 10);
	assert_int_equal(validate(s, "session_token", t.session), 401);
	assert_true(worker_store_code(s, "token-revoked"));
	worker_store_fresh(state);
	t = create(s);
	stale(s);
	assert_int_equal(validate(s, "session_token", t.session), 200);
	worker_store_fresh(state);
	t = create(s);
	stale(s);
	int status,
	    client = worker_store_begin(s, "POST /sessions/revoke", "{\"client_id\":\"web\"}");
	assert_false(worker_store_wait(s, client, 20, &status)); /* nobody applies it here */
	assert_int_equal(validate(s, "session_token", t.session), 401);
	assert_true(worker_store_code(s, "token-revoked"));
	assert_int_equal(validate(s, "access_token", t.access), 401);
	assert_true(worker_store_code(s, "token-revoked"));
	for (unsigned p = 0; p < SHM_PARTITIONS; p++)
		shm_applied_set(s->rig.control, (uint8_t)p, UINT64_MAX);
	assert_true(worker_store_wait(s, client, 20, &status));
	assert_int_equal(status, 200);
}

static void obey_all(struct worker_store *s)
{
	for (unsigned p = 0; p < SHM_PARTITIONS; p++)
		shm_fresh_set(s->rig.control, (uint8_t)p, sd_clock_boot_ns() + 10 * SD_NS_PER_S);
}

/* The store has lost the session, its user logs out with any token of it: that is not forgotten. */
static void test_a_token_of_a_lost_session_is_revoked(void **state)
{
	struct worker_store *s = *state;
	static const char *const kinds[] = {"access_token", "refresh_token", "session_token"};
	char body[4400], line[64];
	for (unsigned i = 0; i < SD_ARRAY_LEN(kinds); i++) {
		struct tokens t = create(s);
		const char *const shown[] = {t.access, t.refresh, t.session};
		(void)real_redis_ask(&s->redis, "FLUSHALL");
		(void)snprintf(body, sizeof(body), "{\"%s\":\"%s\"}", kinds[i], shown[i]);
		for (int again = 0; again < 2; again++) {
			obey_all(s);
			assert_int_equal(worker_store_ask(s, "POST /sessions/revoke", body), 200);
			assert_non_null(strstr(s->heard, again ? "\"revoked\":0" : "\"revoked\":1"));
			stale(s);
		}
		(void)snprintf(line, sizeof(line), "GET /sessions/%s", t.sid);
		assert_int_equal(worker_store_ask(s, line, NULL), 200);
		assert_non_null(strstr(s->heard, "\"ended\""));
		(void)snprintf(body, sizeof(body), "{\"session_id\":\"%.21s%c\"}", t.sid,
			       t.sid[21] == 'A' ? 'Q' : 'A'); /* by its id alone: another */
		assert_int_equal(worker_store_ask(s, "POST /sessions/revoke", body), 200);
		assert_non_null(strstr(s->heard, "\"revoked\":0,\"log_position\":null"));
		worker_store_fresh(state);
	}
}

/* The store came back older than the end: the table remembers. */
static void test_an_end_that_the_store_has_lost(void **state)
{
	struct worker_store *s = *state;
	struct tokens t = create(s);
	struct sid sid;
	assert_int_equal(sid_parse(sd_slice_str(t.sid), &sid), 0);
	worker_rig_revoke(&s->rig, &sid, RIG_A, "alice");
	assert_int_equal(validate(s, "session_token", t.session), 401);
	assert_true(worker_store_code(s, "session-revoked"));
	assert_int_equal(validate(s, "access_token", t.access), 401);
	assert_true(worker_store_code(s, "session-revoked"));
	char body[256];
	(void)snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", t.refresh);
	assert_int_equal(worker_store_ask(s, "POST /sessions/refresh", body), 401);
	assert_true(worker_store_code(s, "refresh-invalid"));
}

static void test_a_client_that_was_removed(void **state)
{
	struct worker_store *s = *state;
	struct tokens t = create(s);
	worker_rig_tenant(&s->rig, RIG_A)->clients.count = 1; /* web is the second */
	struct policy_image *im = worker_rig_image(&s->rig);
	struct policy_credential *row =
	    (struct policy_credential *)(void *)(s->rig.policy.base + im->credentials.off);
	for (uint32_t i = 0; i < 3; i++)
		if (row[i].tenant == RIG_A && row[i].client == 0)
			row[0] = row[i];
	im->credentials.count = 1;
	worker_rig_adopt(&s->rig, 9);
	assert_int_equal(validate(s, "session_token", t.session), 401);
	assert_true(worker_store_code(s, "token-revoked"));
	assert_int_equal(validate(s, "access_token", t.access), 401);
	assert_true(worker_store_code(s, "token-revoked"));
	char body[256];
	(void)snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", t.refresh);
	assert_int_equal(worker_store_ask(s, "POST /sessions/refresh", body), 401);
}

static void test_activity_is_told_once_an_interval(void **state)
{
	struct worker_store *s = *state;
	worker_rig_tenant(&s->rig, RIG_A)->touch_interval_s = 0;
	worker_rig_adopt(&s->rig, 9);
	struct tokens t = create(s);
	for (int i = 0; i < 3; i++)
		assert_int_equal(validate(s, "access_token", t.access), 200);
	listed(s, "\"request_count\":3", true);
	worker_rig_tenant(&s->rig, RIG_A)->touch_interval_s = 600;
	worker_rig_adopt(&s->rig, 10);
	for (int i = 0; i < 3; i++)
		assert_int_equal(validate(s, "access_token", t.access), 200);
	listed(s, "\"request_count\":3", true);
}

/* Redis does not answer: what the tenant chose, for access tokens alone, and marked. */
static void test_an_outage_is_the_tenants_choice(void **state)
{
	struct worker_store *s = *state;
	struct policy_tenant *t = worker_rig_tenant(&s->rig, RIG_A);
	struct tokens mine = create(s);
	assert_int_equal(validate(s, "access_token", mine.access), 200);
	for (int allowed = 0; allowed < 3; allowed++) {
		t->on_store_outage = allowed > 0 ? OUTAGE_ALLOW_SIGNED : OUTAGE_DENY;
		t->allow_signed_s = allowed == 1 ? 30 : 1;
		t->max_staleness_ms = 400;
		worker_rig_adopt(&s->rig, 20 + (uint64_t)allowed);
		for (unsigned p = 0; p < SHM_PARTITIONS; p++)
			shm_fresh_set(s->rig.control, (uint8_t)p, sd_clock_boot_ns() - 5 * SD_NS_PER_S);
		assert_int_equal(kill(s->redis.pid, SIGSTOP), 0);
		int status = validate(s, "access_token", mine.access);
		bool marked = status == 200 && strcmp(assurance(s), "signed") == 0;
		int other = validate(s, "session_token", mine.session);
		assert_int_equal(kill(s->redis.pid, SIGCONT), 0);
		assert_int_equal(status, allowed == 1 ? 200 : 503);
		assert_int_equal(marked, allowed == 1);
		assert_int_equal(other, 503);
	}
}

static long long scripts_run(struct worker_store *s)
{
	const char *text = real_redis_str(&s->redis, "INFO commandstats"),
		   *at = text ? strstr(text, "cmdstat_evalsha:calls=") : NULL;
	return at ? strtoll(at + strlen("cmdstat_evalsha:calls="), NULL, 10) : 0;
}

/* More tokens than are remembered, older than the interval: each session is told of once, not with
 * each validation that finds its token forgotten. */
static void test_a_forgotten_token_is_not_told_again(void **state)
{
	struct worker_store *s = *state;
	struct tokens t[24];
	static const uint64_t secret[2] = {3, 4};
	worker_rig_tenant(&s->rig, RIG_A)->touch_interval_s = 60;
	worker_rig_tenant(&s->rig, RIG_A)->max_per_user = 100;
	worker_rig_adopt(&s->rig, 9);
	remember_free(&s->rig.w.tokens);
	assert_int_equal(remember_new(8, secret, &s->rig.w.tokens), 0);
	for (unsigned i = 0; i < SD_ARRAY_LEN(t); i++)
		t[i] = create(s);
	atomic_store(&s->rig.control->wall_floor_ms, sd_clock_wall_ms() + 61000);
	long long before = scripts_run(s);
	for (unsigned round = 0; round < 4; round++)
		for (unsigned i = 0; i < SD_ARRAY_LEN(t); i++)
			assert_int_equal(validate(s, "access_token", t[i].access), 200);
	assert_int_equal(remember_count(s->rig.w.tokens), 8);
	listed(s, "\"request_count\":1", true); /* all told is done */
	/* the first touch brings the script by EVAL; each list is one */
	assert_in_range(scripts_run(s) - before, SD_ARRAY_LEN(t) - 1, SD_ARRAY_LEN(t) + 2);
}

/* What the store may not have heard is said again a second later, not an interval later. */
static void test_a_lost_touch_is_told_again(void **state)
{
	struct worker_store *s = *state;
	struct sid sid;
	worker_rig_tenant(&s->rig, RIG_A)->touch_interval_s = 60;
	worker_rig_adopt(&s->rig, 9);
	struct tokens t = create(s);
	assert_int_equal(sid_parse(sd_slice_str(t.sid), &sid), 0);
	assert_int_equal(validate(s, "access_token", t.access), 200);
	listed(s, "\"request_count\":0", true);
	int64_t now_ms = sd_clock_wall_ms();
	atomic_store(&s->rig.control->wall_floor_ms, now_ms + 2000);
	assert_int_equal(validate(s, "access_token", t.access), 200);
	listed(s, "\"request_count\":0", true);
	activity_lost(s->rig.w.activity, &sid);
	assert_int_equal(validate(s, "access_token", t.access), 200);
	listed(s, "\"request_count\":3", true);
	atomic_store(&s->rig.control->wall_floor_ms, now_ms + 4000);
	assert_int_equal(validate(s, "access_token", t.access), 200);
	listed(s, "\"request_count\":3", true);
}

/* What no later use tells is told when the interval is over, once, and not before. */
static void test_the_last_uses_are_told(void **state)
{
	struct worker_store *s = *state;
	int64_t now_ms = sd_clock_wall_ms();
	worker_rig_tenant(&s->rig, RIG_A)->touch_interval_s = 60;
	worker_rig_adopt(&s->rig, 9);
	struct tokens t = create(s);
	for (int i = 0; i < 3; i++)
		assert_int_equal(validate(s, "access_token", t.access), 200);
	token_check_tell_late(&s->rig.w);
	listed(s, "\"request_count\":0", true);
	atomic_store(&s->rig.control->wall_floor_ms, now_ms + 62000);
	for (int i = 0; i < 2; i++) {
		token_check_tell_late(&s->rig.w);
		listed(s, "\"request_count\":3", true);
	}
	assert_int_equal(validate(s, "access_token", t.access), 200);
	worker_rig_adopt(&s->rig, 10); /* another policy: its next use tells */
	atomic_store(&s->rig.control->wall_floor_ms, now_ms + 130000);
	token_check_tell_late(&s->rig.w);
	listed(s, "\"request_count\":3", true);
	assert_int_equal(validate(s, "access_token", t.access), 200);
	listed(s, "\"request_count\":5", true);
}

/* Another worker has told the store meanwhile, so that ours are due later: they keep their place. */
static void test_uses_beside_another_workers(void **state)
{
	struct worker_store *s = *state;
	int64_t now_ms = sd_clock_wall_ms();
	struct sid sid;
	worker_rig_tenant(&s->rig, RIG_A)->touch_interval_s = 60;
	worker_rig_adopt(&s->rig, 9);
	struct tokens t = create(s);
	assert_int_equal(sid_parse(sd_slice_str(t.sid), &sid), SD_OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(validate(s, "access_token", t.access), 200);
	struct request *r = worker_rig_request(&s->rig, RIG_A);
	r->now_ms = now_ms + 50000;
	token_check_touch(r, &sid, now_ms + 50000);
	for (int due_s = 61; due_s < 110; due_s += 10) {
		atomic_store(&s->rig.control->wall_floor_ms, now_ms + due_s * 1000);
		token_check_tell_late(&s->rig.w);
		listed(s, "\"request_count\":0", true);
	}
	atomic_store(&s->rig.control->wall_floor_ms, now_ms + 111000);
	for (int i = 0; i < 2; i++) {
		token_check_tell_late(&s->rig.w);
		listed(s, "\"request_count\":3", true);
	}
}

/* Nobody got its tokens: the session does not stay behind. */
static void test_a_refused_signature_leaves_no_session(void **state)
{
	struct worker_store *s = *state;
	s->refuse_to_sign = true;
	assert_int_equal(worker_store_ask(s, "POST /sessions", "{\"user_id\":\"alice\"}"), 503);
	assert_true(worker_store_code(s, "signer-unavailable"));
	listed(s, "\"active\"", false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_store_fresh, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_both_kinds_are_good),
	    TEST(test_a_clients_rule_reaches_unseen_sessions),
	    TEST(test_a_token_of_a_lost_session_is_revoked),
	    TEST(test_an_end_that_the_store_has_lost),
	    TEST(test_a_client_that_was_removed),
	    TEST(test_activity_is_told_once_an_interval),
	    TEST(test_an_outage_is_the_tenants_choice),
	    TEST(test_a_forgotten_token_is_not_told_again),
	    TEST(test_a_lost_touch_is_told_again),
	    TEST(test_the_last_uses_are_told),
	    TEST(test_uses_beside_another_workers),
	    TEST(test_a_refused_signature_leaves_no_session),
	};
	return cmocka_run_group_tests(tests, worker_store_setup, worker_store_teardown);
}
