/* SPDX-License-Identifier: MIT
 * The shared rows are enough for malloc() and abort(), and for nothing that writes what is executed
 * or reaches another process: in children behind a filter of these rows alone. */
#include "base.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "sandbox_filter.h"
#include "sandbox_rows.h"

static const struct sd_sys_rule rules[] = {SD_ROWS_LOOP, SD_ROWS_CHANNEL, SD_ROWS_HEAP,
					   SD_ROWS_PROCESS, SD_ROWS_LAZY};
static struct sd_sys_rule all[SD_ARRAY_LEN(rules) + 1];

static struct sd_sandbox_spec spec(void)
{
	return (struct sd_sandbox_spec){
	    .role = "tester",
	    .rules = all,
	    .rule_count = sd_rows_own(all, rules, SD_ARRAY_LEN(rules))};
}

static void test_each_row_has_a_reason_and_compiles(void **state)
{
	static struct sd_filter filter;
	struct sd_diag diag = {""};
	struct sd_sandbox_spec s = spec();

	(void)state;
	assert_int_equal(s.rule_count, SD_ARRAY_LEN(rules) + 1);
	assert_int_equal(all[s.rule_count - 1].nr, SCMP_SYS(tgkill));
	for (size_t i = 0; i < s.rule_count; i++)
		assert_true(all[i].reason != NULL && strlen(all[i].reason) > 4);
	assert_int_equal(sd_filter_compile(&s, &filter, &diag), SD_OK);
}

static void use_memory_and_abort(void)
{
	for (size_t n = 16; n < (64u << 20); n *= 4) {
		char *p = malloc(n), *q;

		if (p == NULL)
			_exit(1);
		memset(p, 1, n);
		q = realloc(p, n * 2);
		if (q == NULL)
			_exit(1);
		q[n] = 1;
		free(q);
	}
	abort();
}

static void make_executable(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	(void)syscall(SYS_mprotect, page, (size_t)4096, PROT_READ | PROT_EXEC);
}

static void map_executable(void)
{
	(void)syscall(SYS_mmap, NULL, (size_t)4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
}

static void signal_another(void)
{
	(void)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

/* The signal that ended a child that did this behind the filter; 0 = none. */
static int ended_by(void (*act)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		static struct sd_filter filter;
		struct sd_diag diag = {""};
		struct sd_sandbox_spec s = spec(); /* here: the row of tgkill names this process */

		if (sd_filter_compile(&s, &filter, &diag) != SD_OK ||
		    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    sd_filter_install(&filter, &diag) != SD_OK)
			_exit(99);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_what_they_allow(void **state)
{
	(void)state;
#ifdef SD_SANITIZERS
	skip(); /* their runtime needs more */
#endif
	assert_int_equal(ended_by(use_memory_and_abort), SIGABRT);
	assert_int_equal(ended_by(make_executable), SIGSYS);
	assert_int_equal(ended_by(map_executable), SIGSYS);
	assert_int_equal(ended_by(signal_another), SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row_has_a_reason_and_compiles),
		cmocka_unit_test(test_what_they_allow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
