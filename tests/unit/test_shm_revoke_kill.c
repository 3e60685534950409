/* SPDX-License-Identifier: MIT
 * A writer is killed at any instruction, two hundred times: what is left proves sound, and no end
 * that it had entered is CLEAR. */
#include "base.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fdpass.h"
#include "fdset.h"
#include "revoke_rig.h"
#include "shm_map.h"
#include "shm_verify.h"

#define ROUNDS 200
#define MOST 6000u

/* Both processes see it; the child writes. */
struct progress {
	_Atomic uint64_t entered;
	_Atomic int64_t now_s;
	struct shm_control control;
};

static int64_t until_of(uint64_t n)
{
	return (int64_t)(n + 600 + n * 7919 % 600);
}

/* The child: enters, sweeps, hands over each new segment as the master does. Never returns. */
static void writer(struct progress *p, uint64_t max, uint32_t users, int sock)
{
	struct shm_revoke_conf conf = {max, max, rig_seed};
	struct shm_revoke_w *w;
	uint8_t sid[16];
	char text[32];
	bool grown;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
	    shm_revoke_w_new(&conf, &p->control, &w, NULL) != 0 ||
	    sd_fdpass_send(sock, "t", 1, NULL, 0, shm_revoke_w_fd(w)) != 0)
		_exit(1);
	for (uint64_t n = 0;; n++) {
		rig_sid(n, sid);
		if (shm_revoke_w_session(w, sid, (uint32_t)(n % 3), rig_user(n % users, text),
					 until_of(n), &grown) != 0)
			_exit(2);
		if (grown && sd_fdpass_send(sock, "t", 1, NULL, 0, shm_revoke_w_fd(w)) != 0)
			_exit(3);
		atomic_store_explicit(&p->entered, n + 1, memory_order_release);
		if (n % 16 == 0) {
			atomic_store(&p->now_s, (int64_t)n);
			shm_revoke_w_sweep(w, (int64_t)n, 128);
		}
		while (n > 4 * MOST)
			(void)pause(); /* the parent sleeps longer than we need; it will kill us */
	}
}

/* The last segment that came through; none came: NULL. */
static const void *last_segment(int sock, size_t *size)
{
	const void *table = NULL;
	size_t n;
	char byte;
	int fd;

	while (sd_fdpass_recv(sock, &byte, 1, &n, &fd) == 0) {
		shm_unmap(&table, *size);
		assert_int_equal(shm_map(fd, SHM_KIND_REVOCATIONS, 128, &table, size, NULL), 0);
		assert_true(shm_revoke_fits(table, *size));
		assert_int_equal(close(fd), 0);
	}
	return table;
}

static void prove(struct progress *p, const void *table, size_t size, uint32_t users)
{
	uint64_t entered = atomic_load(&p->entered);
	struct sd_buf findings;
	enum shm_scope scope;

	sd_buf_init(&findings, 65536);
	if (shm_verify(SHM_KIND_REVOCATIONS, table, size, &findings) != 0)
		fail_msg("after %llu: %.*s", (unsigned long long)entered, (int)findings.len,
			 findings.p);
	sd_buf_fini(&findings);
	for (uint64_t n = 0; n < entered; n++) {
		struct shm_query q = rig_query(n, (uint32_t)(n % 3), n % users);

		if (until_of(n) >= atomic_load(&p->now_s))
			assert_int_not_equal(shm_revoke_check(&p->control, table, &q, &scope),
					     SHM_CLEAR);
	}
}

static void round_of(struct progress *p, uint64_t max, uint32_t users, uint64_t after)
{
	int fds[2], status;
	const void *table;
	size_t size = 0;
	pid_t pid;

	memset(p, 0, sizeof(*p));
	assert_int_equal(sd_fdpass_pair(fds, 65536), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		writer(p, max, users, fds[1]);
	while (atomic_load(&p->entered) < after)
		(void)sched_yield();
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	table = last_segment(fds[0], &size);
	if (table)
		prove(p, table, size, users);
	shm_unmap(&table, size);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
}

static void test_killed_at_any_instruction(void **state)
{
	struct progress *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t random = 521288629;
	int before = sd_fd_count();

	(void)state;
	assert_ptr_not_equal(p, MAP_FAILED);
	for (int i = 0; i < ROUNDS; i++) {
		static const struct {
			uint64_t max;
			uint32_t users;
		} kinds[] = {
			{20000, 500},    /* grows, twice */
			{2000, 500},     /* sweeps and takes expired places */
			{500, 6},        /* users collapse */
			{500, 2500},     /* tenants collapse */
		};
		size_t k = (size_t)i % SD_ARRAY_LEN(kinds);

		round_of(p, kinds[k].max, kinds[k].users, 1 + rig_random(&random) % MOST);
	}
	assert_int_equal(munmap(p, sizeof(*p)), 0);
	assert_int_equal(sd_fd_count(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_at_any_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
