/* SPDX-License-Identifier: MIT
 * One key, one creation: claims, answers, lost claimants, against a real Redis. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "store_idem.h"
#include "store_rig.h"

static struct store_idem input(uint8_t who, uint8_t body)
{
	struct store_idem in = {.tenant = RIG_TENANT,
				.name = SD_SLICE("web\nkey-1"),
				.claim_ms = 60000,
				.replay_ms = 60000,
				.memory_ms = 120000,
				.answer = SD_SLICE("sealed")};

	memset(in.nonce, who, sizeof(in.nonce));
	memset(in.print, body, sizeof(in.print));
	memset(&in.sid, who, sizeof(in.sid));
	return in;
}

static enum store_status ask(struct store_rig *rig, enum store_idem_op how,
			     const struct store_idem *in, struct store_call *call)
{
	rig_begin(call);
	store_idem(rig->store, how, in, call);
	rig_wait(rig, call);
	return call->status;
}

static void expect(struct store_rig *rig, enum store_idem_op how, const struct store_idem *in,
		   enum store_status want)
{
	struct store_call call;

	assert_int_equal(ask(rig, how, in, &call), want);
	store_call_release(&call);
}

static void a_key_makes_one_thing(void **state)
{
	struct store_rig *rig = *state;
	struct store_idem first = input(1, 1), again = input(2, 1), other = input(3, 2);
	struct store_call call;

	assert_int_equal(ask(rig, STORE_IDEM_CLAIM, &first, &call), STORE_OK);
	assert_false(call.kept.has_sid);
	store_call_release(&call);
	expect(rig, STORE_IDEM_CLAIM, &again, STORE_LOCKED);
	expect(rig, STORE_IDEM_CLAIM, &other, STORE_MISMATCH);
	expect(rig, STORE_IDEM_KEEP, &again, STORE_LOCKED); /* not its claim */
	expect(rig, STORE_IDEM_KEEP, &first, STORE_OK);
	assert_int_equal(ask(rig, STORE_IDEM_CLAIM, &again, &call), STORE_SUCCESSOR);
	assert_true(sd_slice_is(call.kept.data, "sealed"));
	assert_memory_equal(&call.session.sid, &first.sid, sizeof(first.sid));
	store_call_release(&call);
	expect(rig, STORE_IDEM_CLAIM, &other, STORE_MISMATCH);
	again.name = SD_SLICE("app\nkey-1"); /* another caller's */
	expect(rig, STORE_IDEM_CLAIM, &again, STORE_OK);
}

static void an_answer_is_replayed_for_its_time(void **state)
{
	struct store_rig *rig = *state;
	struct store_idem first = input(1, 1), again = input(2, 1);
	struct store_call call;

	first.replay_ms = 0;
	expect(rig, STORE_IDEM_CLAIM, &first, STORE_OK);
	expect(rig, STORE_IDEM_KEEP, &first, STORE_OK);
	assert_int_equal(ask(rig, STORE_IDEM_CLAIM, &again, &call), STORE_ENDED);
	assert_memory_equal(&call.session.sid, &first.sid, sizeof(first.sid));
	assert_int_equal(call.kept.data.n, 0);
	store_call_release(&call);
}

static void a_lost_claimant_is_followed(void **state)
{
	struct store_rig *rig = *state;
	struct store_idem first = input(1, 1), next = input(2, 1);
	struct store_call call;

	first.claim_ms = 0;
	expect(rig, STORE_IDEM_CLAIM, &first, STORE_OK);
	assert_int_equal(ask(rig, STORE_IDEM_CLAIM, &next, &call), STORE_OK);
	assert_true(call.kept.has_sid); /* to be ended first */
	assert_memory_equal(&call.session.sid, &first.sid, sizeof(first.sid));
	store_call_release(&call);
	expect(rig, STORE_IDEM_KEEP, &first, STORE_LOCKED); /* it came back too late */
	expect(rig, STORE_IDEM_DROP, &first, STORE_LOCKED);
	expect(rig, STORE_IDEM_KEEP, &next, STORE_OK);
}

static void a_dropped_claim_is_free(void **state)
{
	struct store_rig *rig = *state;
	struct store_idem first = input(1, 1), other = input(2, 2);

	expect(rig, STORE_IDEM_CLAIM, &first, STORE_OK);
	expect(rig, STORE_IDEM_DROP, &first, STORE_OK);
	expect(rig, STORE_IDEM_CLAIM, &other, STORE_OK);
}

#define TEST(f) cmocka_unit_test_setup(f, rig_flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_key_makes_one_thing),
	    TEST(an_answer_is_replayed_for_its_time),
	    TEST(a_lost_claimant_is_followed),
	    TEST(a_dropped_claim_is_free),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
