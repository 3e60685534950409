/* SPDX-License-Identifier: MIT
 * Bytes that are text and bytes that are not; places in it. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "yaml_text.h"

static bool clean(const char *p, size_t n)
{
	struct policy_faults faults = {0};
	struct conf_findings f;
	bool ok = yaml_text_is_clean(sd_slice(p, n), "f.yaml", &faults);

	policy_faults_finish(&faults, &f);
	assert_int_equal(f.count, ok ? 0 : 1);
	conf_findings_free(&f);
	return ok;
}

static void test_utf8_of_every_length(void **state)
{
	(void)state;
	assert_true(clean("", 0));
	assert_true(clean("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z", 11));
	assert_true(clean("\xf4\x8f\xbf\xbf", 4));
}

static void test_what_is_no_utf8(void **state)
{
	static const char *const bad[] = {
	    "\x80",
	    "\xc0\xaf",
	    "\xc1\xbf",
	    "\xe0\x80\x80",
	    "\xed\xa0\x80",
	    "\xf0\x80\x80\x80",
	    "\xf4\x90\x80\x80",
	    "\xf5\x80\x80\x80",
	    "\xff",
	    "\xc3",
	    "\xe2\x82",
	    "\xf0\x9f\x98",
	    "\xc3(",
	    "\xe2(\xa1",
	    "\xe2\x82(",
	    "\xf0(\x8c\xbc",
	    "\xf0\x90(\xbc",
	    "\xf0\x90\x8c(",
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_false(clean(bad[i], strlen(bad[i])));
	assert_false(clean("a\0b", 3));
	assert_false(clean("\xef\xbb\xbf"
			   "a",
			   4));
}

static void test_the_size_limit(void **state)
{
	char *p = malloc(YAML_TREE_MAX_BYTES + 1);

	(void)state;
	assert_non_null(p);
	memset(p, 'x', YAML_TREE_MAX_BYTES + 1);
	assert_true(clean(p, YAML_TREE_MAX_BYTES));
	assert_false(clean(p, YAML_TREE_MAX_BYTES + 1));
	free(p);
}

static void test_places(void **state)
{
	struct policy_pos a = yaml_text_pos(SD_SLICE("ab\ncd"), 0);
	struct policy_pos b = yaml_text_pos(SD_SLICE("ab\ncd"), 4);

	(void)state;
	assert_int_equal(a.line, 1);
	assert_int_equal(a.column, 1);
	assert_int_equal(b.line, 2);
	assert_int_equal(b.column, 2);
}

static void test_paths(void **state)
{
	struct policy_faults faults = {0};
	struct yaml_tree t;
	char path[YAML_TREE_PATH];

	(void)state;
	assert_int_equal(yaml_tree_parse(SD_SLICE("a: {b: [x, {c: y}]}"), "f", &t, &faults), 0);
	const struct yaml_node *list = t.root->first->first;

	assert_string_equal(yaml_text_path(t.root, path), "");
	assert_string_equal(yaml_text_path(list, path), "a.b");
	assert_string_equal(yaml_text_path(list->last->first, path), "a.b[1].c");
	yaml_tree_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_utf8_of_every_length),
	    cmocka_unit_test(test_what_is_no_utf8),
	    cmocka_unit_test(test_the_size_limit),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
