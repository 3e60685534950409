/* SPDX-License-Identifier: MIT
 * A filter that is broken is found before the role says that it is ready: here one that the kernel
 * never gets, and one that ends the process for the wrong reason. */
#include "base.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "sandbox.h"
#include "sandbox_filter.h"

static enum { AS_IT_IS, FORGOTTEN, FATAL } install;

/* --wrap=sd_filter_install */
int __real_sd_filter_install(struct sd_filter *f, struct sd_diag *diag);
int __wrap_sd_filter_install(struct sd_filter *f, struct sd_diag *diag);

int __wrap_sd_filter_install(struct sd_filter *f, struct sd_diag *diag)
{
	if (install == FATAL)
		(void)raise(SIGKILL);
	return install == FORGOTTEN ? SD_OK : __real_sd_filter_install(f, diag);
}

static int probe(struct sd_diag *diag)
{
	static const struct sd_sys_rule rules[] = {{SCMP_SYS(exit_group), 0, 0, {{0}}, "to end"}};
	const struct sd_sandbox_spec spec = {.role = "tester", .rules = rules,
					     .rule_count = SD_ARRAY_LEN(rules), .nofile = 64};

	return sd_sandbox_probe(&spec, diag);
}

static void test_a_broken_filter_is_found(void **state)
{
	struct sd_diag diag = {""};

	(void)state;
#ifdef SD_SANITIZERS
	skip(); /* no filter */
#endif
	install = AS_IT_IS;
	assert_int_equal(probe(&diag), SD_OK);
	install = FORGOTTEN;
	assert_int_equal(probe(&diag), SD_ERR_DENIED);
	assert_non_null(strstr(diag.text, "socket was not refused"));
	install = FATAL;
	assert_int_equal(probe(&diag), SD_ERR_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_broken_filter_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
