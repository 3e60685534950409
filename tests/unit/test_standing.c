/* SPDX-License-Identifier: MIT
 * Whether a session stands before the rules by time, and which of them it does not: from memory, and
 * as the store says. */
#include "base.h"

#include "standing.h"
#include "worker_rig.h"

#define MADE_S (RIG_WALL_MS / 1000 - 100)

static const struct sid sid = {{7, 1}};

static struct session of_client(const char *client)
{
	return (struct session){.sid = sid,
				.status = SESSION_ACTIVE,
				.created_ms = MADE_S * 1000,
				.seen_ms = RIG_WALL_MS,
				.idle_s = 1800,
				.absolute_s = 36000,
				.user = SD_SLICE("alice"),
				.client = sd_slice_str(client)};
}

static void rule(struct worker_rig *rig, int64_t tenant_s, int64_t client_s)
{
	shm_revoke_w_tenant(rig->revocations, worker_rig_tenant(rig, RIG_A)->slot, tenant_s);
	shm_revoke_w_client(rig->revocations, 4 * RIG_A, client_s); /* the rig's slot of mobile */
}

static struct standing asked_of(struct worker_rig *rig, const char *client, enum step want)
{
	struct standing s = {.sid = sid, .created_s = MADE_S, .user = SD_SLICE("alice"),
			     .client = sd_slice_str(client)};
	worker_rig_fresh(rig);
	assert_int_equal(standing_check(worker_rig_request(rig, RIG_A), &s), want);
	return s;
}

/* What is shown, and what a writer goes by: the same rule, so that it is recorded as what it was. */
static void judged(struct worker_rig *rig, const char *client, enum end_reason want)
{
	struct session s = of_client(client);
	struct session_clocks clocks;
	assert_int_equal(standing_shown(worker_rig_request(rig, RIG_A), &s), want);
	assert_int_equal(standing_end(&rig->r, &s, &clocks), want);
	struct standing asked = asked_of(rig, client, STEP_NEXT);
	assert_int_equal(asked.refused, want);
	assert_false(asked.gone || asked.asked);
	assert_true(standing_told(&rig->r, &asked));
	assert_int_equal(asked.refused, want);
}

static void test_rules_in_memory(void **state)
{
	judged(*state, "mobile", END_NONE);
	judged(*state, "nobody", END_CLIENT); /* it is in the policy no more */
	rule(*state, 0, MADE_S);
	judged(*state, "mobile", END_NONE);
	rule(*state, 0, MADE_S + 1);
	judged(*state, "mobile", END_CLIENT);
	judged(*state, "web", END_NONE);
	rule(*state, MADE_S + 1, 0);
	judged(*state, "mobile", END_TENANT);
	judged(*state, "web", END_TENANT);
}

static void test_an_end_in_memory(void **state)
{
	worker_rig_revoke(*state, &sid, RIG_A, "alice");
	assert_true(asked_of(*state, "mobile", STEP_NEXT).gone);
}

static void test_the_record_first(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct session s = of_client("mobile");
	struct session_clocks clocks;
	s.status = SESSION_ENDED;
	s.end_reason = END_USER;
	rule(*state, MADE_S + 1, 0);
	assert_int_equal(standing_end(r, &s, &clocks), END_USER);
	s = of_client("mobile");
	s.seen_ms = RIG_WALL_MS - 1800 * 1000 - 60 * 1000 - 1;
	assert_int_equal(standing_end(r, &s, &clocks), END_IDLE);
	s.created_ms = RIG_WALL_MS - 36000 * 1000;
	assert_int_equal(standing_end(r, &s, &clocks), END_ABSOLUTE);
}

/* The store was asked: what its answer makes of it. */
static void told(struct request *r, struct store_call call, bool known, bool gone, enum end_reason refused)
{
	struct standing s = {.sid = sid, .created_s = MADE_S, .asked = true};
	r->call.status = call.status;
	r->call.tenant_before_s = call.tenant_before_s;
	r->call.client_before_s = call.client_before_s;
	assert_int_equal(standing_told(r, &s), known);
	if (!known)
		return;
	assert_int_equal(s.gone, gone);
	assert_int_equal(s.refused, refused);
}

static void test_what_the_store_says(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	told(r, (struct store_call){.status = STORE_OK}, true, false, END_NONE);
	told(r, (struct store_call){.status = STORE_OK, .client_before_s = MADE_S}, true, false, END_NONE);
	told(r, (struct store_call){.status = STORE_OK, .client_before_s = MADE_S + 1}, true, false, END_CLIENT);
	told(r, (struct store_call){.status = STORE_OK, .tenant_before_s = MADE_S + 1, .client_before_s = MADE_S + 1},
	     true, false, END_TENANT);
	told(r, (struct store_call){.status = STORE_ABSENT}, true, true, END_NONE);
	told(r, (struct store_call){.status = STORE_ENDED}, true, true, END_NONE);
	told(r, (struct store_call){.status = STORE_UNAVAILABLE}, false, false, END_NONE);
	told(r, (struct store_call){.status = STORE_CORRUPT}, false, false, END_NONE);
	told(r, (struct store_call){.status = STORE_LATE}, false, false, END_NONE);
}

static void test_as_a_step(void **state)
{
	struct worker_rig *rig = *state;
	struct session record = of_client("mobile");
	struct standing s;
	struct request *r = worker_rig_request(rig, RIG_A);
	assert_true(standing_keep(r, &record, &s));
	assert_true(s.created_s == MADE_S && sd_slice_is(s.user, "alice") && s.user.p != record.user.p);
	assert_memory_equal(s.sid.b, sid.b, sizeof(sid.b));
	assert_int_equal(standing_step(r, &s), STEP_NEXT);
	s.refused = END_CLIENT;
	assert_int_equal(standing_step(r, &s), STEP_DONE);
	assert_string_equal(worker_rig_refusal(rig), "session-ended");
	r = worker_rig_message(rig, NULL, NULL, NULL);
	s = (struct standing){.gone = true};
	assert_int_equal(standing_step(r, &s), STEP_DONE);
	assert_string_equal(worker_rig_refusal(rig), "session-ended");
	r = worker_rig_message(rig, NULL, NULL, NULL);
	s = (struct standing){.asked = true};
	r->call.status = STORE_UNAVAILABLE;
	assert_int_equal(standing_step(r, &s), STEP_DONE);
	assert_string_equal(worker_rig_refusal(rig), "store-unavailable");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_rules_in_memory),
	    TEST(test_an_end_in_memory),
	    TEST(test_the_record_first),
	    TEST(test_what_the_store_says),
	    TEST(test_as_a_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
