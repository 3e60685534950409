/* SPDX-License-Identifier: MIT
 * What a request leaves in the trail: who, in which tenant, in which trace; and how many refusals have no
 * record of their own. */
#include "base.h"

#include "audit_event.h"
#include "err.h"
#include "worker_rig.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"

static uint8_t packet[AUDIT_MAX_RECORD];
static struct audit_record record;

static struct request *caller(struct worker_rig *rig)
{
	struct request *r = worker_rig_request(rig, RIG_A);
	r->caller.id = SD_SLICE("mobile");
	return r;
}

static void refused(struct request *r)
{
	struct audit_note note = {.event = AUDIT_CALLER_REFUSED, .outcome = AUDIT_REFUSED,
				  .reason = SD_SLICE("why"), .key = "route", .value = SD_SLICE("sessions")};
	audit_event_refused(r, &note);
}

static bool detail(uint32_t i, const char *key, const char *value)
{
	return i < record.detail_count && sd_slice_is(record.detail[i].key, key) &&
	       sd_slice_is(record.detail[i].value, value);
}

static void test_who_and_where(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = caller(rig);
	struct audit_note note = {.event = AUDIT_SESSION_ENDED, .outcome = AUDIT_OK, .user = SD_SLICE("alice"),
				  .session = SD_SLICE("s"), .reason = SD_SLICE("limit")};
	assert_int_equal(audit_slot_step(r), STEP_NEXT);
	assert_true(audit_event_send(r, &note));
	assert_false(r->slot);
	assert_true(worker_rig_record(rig, packet, &record));
	assert_int_equal(record.event, AUDIT_SESSION_ENDED);
	assert_int_equal(record.actor_type, AUDIT_ACTOR_CLIENT);
	assert_true(sd_slice_is(record.actor_id, "mobile") && sd_slice_is(record.tenant, "brand-a"));
	assert_true(sd_slice_is(record.user_id, "alice") && sd_slice_is(record.session_id, "s"));
	assert_true(sd_slice_is(record.reason, "limit") && sd_slice_is(record.request_id, "request-1"));
	assert_int_equal(record.ts_ms, RIG_WALL_MS);
	assert_int_equal(record.gen, FAKE_POLICY_GENERATION);
	assert_int_equal(record.detail_count, 0);
	note.by_system = true;
	assert_true(audit_event_send(r, &note));
	assert_true(worker_rig_record(rig, packet, &record));
	assert_int_equal(record.actor_type, AUDIT_ACTOR_SYSTEM);
	assert_true(sd_slice_is(record.actor_id, "sessiond"));
	note.by_system = false;
	r->caller.user = true;
	r->tenant = NULL;
	assert_true(audit_event_send(r, &note));
	assert_true(worker_rig_record(rig, packet, &record));
	assert_int_equal(record.actor_type, AUDIT_ACTOR_USER);
	assert_int_equal(record.tenant.n, 0);
}

static void test_details(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = caller(rig);
	refused(r);
	assert_true(worker_rig_record(rig, packet, &record));
	assert_true(record.detail_count == 1 && detail(0, "route", "sessions"));
	r->trace = SD_SLICE(TRACE);
	refused(r);
	assert_true(worker_rig_record(rig, packet, &record));
	assert_true(record.detail_count == 2 && detail(0, "route", "sessions") && detail(1, "trace_id", TRACE));
	r->w->refusals_untold = 41;
	refused(r);
	assert_true(worker_rig_record(rig, packet, &record));
	assert_true(record.detail_count == 3 && detail(2, "suppressed", "41"));
	assert_int_equal(r->w->refusals_untold, 0);
}

/* No slot: what changes is refused before, what was refused is counted. */
static void test_without_a_slot(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = caller(rig);
	worker_rig_credit(rig, 0, 0);
	assert_int_equal(audit_slot_step(r), STEP_DONE);
	assert_string_equal(worker_rig_refusal(rig), "audit-unavailable");
	assert_false(r->slot);
	refused(r);
	refused(r);
	assert_false(worker_rig_record(rig, packet, &record));
	assert_int_equal(r->w->refusals_untold, 2);
	worker_rig_credit(rig, 8, 0);
	refused(r);
	assert_true(worker_rig_record(rig, packet, &record));
	assert_true(detail(1, "suppressed", "2"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_who_and_where),
	    TEST(test_details),
	    TEST(test_without_a_slot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
