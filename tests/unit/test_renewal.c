/* SPDX-License-Identifier: MIT
 * Which session tokens belong to a record: the one in use, the successor that was offered, the
 * predecessor for a while, and no other. */
#include "base.h"

#include "err.h"
#include "renewal.h"
#include "worker_rig.h"

#define GRACE_MS 30000 /* the rig's policy */

static struct handle handle(uint32_t generation)
{
	const struct sid sid = {{7, 1}};
	struct handle h;
	assert_int_equal(handle_new(HANDLE_SESSION, &sid, generation, &h), SD_OK);
	return h;
}

static void test_which_fit(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct handle old = handle(4), now = handle(5), next = handle(6), other;
	struct session s = {.session_generation = 5, .old_since_ms = RIG_WALL_MS};
	handle_hash(&old, s.old_hash);
	handle_hash(&now, s.session_hash);
	handle_hash(&next, s.next_hash);
	assert_int_equal(renewal_fits(r, &s, &now), RENEWAL_CURRENT);
	assert_int_equal(renewal_fits(r, &s, &next), RENEWAL_NEXT);
	assert_int_equal(renewal_fits(r, &s, &old), RENEWAL_OLD);
	/* A genuine MAC, another secret: made under another record, or by who has lost the key. */
	other = handle(5);
	assert_int_equal(renewal_fits(r, &s, &other), RENEWAL_FOREIGN);
	other = handle(4);
	assert_int_equal(renewal_fits(r, &s, &other), RENEWAL_FOREIGN);
	other = handle(6);
	assert_int_equal(renewal_fits(r, &s, &other), RENEWAL_NEWER); /* the store must say */
	other = handle(7);
	assert_int_equal(renewal_fits(r, &s, &other), RENEWAL_NEWER);
	/* Each secret for its own number alone. */
	other = next;
	other.generation = 5;
	assert_int_equal(renewal_fits(r, &s, &other), RENEWAL_FOREIGN);
	other = now;
	other.generation = 4;
	assert_int_equal(renewal_fits(r, &s, &other), RENEWAL_FOREIGN);
	other = old;
	other.generation = 5;
	assert_int_equal(renewal_fits(r, &s, &other), RENEWAL_FOREIGN);
}

static void test_the_predecessor_for_a_while(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct handle old = handle(1);
	struct session s = {.session_generation = 2, .old_since_ms = RIG_WALL_MS - GRACE_MS + 1};
	handle_hash(&old, s.old_hash);
	assert_int_equal(renewal_fits(r, &s, &old), RENEWAL_OLD);
	s.old_since_ms--;
	assert_int_equal(renewal_fits(r, &s, &old), RENEWAL_FOREIGN);
	s.old_since_ms = 0; /* there was none */
	assert_int_equal(renewal_fits(r, &s, &old), RENEWAL_FOREIGN);
}

/* Without a store nothing is offered and nothing is spoilt. */
static void test_nobody_to_ask(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct known_session k = {.session = {.created_ms = RIG_WALL_MS - 3600 * 1000}};
	struct renewal n = {.presented = handle(1)};
	assert_int_equal(renewal_begin(r, &n, &k, RENEWAL_CURRENT), STEP_NEXT);
	assert_int_equal(renewal_begin(r, &n, &k, RENEWAL_NEXT), STEP_NEXT);
	assert_int_equal(renewal_begin(r, &n, &k, RENEWAL_OLD), STEP_NEXT);
	assert_string_equal(n.token, "");
	assert_int_equal(k.offered_ms, 0);
	assert_false(r->slot);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_which_fit),
	    TEST(test_the_predecessor_for_a_while),
	    TEST(test_nobody_to_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
