/* SPDX-License-Identifier: MIT
 * Only the given folders, each for what was given; no TCP, no signal to who is outside.
 * Each in a child, whose exit code tells. */
#include "base.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "sandbox_landlock.h"

#ifndef SD_SANITIZERS

static char base[64], in[96], out[96], file[96];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(base, sizeof(base), "/tmp/test-landlock-XXXXXX");
	if (mkdtemp(base) == NULL)
		return -1;
	(void)snprintf(in, sizeof(in), "%s/in", base);
	(void)snprintf(out, sizeof(out), "%s/out", base);
	(void)snprintf(file, sizeof(file), "%s/out/file", base);
	if (mkdir(in, S_IRWXU) != 0 || mkdir(out, S_IRWXU) != 0)
		return -1;
	return close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR));
}

static int teardown(void **state)
{
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/new", in);
	(void)unlink(path);
	(void)unlink(file);
	return rmdir(in) != 0 || rmdir(out) != 0 || rmdir(base) != 0;
}

static int opens(const char *folder, const char *name, int flags)
{
	char path[160];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

static int run(const struct sd_landlock_path *paths, size_t n, uint32_t but, int (*inside)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct sd_diag diag = {{0}};
		uint32_t abi = 0;

		if (sd_landlock_enter(paths, n, but, &abi, &diag) != SD_OK || abi == 0) {
			(void)fprintf(stderr, "%s\n", diag.text);
			_exit(99);
		}
		_exit(inside());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void need_landlock(void)
{
	if (sd_landlock_abi() == 0)
		skip();
}

static int nothing_opens(void)
{
	return opens("/", "etc", O_RDONLY) != EACCES || opens(in, "new", O_CREAT | O_WRONLY) != EACCES ||
	       opens(out, "file", O_RDONLY) != EACCES;
}

static void test_no_paths_is_no_path(void **state)
{
	(void)state;
	need_landlock();
	assert_int_equal(run(NULL, 0, 0, nothing_opens), 0);
}

static int as_given(void)
{
	return opens(in, "new", O_CREAT | O_WRONLY) != 0 || opens(in, "new", O_RDONLY) != EACCES ||
	       opens(out, "file", O_RDONLY) != 0 || opens(out, "file", O_WRONLY) != EACCES ||
	       opens(out, "new", O_CREAT | O_WRONLY) != EACCES || opens(base, "", O_RDONLY) != EACCES;
}

static void test_each_for_what_was_given(void **state)
{
	const struct sd_landlock_path paths[] = {
		{in, -1, SD_PATH_WRITE}, {out, -1, SD_PATH_READ}, {"/nowhere/at/all", -1, SD_PATH_READ}};

	(void)state;
	need_landlock();
	assert_int_equal(run(paths, SD_ARRAY_LEN(paths), 0, as_given), 0);
}

static int only_the_file(void)
{
	return opens(out, "file", O_RDONLY) != 0 || opens(out, "file", O_WRONLY) != EACCES ||
	       opens(out, "", O_RDONLY) != EACCES;
}

static void test_a_single_file_and_a_descriptor(void **state)
{
	struct sd_landlock_path path = {file, -1, SD_PATH_READ};

	(void)state;
	need_landlock();
	assert_int_equal(run(&path, 1, 0, only_the_file), 0);
	path = (struct sd_landlock_path){NULL, open(file, O_PATH | O_CLOEXEC), SD_PATH_READ};
	assert_int_equal(run(&path, 1, 0, only_the_file), 0);
	(void)close(path.fd);
}

static int connects(void)
{
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1),
				       .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(s, (const struct sockaddr *)&to, sizeof(to)) == 0 ? 0 : errno;
}

static void test_tcp(void **state)
{
	(void)state;
	need_landlock();
	if (sd_landlock_abi() < 4)
		skip();
	assert_int_equal(run(NULL, 0, 0, connects), EACCES);
	assert_int_equal(run(NULL, 0, SD_LANDLOCK_CONNECT, connects), ECONNREFUSED);
}

static int signals_the_parent(void)
{
	return kill(getppid(), 0) == 0 ? 0 : errno;
}

static void test_signals(void **state)
{
	(void)state;
	need_landlock();
	if (sd_landlock_abi() < 6)
		skip();
	assert_int_equal(run(NULL, 0, SD_LANDLOCK_CONNECT | SD_LANDLOCK_ABSTRACT, signals_the_parent), EPERM);
}

#else
static int setup(void **state)
{
	(void)state;
	return 0;
}
static int teardown(void **state)
{
	(void)state;
	return 0;
}
static void test_no_paths_is_no_path(void **state)
{
	(void)state;
	skip();
}
#define test_each_for_what_was_given test_no_paths_is_no_path
#define test_a_single_file_and_a_descriptor test_no_paths_is_no_path
#define test_tcp test_no_paths_is_no_path
#define test_signals test_no_paths_is_no_path
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_paths_is_no_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_for_what_was_given, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_single_file_and_a_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tcp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signals, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
