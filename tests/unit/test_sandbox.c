/* SPDX-License-Identifier: MIT
 * What the spec forbids kills, what a row refuses is refused, what is missing is said.
 * Each in a child, which says how far it came in memory it shares with us. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "log.h"
#include "sandbox.h"

#define ROWS                                                                                       \
	{SCMP_SYS(exit_group), 0, 0, {{0}}, "to end"},                                              \
	    {SCMP_SYS(write), 0, 1, {SCMP_A0_64(SCMP_CMP_EQ, 2)}, "the log"},                       \
	    {SCMP_SYS(getuid), 0, 0, {{0}}, "the test"},                                            \
	{SCMP_SYS(getppid), EPERM, 0, {{0}}, "the test"}

static const struct sd_sys_rule rules[] = {ROWS};

#ifndef SD_SANITIZERS
/* Enough to look at ourselves from inside. */
static const struct sd_sys_rule wide_rules[] = {
    ROWS,
    {SCMP_SYS(prctl), 0, 0, {{0}}, "the test"},
    {SCMP_SYS(prlimit64), 0, 0, {{0}}, "the test"},
    {SCMP_SYS(openat), 0, 0, {{0}}, "the test"},
    {SCMP_SYS(mmap), 0, 0, {{0}}, "the test"},
};
#endif

struct shared {
	volatile int stage; /* 1 inside, 2 came back from the last call */
	volatile int value;
	int err;
	int warnings;
	struct sd_sandbox_report report;
	struct sd_diag diag;
};

static struct shared *sh;
static struct sd_sandbox_spec spec;
static int stderr_is; /* what the child's standard error becomes; -1 = stays */

static int setup(void **state)
{
	(void)state;
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	spec = (struct sd_sandbox_spec){.role = "tester", .rules = rules,
					.rule_count = SD_ARRAY_LEN(rules), .nofile = 64};
	stderr_is = -1;
	return sh == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return munmap(sh, sizeof(*sh));
}

static void count_warning(enum sd_log_level level, const char *line, void *arg)
{
	(void)line;
	(void)arg;
	sh->warnings += level == SD_LOG_WARN;
}

static int run(void (*inside)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (stderr_is >= 0)
			(void)dup2(stderr_is, STDERR_FILENO);
		sd_log_capture(count_warning, NULL);
		sh->err = sd_sandbox_enter(&spec, &sh->report, &sh->diag);
		if (sh->err == SD_OK) {
			sh->stage = 1;
			inside();
			sh->stage = 2;
		}
		(void)syscall(SYS_exit_group, 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (sh->err != SD_OK)
		print_message("enter: %s\n", sh->diag.text);
	return status;
}

static void nothing(void)
{
}

#ifndef SD_SANITIZERS

static void assert_killed(int status)
{
	assert_int_equal(sh->err, SD_OK);
	assert_int_equal(sh->stage, 1);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void call_socket(void)
{
	(void)syscall(SYS_socket, 1, 1, 0);
}

static void call_getpid(void)
{
	(void)syscall(SYS_getpid);
}

static void write_elsewhere(void)
{
	(void)syscall(SYS_write, 1, "", 0);
}

static void allowed_calls(void)
{
	sh->value = syscall(SYS_getuid) == getuid() && syscall(SYS_write, 2, "", 0) == 0 &&
		    syscall(SYS_getppid) == -1 && errno == EPERM;
}

static void test_what_is_not_in_the_table_kills(void **state)
{
	(void)state;
	assert_killed(run(call_socket));
	sh->stage = 0;
	assert_killed(run(call_getpid));
}

static void test_arguments_are_checked(void **state)
{
	(void)state;
	assert_killed(run(write_elsewhere));
}

static void test_rows_allow_and_refuse(void **state)
{
	(void)state;
	assert_int_equal(run(allowed_calls), 0);
	assert_int_equal(sh->stage, 2);
	assert_int_equal(sh->value, 1);
	assert_int_equal(sh->report.seccomp, 2);
	assert_int_equal(sh->report.rules, 3);
	assert_int_equal(sh->report.no_new_privs, 1);
	assert_int_equal(sh->report.dumpable, 0);
	assert_int_equal(sh->warnings, 0);
}

#ifdef __x86_64__
static void call_x32(void)
{
	(void)syscall(0x40000000 | SYS_getuid);
}

static void call_i386(void)
{
	long nr = 20; /* getpid there */

	__asm__ volatile("int $0x80" : "+a"(nr) : : "memory", "r8", "r9", "r10", "r11");
}

static void test_foreign_architectures_die(void **state)
{
	int status;

	(void)state;
	assert_killed(run(call_x32));
	sh->stage = 0;
	status = run(call_i386);
	/* a kernel without 32-bit support does not get as far as the filter */
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
		assert_killed(status);
}
#else
static void test_foreign_architectures_die(void **state)
{
	(void)state;
	skip();
}
#endif

static void look_at_limits(void)
{
	struct rlimit core, nofile, nproc;

	sh->value = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0 &&
		    getrlimit(RLIMIT_NOFILE, &nofile) == 0 && nofile.rlim_cur == 64 &&
		    nofile.rlim_max == 64 && getrlimit(RLIMIT_NPROC, &nproc) == 0 &&
		    (geteuid() == 0 || nproc.rlim_max == 0);
}

static void test_limits_are_in_force(void **state)
{
	static const struct sd_sys_rule with_euid[] = {
	    ROWS,
	    {SCMP_SYS(prlimit64), 0, 0, {{0}}, "the test"},
	    {SCMP_SYS(geteuid), 0, 0, {{0}}, "the test"},
	};

	(void)state;
	spec.rules = with_euid;
	spec.rule_count = SD_ARRAY_LEN(with_euid);
	assert_int_equal(run(look_at_limits), 0);
	assert_int_equal(sh->value, 1);
}

static void look_at_file_size(void)
{
	struct rlimit fsize;

	sh->value = getrlimit(RLIMIT_FSIZE, &fsize) != 0 ? -1 : fsize.rlim_cur == 0 ? 0 : 1;
}

/* No file can grow, unless the log is one: its first line would be the end. */
static void test_file_size_is_zero_unless_the_log_is_a_file(void **state)
{
	FILE *f = tmpfile();
	int fds[2];

	(void)state;
	spec.rules = wide_rules;
	spec.rule_count = SD_ARRAY_LEN(wide_rules);
	assert_non_null(f);
	assert_int_equal(pipe(fds), 0);
	stderr_is = fds[1];
	assert_int_equal(run(look_at_file_size), 0);
	assert_int_equal(sh->value, 0);
	stderr_is = fileno(f);
	assert_int_equal(run(look_at_file_size), 0);
	assert_int_equal(sh->value, 1);
	(void)fclose(f);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void open_and_map(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	sh->value = (p == MAP_FAILED ? 1 : 0) | (open("/", O_RDONLY) < 0 && errno == EACCES ? 2 : 0);
}

static void test_wanted_parts_hold_or_are_said(void **state)
{
	(void)state;
	spec.rules = wide_rules;
	spec.rule_count = SD_ARRAY_LEN(wide_rules);
	spec.landlock = true;
	spec.mdwe = true;
	assert_int_equal(run(open_and_map), 0);
	assert_int_equal(sh->stage, 2);
	assert_int_equal((sh->value & 1) != 0, sh->report.mdwe == 1);
	assert_int_equal((sh->value & 2) != 0, sh->report.landlock_abi > 0);
	assert_int_equal(sh->warnings, (sh->report.mdwe == 0) + (sh->report.landlock_abi == 0));
	/* the same, required: refused exactly when it was missing */
	spec.require = SD_SANDBOX_LANDLOCK | SD_SANDBOX_MDWE;
	sh->stage = 0;
	(void)run(nothing);
	assert_int_equal(sh->err, sh->warnings == 0 ? SD_OK : SD_ERR_DENIED);
}

static void test_log_mode_lets_through_and_says(void **state)
{
	(void)state;
	spec.mode = SD_SANDBOX_LOG;
	assert_int_equal(run(call_socket), 0);
	assert_int_equal(sh->stage, 2);
	assert_int_equal(sh->report.mode, SD_SANDBOX_LOG);
	assert_int_equal(sh->report.seccomp, 2);
	assert_int_equal(sh->warnings, 1);
}

static void test_wrong_row_is_named_before_anything_is_given_up(void **state)
{
	static const struct sd_sys_rule wrong[] = {ROWS, {SCMP_SYS(getgid), 0, 0, {{0}}, NULL}};

	(void)state;
	spec.rules = wrong;
	spec.rule_count = SD_ARRAY_LEN(wrong);
	(void)run(nothing);
	assert_int_equal(sh->err, SD_ERR_INVALID);
	assert_non_null(strstr(sh->diag.text, "getgid"));
	assert_int_equal(sh->report.no_new_privs, 0);
}

#endif

static void test_off_mode_is_said(void **state)
{
	(void)state;
	spec.mode = SD_SANDBOX_OFF;
	assert_int_equal(run(nothing), 0);
	assert_int_equal(sh->stage, 2);
	assert_int_equal(sh->report.mode, SD_SANDBOX_OFF);
	assert_int_equal(sh->report.seccomp, 0);
	assert_int_equal(sh->report.no_new_privs, 1);
	assert_int_equal(sh->warnings, 1);
}

static void test_probe(void **state)
{
	static const struct sd_sys_rule all[] = {
	    {SCMP_SYS(socket), 0, 0, {{0}}, "x"},
	    {SCMP_SYS(execve), 0, 0, {{0}}, "x"},
	    {SCMP_SYS(ptrace), 0, 0, {{0}}, "x"},
	    {SCMP_SYS(acct), 0, 0, {{0}}, "x"},
	};
	struct sd_diag d = {""};

	(void)state;
	assert_int_equal(sd_sandbox_probe(&spec, &d), SD_OK);
	spec.mode = SD_SANDBOX_LOG;
	assert_int_equal(sd_sandbox_probe(&spec, &d), SD_OK);
	spec.mode = SD_SANDBOX_ENFORCE;
	spec.rules = all;
	spec.rule_count = 1; /* where sockets are allowed, execve is tried */
	assert_int_equal(sd_sandbox_probe(&spec, &d), SD_OK);
	spec.rule_count = SD_ARRAY_LEN(all);
	assert_int_equal(sd_sandbox_probe(&spec, &d), SD_ERR_INVALID);
	spec.nofile = UINT32_MAX; /* over what the kernel has: the child's own words arrive */
	spec.rule_count = 1;
	assert_int_equal(sd_sandbox_probe(&spec, &d), SD_ERR_SYSTEM);
	assert_non_null(strstr(d.text, "RLIMIT_NOFILE"));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifndef SD_SANITIZERS
	    T(test_what_is_not_in_the_table_kills),
	    T(test_arguments_are_checked),
	    T(test_rows_allow_and_refuse),
	    T(test_foreign_architectures_die),
	    T(test_limits_are_in_force),
	    T(test_file_size_is_zero_unless_the_log_is_a_file),
	    T(test_wanted_parts_hold_or_are_said),
	    T(test_log_mode_lets_through_and_says),
	    T(test_wrong_row_is_named_before_anything_is_given_up),
#endif
	    T(test_off_mode_is_said),
	    T(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
