/* SPDX-License-Identifier: MIT
 * A table replaced by another: nothing lost, what is over left behind, the old one marked. */
#include "base.h"

#include <setjmp.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "err.h"
#include "fdset.h"
#include "shm_map.h"
#include "shm_verify.h"

#define RIG_ENTRIES 100000
#include "revoke_table.h"

static enum shm_verdict check(const struct shm_revocations *t, uint64_t n)
{
	struct shm_query q = rig_query(n, 1, n % 50);
	enum shm_scope scope;

	return shm_revoke_check(control, t, &q, &scope);
}

static void test_nothing_is_lost(void **state)
{
	const void *old;
	size_t size;
	int fds = sd_fd_count();

	(void)state;
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(rig_revoke(w, n, 1, n % 50, n % 3 == 0 ? 100 : 200), 0);
	assert_int_equal(shm_map(shm_revoke_w_fd(w), SHM_KIND_REVOCATIONS, 128, &old, &size, NULL), 0);
	w->now_s = 150;
	assert_int_equal(check(old, 1), SHM_REVOKED);
	assert_true(revoke_grow(w, w->seg.table->buckets * 2));
	while (shm_revoke_w_step(w, 1) == SHM_REVOKE_BUSY)
		;
	assert_int_equal(sd_fd_count(), fds);
	assert_int_equal(control->table, 2);
	assert_int_equal(w->seg.table->head.number, 2);
	assert_int_equal(w->seg.table->live, 2000);
	assert_int_equal(w->group_live[1], 2000);
	for (uint64_t n = 0; n < 3000; n++) {
		assert_int_equal(check(w->seg.table, n), n % 3 == 0 ? SHM_CLEAR : SHM_REVOKED);
		assert_int_equal(check(old, n), SHM_UNKNOWN);
	}
	shm_unmap(&old, size);
}

/* One descriptor too few: what is there stays in force, and is not asked again at once. */
static void test_it_fails(void **state)
{
	struct rlimit was, none;
	bool grown;

	(void)state;
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(rig_revoke(w, n, 1, n % 50, 200), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	grown = revoke_grow(w, w->seg.table->buckets * 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_false(grown);
	assert_true(w->grow_hold > 0);
	assert_int_equal(control->table, 1);
	assert_int_equal(w->seg.table->moved, 0);
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(check(w->seg.table, n), SHM_REVOKED);
}

/* While it grows the old table answers exactly, whatever the writer has got to. */
static void test_bit_by_bit(void **state)
{
	const struct shm_revocations *t = w->seg.table;
	unsigned steps = 0;

	(void)state;
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(rig_revoke(w, n, 1, n % 50, 200), 0);
	assert_true(revoke_grow_begin(w, t->buckets * 2));
	while (!revoke_grow_step(w, 16)) {
		assert_int_equal(control->table, 1);
		assert_int_equal(t->moved, 0);
		for (uint64_t n = steps % 7; n < 3000; n += 7) {
			assert_int_equal(check(t, n), SHM_REVOKED);
			assert_int_equal(check(t, n + 3000), SHM_CLEAR);
		}
		steps++;
	}
	assert_true(steps >= revoke_slots(&w->old) / 16);
	assert_int_equal(t->moved, 1);
	assert_int_equal(control->table, 2);
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(check(w->seg.table, n), SHM_REVOKED);
	assert_true(shm_revoke_w_busy(w));
	while (shm_revoke_w_step(w, 1) == SHM_REVOKE_BUSY)
		;
	assert_false(shm_revoke_w_busy(w));
	assert_null(w->old.table);
}

/* The whole of what is known of each session, held against both tables. */
struct model {
	int64_t until[8000];
	uint64_t live, random;
};

static uint64_t in_table(const struct shm_revocations *t)
{
	uint64_t live = 0;

	for (uint64_t n = 0; n < t->buckets * SHM_REVOKE_SLOTS; n++)
		live += t->slot[n].tag >= REVOKE_FIRST_TAG;
	return live;
}

static void sound(const struct revoke_segment *s)
{
	struct sd_buf findings;

	sd_buf_init(&findings, 65536);
	if (shm_verify(SHM_KIND_REVOCATIONS, s->table, s->size, &findings) != 0)
		fail_msg("%.*s", (int)findings.len, findings.p);
	sd_buf_fini(&findings);
	assert_int_equal(in_table(s->table), s->table->live);
}

static void act(struct model *m, uint64_t first, uint64_t sessions)
{
	uint64_t n = first + rig_random(&m->random) % sessions;
	int64_t until = w->now_s + (int64_t)(rig_random(&m->random) % 300);

	assert_int_equal(rig_revoke(w, n, 1, n % 50, until), 0);
	if (m->until[n] < until || m->until[n] < w->now_s)
		m->until[n] = SD_MAX(until, m->until[n]);
	if (rig_random(&m->random) % 8 == 0)
		shm_revoke_w_sweep(w, w->now_s + (int64_t)(rig_random(&m->random) % 3), 40);
}

/* Ends that come, last longer, run out, come again while the table grows: the new one has what the
 * old one has, no more and no less. */
static void test_what_comes_meanwhile(void **state)
{
	static struct model m;

	(void)state;
	m.random = 2463534242;
	for (unsigned round = 0; round < 6; round++) {
		uint64_t before = w->number, acts = 0;

		for (unsigned i = 0; i < 2000; i++)
			act(&m, 0, 2500);
		assert_true(revoke_grow_begin(w, w->seg.table->buckets * (round % 2 ? 1 : 2)));
		for (; w->number == before; acts++) {
			act(&m, 0, 3500);
			if (acts % 4 == 0 && w->number == before)
				(void)revoke_grow_step(w, 8);
		}
		assert_true(acts > 30);
		sound(&w->seg);
		for (uint64_t n = 0; n < 3500; n++)
			if (m.until[n] >= w->now_s && m.until[n] > 0)
				assert_int_equal(check(w->seg.table, n), SHM_REVOKED);
			else if (m.until[n] == 0)
				assert_int_equal(check(w->seg.table, n), SHM_CLEAR);
		assert_int_equal(w->group_live[1], w->seg.table->live);
	}
}

/* Users collapse into one entry while it grows: the new table has the one, not the many. */
static void test_a_collapse_meanwhile(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(rig_revoke(w, n, 1, n % 50, 200), 0);
	assert_true(revoke_grow_begin(w, w->seg.table->buckets * 2));
	while (w->next.copied < revoke_slots(&w->seg) / 2)
		assert_false(revoke_grow_step(w, 100));
	w->conf.max_entries = 2000; /* a user's 60 are enough to be worth it */
	assert_true(revoke_collapse(w));
	while (!revoke_grow_step(w, 100))
		;
	assert_int_equal(w->seg.table->collapsed, 1);
	assert_int_equal(w->seg.table->live, 3000 - 60 + 1);
	sound(&w->seg);
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_not_equal(check(w->seg.table, n), SHM_CLEAR);
}

/* The loop alone, or the entries alone, bring it to its end in time; no entry does much. */
static void test_who_does_the_work(void **state)
{
	uint64_t start = w->seg.table->buckets, n = 0;
	bool grown = false;

	(void)state;
	while (!revoke_growing(w))
		assert_int_equal(rig_revoke(w, n, 1, n % 50, 200), 0), n++;
	assert_int_equal(n, start * SHM_REVOKE_SLOTS / 4 * 3);
	for (unsigned i = 0; i < 1000 && !grown; i++)
		grown = shm_revoke_w_step(w, 512) == SHM_REVOKE_GROWN;
	assert_true(grown);
	assert_int_equal(w->seg.table->buckets, 2 * start);
	for (; w->number == 2; n++) {
		uint64_t copied = w->next.copied;

		assert_int_equal(rig_revoke(w, n, 1, n % 50, 200), 0);
		assert_true(w->number == 3 || w->next.copied <= copied + 64);
	}
	/* of the eighth that is left over for what comes meanwhile an eighth is used */
	assert_true(n < 2 * start * SHM_REVOKE_SLOTS * 50 / 64);
	sound(&w->seg);
}

/* Its successor cannot take all: given up, nothing has happened. */
static void test_given_up(void **state)
{
	(void)state;
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(rig_revoke(w, n, 1, n % 50, 200), 0);
	assert_true(revoke_grow_begin(w, 16));
	assert_false(revoke_grow_step(w, UINT64_MAX));
	assert_false(revoke_growing(w));
	assert_true(w->grow_hold > 0);
	assert_int_equal(w->seg.table->moved, 0);
	assert_int_equal(control->table, 1);
	for (uint64_t n = 0; n < 3000; n++)
		assert_int_equal(check(w->seg.table, n), SHM_REVOKED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_nothing_is_lost), T(test_it_fails), T(test_bit_by_bit),
		T(test_what_comes_meanwhile), T(test_a_collapse_meanwhile), T(test_who_does_the_work),
		T(test_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
