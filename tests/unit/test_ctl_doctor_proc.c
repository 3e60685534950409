/* SPDX-License-Identifier: MIT
 * What doctor reads of /proc/PID/status, and how it judges it. */
#include "base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl_doctor_proc.h"

#define GOOD                                                                                       \
	"Name:\tsessiond-worker\nPPid:\t77\nUid:\t991\t991\t991\t991\nGid:\t991\t991\t991\t991\n"             \
	"Groups:\t\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"                        \
	"CapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n"        \
	"NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n"

static void judge_as(enum ctl_doctor_kind kind, const char *text, bool good, const char *says)
{
	struct ctl_doctor_proc p;
	char detail[256];

	assert_int_equal(ctl_doctor_proc_parse(sd_slice_str(text), &p), 0);
	assert_int_equal(ctl_doctor_proc_judge(&p, kind, detail, sizeof(detail)), good);
	if (strstr(detail, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", detail, says);
}

static void judge(const char *text, bool good, const char *says)
{
	judge_as(CTL_DOCTOR_ROLE, text, good, says);
}

/* GOOD with its first `from` replaced. */
static const char *but(const char *from, const char *to)
{
	static char text[1024];
	const char *at = strstr(GOOD, from);

	assert_non_null(at);
	(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
	return text;
}

static void test_judges(void **state)
{
	(void)state;
	judge(GOOD, true, "uid 991");
	judge(but("Seccomp:\t2", "Seccomp:\t0"), false, "no system call filter");
	judge(but("NoNewPrivs:\t1", "NoNewPrivs:\t0"), false, "may gain privileges");
	judge(but("CapEff:\t0000000000000000", "CapEff:\t0000000000000080"), false, "capabilities");
	judge(but("CapAmb:\t0000000000000000", "CapAmb:\t0000000000000001"), false, "capabilities");
	judge(but("Uid:\t991\t991\t991\t991", "Uid:\t0\t0\t0\t0"), false, "root");
	judge(but("Uid:\t991\t991\t991\t991", "Uid:\t991\t991\t0\t991"), false, "more than one user");
}

static void test_judges_launcher_and_store(void **state)
{
	(void)state;
	judge_as(CTL_DOCTOR_STORE, GOOD, true, "filter");
	judge_as(CTL_DOCTOR_STORE, but("Seccomp:\t2", "Seccomp:\t0"), false, "no system call filter");
	judge_as(CTL_DOCTOR_STORE, but("Uid:\t991\t991\t991\t991", "Uid:\t0\t0\t0\t0"), false, "root");
	judge_as(CTL_DOCTOR_LAUNCHER, but("Uid:\t991\t991\t991\t991", "Uid:\t0\t0\t0\t0"), true, "uid 0");
	judge_as(CTL_DOCTOR_LAUNCHER, but("CapEff:\t0000000000000000", "CapEff:\t00000000000000e0"), true,
		 "SETUID, SETGID, KILL");
	judge_as(CTL_DOCTOR_LAUNCHER, but("CapEff:\t0000000000000000", "CapEff:\t00000000002000e0"), false,
		 "more capabilities");
	judge_as(CTL_DOCTOR_LAUNCHER, but("Seccomp:\t2", "Seccomp:\t0"), false, "no system call filter");
}

static void test_a_missing_line_is_not_good(void **state)
{
	static const char *const names[] = {"Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:",
					    "CapBnd:", "CapAmb:", "NoNewPrivs:", "Seccomp:", "PPid:"};
	struct ctl_doctor_proc p;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(names); i++)
		assert_int_equal(ctl_doctor_proc_parse(sd_slice_str(but(names[i], "X:")), &p), -1);
	assert_int_equal(ctl_doctor_proc_parse(SD_SLICE(""), &p), -1);
}

static void test_reads_itself(void **state)
{
	struct ctl_doctor_proc p;

	(void)state;
	assert_int_equal(ctl_doctor_proc_read(getpid(), &p), 0);
	assert_int_equal(p.uid[1], geteuid());
	assert_int_equal(p.parent, getppid());
	assert_int_equal(ctl_doctor_proc_read(-1, &p), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_judges),
	    cmocka_unit_test(test_judges_launcher_and_store),
	    cmocka_unit_test(test_a_missing_line_is_not_good),
	    cmocka_unit_test(test_reads_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
