/* SPDX-License-Identifier: MIT
 * Where a session is made and where it is used, against a real store: each mode, both kinds of tokens, from
 * the record and from memory; what is not said is not judged. */
#include "base.h"

#include "binding.h"
#include "clock.h"
#include "err.h"
#include "shm_fresh.h"
#include "worker_store.h"

#define CHROME_120 "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
#define CHROME_131 "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
#define FIREFOX "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
#define HOME "\"ip\":\"192.0.2.7\",\"user_agent\":\"" CHROME_120 "\",\"device_fingerprint\":\"f1\""

static const char *const kinds[] = {"access_token", "session_token"};
static uint64_t generation = 9;

struct tokens {
	char token[2][4096];
};

static void policy(struct worker_store *s, enum policy_binding mode)
{
	struct policy_tenant *t = worker_rig_tenant(&s->rig, RIG_A);
	t->bind_ip = t->bind_user_agent = t->bind_device = (uint32_t)mode;
	t->bind_ip_v4 = 24;
	t->bind_ip_v6 = 48;
	t->validate_failures_per_minute_per_ip = 1000;
	worker_rig_adopt(&s->rig, generation++);
}

static struct tokens create(struct worker_store *s)
{
	struct tokens t;
	assert_int_equal(worker_store_ask(s, "POST /sessions",
					  "{\"user_id\":\"alice\",\"mode\":\"both\",\"ip\":\"192.0.2.7\","
					  "\"user_agent\":\"" CHROME_120 "\",\"device\":{\"id\":\"d1\","
					  "\"fingerprint\":\"f1\"}}"),
			 201);
	for (size_t i = 0; i < SD_ARRAY_LEN(kinds); i++)
		(void)snprintf(t.token[i], sizeof(t.token[i]), "%s", worker_store_member(s, kinds[i]));
	return t;
}

static int validate(struct worker_store *s, const struct tokens *t, size_t kind, const char *seen)
{
	char body[6000];
	(void)snprintf(body, sizeof(body), "{\"%s\":\"%s\"%s%s}", kinds[kind], t->token[kind],
		       seen[0] ? "," : "", seen);
	return worker_store_ask(s, "POST /sessions/validate", body);
}

static const char *const elsewhere[] = {
    "\"ip\":\"192.0.3.7\"", "\"ip\":\"2001:db8::1\"", "\"user_agent\":\"" FIREFOX "\"",
    "\"device_fingerprint\":\"f2\"", "\"ip\":\"192.0.2.7\",\"device_fingerprint\":\"f2\""};

static void test_a_step_up_of_either_token(void **state)
{
	struct worker_store *s = *state;
	for (size_t kind = 0; kind < SD_ARRAY_LEN(kinds); kind++) {
		for (size_t i = 0; i < SD_ARRAY_LEN(elsewhere); i++) {
			assert_int_equal(worker_store_fresh(state), 0); /* nothing is remembered */
			policy(s, BINDING_STEP_UP);
			struct tokens t = create(s);
			assert_int_equal(validate(s, &t, kind, elsewhere[i]), 401);
			assert_true(worker_store_code(s, "step-up-required"));
			assert_non_null(strstr(s->heard, "WWW-Authenticate: Bearer error=\"invalid_token\""));
			assert_int_equal(validate(s, &t, kind, elsewhere[i]), 401); /* from memory */
			assert_int_equal(validate(s, &t, kind, HOME), 200);
			assert_int_equal(validate(s, &t, kind, ""), 200); /* what is not said */
			assert_int_equal(validate(s, &t, kind,
						  "\"ip\":\"::ffff:192.0.2.200\",\"user_agent\":\"" CHROME_131
						  "\""),
					 200);
		}
	}
}

static void test_what_only_counts(void **state)
{
	static const enum policy_binding modes[] = {BINDING_OFF, BINDING_SHADOW, BINDING_RECORD};
	struct worker_store *s = *state;
	for (size_t i = 0; i < SD_ARRAY_LEN(modes); i++) {
		policy(s, BINDING_STEP_UP); /* bound at its creation, whatever is asked of it later */
		struct tokens t = create(s);
		policy(s, modes[i]);
		for (size_t kind = 0; kind < SD_ARRAY_LEN(kinds); kind++)
			for (size_t k = 0; k < SD_ARRAY_LEN(elsewhere); k++)
				assert_int_equal(validate(s, &t, kind, elsewhere[k]), 200);
	}
}

/* Whoever has been revoked obeys no more: here the answer waits for this node, which nobody tells. */
static void test_a_revocation(void **state)
{
	struct worker_store *s = *state;
	for (size_t kind = 0; kind < SD_ARRAY_LEN(kinds); kind++) {
		assert_int_equal(worker_store_fresh(state), 0);
		policy(s, BINDING_REVOKE);
		struct tokens t = create(s);
		for (unsigned p = 0; p < SHM_PARTITIONS; p++)
			shm_fresh_set(s->rig.control, (uint8_t)p, sd_clock_boot_ns() + 10 * SD_NS_PER_S);
		assert_int_equal(validate(s, &t, kind, elsewhere[0]), 401);
		assert_true(worker_store_code(s, "binding-mismatch"));
		shm_fresh_clear_all(s->rig.control);
		assert_int_equal(validate(s, &t, kind, HOME), 401);
		assert_true(worker_store_code(s, "session-revoked"));
	}
}

/* No mode, no hash; what is kept changes with the tenant's key, and is none of the values. */
static void test_what_a_record_keeps(void **state)
{
	struct worker_store *s = *state;
	struct binding_seen seen = {SD_SLICE("192.0.2.7"), SD_SLICE(FIREFOX), SD_SLICE("f1")};
	struct sd_slice one, two;
	policy(s, BINDING_OFF);
	worker_rig_request(&s->rig, RIG_A);
	assert_int_equal(binding_make(&s->rig.r, &seen, &one), SD_OK);
	assert_int_equal(one.n, 0);
	policy(s, BINDING_RECORD);
	worker_rig_request(&s->rig, RIG_A);
	assert_int_equal(binding_make(&s->rig.r, &seen, &one), SD_OK);
	assert_int_equal(one.n, 3 + 3 * 16);
	assert_null(memmem(one.p, one.n, "f1", 2));
	seen.ip = SD_SLICE("192.0.2.99"); /* the same network */
	assert_int_equal(binding_make(&s->rig.r, &seen, &two), SD_OK);
	assert_true(sd_slice_eq(one, two));
	seen.ip = SD_SLICE("nonsense");
	seen.user_agent = seen.fingerprint = SD_SLICE("");
	assert_int_equal(binding_make(&s->rig.r, &seen, &two), SD_OK);
	assert_int_equal(two.n, 0);
}

/* Under each of the tenant's keys; another thing than what a session is bound by. */
static void test_places(void **state)
{
	struct worker_store *s = *state;
	struct binding_seen seen = {SD_SLICE("192.0.2.7"), SD_SLICE(""), SD_SLICE("")};
	struct sd_slice bound, one, two;
	policy(s, BINDING_RECORD);
	struct request *r = worker_rig_request(&s->rig, RIG_A);
	size_t sets = r->gen->keys[RIG_A].sets;
	assert_int_equal(binding_make(r, &seen, &bound), SD_OK);
	assert_int_equal(binding_places(r, SD_SLICE("192.0.2.99"), &one), SD_OK);
	assert_int_equal(one.n, sets * 16);
	assert_int_equal(binding_places(r, SD_SLICE("::ffff:192.0.2.1"), &two), SD_OK);
	assert_true(sd_slice_eq(one, two));
	assert_null(memmem(bound.p, bound.n, one.p, 16));
	assert_int_equal(binding_places(r, SD_SLICE("192.0.3.99"), &two), SD_OK);
	assert_memory_not_equal(one.p, two.p, 16);
	assert_int_equal(binding_places(r, SD_SLICE("nonsense"), &two), SD_OK);
	assert_int_equal(two.n, 0);
	worker_rig_tenant(&s->rig, RIG_A)->privacy_ip = PRIVACY_OFF;
	worker_rig_adopt(&s->rig, generation++);
	r = worker_rig_request(&s->rig, RIG_A);
	assert_int_equal(binding_places(r, SD_SLICE("192.0.2.99"), &two), SD_OK);
	assert_int_equal(two.n, 0);
}

/* A record that no one of ours has written judges nothing. */
static void test_a_foreign_record(void **state)
{
	static const char bytes[51] = {2, 24, 48};
	struct worker_store *s = *state;
	struct binding_seen seen = {SD_SLICE("192.0.2.7"), SD_SLICE(FIREFOX), SD_SLICE("f1")};
	struct session session = {.user = SD_SLICE("alice"), .binding = sd_slice(bytes, sizeof(bytes))};
	char bad[51] = {1, 33, 48};
	uint8_t told = 0;
	policy(s, BINDING_REVOKE);
	worker_rig_request(&s->rig, RIG_A);
	assert_int_equal(binding_judge(&s->rig.r, &session, &seen, &told), BINDING_OFF);
	session.binding = sd_slice(bad, sizeof(bad));
	assert_int_equal(binding_judge(&s->rig.r, &session, &seen, &told), BINDING_OFF);
	session.binding = sd_slice(bad, 50);
	assert_int_equal(binding_judge(&s->rig.r, &session, &seen, &told), BINDING_OFF);
	bad[1] = 24; /* all hashes zero: none was kept */
	session.binding = sd_slice(bad, sizeof(bad));
	assert_int_equal(binding_judge(&s->rig.r, &session, &seen, &told), BINDING_OFF);
	bad[3] = 1;
	assert_int_equal(binding_judge(&s->rig.r, &session, &seen, &told), BINDING_REVOKE);
	assert_int_equal(told, 1 << BINDING_KIND_IP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_store_fresh, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_step_up_of_either_token), TEST(test_what_only_counts),
	    TEST(test_a_revocation),		  TEST(test_what_a_record_keeps),
	    TEST(test_places),			  TEST(test_a_foreign_record),
	};
	return cmocka_run_group_tests(tests, worker_store_setup, worker_store_teardown);
}
