/* SPDX-License-Identifier: MIT
 * Merge patches by RFC 7396 (the examples of its appendix A and more); white space taken out. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "json_merge.h"

static const char *merged(const char *target, const char *patch)
{
	static char text[4096];
	struct sd_buf out;

	sd_buf_init(&out, sizeof(text) - 1);
	assert_int_equal(json_merge(sd_slice_str(target), sd_slice_str(patch), &out), SD_OK);
	memcpy(text, out.p, out.len);
	text[out.len] = '\0';
	sd_buf_fini(&out);
	return text;
}

static void examples_of_the_rfc(void **state)
{
	static const char *const rows[][3] = {
	    {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
	    {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
	    {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
	    {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
	    {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
	    {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
	    {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
	    {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
	    {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
	    {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
	    {"{\"a\":\"foo\"}", "null", "null"},
	    {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
	    {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
	    {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
	    {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++)
		assert_string_equal(merged(rows[i][0], rows[i][1]), rows[i][2]);
}

static void values_keep_what_they_say(void **state)
{
	static const char same[] =
	    "{\"n\":[0,-1,1.10,1e2,9007199254740991,-9007199254740991],\"t\":\"/\\\\\\\"\\n\",\"u\":\"\xc3\xa9\","
	    "\"b\":[true,false,null,{\"x\":null}],\"\":1}";

	(void)state;
	assert_string_equal(merged(same, "{}"), same);
	assert_string_equal(merged("{}", "{\"a\":[{\"x\":null}]}"), "{\"a\":[{\"x\":null}]}");
	/* A name is what it means, however it is written. */
	assert_string_equal(merged("{\"ab\":1}", "{\"a\\u0062\":null}"), "{}");
	assert_string_equal(merged("{\"a\":\"x\\u0000y\"}", "{}"), "{\"a\":\"x\\u0000y\"}");
}

static void refuses(void **state)
{
	struct sd_buf out;

	(void)state;
	sd_buf_init(&out, 8);
	assert_int_equal(json_merge(SD_SLICE("{}"), SD_SLICE("{'a':1}"), &out), SD_ERR_INVALID);
	assert_int_equal(json_merge(SD_SLICE("{\"a\":NaN}"), SD_SLICE("{}"), &out), SD_ERR_INVALID);
	assert_int_equal(json_merge(SD_SLICE(""), SD_SLICE("{}"), &out), SD_ERR_INVALID);
	assert_int_equal(out.len, 0);
	assert_int_equal(json_merge(SD_SLICE("{}"), SD_SLICE("{\"a\":1234567}"), &out),
			 SD_ERR_TOO_BIG);
	sd_buf_fini(&out);
}

static void names(struct sd_buf *b, const char *letter)
{
	sd_buf_char(b, '{');
	for (int i = 0; i < 600; i++)
		sd_buf_printf(b, "%s\"%s%d\":0", i ? "," : "", letter, i);
	sd_buf_char(b, '}');
}

/* Each passes the scan; what they make together would not, and could never be patched again. */
static void together_too_many_names(void **state)
{
	struct sd_buf target, patch, out;

	(void)state;
	sd_buf_init(&target, 65536);
	sd_buf_init(&patch, 65536);
	sd_buf_init(&out, 65536);
	names(&target, "a");
	names(&patch, "b");
	assert_int_equal(json_merge(sd_buf_slice(&target), sd_buf_slice(&patch), &out),
			 SD_ERR_TOO_BIG);
	assert_int_equal(out.len, 0);
	assert_int_equal(json_merge(sd_buf_slice(&target), sd_buf_slice(&target), &out), SD_OK);
	sd_buf_fini(&target);
	sd_buf_fini(&patch);
	sd_buf_fini(&out);
}

static void values_are_counted(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} rows[] = {{"1", 1}, {"{}", 1}, {" [ ] ", 1}, {"[[]]", 2}, {"[1, 2 ,3]", 4},
		    {"{\"a\":{\"b\":[ \"[,{\\\",\" ]}, \"c\":null}", 5}};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++)
		assert_int_equal(json_values(sd_slice_str(rows[i].text)), rows[i].n);
}

/* {"x":[[],[],...]} with n values in all. */
static void empty_arrays(struct sd_buf *b, const char *name, size_t n)
{
	b->len = 0;
	sd_buf_printf(b, "{\"%s\":[", name);
	for (size_t i = 2; i < n; i++)
		sd_buf_printf(b, "%s[]", i > 2 ? "," : "");
	sd_buf_printf(b, "]}");
	assert_int_equal(json_values(sd_buf_slice(b)), n);
}

/* Of patch, target and what they make together. */
static void too_many_values(void **state)
{
	const struct {
		size_t target, patch;
		const char *name;
		int want;
	} rows[] = {{2, JSON_MERGE_VALUES, "a", SD_OK},
		    {JSON_MERGE_VALUES, 2, "a", SD_OK},
		    {2, JSON_MERGE_VALUES + 1, "a", SD_ERR_TOO_BIG},
		    {JSON_MERGE_VALUES + 1, 2, "a", SD_ERR_TOO_BIG},
		    {JSON_MERGE_VALUES / 2, JSON_MERGE_VALUES / 2 + 1, "b", SD_OK},
		    {JSON_MERGE_VALUES / 2 + 1, JSON_MERGE_VALUES / 2 + 1, "b", SD_ERR_TOO_BIG}};
	struct sd_buf target, patch, out;

	(void)state;
	sd_buf_init(&target, 65536);
	sd_buf_init(&patch, 65536);
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		empty_arrays(&target, "a", rows[i].target);
		empty_arrays(&patch, rows[i].name, rows[i].patch);
		sd_buf_init(&out, 65536);
		assert_int_equal(json_merge(sd_buf_slice(&target), sd_buf_slice(&patch), &out), rows[i].want);
		sd_buf_fini(&out);
	}
	sd_buf_fini(&target);
	sd_buf_fini(&patch);
}

static void compact(void **state)
{
	static const char *const rows[][2] = {
	    {" { \"a b\" : [ 1 ,\t2 ] ,\r\n \"c\\\" \" : \" \\\\\" } ",
	     "{\"a b\":[1,2],\"c\\\" \":\" \\\\\"}"},
	    {"{}", "{}"},
	    {"{\"x\":1.10}", "{\"x\":1.10}"},
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		struct sd_buf out;

		sd_buf_init(&out, 256);
		json_compact(sd_slice_str(rows[i][0]), &out);
		assert_true(sd_slice_is(sd_buf_slice(&out), rows[i][1]));
		sd_buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(examples_of_the_rfc),
	    cmocka_unit_test(values_keep_what_they_say),
	    cmocka_unit_test(refuses),
	    cmocka_unit_test(together_too_many_names),
	    cmocka_unit_test(values_are_counted),
	    cmocka_unit_test(too_many_values),
	    cmocka_unit_test(compact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
