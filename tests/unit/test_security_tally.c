/* SPDX-License-Identifier: MIT
 * What the store is told of refusals: each count once, a tenant at a time, again where it did not arrive. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "labels.h"
#include "security_tally.h"

static int setup(void **state)
{
	struct security_tally *t = calloc(1, sizeof(*t));

	t->sum = calloc(1, sizeof(*t->sum));
	t->place = calloc(SECURITY_TALLY_PLACES, sizeof(*t->place));
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct security_tally *t = *state;

	free(t->sum);
	free(t->place);
	free(t);
	return 0;
}

static uint64_t row(const struct security_tally *t, const char *name)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < t->in.rows; i++)
		if (strcmp(t->in.row[i].name, name) == 0)
			n += t->in.row[i].n;
	return n;
}

static void each_once(void **state)
{
	struct security_tally *t = *state;

	board_count(t->sum, METRIC_VALIDATE, 3, RESULT_VALID, SOURCE_MEMORY, 100);
	board_count(t->sum, METRIC_VALIDATE, 3, RESULT_UNAVAILABLE, SOURCE_STORE, 1);
	board_count(t->sum, METRIC_CREATED, 3, 0, 0, 5);
	assert_int_equal(security_tally_collect(t), SHM_SLOT_NONE);
	board_count(t->sum, METRIC_VALIDATE, 3, RESULT_EXPIRED, SOURCE_MEMORY, 2);
	board_count(t->sum, METRIC_VALIDATE, 3, RESULT_EXPIRED, SOURCE_STORE, 3);
	board_count(t->sum, METRIC_BINDING, 3, BINDING_KIND_IP, BINDING_MODE_SHADOW, 4);
	board_count(t->sum, METRIC_RATE_LIMITED, 3, 0, 0, 6);
	board_count(t->sum, METRIC_SECURITY, 3, SECURITY_CALLER_REFUSED, 0, 7);
	assert_int_equal(security_tally_collect(t), 3);
	assert_int_equal(t->in.rows, 5);
	assert_int_equal(row(t, "s:v:token-expired"), 5);
	assert_int_equal(row(t, "s:b:ip:shadow"), 4);
	assert_int_equal(row(t, "s:e:rate_limited"), 6);
	assert_int_equal(row(t, "s:e:caller_refused"), 7);
	security_tally_told(t, false); /* it did not arrive */
	board_count(t->sum, METRIC_RATE_LIMITED, 3, 0, 0, 1);
	assert_int_equal(security_tally_collect(t), 3);
	assert_int_equal(row(t, "s:e:rate_limited"), 7);
	board_count(t->sum, METRIC_RATE_LIMITED, 3, 0, 0, 10); /* counted while the answer is awaited */
	security_tally_told(t, true);
	assert_int_equal(security_tally_collect(t), 3);
	assert_int_equal(t->in.rows, 1);
	assert_int_equal(row(t, "s:e:rate_limited"), 10);
	security_tally_told(t, true);
	assert_int_equal(security_tally_collect(t), SHM_SLOT_NONE);
}

static void a_tenant_at_a_time(void **state)
{
	struct security_tally *t = *state;
	uint64_t seen[4] = {0};

	board_count(t->sum, METRIC_SECURITY, SHM_SLOT_NONE, SECURITY_CALLER_REFUSED, 0, 9); /* nobody's */
	for (uint32_t slot = 0; slot < 4; slot++)
		for (uint16_t code = RESULT_MALFORMED; code < RESULT_COUNT; code++)
			for (uint16_t source = 1; source < SOURCE_COUNT; source++)
				board_count(t->sum, METRIC_VALIDATE, slot, code, source, 1);
	for (uint32_t slot; (slot = security_tally_collect(t)) != SHM_SLOT_NONE;) {
		assert_true(slot < 4 && t->in.rows > 0 && t->in.rows <= STORE_COUNT_ROWS);
		for (uint32_t i = 0; i < t->in.rows; i++)
			seen[slot] += t->in.row[i].n;
		security_tally_told(t, true);
	}
	for (uint32_t slot = 0; slot < 4; slot++) /* all codes but "unavailable", from each source */
		assert_int_equal(seen[slot], (RESULT_COUNT - RESULT_MALFORMED - 1) * (SOURCE_COUNT - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_tenant_at_a_time, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
