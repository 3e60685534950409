/* SPDX-License-Identifier: MIT
 * Only the named descriptors survive; flags are set. In children: cmocka's own stay open. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "fdset.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int in_child(bool (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn() ? 0 : 1);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool keeps_the_named(void)
{
	int from = open("/dev/null", O_RDONLY);
	int keep[] = {20, -1, 10, 500, 11, 10};

	for (int fd = 8; fd < 30; fd++)
		if (dup2(from, fd) != fd)
			return false;
	if (dup2(from, 500) != 500 || dup2(from, 501) != 501)
		return false;
	if (sd_fdset_keep_only(keep, SD_ARRAY_LEN(keep)) != SD_OK)
		return false;
	for (int fd = 3; fd < 600; fd++)
		if (is_open(fd) != (fd == 10 || fd == 11 || fd == 20 || fd == 500))
			return false;
	return is_open(STDERR_FILENO);
}

static bool keeps_none(void)
{
	int fd = open("/dev/null", O_RDONLY);

	return fd > 2 && sd_fdset_keep_only(NULL, 0) == SD_OK && !is_open(fd) && !is_open(3) &&
	       is_open(STDERR_FILENO);
}

static bool keeps_the_standard_ones(void)
{
	int keep[] = {0, 1, 2, 3};

	if (dup2(STDERR_FILENO, 3) != 3 || dup2(STDERR_FILENO, 4) != 4)
		return false;
	return sd_fdset_keep_only(keep, SD_ARRAY_LEN(keep)) == SD_OK && is_open(3) && !is_open(4);
}

static void test_only_the_named_survive(void **state)
{
	(void)state;
	assert_int_equal(in_child(keeps_the_named), 0);
	assert_int_equal(in_child(keeps_none), 0);
	assert_int_equal(in_child(keeps_the_standard_ones), 0);
}

static void test_flags_and_count(void **state)
{
	int before = sd_fd_count();
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	assert_true(before >= 3 || before == -1);
	assert_true(fd >= 0);
	if (before >= 0)
		assert_int_equal(sd_fd_count(), before + 1);
	assert_int_equal(sd_fd_nonblock(fd), SD_OK);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(sd_fd_cloexec(fd), SD_OK);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(sd_fd_nonblock(fd), SD_ERR_SYSTEM);
	assert_int_equal(sd_fd_cloexec(fd), SD_ERR_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_only_the_named_survive),
	    cmocka_unit_test(test_flags_and_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
