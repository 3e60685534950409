/* SPDX-License-Identifier: MIT
 * `sessionctl memory` says what it finds and ends as documented. */
#include "base.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl_memory.h"
#include "heritage.h"
#include "shm_map.h"

static char output[65536];

/* Runs it with standard output in a file of its own. */
static int run(const struct ctl_memory_source *src, const char *a, const char *b)
{
	char *argv[2] = {(char *)(uintptr_t)a, (char *)(uintptr_t)b};
	int argc = b ? 2 : a ? 1 : 0, code, saved = dup(1), file = memfd_create("out", MFD_CLOEXEC);
	ssize_t n;

	assert_true(saved >= 0 && file >= 0);
	(void)fflush(stdout);
	assert_int_equal(dup2(file, 1), 1);
	code = ctl_memory(src, argc, argv);
	assert_int_equal(dup2(saved, 1), 1);
	n = pread(file, output, sizeof(output) - 1, 0);
	assert_true(n >= 0);
	output[n] = '\0';
	assert_int_equal(close(file), 0);
	assert_int_equal(close(saved), 0);
	return code;
}

static void has(const char *text)
{
	if (!strstr(output, text))
		fail_msg("\"%s\" is not in %s", text, output);
}

static void test_dump_and_verify(void **state)
{
	struct ctl_memory_segment seg[2] = {
		{.kind = SHM_KIND_CONTROL, .name = "control"},
		{.kind = SHM_KIND_STATS, .name = "worker 3"},
	};
	struct ctl_memory_source src = {seg, 2};
	struct shm_stats *s;
	void *c, *p;

	(void)state;
	assert_int_equal(shm_create(SHM_KIND_CONTROL, 0, sizeof(struct shm_control), &seg[0].fd, &c, NULL), 0);
	assert_int_equal(shm_create(SHM_KIND_STATS, 0, sizeof(*s), &seg[1].fd, &p, NULL), 0);
	s = p;
	s->role = ROLE_WORKER;
	assert_int_equal(run(&src, "verify", NULL), 0);
	has("control: 0 findings\nworker 3: 0 findings\n");
	assert_int_equal(run(&src, "dump", NULL), 0);
	has("[worker 3]\nkind");
	assert_int_equal(run(&src, "dump", "--json"), 0);
	has("{\"segments\":[{\"segment\":\"control\",\"figures\":{\"kind\":\"control\"");
	has("}}],\"findings\":0}\n");
	s->role = 99;
	s->state = 99;
	assert_int_equal(run(&src, "verify", NULL), 1);
	has("worker 3: 2 findings\nrole: 99\nstate: 99\n");
	assert_int_equal(run(&src, "--json", "verify"), 1);
	has("\"findings\":2,\"texts\":[\"role: 99\",\"state: 99\"]}],\"findings\":2}\n");
	/* not what the master says it is */
	seg[1].kind = SHM_KIND_REVOCATIONS;
	seg[1].name = NULL;
	assert_int_equal(run(&src, "dump", NULL), 1);
	has("revocations: 1 finding\nsegment: kind 4, not 3\n");
	seg[1].kind = SHM_KIND_POLICY;
	s->head.kind = SHM_KIND_POLICY;
	assert_int_equal(run(&src, "verify", NULL), 1);
	has("policy: 1 finding\npolicy: ");
	assert_int_equal(munmap(c, sizeof(struct shm_control)), 0);
	assert_int_equal(munmap(p, sizeof(*s)), 0);
	assert_int_equal(close(seg[0].fd), 0);
	assert_int_equal(close(seg[1].fd), 0);
}

static void test_usage(void **state)
{
	struct ctl_memory_source src = {NULL, 0};

	(void)state;
	assert_int_equal(run(&src, NULL, NULL), 2);
	assert_int_equal(run(&src, "show", NULL), 2);
	assert_int_equal(run(&src, "dump", "verify"), 2);
	assert_int_equal(run(&src, "--json", NULL), 2);
	assert_int_equal(run(&src, "verify", "--json"), 0);
	assert_string_equal(output, "{\"segments\":[],\"findings\":0}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dump_and_verify),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
