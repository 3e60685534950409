/* SPDX-License-Identifier: MIT
 * Trees of what is allowed, early refusal of what is not. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "yaml_tree.h"

static char said[4096];

static int parse(const char *text, struct yaml_tree *t)
{
	struct policy_faults faults = {0};
	struct conf_findings f;
	int err = yaml_tree_parse(sd_slice_str(text), "f.yaml", t, &faults);

	policy_faults_finish(&faults, &f);
	snprintf(said, sizeof(said), "%s", f.stored ? f.f[0].text : "");
	assert_int_equal(err, f.count ? SD_ERR_INVALID : SD_OK);
	conf_findings_free(&f);
	return err;
}

static void test_a_tree_with_positions(void **state)
{
	struct yaml_tree t;

	(void)state;
	assert_int_equal(parse("# c\nname: web\nlist:\n  - 'a b'\n  - {k: \"v\"}\n", &t), SD_OK);
	assert_int_equal(t.root->kind, YAML_MAP);
	assert_int_equal(t.root->count, 2);
	const struct yaml_node *name = t.root->first, *list = name->next;

	assert_true(sd_slice_is(name->key, "name"));
	assert_true(sd_slice_is(name->text, "web"));
	assert_false(name->quoted);
	assert_int_equal(name->key_pos.line, 2);
	assert_int_equal(name->pos.column, 7);
	assert_int_equal(list->kind, YAML_LIST);
	assert_true(sd_slice_is(list->first->text, "a b"));
	assert_true(list->first->quoted);
	assert_int_equal(list->first->pos.line, 4);
	assert_true(sd_slice_is(list->last->first->text, "v"));
	yaml_tree_fini(&t);
}

static void test_an_empty_file_is_no_fault(void **state)
{
	struct yaml_tree t;

	(void)state;
	assert_int_equal(parse("# nothing\n", &t), SD_OK);
	assert_null(t.root);
	yaml_tree_fini(&t);
}

static void test_depth_ends_the_reading(void **state)
{
	char deep[50001];
	struct yaml_tree t;

	(void)state;
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(parse(deep, &t), SD_ERR_INVALID);
	assert_non_null(strstr(said, "nested deeper than 8 levels"));
	assert_true(t.events <= 2 + YAML_TREE_MAX_DEPTH + 1);
	yaml_tree_fini(&t);
	assert_int_equal(parse("[[[[[[[[x]]]]]]]]", &t), SD_OK);
	yaml_tree_fini(&t);
	assert_int_equal(parse("[[[[[[[[[x]]]]]]]]]", &t), SD_ERR_INVALID);
	yaml_tree_fini(&t);
}

static void test_nodes_are_bounded(void **state)
{
	size_t n = 2 * (YAML_TREE_MAX_NODES + 10) + 3;
	char *many = malloc(n);
	struct yaml_tree t;

	(void)state;
	assert_non_null(many);
	many[0] = '[';
	for (size_t i = 1; i + 2 < n; i += 2)
		memcpy(many + i, "a,", 2);
	memcpy(many + n - 2, "]", 2);
	assert_int_equal(parse(many, &t), SD_ERR_INVALID);
	assert_non_null(strstr(said, "too many values"));
	assert_true(t.events < YAML_TREE_MAX_NODES + 10);
	yaml_tree_fini(&t);
	free(many);
}

static void test_what_changes_meaning_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	    {"a: &x 1", "f.yaml:1:4: a: anchors"},
	    {"&x a: 1", "anchors"},
	    {"a: *x", "f.yaml:1:4: a: aliases"},
	    {"a: !!int 1", "f.yaml:1:4: a: tags"},
	    {"!x a: 1", "tags"},
	    {"a: !x [1]", "tags"},
	    {"<<: {a: 1}", "merge keys"},
	    {"%YAML 1.1\n--- 1", "directives"},
	    {"--- 1\n--- 2", "f.yaml:2:1: (file): more than one document"},
	    {"{a: 1, a: 2}", "f.yaml:1:8: a: given twice (first at line 1)"},
	    {"? {a: 1}\n: 2", "a key must be a word"},
	    {"a: 'x", "not YAML: "},
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		struct yaml_tree t;

		assert_int_equal(parse(rows[i].text, &t), SD_ERR_INVALID);
		if (strstr(said, rows[i].says) == NULL)
			fail_msg("%s: said %s", rows[i].text, said);
		yaml_tree_fini(&t);
	}
}

static void test_a_quoted_merge_key_is_a_word(void **state)
{
	struct yaml_tree t;

	(void)state;
	assert_int_equal(parse("\"<<\": 1", &t), SD_OK);
	yaml_tree_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_tree_with_positions),
	    cmocka_unit_test(test_an_empty_file_is_no_fault),
	    cmocka_unit_test(test_depth_ends_the_reading),
	    cmocka_unit_test(test_nodes_are_bounded),
	    cmocka_unit_test(test_what_changes_meaning_is_refused),
	    cmocka_unit_test(test_a_quoted_merge_key_is_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
