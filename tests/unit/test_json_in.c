/* SPDX-License-Identifier: MIT
 * test_json_in - what the strict scan accepts, refuses and keeps; JSONTestSuite whole. */
#include "base.h"

#include "json_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "token_fix.h"

extern char **environ;

/* An exact copy on the heap, so that a sanitizer sees a read past the end. */
static int check(struct sd_slice text, struct json_error *err)
{
	char *copy = malloc(text.n ? text.n : 1);
	int r;

	if (text.n)
		memcpy(copy, text.p, text.n);
	r = json_check(sd_slice(copy, text.n), err);
	free(copy);
	return r;
}

static void test_accepted(void **state)
{
	static const char *const good[] = {
	    "{}",
	    "[]",
	    " [1 , 2 ] ",
	    "\"\"",
	    "0",
	    "-0",
	    "-1",
	    "1e5",
	    "1E+5",
	    "0.5",
	    "-0.0e-3",
	    "true",
	    "false",
	    "null",
	    "\t\r\n {\"a\" : {\"a\": [ {\"a\":1} ] } }",
	    "9007199254740991",
	    "-9007199254740991",
	    "1e307",
	    "0e1",
	    "\"\\u0000\"",
	    "\"\\ud83d\\ude00\"",
	    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
	    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
	    "\"\xef\xbf\xbf\"",
	    "\"\x7f\"",
	    "{\"a\":1,\"A\":2,\"\":3,\"aa\":4}",
	    "[{\"a\":1},{\"a\":1}]",
	    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(good); i++)
		if (check(sd_slice_str(good[i]), NULL) != 0)
			fail_msg("refused %s", good[i]);
}

static const char *const bad[] = {
    "",
    " ",
    "{",
    "}",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{\"a\":1 \"b\":2}",
    "{}{}",
    "{} x",
    "nul",
    "nullx",
    "True",
    "NaN",
    "Infinity",
    "-Infinity",
    "-",
    "+1",
    "01",
    "-01",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x10",
    "1_0",
    "1a",
    "9007199254740992",
    "-9007199254740992",
    "18446744073709551616",
    "1e308",
    "1e400",
    "1e-400",
    "1e99999999999999999999",
    "100000000000000000000e-20",
    "\"",
    "\"a",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u123g\"",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800\\u0041\"",
    "\"\\ud800\\ud800\"",
    "\"\\ud83d\"",
    "\"\n\"",
    "\"\t\"",
    "\"\x01\"",
    "\"\x80\"",
    "\"\xc3\"",
    "\"\xc0\xaf\"",
    "\"\xe0\x80\xaf\"",
    "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xf0\x80\x80\x80\"",
    "\"\xff\"",
    "\"\xe2\x82\"",
    "\xef\xbb\xbf{}",
    "{}//",
    "/**/{}",
    "{}\x0b",
    "\xa0{}",
    "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
    "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"\\u0061\":1,\"\\u0061\":2}",
    "{\"\xc3\xa9\":1,\"\\u00e9\":2}",
    "{\"\\u00E9\":1,\"\\u00e9\":2}",
    "{\"\":1,\"\":2}",
    "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
    "{\"a/b\":1,\"a\\/b\":2}",
    "{\"x\":[{\"y\":{\"k\":1,\"z\":{\"k\":1},\"k\":2}}]}",
    "{\"a\":{\"b\":1,\"b\":1}}",
    "{\"exp\\u0000x\":1}",
    "{\"\\u0000\":1}",
};

static void test_refused(void **state)
{
	struct json_error where;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		if (check(sd_slice_str(bad[i]), &where) == 0)
			fail_msg("accepted %s", bad[i]);
		assert_non_null(where.reason);
		assert_true(where.offset <= strlen(bad[i]));
	}
	assert_int_equal(json_check(sd_slice(NULL, 0), &where), SD_ERR_INVALID);
	assert_int_equal(check(sd_slice("{}\0", 3), NULL), SD_ERR_INVALID);
	assert_int_equal(check(sd_slice("\"a\0b\"", 5), NULL), SD_ERR_INVALID);
	assert_int_equal(check(sd_slice("\0{}", 3), NULL), SD_ERR_INVALID);
	assert_int_equal(check(sd_slice("{\0}", 3), NULL), SD_ERR_INVALID);
}

static void test_place(void **state)
{
	struct json_error where;

	(void)state;
	assert_int_equal(json_check(SD_SLICE("{\"a\": 01}"), &where), SD_ERR_INVALID);
	assert_string_equal(where.reason, "leading zero");
	assert_int_equal(where.offset, 8);
	assert_int_equal(json_check(SD_SLICE("[1]"), &where), 0);
	assert_null(where.reason);
}

/* Each prefix of a good text is refused, and each single byte changed never crashes. */
static void test_cut_and_changed(void **state)
{
	const char text[] = "{\"a\":[1,2.5e3,\"\\u00e9\xc3\xa9\"],\"b\":{\"c\":null,\"d\":true},"
			    "\"e\":\"0123456789\"}";

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_not_equal(check(sd_slice(text, n), NULL), 0);
	assert_int_equal(check(sd_slice(text, sizeof(text) - 1), NULL), 0);
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		for (int c = 0; c < 256; c++) {
			char copy[sizeof(text)];

			memcpy(copy, text, sizeof(text));
			copy[n] = (char)c;
			(void)!check(sd_slice(copy, sizeof(text) - 1), NULL);
		}
	}
}

/* A special byte is found at every distance from an eight-byte boundary. */
static void test_word_steps(void **state)
{
	static const char special[] = {'\n', '\x1f', '\0', '\x80', '\xff', '"', '\\'};
	char text[64];

	(void)state;
	for (size_t len = 1; len < 40; len++) {
		memset(text, 'x', sizeof(text));
		text[0] = '"';
		text[len + 1] = '"';
		assert_int_equal(check(sd_slice(text, len + 2), NULL), 0);
		for (size_t at = 1; at <= len; at++) {
			for (size_t s = 0; s < sizeof(special); s++) {
				text[at] = special[s];
				assert_int_not_equal(check(sd_slice(text, len + 2), NULL), 0);
			}
			text[at] = 'x';
		}
	}
}

static void test_flat(void **state)
{
	struct json_flat o, in;
	struct json_error where;

	(void)state;
	assert_int_equal(
	    json_flat_scan(
		SD_SLICE(" {\"a\" : 1, \"b\":{\"c\":2,\"d\":[3]}, \"\\u0065\":\"x\\n\"} "), &o,
		&where),
	    0);
	assert_int_equal(o.count, 3);
	assert_true(sd_slice_is(o.m[0].name, "a"));
	assert_int_equal(o.m[0].value.kind, JSON_NUMBER);
	assert_true(sd_slice_is(o.m[1].value.raw, "{\"c\":2,\"d\":[3]}"));
	assert_true(o.m[2].name_escaped && o.m[2].value.escaped);
	assert_int_equal(json_flat_nested(&o.m[1].value, &in), 0);
	assert_int_equal(in.count, 2);
	assert_true(sd_slice_is(in.m[1].value.raw, "[3]"));
	assert_int_equal(json_flat_nested(&in.m[1].value, &o), 0);
	assert_int_equal(o.count, 1);
	assert_int_equal(json_flat_nested(&o.m[0].value, &in), SD_ERR_INVALID);
	assert_int_equal(json_flat_scan(SD_SLICE("[1]"), &o, &where), SD_ERR_INVALID);
	assert_string_equal(where.reason, "not an object");
	assert_int_equal(o.count, 0);
	assert_int_equal(json_flat_scan(SD_SLICE("{\"a\":1,}"), &o, NULL), SD_ERR_INVALID);
	assert_int_equal(o.count, 0);
}

/* {"k0":0,"k1":1,...} of n members. */
static void members(struct sd_buf *b, unsigned n)
{
	sd_buf_reset(b);
	for (unsigned i = 0; i < n; i++)
		sd_buf_printf(b, "%c\"k%u\":%u", i ? ',' : '{', i, i);
	sd_buf_char(b, '}');
}

static void test_bounds(void **state)
{
	static struct json_flat o;
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 1 << 20);
	members(&b, JSON_MAX_MEMBERS);
	assert_int_equal(json_flat_scan(sd_buf_slice(&b), &o, NULL), 0);
	assert_int_equal(o.count, JSON_MAX_MEMBERS);
	members(&b, JSON_MAX_MEMBERS + 1);
	assert_int_equal(json_flat_scan(sd_buf_slice(&b), &o, NULL), SD_ERR_TOO_BIG);
	members(&b, 1024);
	assert_int_equal(json_check(sd_buf_slice(&b), NULL), 0);
	members(&b, 1025);
	assert_int_equal(json_check(sd_buf_slice(&b), NULL), SD_ERR_TOO_BIG);
	members(&b, 20000);
	assert_int_equal(json_check(sd_buf_slice(&b), NULL), SD_ERR_TOO_BIG);
	sd_buf_fini(&b);
}

static void test_array_walk(void **state)
{
	struct json_value a = {JSON_ARRAY, false, SD_SLICE("[ 1 , \"x,y]\" ,[2,3], {\"a\":[4]} ]")},
			  item;
	static const char *const want[] = {"1", "x,y]", "[2,3]", "{\"a\":[4]}"};
	size_t pos = 0, n = 0;

	(void)state;
	while (json_array_next(&a, &pos, &item))
		assert_true(sd_slice_is(item.raw, want[n++]));
	assert_int_equal(n, 4);
	assert_int_equal(item.kind, JSON_NONE);
	a.raw = SD_SLICE("[]");
	pos = 0;
	assert_false(json_array_next(&a, &pos, &item));
	a.kind = JSON_OBJECT;
	pos = 0;
	assert_false(json_array_next(&a, &pos, &item));
}

/* RFC 8259 allows these three; our profile does not: a name twice, a NUL in a name. */
static bool profile_refuses(const char *name)
{
	return strcmp(name, "y_object_duplicated_key.json") == 0 ||
	       strcmp(name, "y_object_duplicated_key_and_value.json") == 0 ||
	       strcmp(name, "y_object_escaped_null_in_key.json") == 0;
}

/* y_ accepted, n_ refused, and every i_: our profile leaves nothing to the implementation. */
static void suite_file(const char *folder, const char *name)
{
	static char text[1 << 20];
	char path[512];
	size_t n;
	FILE *f;
	int r;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	r = check(sd_slice(text, n), NULL);
	if ((r == 0) != (name[0] == 'y' && !profile_refuses(name)))
		fail_msg("%s: %d", name, r);
}

static bool run(char *const argv[])
{
	pid_t pid;
	int status = -1;

	return posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) == 0 &&
	       waitpid(pid, &status, 0) == pid && status == 0;
}

static void test_suite(void **state)
{
	char archive[512], folder[] = "/tmp/json-suite-XXXXXX", parsing[64];
	char tar[] = "tar", xzf[] = "-xzf", change[] = "-C", rm[] = "rm", rf[] = "-rf";
	unsigned count = 0;
	struct dirent *e;
	DIR *d;

	(void)state;
	if (!fix_vector_path("JSONTestSuite.tar.gz", archive, sizeof(archive)))
		return;
	assert_non_null(mkdtemp(folder));
	assert_true(run((char *const[]){tar, xzf, archive, change, folder, NULL}));
	snprintf(parsing, sizeof(parsing), "%s/test_parsing", folder);
	d = opendir(parsing);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (!strstr(e->d_name, ".json"))
			continue;
		suite_file(parsing, e->d_name);
		count++;
	}
	closedir(d);
	assert_true(run((char *const[]){rm, rf, folder, NULL}));
	assert_true(count > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accepted),   cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_place),      cmocka_unit_test(test_cut_and_changed),
	    cmocka_unit_test(test_word_steps), cmocka_unit_test(test_flat),
	    cmocka_unit_test(test_bounds),     cmocka_unit_test(test_array_walk),
	    cmocka_unit_test(test_suite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
