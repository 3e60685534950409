/* SPDX-License-Identifier: MIT
 * A writer is stopped after every single store into what readers see: each time the table proves
 * sound and no end that it had entered is CLEAR. What a kill could leave behind, all of it.
 *
 * The table and the control segment are read-only; each store faults, is let through alone (the
 * processor's trap flag stops after one instruction), and is looked at. */
#include "base.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "revoke_rig.h"
#include "shm_revoke_priv.h"
#include "shm_verify.h"

#if defined(__x86_64__) && !defined(SD_SANITIZERS)

#define MAX 40u    /* 16 buckets */
#define MOST 2000u /* sessions at most */
#define TRAP_FLAG 0x100
#define PAGE 4096u

struct stage {
	struct shm_control control;
	_Alignas(PAGE) uint8_t table[PAGE];
};

/* Who session n belongs to, and how long. */
struct cast {
	uint64_t sessions;
	uint64_t per_user, per_tenant; /* in a row */
	uint64_t life_s;               /* n + life_s is its end; n is the time it is entered at */
	uint64_t sweep;                /* slots swept after each; 0: never */
	bool grows;                    /* until its successor is in force */
};

static struct stage *stage;
static const struct cast *cast;
static struct shm_query query[MOST];
static uint64_t entered, stores;
static int64_t now_s;
static char wrong[300];

static struct shm_revocations *table(void)
{
	return (struct shm_revocations *)(void *)stage->table;
}

static int64_t until_of(uint64_t n)
{
	return (int64_t)(n + cast->life_s);
}

static void prove(void)
{
	struct sd_buf findings;
	enum shm_scope scope;

	sd_buf_init(&findings, 65536);
	if (shm_verify(SHM_KIND_REVOCATIONS, table(), table()->head.size, &findings) != 0)
		(void)snprintf(wrong, sizeof(wrong), "after %" PRIu64 " and %" PRIu64 " stores: %.*s",
			       entered, stores, (int)findings.len, findings.p);
	sd_buf_fini(&findings);
	for (uint64_t n = 0; n < entered; n++)
		if (until_of(n) >= now_s &&
		    shm_revoke_check(&stage->control, table(), &query[n], &scope) == SHM_CLEAR)
			(void)snprintf(wrong, sizeof(wrong), "after %" PRIu64 " and %" PRIu64
				       " stores: %" PRIu64 " is CLEAR", entered, stores, n);
}

static void protect(int prot)
{
	if (mprotect(stage, sizeof(*stage), prot) != 0)
		abort();
}

static void on_store(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uintptr_t at = (uintptr_t)info->si_addr, first = (uintptr_t)stage;

	(void)signal;
	if (at < first || at >= first + sizeof(*stage))
		abort();
	protect(PROT_READ | PROT_WRITE);
	uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_stored(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signal;
	(void)info;
	uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
	stores++;
	if (wrong[0] == '\0')
		prove();
	protect(PROT_READ);
}

/* A writer whose table lies on the stage. */
static struct shm_revoke_w *make_writer(void **own)
{
	struct shm_revoke_conf conf = {MAX, MAX, rig_seed};
	struct shm_revoke_w *w;

	assert_int_equal(shm_revoke_w_new(&conf, &stage->control, &w, NULL), 0);
	assert_true(w->seg.size <= sizeof(stage->table));
	memcpy(stage->table, w->seg.table, w->seg.size);
	*own = w->seg.table;
	w->seg.table = table();
	w->grow_hold = cast->grows ? 0 : UINT32_MAX;
	if (cast->grows) {
		w->conf.max_entries = MOST;
		w->max_buckets = 64;
	}
	return w;
}

static void play(const struct cast *c)
{
	struct sigaction was[2], segv = {.sa_sigaction = on_store, .sa_flags = SA_SIGINFO},
				 trap = {.sa_sigaction = on_stored, .sa_flags = SA_SIGINFO};
	struct shm_revoke_w *w;
	void *own;

	memset(stage, 0, sizeof(*stage));
	memset(wrong, 0, sizeof(wrong));
	cast = c;
	entered = stores = 0;
	now_s = 0;
	for (uint64_t n = 0; n < c->sessions; n++)
		query[n] = rig_query(n, (uint32_t)(n / c->per_tenant), n / c->per_user);
	w = make_writer(&own);
	assert_int_equal(sigaction(SIGSEGV, &segv, &was[0]), 0);
	assert_int_equal(sigaction(SIGTRAP, &trap, &was[1]), 0);
	protect(PROT_READ);
	for (uint64_t n = 0; n < c->sessions && wrong[0] == '\0' && w->number == 1; n++) {
		(void)rig_revoke(w, n, (uint32_t)(n / c->per_tenant), n / c->per_user, until_of(n));
		entered = n + 1;
		now_s = (int64_t)n;
		w->now_s = now_s;
		if (c->sweep > 0)
			shm_revoke_w_sweep(w, now_s, c->sweep);
	}
	protect(PROT_READ | PROT_WRITE);
	assert_int_equal(sigaction(SIGSEGV, &was[0], NULL), 0);
	assert_int_equal(sigaction(SIGTRAP, &was[1], NULL), 0);
	assert_int_equal(w->number, c->grows ? 2 : 1);
	*(w->number == 1 ? &w->seg.table : &w->old.table) = own;
	shm_revoke_w_free(&w);
	if (wrong[0] != '\0')
		fail_msg("%s", wrong);
	assert_true(stores >= (c->grows ? 200 : 4 * c->sessions));
}

static void test_entries_come_and_go(void **state)
{
	(void)state;
	play(&(struct cast){.sessions = 500, .per_user = 1, .per_tenant = 7, .life_s = 6, .sweep = 16});
	play(&(struct cast){.sessions = 500, .per_user = 3, .per_tenant = 7, .life_s = 35, .sweep = 64});
}

static void test_expired_places_are_taken(void **state)
{
	(void)state;
	play(&(struct cast){.sessions = 500, .per_user = 3, .per_tenant = 12, .life_s = 12});
}

static void test_users_collapse(void **state)
{
	(void)state;
	play(&(struct cast){.sessions = 500, .per_user = 60, .per_tenant = 60, .life_s = 60, .sweep = 4});
	play(&(struct cast){.sessions = 500, .per_user = 10, .per_tenant = 500, .life_s = 90, .sweep = 4});
	assert_true(table()->collapsed > 0);
}

static void test_tenants_collapse(void **state)
{
	(void)state;
	play(&(struct cast){.sessions = 200, .per_user = 1, .per_tenant = 30, .life_s = 60, .sweep = 4});
	assert_true(stage->control.tenant_vague_until_s[1] > 0 ||
		    stage->control.tenant_vague_until_s[5] > 0);
}

/* Up to the mark, what the stage holds is whole; from it on every answer is a question. */
static void test_it_grows(void **state)
{
	(void)state;
	play(&(struct cast){.sessions = 500, .per_user = 3, .per_tenant = 500, .life_s = 500, .grows = true});
	assert_int_equal(table()->moved, 1);
	play(&(struct cast){.sessions = 500, .per_user = 3, .per_tenant = 500, .life_s = 52, .sweep = 4, .grows = true});
	assert_int_equal(table()->moved, 1);
}

static int setup(void **state)
{
	(void)state;
	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return stage == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return munmap(stage, sizeof(*stage));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_entries_come_and_go),
		T(test_expired_places_are_taken),
		T(test_users_collapse),
		T(test_tenants_collapse),
		T(test_it_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

/* Needs the processor's trap flag, and stores that are single instructions. */
int main(void)
{
	return 77;
}

#endif
