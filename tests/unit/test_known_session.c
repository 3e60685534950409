/* SPDX-License-Identifier: MIT
 * A record read from the store is true until its bucket moves or the policy changes; what this
 * worker has seen of it survives a new reading. */
#include "base.h"

#include "known_session.h"
#include "shm_fresh.h"
#include "worker_rig.h"

static struct session record(char *user, uint8_t first)
{
	return (struct session){
	    .sid = {{first, 7, 7}},
	    .status = SESSION_ACTIVE,
	    .mode = SESSION_MODE_COOKIE,
	    .created_ms = RIG_WALL_MS - 5000,
	    .seen_ms = RIG_WALL_MS - 4000,
	    .idle_s = 1800,
	    .absolute_s = 36000,
	    .user = sd_slice_str(user),
	    .client = SD_SLICE("web"),
	    .scope = SD_SLICE("read"),
	    .audience = SD_SLICE("[]"),
	    .data = SD_SLICE("sealed"),
	};
}

static struct known_session *keep(struct worker_rig *rig, const struct session *s)
{
	uint32_t bucket = known_session_bucket(&rig->r, &s->sid);
	struct known_session *k =
	    known_session_keep(&rig->r, s, bucket, shm_bucket_read(rig->control, bucket));
	assert_non_null(k);
	return k;
}

static void test_a_copy_is_kept(void **state)
{
	struct worker_rig *rig = *state;
	char user[] = "alice";
	struct session s = record(user, 0x21);
	worker_rig_request(rig, RIG_A);
	assert_null(known_session_find(&rig->r, &s.sid));
	keep(rig, &s);
	memset(user, 'x', sizeof(user) - 1); /* the reply's memory is gone */
	struct known_session *k = known_session_find(&rig->r, &s.sid);
	assert_non_null(k);
	assert_true(sd_slice_is(k->session.user, "alice"));
	assert_true(sd_slice_is(k->session.client, "web"));
	assert_int_equal(k->session.data.n, 0);
	assert_int_equal(k->query.client_slot, 1);
	assert_int_equal(k->query.iat_s, FAKE_POLICY_NOW - 5);
	worker_rig_request(rig, RIG_B); /* the same id is nothing to another tenant */
	assert_null(known_session_find(&rig->r, &s.sid));
}

static void test_a_moved_bucket_is_a_miss(void **state)
{
	struct worker_rig *rig = *state;
	char user[] = "alice";
	struct session s = record(user, 0x21), other = record(user, 0x22);
	worker_rig_request(rig, RIG_A);
	uint32_t bucket = known_session_bucket(&rig->r, &s.sid);
	keep(rig, &s);
	keep(rig, &other);
	assert_int_not_equal(bucket, known_session_bucket(&rig->r, &other.sid));
	shm_bucket_bump(rig->control, bucket);
	assert_null(known_session_find(&rig->r, &s.sid));
	assert_non_null(known_session_find(&rig->r, &other.sid));
	keep(rig, &s);
	assert_non_null(known_session_find(&rig->r, &s.sid));
	shm_bucket_bump_all(rig->control);
	assert_null(known_session_find(&rig->r, &s.sid));
	assert_null(known_session_find(&rig->r, &other.sid));
}

/* The value noted before the store was asked counts: what moved while it answered is stale. */
static void test_moved_while_the_store_was_asked(void **state)
{
	struct worker_rig *rig = *state;
	char user[] = "alice";
	struct session s = record(user, 0x21);
	worker_rig_request(rig, RIG_A);
	uint32_t bucket = known_session_bucket(&rig->r, &s.sid);
	uint64_t before = shm_bucket_read(rig->control, bucket);
	shm_bucket_bump(rig->control, bucket);
	assert_non_null(known_session_keep(&rig->r, &s, bucket, before));
	assert_null(known_session_find(&rig->r, &s.sid));
}

static void test_a_new_generation_reads_again(void **state)
{
	struct worker_rig *rig = *state;
	char user[] = "alice";
	struct session s = record(user, 0x21);
	worker_rig_request(rig, RIG_A);
	keep(rig, &s);
	worker_rig_adopt(rig, 8);
	worker_rig_request(rig, RIG_A);
	assert_null(known_session_find(&rig->r, &s.sid));
}

static void test_a_new_reading_replaces(void **state)
{
	struct worker_rig *rig = *state;
	char user[] = "alice";
	struct session s = record(user, 0x21);
	worker_rig_request(rig, RIG_A);
	struct known_session *k = keep(rig, &s);
	shm_bucket_bump(rig->control, k->bucket);
	k = keep(rig, &s);
	assert_int_equal(remember_count(rig->w.sessions), 1);
	s.seen_ms = RIG_WALL_MS + 7; /* another node has seen more */
	k = keep(rig, &s);
	assert_int_equal(k->session.seen_ms, RIG_WALL_MS + 7);
}

/* The master bumps the bucket that it finds by the table's tag of the session. */
static void test_the_masters_bucket_is_ours(void **state)
{
	struct worker_rig *rig = *state;
	char user[] = "alice";
	struct session s = record(user, 0x21);
	struct shm_tags tags;
	worker_rig_request(rig, RIG_A);
	shm_tags(rig->control->seed, s.sid.b, worker_rig_tenant(rig, RIG_A)->slot, s.user, &tags);
	assert_int_equal(known_session_bucket(&rig->r, &s.sid), shm_bucket_of(tags.session));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_copy_is_kept),
	    TEST(test_a_moved_bucket_is_a_miss),
	    TEST(test_moved_while_the_store_was_asked),
	    TEST(test_a_new_generation_reads_again),
	    TEST(test_a_new_reading_replaces),
	    TEST(test_the_masters_bucket_is_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
