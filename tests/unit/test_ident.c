/* SPDX-License-Identifier: MIT
 * From root there is no way back; what is not root cannot become another. In children. */
#include "base.h"

#include <grp.h>
#include <setjmp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "ident.h"

#define OTHER 64321 /* a uid nobody has */

static int status_of(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_lookup_by_number(void **state)
{
	static const char *const wrong[] = {"0", "4294967295", "99999999999", "-1", "", "007"};
	struct sd_ident id;
	struct sd_diag d;

	(void)state;
	assert_int_equal(sd_ident_lookup("1234", &id, &d), SD_OK);
	assert_int_equal(id.uid, 1234);
	assert_int_equal(id.gid, 1234);
	for (size_t i = 0; i < SD_ARRAY_LEN(wrong); i++)
		assert_int_not_equal(sd_ident_lookup(wrong[i], &id, &d), SD_OK);
}

static void test_lookup_by_name(void **state)
{
	struct sd_ident id;
	struct sd_diag d;

	(void)state;
	assert_int_equal(sd_ident_lookup("root", &id, &d), SD_ERR_INVALID);
	assert_int_equal(sd_ident_lookup("no-such-user-here", &id, &d), SD_ERR_NOT_FOUND);
	assert_non_null(strstr(d.text, "no-such-user-here"));
	assert_int_equal(id.uid, 0);
}

static int become_other(void)
{
	const struct sd_ident id = {OTHER, OTHER};
	gid_t groups[8];

	if (sd_ident_become(&id, NULL) != SD_OK)
		return 1;
	if (getuid() != OTHER || geteuid() != OTHER || getgid() != OTHER || getegid() != OTHER)
		return 2;
	if (getgroups(8, groups) != 0)
		return 3;
	if (setuid(0) == 0 || seteuid(0) == 0 || setresuid(0, 0, 0) == 0 || setgid(0) == 0)
		return 4;
	if (setgroups(0, NULL) == 0)
		return 5;
	if (prctl(PR_CAPBSET_READ, 0, 0, 0, 0) != 0)
		return 6;
	/* once more is fine */
	return sd_ident_become(&id, NULL) == SD_OK && sd_caps_drop(NULL) == SD_OK ? 0 : 7;
}

static int become_from_no_root(void)
{
	const struct sd_ident id = {OTHER + 1, OTHER + 1};

	return sd_ident_become(&id, NULL) == SD_ERR_SYSTEM && getuid() != OTHER + 1 ? 0 : 1;
}

static void test_become_is_for_good(void **state)
{
	(void)state;
	if (geteuid() == 0)
		assert_int_equal(status_of(become_other), 0);
	else
		assert_int_equal(status_of(become_from_no_root), 0);
}

static int become_root(void)
{
	const struct sd_ident id = {0, 0};

	return sd_ident_become(&id, NULL) == SD_ERR_INVALID ? 0 : 1;
}

/* With the capability kept over the change of user, setuid(0) would succeed. */
static int become_with_kept_capabilities(void)
{
	const struct sd_ident id = {OTHER, OTHER};

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return 1;
	return sd_ident_become(&id, NULL) == SD_OK && setuid(0) != 0 ? 0 : 2;
}

static void test_kept_capabilities_are_no_way_back(void **state)
{
	(void)state;
	assert_int_equal(status_of(become_root), 0);
	if (geteuid() != 0)
		skip();
	assert_int_equal(status_of(become_with_kept_capabilities), 0);
}

static int drop_caps(void)
{
	if (sd_caps_drop(NULL) != SD_OK)
		return 1;
	if (geteuid() == 0 && setresuid(OTHER, OTHER, OTHER) == 0)
		return 2; /* root without CAP_SETUID */
	return sd_caps_drop(NULL) == SD_OK ? 0 : 3;
}

static void test_capabilities_go(void **state)
{
	(void)state;
	assert_int_equal(status_of(drop_caps), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lookup_by_number),
	    cmocka_unit_test(test_lookup_by_name),
	    cmocka_unit_test(test_become_is_for_good),
	    cmocka_unit_test(test_kept_capabilities_are_no_way_back),
	    cmocka_unit_test(test_capabilities_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
