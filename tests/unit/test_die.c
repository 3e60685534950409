/* SPDX-License-Identifier: MIT
 * A bug aborts and leaves its text; a fatal environment exits with its code. In children. */
#include "base.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "die.h"
#include "log.h"

#define AREA 64

static char *area;

static int setup(void **state)
{
	(void)state;
	area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return area == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return munmap(area, AREA);
}

static void swallow(enum sd_log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

static int status_of(void (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = {0, 0};

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGABRT, SIG_DFL);
		sd_log_capture(swallow, NULL);
		fn();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void bug_with_area(void)
{
	sd_panic_area(area, AREA);
	sd_bug("f.c", 12, "%s", "a text that is longer than the area that is meant to hold it, surely");
}

static void bug_without_area(void)
{
	sd_panic_area(NULL, 0);
	sd_bug_if(1 + 1 == 2);
}

static void fatal_config(void)
{
	sd_fatal(SD_EXIT_CONFIG, "no %s", "such key");
}

static void test_bug_aborts_and_leaves_its_text(void **state)
{
	int status = status_of(bug_with_area);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_memory_equal(area, "bug at f.c:12: a text", 21);
	assert_int_equal(strlen(area), AREA - 1);
}

static void test_bug_without_an_area_aborts(void **state)
{
	int status = status_of(bug_without_area);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_fatal_exits_with_its_code(void **state)
{
	int status = status_of(fatal_config);

	(void)state;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == SD_EXIT_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bug_aborts_and_leaves_its_text),
	    cmocka_unit_test(test_bug_without_an_area_aborts),
	    cmocka_unit_test(test_fatal_exits_with_its_code),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
