/* SPDX-License-Identifier: MIT
 * Devices against a real store: what is given changes, the rest stays; how a device is trusted is what its
 * sessions that live are judged by, from the answer on. */
#include "base.h"

#include "device_edit.h"
#include "shm_fresh.h"
#include "worker_store.h"

static const char *const kinds[] = {"access_token", "session_token"};
static uint64_t generation = 9;

static void test_registered_and_changed(void **state)
{
	struct worker_store *s = *state;
	worker_rig_tenant(&s->rig, RIG_A)->data_bytes = 1024;
	worker_rig_adopt(&s->rig, generation++);
	assert_int_equal(worker_store_ask(s, "POST /users/al%2Fice/devices",
					  "{\"id\":\"d1\",\"name\":\"phone\",\"type\":\"mobile\",\"data\":{\"a\":1}}"),
			 201);
	assert_non_null(strstr(s->heard, "Location: /tenants/brand-a/users/al%2Fice/devices/d1\r\n"));
	assert_non_null(strstr(s->heard, "\"data\":{\"a\":1}"));
	assert_int_equal(worker_store_ask(s, "PUT /users/al%2Fice/devices/d1", "{\"trust\":\"low\"}"), 200);
	assert_non_null(strstr(s->heard, "\"name\":\"phone\",\"type\":\"mobile\",\"trust\":\"low\""));
	assert_non_null(strstr(s->heard, "\"data\":{\"a\":1}"));
	assert_int_equal(worker_store_ask(s, "PUT /users/al%2Fice/devices/d1", "{\"data\":{\"b\":2}}"), 200);
	assert_non_null(strstr(s->heard, "\"trust\":\"low\""));
	assert_non_null(strstr(s->heard, "\"data\":{\"b\":2}"));
	assert_int_equal(worker_store_ask(s, "PUT /users/bob/devices/d1", "{\"trust\":\"low\"}"), 404);
	assert_true(worker_store_code(s, "device-unknown"));
	assert_int_equal(worker_store_ask(s, "PUT /users/al%2Fice/devices/d1", "{\"trust\":\"a b\"}"), 400);
	assert_int_equal(worker_store_ask(s, "PUT /users/al%2Fice/devices/d1", "{\"type\":\"\"}"), 400);
	assert_int_equal(worker_store_ask(s, "GET /users/al%2Fice/devices/d1", NULL), 200);
	assert_non_null(strstr(s->heard, "\"name\":\"phone\",\"type\":\"mobile\",\"trust\":\"low\""));
}

/* An id has one place of its own that its data is bound to. */
static void test_the_place_of_an_id(void **state)
{
	struct sid one, again, two;
	(void)state;
	assert_int_equal(device_edit_seal_id(SD_SLICE("d1"), &one), 0);
	assert_int_equal(device_edit_seal_id(SD_SLICE("d1"), &again), 0);
	assert_int_equal(device_edit_seal_id(SD_SLICE("d2"), &two), 0);
	assert_memory_equal(one.b, again.b, sizeof(one.b));
	assert_memory_not_equal(one.b, two.b, sizeof(one.b));
}

static void create(struct worker_store *s, const char *device, const char *acr, char tokens[2][4096])
{
	char body[512];
	(void)snprintf(body, sizeof(body),
		       "{\"user_id\":\"alice\",\"mode\":\"both\",\"acr\":\"%s\",\"device\":{\"id\":\"%s\","
		       "\"trust\":\"high\"}}",
		       acr, device);
	assert_int_equal(worker_store_ask(s, "POST /sessions", body), 201);
	for (size_t i = 0; i < SD_ARRAY_LEN(kinds); i++)
		(void)snprintf(tokens[i], 4096, "%s", worker_store_member(s, kinds[i]));
}

static int validate(struct worker_store *s, size_t kind, const char *token)
{
	char body[4400];
	(void)snprintf(body, sizeof(body), "{\"%s\":\"%s\"}", kinds[kind], token);
	return worker_store_ask(s, "POST /sessions/validate", body);
}

/* As the master does when it has read the log: the test is the master. */
static void obey(struct worker_store *s)
{
	shm_bucket_bump_all(s->rig.control);
	for (unsigned p = 0; p < SHM_PARTITIONS; p++)
		shm_applied_set(s->rig.control, (uint8_t)p, UINT64_MAX);
}

static void test_less_trust_reaches_live_sessions(void **state)
{
	struct worker_store *s = *state;
	char plain[2][4096], strong[2][4096], other[2][4096];
	int status;
	worker_rig_level(&s->rig, RIG_A, (struct rig_level){.name = "low", .step_up = "urn:mfa"});
	worker_rig_tenant(&s->rig, RIG_A)->validate_failures_per_minute_per_ip = 1000;
	worker_rig_adopt(&s->rig, generation++);
	create(s, "d1", "pwd", plain);
	create(s, "d1", "urn:mfa", strong);
	create(s, "d2", "pwd", other);
	for (size_t kind = 0; kind < SD_ARRAY_LEN(kinds); kind++) {
		assert_int_equal(validate(s, kind, plain[kind]), 200);
		assert_int_equal(validate(s, kind, strong[kind]), 200);
	}
	int client = worker_store_begin(s, "PUT /users/alice/devices/d1", "{\"trust\":\"low\"}");
	assert_false(worker_store_wait(s, client, 10, &status)); /* not before this node obeys */
	obey(s);
	assert_true(worker_store_wait(s, client, 400, &status));
	assert_int_equal(status, 200);
	for (size_t kind = 0; kind < SD_ARRAY_LEN(kinds); kind++) {
		for (int again = 0; again < 2; again++) { /* from the store, from memory */
			assert_int_equal(validate(s, kind, plain[kind]), 401);
			assert_true(worker_store_code(s, "step-up-required"));
			assert_non_null(strstr(s->heard, "WWW-Authenticate: Bearer error="
							 "\"insufficient_user_authentication\", acr_values=\"urn:mfa\"\r\n"));
			assert_null(strstr(s->heard, "invalid_token"));
			assert_int_equal(validate(s, kind, strong[kind]), 200);
			assert_int_equal(validate(s, kind, other[kind]), 200);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_store_fresh, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_registered_and_changed),
	    TEST(test_the_place_of_an_id),
	    TEST(test_less_trust_reaches_live_sessions),
	};
	return cmocka_run_group_tests(tests, worker_store_setup, worker_store_teardown);
}
