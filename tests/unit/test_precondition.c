/* SPDX-License-Identifier: MIT
 * Conditions of a write: what is read of them, when they hold, and that none is guessed. */
#include "base.h"

#include "err.h"
#include "precondition.h"
#include "worker_rig.h"

#define TAG "\"3\""

/* "" when the write may go on, else the refusal; exists: something stands there, under TAG. */
static const char *judged(struct worker_rig *rig, const char *const *fields, bool exists)
{
	struct precondition p;
	struct request *r = worker_rig_message(rig, NULL, fields, NULL);
	if (precondition_read(r, &p) == STEP_NEXT && precondition_check(r, &p, TAG, exists) == STEP_NEXT)
		assert_int_equal(r->status, 0);
	return worker_rig_refusal(rig);
}

static void test_conditions(void **state)
{
	static const struct {
		const char *field[5];
		const char *there, *absent; /* the refusals */
	} rows[] = {
	    {{NULL}, "", ""},
	    {{"If-Match", "\"3\""}, "", ""},
	    {{"If-Match", "\"1\", \"3\""}, "", ""},
	    {{"If-Match", "\"1\""}, "etag-mismatch", "etag-mismatch"},
	    {{"If-Match", "W/\"3\""}, "etag-mismatch", "etag-mismatch"}, /* a weak one changes nothing */
	    {{"If-Match", "*"}, "", "etag-mismatch"},
	    {{"If-None-Match", "*"}, "etag-mismatch", ""},
	    {{"If-None-Match", "\"3\""}, "etag-mismatch", "etag-mismatch"},
	    {{"If-None-Match", "W/\"3\""}, "etag-mismatch", "etag-mismatch"},
	    {{"If-None-Match", "\"4\""}, "", ""},
	    {{"If-Match", "\"3\"", "If-None-Match", "\"3\""}, "etag-mismatch", "etag-mismatch"},
	    {{"If-Match", "\"3\"", "If-None-Match", "\"4\""}, "", ""},
	    {{"If-Match", "3"}, "header-invalid", "header-invalid"},
	    {{"If-Match", ""}, "header-invalid", "header-invalid"},
	    {{"If-Match", "*, \"3\""}, "header-invalid", "header-invalid"},
	    {{"If-None-Match", "\"3"}, "header-invalid", "header-invalid"},
	    {{"If-Match", "\"3\"", "If-None-Match", "x"}, "header-invalid", "header-invalid"},
	    {{"If-Match", "\"3\"", "if-match", "\"3\""}, "header-invalid", "header-invalid"},
	};
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		if (strcmp(judged(*state, rows[i].field, true), rows[i].there) != 0)
			fail_msg("%zu there: %s", i, judged(*state, rows[i].field, true));
		if (strcmp(judged(*state, rows[i].field, false), rows[i].absent) != 0)
			fail_msg("%zu absent: %s", i, judged(*state, rows[i].field, false));
	}
}

static void test_one_may_be_demanded(void **state)
{
	static const char *const match[] = {"If-Match", "\"3\"", NULL}, *const none[] = {"If-None-Match", "*", NULL};
	worker_rig_tenant(*state, RIG_A)->require_if_match = true;
	worker_rig_adopt(*state, 9);
	assert_string_equal(judged(*state, NULL, true), "precondition-required");
	assert_string_equal(judged(*state, match, true), "");
	assert_string_equal(judged(*state, none, false), "");
}

static const char *lock(struct worker_rig *rig, const char *const *fields, struct sd_slice *hash,
			struct sd_slice *token)
{
	enum step s = precondition_lock(worker_rig_message(rig, NULL, fields, NULL), hash, token);
	assert_int_equal(s == STEP_NEXT, rig->c.out.len == 0);
	return worker_rig_refusal(rig);
}

static void test_lock_tokens(void **state)
{
	char longest[130];
	const char *fields[] = {"X-Lock-Token", "t1", NULL, NULL, NULL};
	struct sd_slice hash, token;
	uint8_t first[32], want[32];
	assert_string_equal(lock(*state, NULL, &hash, &token), "");
	assert_int_equal(hash.n, 0);
	assert_string_equal(lock(*state, fields, &hash, &token), "");
	assert_true(sd_slice_is(token, "t1"));
	assert_int_equal(hash.n, 32);
	memcpy(first, hash.p, 32);
	assert_int_equal(precondition_lock_hash(SD_SLICE("t1"), want), SD_OK);
	assert_memory_equal(first, want, 32);
	fields[1] = "t2";
	assert_string_equal(lock(*state, fields, &hash, NULL), "");
	assert_memory_not_equal(hash.p, first, 32);
	fields[1] = "";
	assert_string_equal(lock(*state, fields, &hash, NULL), "header-invalid");
	memset(longest, 'x', 129);
	longest[129] = '\0';
	fields[1] = longest;
	assert_string_equal(lock(*state, fields, &hash, NULL), "header-invalid");
	assert_int_equal(hash.n, 0);
	longest[128] = '\0';
	assert_string_equal(lock(*state, fields, &hash, NULL), "");
	fields[2] = "x-lock-token";
	fields[3] = "t1";
	assert_string_equal(lock(*state, fields, &hash, NULL), "header-invalid");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_conditions),
	    TEST(test_one_may_be_demanded),
	    TEST(test_lock_tokens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
