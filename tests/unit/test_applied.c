/* SPDX-License-Identifier: MIT
 * Read your own revocation: the answer leaves when this node obeys, for an end made by somebody
 * else a moment ago as well, and at the latest when nothing older than it is trusted any more. */
#include "base.h"

#include <unistd.h>

#include "clock.h"
#include "handle.h"
#include "shm_fresh.h"
#include "worker_store.h"

#define A_FEW 30

static void make_session(struct worker_store *s, char path[64])
{
	assert_int_equal(worker_store_ask(s, "POST /sessions", "{\"user_id\":\"alice\"}"), 201);
	(void)snprintf(path, 64, "DELETE /sessions/%s", worker_store_member(s, "session_id"));
}

static uint8_t partition(void)
{
	return handle_partition(SD_SLICE("brand-a"), SD_SLICE("alice"));
}

static void obey(struct worker_store *s)
{
	shm_applied_set(s->rig.control, partition(), UINT64_MAX);
}

/* The request waits; then is answered so. */
static int parked(struct worker_store *s, const char *path)
{
	int status, client = worker_store_begin(s, path, NULL);
	assert_false(worker_store_wait(s, client, A_FEW, &status));
	return client;
}

static void answered(struct worker_store *s, int client, int want)
{
	int status;
	assert_true(worker_store_wait(s, client, A_FEW, &status));
	assert_int_equal(status, want);
}

static void test_waits_until_applied(void **state)
{
	struct worker_store *s = *state;
	char path[64];
	make_session(s, path);
	int client = parked(s, path);
	assert_int_equal(s->rig.w.in_flight, 1);
	obey(s);
	answered(s, client, 204);
	assert_null(s->rig.w.waiting_applied);
}

/* The log went back (a failover to a clock behind): its position was passed by what is lost. */
static void test_a_position_passed_before_proves_nothing(void **state)
{
	struct worker_store *s = *state;
	char path[64];
	make_session(s, path);
	obey(s);
	int client = parked(s, path);
	shm_fresh_set(s->rig.control, partition(), sd_clock_boot_ns());
	answered(s, client, 204);
}

/* Another server has taken over: others' entries pass the position, and a proof comes, but the entry may have
 * died with the one before. Nothing is promised. */
static void test_another_store_meanwhile_is_no_promise(void **state)
{
	struct worker_store *s = *state;
	char path[64];
	make_session(s, path);
	int client = parked(s, path);
	shm_fresh_reset(s->rig.control);
	shm_fresh_set_store_known(s->rig.control, true);
	obey(s);
	shm_fresh_set(s->rig.control, partition(), sd_clock_boot_ns());
	answered(s, client, 503);
	assert_int_equal(s->rig.w.in_flight, 0);
	/* Asked again: of this log, what it says counts. */
	client = parked(s, path);
	shm_fresh_set(s->rig.control, partition(), sd_clock_boot_ns());
	answered(s, client, 204);
}

/* A read of the log that was sent after the reply proves it too, whatever the position says. */
static void test_a_later_proof_is_enough(void **state)
{
	struct worker_store *s = *state;
	char path[64];
	make_session(s, path);
	int client = parked(s, path);
	shm_fresh_set(s->rig.control, partition(), sd_clock_boot_ns());
	answered(s, client, 204);
}

/* The second DELETE finds the session ended; it may not be acknowledged before this node obeys. */
static void test_a_repeated_end_waits_as_well(void **state)
{
	struct worker_store *s = *state;
	char path[64];
	make_session(s, path);
	int first = parked(s, path);
	int second = parked(s, path);
	int third = parked(s, "DELETE /sessions/user/alice");
	assert_int_equal(s->rig.w.in_flight, 3);
	(void)close(first); /* gone: its request ends all the same */
	obey(s);
	shm_fresh_set(s->rig.control, partition(), sd_clock_boot_ns());
	for (int i = 0; i < A_FEW && s->rig.w.in_flight; i++)
		assert_int_equal(sd_loop_turn(s->rig.w.loop, 5), 0);
	assert_int_equal(s->rig.w.in_flight, 0);
	answered(s, second, 204);
	answered(s, third, 200);
	assert_non_null(strstr(s->heard, "{\"revoked\":0}"));
}

static void test_what_never_was_needs_no_wait(void **state)
{
	struct worker_store *s = *state;
	assert_int_equal(worker_store_ask(s, "DELETE /sessions/IQECAwQFBgcICQoLDA0ODw", NULL), 204);
}

static void test_bounded_by_staleness(void **state)
{
	struct worker_store *s = *state;
	char path[64];
	int status;
	make_session(s, path);
	worker_rig_tenant(&s->rig, RIG_A)->max_staleness_ms = 100;
	worker_rig_adopt(&s->rig, 9);
	int64_t begun = sd_clock_boot_ns();
	int client = worker_store_begin(s, path, NULL);
	assert_true(worker_store_wait(s, client, 400, &status));
	assert_int_equal(status, 204);
	assert_true(sd_clock_boot_ns() - begun >= 100 * SD_NS_PER_MS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_store_fresh, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_waits_until_applied),	     TEST(test_a_later_proof_is_enough),
	    TEST(test_a_repeated_end_waits_as_well), TEST(test_what_never_was_needs_no_wait),
	    TEST(test_bounded_by_staleness), TEST(test_a_position_passed_before_proves_nothing),
	    TEST(test_another_store_meanwhile_is_no_promise),
	};
	return cmocka_run_group_tests(tests, worker_store_setup, worker_store_teardown);
}
