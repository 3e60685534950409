/* SPDX-License-Identifier: MIT
 * A wrong row is refused and named; compiling changes nothing in this process. */
#include "base.h"

#include <setjmp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "sandbox_filter.h"

static struct sd_filter filter;
static int cut_in; /* that many exports from now on a program lacks its end; 0 = none */

/* --wrap=seccomp_export_bpf */
int __real_seccomp_export_bpf(scmp_filter_ctx ctx, int fd);
int __wrap_seccomp_export_bpf(scmp_filter_ctx ctx, int fd);

int __wrap_seccomp_export_bpf(scmp_filter_ctx ctx, int fd)
{
	int err = __real_seccomp_export_bpf(ctx, fd);

	if (cut_in > 0 && --cut_in == 0)
		(void)lseek(fd, -16, SEEK_CUR);
	return err;
}

static struct sd_diag diag;

static int compile(const struct sd_sys_rule *rules, size_t n)
{
	const struct sd_sandbox_spec spec = {.role = "tester", .rules = rules, .rule_count = n};

	diag.text[0] = '\0';
	return sd_filter_compile(&spec, &filter, &diag);
}

static void test_good_rows_compile(void **state)
{
	const struct sd_sys_rule rules[] = {
	    {SCMP_SYS(read), 0, 0, {{0}}, "input"},
	    {SCMP_SYS(write), 0, 1, {SCMP_A0_64(SCMP_CMP_EQ, 2)}, "log"},
	    {SCMP_SYS(write), 0, 1, {SCMP_A0_64(SCMP_CMP_EQ, 9)}, "trail"},
	    {SCMP_SYS(openat), EACCES, 0, {{0}}, "libc looks for a file and lives without"},
	};
	int before = sd_filter_install(&(struct sd_filter){.n = 0}, NULL);

	(void)state;
	assert_int_equal(before, SD_ERR_INVALID);
	assert_int_equal(compile(rules, SD_ARRAY_LEN(rules)), SD_OK);
	assert_true(filter.n > 4);
	assert_int_equal(filter.calls, 2);
	assert_int_equal(prctl(PR_GET_SECCOMP), 0);
}

static void test_what_libseccomp_forgets_is_noticed(void **state)
{
	const struct sd_sys_rule rules[] = {
	    {SCMP_SYS(read), 0, 0, {{0}}, "input"},
	    {SCMP_SYS(write), 0, 1, {SCMP_A0_64(SCMP_CMP_EQ, 2)}, "log"},
	};

	(void)state;
	for (int i = 1; i <= 2; i++) {
		cut_in = i;
		assert_int_equal(compile(rules, SD_ARRAY_LEN(rules)), SD_ERR_SYSTEM);
		assert_non_null(strstr(diag.text, "twice"));
		assert_int_equal(filter.n, 0);
	}
	assert_int_equal(compile(rules, SD_ARRAY_LEN(rules)), SD_OK);
}

static void check_refused(const struct sd_sys_rule *rules, size_t n, const char *said)
{
	assert_int_equal(compile(rules, n), SD_ERR_INVALID);
	assert_non_null(strstr(diag.text, "tester"));
	if (strstr(diag.text, said) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", diag.text, said);
	assert_int_equal(filter.n, 0);
}

static void test_wrong_rows_are_named(void **state)
{
	const struct sd_sys_rule no_reason[] = {{SCMP_SYS(read), 0, 0, {{0}}, ""}};
	const struct sd_sys_rule many[] = {{SCMP_SYS(read), 0, 5, {{0}}, "x"}};
	const struct sd_sys_rule no_errno[] = {{SCMP_SYS(read), 5000, 0, {{0}}, "x"}};
	const struct sd_sys_rule unknown[] = {{__NR_SCMP_ERROR, 0, 0, {{0}}, "x"}};
	const struct sd_sys_rule bad_arg[] = {
	    {SCMP_SYS(close), 0, 0, {{0}}, "fine"},
	    {SCMP_SYS(read), 0, 1, {{.arg = 9, .op = SCMP_CMP_EQ}}, "x"},
	};

	(void)state;
	check_refused(no_reason, 1, "row 0 (read");
	check_refused(many, 1, "too many conditions");
	check_refused(no_errno, 1, "no errno");
	check_refused(unknown, 1, "does not know");
	check_refused(bad_arg, 2, "row 1 (read");
}

static void test_unchecked_twin_is_refused(void **state)
{
	const struct sd_sys_rule twins[] = {
	    {SCMP_SYS(write), 0, 1, {SCMP_A0_64(SCMP_CMP_EQ, 2)}, "log"},
	    {SCMP_SYS(write), 0, 0, {{0}}, "anything"},
	};

	(void)state;
	check_refused(twins, 2, "row without conditions");
}

static void test_call_names(void **state)
{
	char name[32];

	(void)state;
	sd_filter_call_name(SCMP_SYS(read), name);
	assert_string_equal(name, "read");
	sd_filter_call_name(99999, name);
	assert_string_equal(name, "call 99999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good_rows_compile),
	    cmocka_unit_test(test_what_libseccomp_forgets_is_noticed),
	    cmocka_unit_test(test_wrong_rows_are_named),
	    cmocka_unit_test(test_unchecked_twin_is_refused),
	    cmocka_unit_test(test_call_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
