/* SPDX-License-Identifier: MIT
 * The writer acts between any two loads of a reader: an end that was entered before the reader
 * began is never CLEAR, wherever the reader was caught.
 *
 * The reader's mappings are unreadable; each load faults, is let through alone (the processor's
 * trap flag stops after one instruction), and after the chosen one the writer does all it does. */
#include "base.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "revoke_rig.h"
#include "shm_map.h"
#include "shm_revoke_priv.h"

#if defined(__x86_64__) && !defined(SD_SANITIZERS)

#define MAX 40u /* 16 buckets */
#define TRAP_FLAG 0x100
#define WATCHED 20u /* sessions that the reader asks about */

typedef void act_fn(struct shm_revoke_w *w);

/* What the writer made, and what the reader sees of it. */
static struct {
	struct shm_control *control;
	struct shm_revoke_w *w;
	int fd;
} writer;
static struct {
	const void *control, *table;
	size_t control_size, table_size;
} reader;
static unsigned loads, act_after;
static act_fn *act;

static uint32_t tenant_of(uint64_t n)
{
	return n < 1000 ? 1 : 2;
}

static uint64_t user_of(uint64_t n)
{
	return n < 1000 ? n % 4 : n;
}

static void enter(uint64_t n, int64_t until_s)
{
	if (rig_revoke(writer.w, n, tenant_of(n), user_of(n), until_s) != 0)
		abort();
}

static void reprotect(const void *p, size_t size, int prot)
{
	if (mprotect((void *)(uintptr_t)p, size, prot) != 0)
		abort();
}

static void protect(int prot)
{
	reprotect(reader.control, reader.control_size, prot);
	reprotect(reader.table, reader.table_size, prot);
}

static bool inside(uintptr_t at, const void *p, size_t size)
{
	return at >= (uintptr_t)p && at < (uintptr_t)p + size;
}

static void on_load(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)signal;
	if (!inside(at, reader.control, reader.control_size) &&
	    !inside(at, reader.table, reader.table_size))
		abort();
	protect(PROT_READ);
	uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_loaded(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signal;
	(void)info;
	uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
	if (++loads == act_after)
		act(writer.w);
	protect(PROT_NONE);
}

static void make(uint64_t max)
{
	struct shm_revoke_conf conf = {max, max, rig_seed};
	void *p;

	assert_int_equal(shm_create(SHM_KIND_CONTROL, 1, sizeof(struct shm_control), &writer.fd, &p, NULL), 0);
	writer.control = p;
	assert_int_equal(shm_revoke_w_new(&conf, writer.control, &writer.w, NULL), 0);
	for (uint64_t n = 0; n < WATCHED; n++)
		enter(n, 1000);
	assert_int_equal(shm_map(writer.fd, SHM_KIND_CONTROL, 64, &reader.control, &reader.control_size, NULL), 0);
	assert_int_equal(shm_map(shm_revoke_w_fd(writer.w), SHM_KIND_REVOCATIONS, 128, &reader.table,
				 &reader.table_size, NULL), 0);
}

static void unmake(void)
{
	shm_unmap(&reader.control, reader.control_size);
	shm_unmap(&reader.table, reader.table_size);
	shm_revoke_w_free(&writer.w);
	assert_int_equal(munmap(writer.control, sizeof(*writer.control)), 0);
	assert_int_equal(close(writer.fd), 0);
}

/* The reader's answer about session n when the writer acts after that many of its loads. */
static enum shm_verdict ask(uint64_t n, unsigned after)
{
	struct sigaction was[2], segv = {.sa_sigaction = on_load, .sa_flags = SA_SIGINFO},
				 trap = {.sa_sigaction = on_loaded, .sa_flags = SA_SIGINFO};
	struct shm_query q = rig_query(n, tenant_of(n), user_of(n));
	enum shm_verdict verdict;
	enum shm_scope scope;

	q.iat_s = 500;
	loads = 0;
	act_after = after;
	assert_int_equal(sigaction(SIGSEGV, &segv, &was[0]), 0);
	assert_int_equal(sigaction(SIGTRAP, &trap, &was[1]), 0);
	protect(PROT_NONE);
	verdict = shm_revoke_check(reader.control, reader.table, &q, &scope);
	protect(PROT_READ);
	assert_int_equal(sigaction(SIGSEGV, &was[0], NULL), 0);
	assert_int_equal(sigaction(SIGTRAP, &was[1], NULL), 0);
	return verdict;
}

static void between_any_two_loads(uint64_t max, act_fn *fn)
{
	unsigned most = 0;

	act = fn;
	for (uint64_t n = 0; n < WATCHED; n++)
		for (unsigned after = 1;; after++) {
			enum shm_verdict v;

			make(max);
			v = ask(n, after);
			most = SD_MAX(most, loads);
			unmake();
			if (v == SHM_CLEAR)
				fail_msg("session %" PRIu64 " is CLEAR, the writer acted after load %u", n, after);
			if (loads < after)
				break;
		}
	assert_true(most >= 5);
}

static void fill_with_users(struct shm_revoke_w *w)
{
	/* user 0 and its like have most: each becomes one entry */
	for (uint64_t n = WATCHED; w->seg.table->collapsed < 4 && n < 200; n++)
		enter(n, 1000);
}

static void collapse_tenant(struct shm_revoke_w *w)
{
	fill_with_users(w);
	revoke_vague_raise(w, 2, 100); /* elsewhere, so that it is not the only mark */
	w->conf.max_entries = 1;
	for (uint64_t n = 1000; n < 1010; n++)
		enter(n, 1000);
	while (w->group_live[1] > 0)
		if (!revoke_collapse(w))
			abort();
}

static void grow(struct shm_revoke_w *w)
{
	if (!revoke_grow(w, w->seg.table->buckets * 2))
		abort();
}

/* Others come and go, the watched stay: until 1000. */
static void turn_over(struct shm_revoke_w *w)
{
	for (uint64_t n = 1000; n < 1200; n++) {
		enter(n, (int64_t)(n - 995));
		shm_revoke_w_sweep(w, (int64_t)(n - 1000), 64);
	}
}

static void nothing(struct shm_revoke_w *w)
{
	(void)w;
}

static void test_users_collapse(void **state)
{
	(void)state;
	between_any_two_loads(MAX, fill_with_users);
}

static void test_a_tenant_collapses(void **state)
{
	(void)state;
	between_any_two_loads(MAX, collapse_tenant);
}

static void test_the_table_grows(void **state)
{
	(void)state;
	between_any_two_loads(5000, grow);
}

static void test_others_come_and_go(void **state)
{
	(void)state;
	between_any_two_loads(MAX, turn_over);
}

/* And with nobody acting the answer is exact. */
static void test_alone(void **state)
{
	(void)state;
	act = nothing;
	make(MAX);
	assert_int_equal(ask(3, 1), SHM_REVOKED);
	assert_int_equal(ask(300, 1), SHM_CLEAR);
	unmake();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users_collapse),
		cmocka_unit_test(test_a_tenant_collapses),
		cmocka_unit_test(test_the_table_grows),
		cmocka_unit_test(test_others_come_and_go),
		cmocka_unit_test(test_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

/* Needs the processor's trap flag, and loads that are single instructions. */
int main(void)
{
	return 77;
}

#endif
