/* SPDX-License-Identifier: MIT
 * Findings come back sorted, clean and counted. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "policy_fault.h"

static void add(struct policy_faults *f, const char *file, uint32_t line, uint32_t column,
		const char *what)
{
	policy_fault(f, (struct policy_where){file, {line, column}, "k"}, "%s", what);
}

static void test_sorted_by_place(void **state)
{
	struct policy_faults f = {0};
	struct conf_findings out;

	(void)state;
	add(&f, "b.yaml", 1, 1, "four");
	add(&f, "a.yaml", 10, 1, "three");
	add(&f, "a.yaml", 2, 7, "two");
	add(&f, "a.yaml", 2, 7, "two again");
	add(&f, "a.yaml", 2, 5, "one");
	policy_note(&f, (struct policy_where){"a.yaml", {0, 0}, ""}, "a note");
	policy_faults_finish(&f, &out);
	assert_int_equal(out.count, 5);
	assert_int_equal(out.stored, 5);
	assert_int_equal(out.note_count, 1);
	assert_string_equal(out.f[0].text, "a.yaml:2:5: k: one");
	assert_string_equal(out.f[1].text, "a.yaml:2:7: k: two");
	assert_string_equal(out.f[2].text, "a.yaml:2:7: k: two again");
	assert_string_equal(out.f[3].text, "a.yaml:10:1: k: three");
	assert_string_equal(out.f[4].text, "b.yaml:1:1: k: four");
	assert_string_equal(out.note[0].text, "a.yaml:1:1: (file): a note");
	conf_findings_free(&out);
	conf_findings_free(&out);
}

static void test_beyond_the_bound_only_counted(void **state)
{
	struct policy_faults f = {0};
	struct conf_findings out;

	(void)state;
	for (uint32_t i = 0; i < CONF_MAX_FINDINGS + 50; i++)
		add(&f, "a.yaml", i + 1, 1, "x");
	assert_true(policy_faults_full(&f));
	policy_faults_finish(&f, &out);
	assert_int_equal(out.count, CONF_MAX_FINDINGS + 50);
	assert_int_equal(out.stored, CONF_MAX_FINDINGS);
	conf_findings_free(&out);
}

static void test_no_control_characters(void **state)
{
	struct policy_faults f = {0};
	struct conf_findings out;

	(void)state;
	add(&f, "a\n.yaml", 1, 1, "\x1b[2J\x7f");
	policy_faults_finish(&f, &out);
	assert_string_equal(out.f[0].text, "a?.yaml:1:1: k: ?[2J?");
	conf_findings_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sorted_by_place),
	    cmocka_unit_test(test_beyond_the_bound_only_counted),
	    cmocka_unit_test(test_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
