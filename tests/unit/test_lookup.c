/* SPDX-License-Identifier: MIT
 * The heart: CLEAR only while proven, UNKNOWN asks, an end needs no proof, an outage is the
 * tenant's rule, and a record that is not there is nothing but to a provably fresh access token. */
#include "base.h"

#include "clock.h"
#include "handle.h"
#include "lookup.h"
#include "shm_fresh.h"
#include "worker_rig.h"

#define STALENESS_NS (RIG_STALENESS_MS * SD_NS_PER_MS)

static const struct sid sid = {{0x21, 1, 2, 3}};

static struct lookup lookup_of(struct worker_rig *rig)
{
	struct lookup l = {.partition = sid.b[0], .sid = sid};
	l.query = (struct shm_query){
	    .tenant_slot = 0, .client_slot = 1, .key_slot = 2, .iat_s = FAKE_POLICY_NOW - 100};
	shm_tags(rig->control->seed, sid.b, 0, SD_SLICE("alice"), &l.query.tags);
	return l;
}

static uint8_t tenant_partition(struct worker_rig *rig)
{
	return rig->w.generation->partition[RIG_A];
}

static void test_never_proven_is_asked(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_ASK);
	assert_int_equal(l.why, FALLBACK_STALE);
	worker_rig_fresh(rig);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_GOOD);
	assert_int_equal(l.source, SOURCE_MEMORY);
}

static void test_stale_is_asked_to_the_nanosecond(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	worker_rig_fresh(rig);
	sd_clock_test_set(RIG_BOOT_NS + STALENESS_NS, RIG_WALL_MS);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_GOOD);
	sd_clock_test_set(RIG_BOOT_NS + STALENESS_NS + 1, RIG_WALL_MS);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_ASK);
	assert_int_equal(l.why, FALLBACK_STALE);
}

/* A copy was looked at while the master lagged behind; what the master proves after that says
 * nothing for the copy. */
static void test_a_proof_of_before_the_copy_counts(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	lookup_proof(r, &l);
	worker_rig_fresh(rig);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_ASK);
	assert_int_equal(l.why, FALLBACK_STALE);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_GOOD); /* it was used up */
}

/* A rule of the tenant stands in another partition than its users: both must be proven. */
static void test_both_partitions_count(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	assert_int_not_equal(tenant_partition(rig), sid.b[0]);
	shm_fresh_set(rig->control, sid.b[0], rig->boot_ns);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_ASK);
	shm_fresh_set(rig->control, tenant_partition(rig), rig->boot_ns);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_GOOD);
	shm_fresh_set(rig->control, sid.b[0], rig->boot_ns - STALENESS_NS - 1);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_ASK);
}

static void test_an_end_needs_no_proof(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	worker_rig_revoke(rig, &sid, RIG_A, "alice");
	assert_int_equal(lookup_memory(r, &l), LOOKUP_GONE);
	worker_rig_fresh(rig);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_GONE);
}

static void test_rules_by_time(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	worker_rig_fresh(rig);
	shm_revoke_w_client(rig->revocations, 1, l.query.iat_s);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_GOOD);
	shm_revoke_w_client(rig->revocations, 1, l.query.iat_s + 1);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_REVOKED);
	l.query.client_slot = 3;
	assert_int_equal(lookup_memory(r, &l), LOOKUP_GOOD);
	shm_revoke_w_key(rig->revocations, 2, l.query.iat_s + 1);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_REVOKED);
	l.query.key_slot = SHM_SLOT_NONE;
	shm_revoke_w_tenant(rig->revocations, 0, l.query.iat_s + 1);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_REVOKED);
}

/* A table that has a successor knows nothing for sure. */
static void test_unknown_is_asked(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	struct shm_revocations *moved = malloc(rig->w.table_size);
	const struct shm_revocations *real = rig->w.table;
	assert_non_null(moved);
	memcpy(moved, real, rig->w.table_size);
	atomic_store(&moved->moved, 1);
	rig->w.table = moved;
	worker_rig_fresh(rig);
	assert_int_equal(lookup_memory(r, &l), LOOKUP_ASK);
	assert_int_equal(l.why, FALLBACK_COLLAPSED);
	worker_rig_tenant(rig, RIG_A)->on_store_outage = OUTAGE_ALLOW_SIGNED;
	worker_rig_adopt(rig, 8);
	r = worker_rig_request(rig, RIG_A);
	r->call.status = STORE_UNAVAILABLE; /* not even the outage rule trusts it */
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_UNAVAILABLE);
	r->call.status = STORE_ABSENT;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GONE);
	rig->w.table = real;
	free(moved);
}

static void test_outage_denies(void **state)
{
	static const enum store_status failed[] = {STORE_UNAVAILABLE, STORE_CORRUPT, STORE_LATE};
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	worker_rig_fresh(rig);
	for (size_t i = 0; i < SD_ARRAY_LEN(failed); i++) {
		r->call.status = failed[i];
		assert_int_equal(lookup_store(r, &l, true), LOOKUP_UNAVAILABLE);
		assert_int_equal(lookup_store(r, &l, false), LOOKUP_UNAVAILABLE);
	}
}

static void test_outage_allows_signed_tokens_for_a_while(void **state)
{
	struct worker_rig *rig = *state;
	worker_rig_tenant(rig, RIG_A)->on_store_outage = OUTAGE_ALLOW_SIGNED;
	worker_rig_adopt(rig, 8);
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	l.why = FALLBACK_STALE;
	r->call.status = STORE_UNAVAILABLE;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_UNAVAILABLE); /* never proven at all */
	worker_rig_fresh(rig);
	sd_clock_test_set(RIG_BOOT_NS + 30 * SD_NS_PER_S, RIG_WALL_MS);
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GOOD);
	assert_int_equal(l.source, SOURCE_SIGNED);
	assert_int_equal(lookup_store(r, &l, false),
			 LOOKUP_UNAVAILABLE); /* session tokens are nothing alone */
	l.why = FALLBACK_IDLE;		      /* and a session that may be idle is not revived */
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_UNAVAILABLE);
	l.why = FALLBACK_STALE;
	sd_clock_test_set(RIG_BOOT_NS + 30 * SD_NS_PER_S + 1, RIG_WALL_MS);
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_UNAVAILABLE);
	sd_clock_test_set(RIG_BOOT_NS, RIG_WALL_MS);
	worker_rig_revoke(rig, &sid, RIG_A, "alice");
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_UNAVAILABLE);
}

static void test_an_absent_record(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	r->call.status = STORE_ABSENT;
	l.why = FALLBACK_STALE;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GONE);
	assert_int_equal(l.source, SOURCE_STORE);
	worker_rig_fresh(rig); /* proven meanwhile: an access token may outlive its record */
	l.why = FALLBACK_STALE;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GOOD);
	assert_int_equal(lookup_store(r, &l, false), LOOKUP_GONE);
	l.why = FALLBACK_IDLE;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GONE);
}

/* Another server, or an older copy: whatever it says, it is as if it said nothing. */
static void test_a_store_that_is_not_known(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);

	worker_rig_fresh(rig);
	shm_fresh_set_store_known(rig->control, false);
	r->call.status = STORE_ABSENT;
	assert_int_equal(lookup_store(r, &l, false), LOOKUP_UNAVAILABLE);
	r->call.status = STORE_ENDED;
	assert_int_equal(lookup_store(r, &l, false), LOOKUP_UNAVAILABLE);
	shm_fresh_set_store_known(rig->control, true);
	r->call.status = STORE_ABSENT;
	assert_int_equal(lookup_store(r, &l, false), LOOKUP_GONE);
}

static void test_the_record_and_its_rules(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct lookup l = lookup_of(rig);
	struct session *s = &r->call.session;
	*s = (struct session){.status = SESSION_ACTIVE,
			      .created_ms = RIG_WALL_MS - 1000,
			      .seen_ms = RIG_WALL_MS - 1000,
			      .idle_s = 1800,
			      .absolute_s = 36000};
	r->call.status = STORE_OK;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GOOD);
	assert_int_equal(l.source, SOURCE_STORE);
	assert_int_equal(l.clocks.idle_at_s, FAKE_POLICY_NOW - 1 + 1800);
	/* Another worker may have seen it a touch interval later than the store knows. */
	s->seen_ms = s->created_ms = RIG_WALL_MS - (1800 + r->tenant->touch_interval_s) * 1000LL + 1;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GOOD);
	assert_int_equal(lookup_store(r, &l, false), LOOKUP_GOOD);
	s->seen_ms--;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_IDLE);
	assert_int_equal(lookup_store(r, &l, false), LOOKUP_IDLE);
	l.seen_ms = RIG_WALL_MS - 1000; /* this worker has seen it since */
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GOOD);
	s->created_ms = RIG_WALL_MS - 36000 * 1000LL;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_EXPIRED);
	s->created_ms = RIG_WALL_MS - 1000;
	s->status = SESSION_ENDED;
	r->call.status = STORE_ENDED;
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GONE);
	s->status = SESSION_ACTIVE;
	r->call.status = STORE_OK;
	int64_t *const rules[] = {&r->call.tenant_before_s, &r->call.client_before_s,
				  &r->call.key_before_s};
	for (size_t i = 0; i < SD_ARRAY_LEN(rules); i++) {
		*rules[i] = l.query.iat_s;
		assert_int_equal(lookup_store(r, &l, true), LOOKUP_GOOD);
		*rules[i] = l.query.iat_s + 1;
		assert_int_equal(lookup_store(r, &l, true), LOOKUP_REVOKED);
		*rules[i] = 0;
	}
	worker_rig_revoke(rig, &sid, RIG_A, "alice"); /* meanwhile; or the store has lost it */
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_GONE);
	r->call.status = STORE_LIMIT; /* no answer to this question */
	assert_int_equal(lookup_store(r, &l, true), LOOKUP_UNAVAILABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_never_proven_is_asked), TEST(test_stale_is_asked_to_the_nanosecond),
	    TEST(test_a_proof_of_before_the_copy_counts),
	    TEST(test_both_partitions_count), TEST(test_an_end_needs_no_proof),
	    TEST(test_rules_by_time),	      TEST(test_unknown_is_asked),
	    TEST(test_outage_denies),	      TEST(test_outage_allows_signed_tokens_for_a_while),
	    TEST(test_an_absent_record), TEST(test_a_store_that_is_not_known), TEST(test_the_record_and_its_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
