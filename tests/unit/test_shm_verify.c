/* SPDX-License-Identifier: MIT
 * Every kind of damage is found, a sound segment has no finding, arbitrary bytes do no harm. */
#include "base.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "heritage.h"
#include "revoke_rig.h"
#include "shm_board.h"
#include "shm_health.h"
#include "shm_map.h"
#include "shm_revoke_priv.h"
#include "shm_verify.h"

static struct sd_buf findings;

static int setup(void **state)
{
	(void)state;
	sd_buf_init(&findings, 1 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sd_buf_fini(&findings);
	return 0;
}

static unsigned verify(enum shm_kind kind, const void *p, size_t size)
{
	unsigned n;

	sd_buf_reset(&findings);
	n = shm_verify(kind, p, size, &findings);
	assert_int_equal(n == 0, findings.len == 0);
	sd_buf_char(&findings, '\0');
	return n;
}

static void finds(enum shm_kind kind, const void *p, size_t size, const char *text)
{
	assert_int_not_equal(verify(kind, p, size), 0);
	if (!strstr(findings.p, text))
		fail_msg("\"%s\" is not in: %s", text, findings.p);
}

static void test_heads(void **state)
{
	int fd;
	void *p;
	struct shm_head *head;

	(void)state;
	assert_int_equal(shm_create(SHM_KIND_POLICY, 1, 4096, &fd, &p, NULL), 0);
	head = p;
	assert_int_equal(verify(SHM_KIND_POLICY, p, 4096), 0);
	finds(SHM_KIND_STATS, p, 4096, "kind");
	finds(SHM_KIND_POLICY, p, 4095, "says");
	finds(SHM_KIND_POLICY, p, 63, "hold no head");
	finds(SHM_KIND_POLICY, (char *)p + 4, 64, "aligned");
	head->reserved[5] = 1;
	finds(SHM_KIND_POLICY, p, 4096, "reserved");
	head->magic = 0;
	finds(SHM_KIND_POLICY, p, 4096, "magic");
	assert_string_equal(shm_kind_name(SHM_KIND_STATS), "stats");
	assert_string_equal(shm_kind_name(SHM_KIND_NONE), "none");
	assert_int_equal(munmap(p, 4096), 0);
	assert_int_equal(close(fd), 0);
}

static void test_control(void **state)
{
	int fd;
	void *p;
	struct shm_control *c;
	const size_t size = sizeof(*c);

	(void)state;
	assert_int_equal(shm_create(SHM_KIND_CONTROL, 1, size, &fd, &p, NULL), 0);
	c = p;
	(void)health_write(c, CHECK_STORE, HEALTH_OK, HEALTH_REASON_NONE, 1000);
	assert_int_equal(verify(SHM_KIND_CONTROL, p, size), 0);
	c->health[CHECK_STORE] = UINT64_MAX;
	finds(SHM_KIND_CONTROL, p, size, "health[0]");
	c->health[CHECK_STORE] = 0;
	c->health[7] = 1;
	finds(SHM_KIND_CONTROL, p, size, "health[7]");
	c->health[7] = 0;
	c->fresh_as_of_ns[255] = -1;
	finds(SHM_KIND_CONTROL, p, size, "fresh_as_of_ns[255]");
	c->fresh_as_of_ns[255] = 0;
	c->tenant_vague_until_s[SHM_TENANTS - 1] = INT64_MIN;
	finds(SHM_KIND_CONTROL, p, size, "tenant_vague_until_s[16383]");
	memset(c->key_before_s, 0xff, sizeof(c->key_before_s));
	assert_true(verify(SHM_KIND_CONTROL, p, size) > SHM_VERIFY_MAX);
	assert_int_equal(munmap(p, size), 0);
	assert_int_equal(close(fd), 0);
}

static void test_stats(void **state)
{
	int fd;
	void *p;
	struct shm_stats *s;
	const size_t size = sizeof(*s);

	(void)state;
	assert_int_equal(shm_create(SHM_KIND_STATS, 1, size, &fd, &p, NULL), 0);
	s = p;
	s->role = ROLE_WORKER;
	for (uint32_t t = 0; t < 5000; t++)
		board_count(s, METRIC_ENDED, t, 1, 2, 1);
	board_observe(s, HISTOGRAM_APPLY, 77);
	assert_int_equal(verify(SHM_KIND_STATS, p, size), 0);
	s->histogram[HISTOGRAM_APPLY].bucket[3] += 9;
	finds(SHM_KIND_STATS, p, size, "histogram 2");
	s->histogram[HISTOGRAM_APPLY].bucket[3] -= 9;
	s->counter[5].key = UINT64_MAX;
	finds(SHM_KIND_STATS, p, size, "counter 5");
	s->counter[5].key = 0;
	memset(s->panic, 'x', sizeof(s->panic));
	finds(SHM_KIND_STATS, p, size, "panic");
	s->panic[511] = '\0';
	memset(s->route[63], 'x', sizeof(s->route[63]));
	finds(SHM_KIND_STATS, p, size, "route[63]");
	s->route[63][0] = '\0';
	s->role = ROLE_COUNT;
	s->state = BOARD_ENDED + 1;
	finds(SHM_KIND_STATS, p, size, "role");
	finds(SHM_KIND_STATS, p, size, "state");
	assert_int_equal(munmap(p, size), 0);
	assert_int_equal(close(fd), 0);
}

/* A slot whose bucket is full, so that what is behind it can be cut off. */
static void test_revocations(void **state)
{
	struct shm_revoke_conf conf = {3000, 3000, rig_seed};
	struct shm_control *control = calloc(1, sizeof(*control));
	struct shm_revoke_w *w;
	struct shm_revocations *t;
	uint64_t first = UINT64_MAX, word, tag, size, n;

	(void)state;
	assert_non_null(control);
	assert_int_equal(shm_revoke_w_new(&conf, control, &w, NULL), 0);
	for (n = 0; n < 3000; n++)
		assert_int_equal(rig_revoke(w, n, 1, n, 1000), 0);
	t = w->seg.table;
	size = w->seg.size;
	assert_int_equal(verify(SHM_KIND_REVOCATIONS, t, size), 0);
	/* an entry away from home, and the bucket it had to pass */
	for (n = 0; n < revoke_slots(&w->seg) && first == UINT64_MAX; n++)
		if (t->slot[n].tag >= REVOKE_FIRST_TAG &&
		    (t->slot[n].tag & (t->buckets - 1)) != n / SHM_REVOKE_SLOTS)
			first = n;
	assert_true(first != UINT64_MAX);
	n = revoke_bucket(t->buckets, t->slot[first].tag, 0);
	tag = t->slot[n].tag;
	t->slot[n].tag = 0;
	finds(SHM_KIND_REVOCATIONS, t, size, "its way ends");
	t->slot[n].tag = tag;
	/* twice the same */
	word = t->slot[n + 1].word;
	t->slot[n + 1].word = t->slot[n].word;
	tag = t->slot[n + 1].tag;
	t->slot[n + 1].tag = t->slot[n].tag;
	finds(SHM_KIND_REVOCATIONS, t, size, "the same entry");
	t->slot[n + 1].word = word;
	t->slot[n + 1].tag = tag;
	/* an entry where it cannot be found */
	tag = t->slot[n].tag;
	t->slot[n].tag = tag + 500;
	finds(SHM_KIND_REVOCATIONS, t, size, "");
	t->slot[n].tag = tag;
	word = t->slot[n].word;
	t->slot[n].word = word & ~(3ull << 28);
	finds(SHM_KIND_REVOCATIONS, t, size, "no kind");
	t->slot[n].word = (word & ~0xffffull) | 0x7000;
	finds(SHM_KIND_REVOCATIONS, t, size, "tenant slot");
	t->slot[n].word = word;
	t->live += 2;
	finds(SHM_KIND_REVOCATIONS, t, size, "live");
	t->live -= 3;
	finds(SHM_KIND_REVOCATIONS, t, size, "live");
	t->live++;
	t->used += 5;
	finds(SHM_KIND_REVOCATIONS, t, size, "used");
	t->used -= 5;
	t->collapsed = 7;
	finds(SHM_KIND_REVOCATIONS, t, size, "collapsed");
	t->collapsed = 0;
	t->moved = 2;
	finds(SHM_KIND_REVOCATIONS, t, size, "moved");
	t->moved = 0;
	assert_int_equal(verify(SHM_KIND_REVOCATIONS, t, size), 0);
	t->buckets *= 2;
	finds(SHM_KIND_REVOCATIONS, t, size, "buckets");
	t->buckets /= 2;
	shm_revoke_w_free(&w);
	free(control);
}

static void test_arbitrary_bytes(void **state)
{
	uint64_t random = 123456789;
	uint8_t *p = calloc(1, sizeof(struct shm_control));

	(void)state;
	assert_non_null(p);
	for (int round = 0; round < 300; round++) {
		enum shm_kind kind = (enum shm_kind)(round % 6);
		size_t size = rig_random(&random) % sizeof(struct shm_control);

		if (kind == SHM_KIND_CONTROL)
			size = sizeof(struct shm_control);
		if (kind == SHM_KIND_STATS)
			size = sizeof(struct shm_stats);
		if (kind == SHM_KIND_REVOCATIONS)
			size = 128 + 64 * 64;
		for (size_t i = 0; i < size / 8; i++)
			((uint64_t *)(void *)p)[i] = rig_random(&random) >> (round % 64);
		*(struct shm_head *)(void *)p = (struct shm_head){
			.magic = SHM_MAGIC, .major = SHM_MAJOR, .kind = kind, .size = size};
		((struct shm_revocations *)(void *)p)->buckets = 64;
		(void)verify(kind, p, size);
	}
	free(p);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_heads), T(test_control), T(test_stats), T(test_revocations), T(test_arbitrary_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
