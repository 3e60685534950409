/* SPDX-License-Identifier: MIT
 * Each file of tests/hostile_yaml is refused, for the reason that expected.txt gives. */
#include "base.h"

#include "policy_rig.h"

#include <limits.h>
#include <sys/resource.h>

/* Wanted: refused within 100 ms. Generous here (sanitizers, busy machines); a quadratic parser
 * would need minutes. CPU time, not wall time. */
#define CPU_LIMIT_MS 2000

static char corpus[PATH_MAX];

static long cpu_ms(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static void copy(const char *name)
{
	char path[PATH_MAX + 100];
	char *p = malloc(1u << 20);

	snprintf(path, sizeof(path), "%s/%.90s.yaml", corpus, name);
	FILE *f = fopen(path, "rb");

	assert_non_null(p);
	if (f == NULL)
		fail_msg("no %s", path);
	size_t n = fread(p, 1, 1u << 20, f);

	fclose(f);
	rig_write_n("tenants.d/hostile.yaml", p, n);
	free(p);
}

static void load(struct policy_rig *r, const char *name)
{
	long before = cpu_ms();

	copy(name);
	assert_true(rig_load(r, "sessiond.yaml") > 0);
	if (cpu_ms() - before > CPU_LIMIT_MS)
		fail_msg("%s took %ld ms", name, cpu_ms() - before);
}

static void test_each_is_refused_for_its_reason(void **state)
{
	struct policy_rig *r = *state;
	char path[PATH_MAX + 100], row[1024], last[1024] = "";
	int rows = 0;

	rig_tenant("hostile", ""); /* so that the missing key is not the reason */
	rig_write("sessiond.yaml", "");
	snprintf(path, sizeof(path), "%s/expected.txt", corpus);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (fgets(row, sizeof(row), f)) {
		char *tab = strchr(row, '\t');

		if (row[0] == '#' || tab == NULL)
			continue;
		*tab = '\0';
		tab[strcspn(tab + 1, "\n") + 1] = '\0';
		if (strcmp(last, row) != 0)
			load(r, row);
		snprintf(last, sizeof(last), "%s", row);
		if (strstr(r->text, tab + 1) == NULL)
			fail_msg("%s: nothing says \"%s\" in:\n%.2000s", row, tab + 1, r->text);
		rows++;
	}
	fclose(f);
	assert_true(rows >= 60);
}

static int find_corpus(void)
{
	const char *src = getenv("srcdir");
	char path[PATH_MAX / 2];

	snprintf(path, sizeof(path), "%s/tests/hostile_yaml", src ? src : ".");
	return realpath(path, corpus) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_each_is_refused_for_its_reason),
	};

	if (find_corpus() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
