/* SPDX-License-Identifier: MIT
 * A body against its table: what is not in it, not of its kind, not there, or twice is refused,
 * with the place named. */
#include "base.h"

#include "body.h"
#include "worker_rig.h"

enum { F_NAME, F_COUNT_OF, F_FLAG, F_OBJECT, F_LIST, F_EITHER, F_TOKEN, FIELDS };
static const struct body_field fields[FIELDS] = {
    [F_NAME] = {"name", BODY_STRING, true, 8},
    [F_COUNT_OF] = {"count", BODY_INT, false, 0},
    [F_FLAG] = {"flag", BODY_BOOL, false, 0},
    [F_OBJECT] = {"object", BODY_OBJECT, false, 16},
    [F_LIST] = {"list", BODY_ARRAY, false, 16},
    [F_EITHER] = {"either", BODY_STRING_OR_ARRAY, false, 16},
    [F_TOKEN] = {"token", BODY_TOKEN, false, 8},
};

static struct body_value val[FIELDS];

/* The refusal with its place; "" when there is none. */
static const char *read_body(struct worker_rig *rig, const char *text)
{
	struct request *r = worker_rig_message(rig, NULL, NULL, text);
	bool taken = body_read(r, fields, FIELDS, val) == STEP_NEXT;
	assert_int_equal(taken, rig->c.out.len == 0);
	assert_int_equal(r->status, taken ? 0 : 400);
	return worker_rig_refusal(rig);
}

static void test_each_kind(void **state)
{
	struct worker_rig *rig = *state;
	assert_string_equal(
	    read_body(rig,
		      "{\"name\":\"a\\u0062c\",\"count\":-7,\"flag\":true,\"object\":{\"x\":1},"
		      "\"list\":[1],\"either\":\"e\"}"),
	    "");
	assert_true(sd_slice_is(val[F_NAME].str, "abc"));
	assert_int_equal(val[F_COUNT_OF].num, -7);
	assert_true(val[F_FLAG].flag);
	assert_true(sd_slice_is(val[F_OBJECT].raw.raw, "{\"x\":1}"));
	assert_string_equal(read_body(rig, "{\"name\":\"a\",\"either\":[\"e\"]}"), "");
	assert_false(val[F_FLAG].given);
	assert_null(val[F_OBJECT].raw.raw.p);
}

static void test_refusals_name_the_place(void **state)
{
	struct worker_rig *rig = *state;
	static const struct {
		const char *body, *refusal;
	} cases[] = {
	    {"[]", "field-invalid "},
	    {"\"name\"", "field-invalid "},
	    {"null", "field-invalid "},
	    {"{}", "field-missing /name"},
	    {"{\"nane\":\"a\"}", "unknown-field /nane"},
	    {"{\"name\":\"a\",\"Name\":\"b\"}", "unknown-field /Name"},
	    {"{\"name\":5}", "field-invalid /name"},
	    {"{\"name\":\"\"}", "field-invalid /name"},
	    {"{\"name\":\"123456789\"}", "field-invalid /name"},
	    {"{\"name\":\"a\\u0001\"}", "field-invalid /name"},
	    {"{\"name\":\"a\\u007f\"}", "field-invalid /name"},
	    {"{\"name\":null}", "field-invalid /name"},
	    {"{\"name\":\"a\",\"count\":1.5}", "field-invalid /count"},
	    {"{\"name\":\"a\",\"count\":\"1\"}", "field-invalid /count"},
	    {"{\"name\":\"a\",\"count\":99999999999999999999}", "json-malformed"},
	    {"{\"name\":\"a\",\"flag\":1}", "field-invalid /flag"},
	    {"{\"name\":\"a\",\"object\":[]}", "field-invalid /object"},
	    {"{\"name\":\"a\",\"object\":{\"long\":\"123456789\"}}", "field-invalid /object"},
	    {"{\"name\":\"a\",\"list\":{}}", "field-invalid /list"},
	    {"{\"name\":\"a\",\"either\":1}", "field-invalid /either"},
	    {"{\"name\":\"a\",\"more\":1,\"flag\":1}", "unknown-field /more"},
	    {"{\"name\":\"a\",\"a/b~c\":1}", "unknown-field /a~1b~0c"},
	};
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++)
		assert_string_equal(read_body(rig, cases[i].body), cases[i].refusal);
}

static void test_what_is_not_strict_json(void **state)
{
	struct worker_rig *rig = *state;
	static const char *const bodies[] = {
	    "",
	    "[1,]",
	    "{",
	    "{\"name\":\"a\"",
	    "{\"name\":\"a\"} x",
	    "{\"name\":\"a\",}",
	    "{name:\"a\"}",
	    "{'name':'a'}",
	    "{\"name\":\"a\",\"count\":NaN}",
	    "{\"name\":\"a\",\"count\":01}",
	    "{\"name\":\"\\ud800\"}",
	    "{\"name\":\"\xc0\xaf\"}",
	    "{\"name\":\"a\",\"name\":\"b\"}",
	    "{\"name\":\"a\",\"n\\u0061me\":\"b\"}",
	    "{\"na\\u0000me\":\"a\"}",
	    "\xef\xbb\xbf{\"name\":\"a\"}",
	};
	for (size_t i = 0; i < SD_ARRAY_LEN(bodies); i++)
		if (strcmp(read_body(rig, bodies[i]), "json-malformed") != 0)
			fail_msg("%s: %s", bodies[i], read_body(rig, bodies[i]));
}

/* A name of the client's choice comes back as JSON, whatever is in it. */
static void test_a_hostile_name_comes_back_safely(void **state)
{
	struct worker_rig *rig = *state;
	char body[400], name[300];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(body, sizeof(body), "{\"%s\":1}", name);
	assert_int_equal(strncmp(read_body(rig, body), "unknown-field /xxx", 18), 0);
	assert_int_equal(strncmp(read_body(rig, "{\"\\\"<>\":1}"), "unknown-field /", 15), 0);
}

static void test_names_and_users(void **state)
{
	char text[300];
	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(body_name_ok(SD_SLICE("Az09._~-")));
	assert_false(body_name_ok(SD_SLICE("")));
	assert_false(body_name_ok(SD_SLICE("a b")));
	assert_false(body_name_ok(SD_SLICE("a/b")));
	assert_true(body_name_ok(sd_slice(text, 64)));
	assert_false(body_name_ok(sd_slice(text, 65)));
	assert_true(body_user_ok(SD_SLICE("J\xc3\xbcrgen / x")));
	assert_true(body_user_ok(sd_slice(text, 256)));
	assert_false(body_user_ok(sd_slice(text, 257)));
	assert_false(body_user_ok(SD_SLICE("")));
	assert_false(body_user_ok(SD_SLICE("a\xc2\x9b[2J"))); /* CSI, for a terminal that shows the trail */
	assert_false(body_user_ok(SD_SLICE("a\n")));
	assert_false(body_user_ok(sd_slice("a\0b", 3)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_rig_setup, worker_rig_teardown)

/* A string is a string: that it can be no token is for the verifier to say. */
static void test_tokens(void **state)
{
	struct worker_rig *rig = *state;
	static const struct {
		const char *body, *token;
	} rows[] = {
	    {"{\"name\":\"n\",\"token\":\"a.b\"}", "a.b"},
	    {"{\"name\":\"n\",\"token\":\"\\ta\\n\"}", "\ta\n"},
	    {"{\"name\":\"n\",\"token\":\"\"}", ""},
	    {"{\"name\":\"n\",\"token\":\"a\\u0000b\"}", ""},
	    {"{\"name\":\"n\",\"token\":\"abcdefghi\"}", ""},
	};
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		assert_string_equal(read_body(rig, rows[i].body), "");
		assert_true(val[F_TOKEN].given && sd_slice_is(val[F_TOKEN].str, rows[i].token));
	}
	assert_string_equal(read_body(rig, "{\"name\":\"n\",\"token\":1}"), "field-invalid /token");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_each_kind),
	    TEST(test_refusals_name_the_place),
	    TEST(test_what_is_not_strict_json),
	    TEST(test_tokens),
	    TEST(test_a_hostile_name_comes_back_safely),
	    cmocka_unit_test(test_names_and_users),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
