/* SPDX-License-Identifier: MIT
 * JSON for people: aligned, complete, and with no byte of a name or a value that acts on the terminal. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "ctl_table.h"

static char shown[8192];

static const char *show(const char *json)
{
	struct json_object *o = json_tokener_parse(json);
	FILE *out = fmemopen(shown, sizeof(shown), "w");

	assert_non_null(o);
	assert_non_null(out);
	ctl_table_print(out, o);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(json_object_put(o), 1);
	return shown;
}

static void test_lines(void **state)
{
	(void)state;
	assert_string_equal(show("{}"), "");
	assert_string_equal(show("{\"phase\":\"ready\",\"store\":{\"up\":true,\"lag_ms\":null}}"),
			    "phase                        ready\n"
			    "store.up                     true\n"
			    "store.lag_ms                 -\n");
	assert_string_equal(show("{\"a\":{\"b\":{\"c\":1,\"d\":\"x\"}},\"none\":[]}"),
			    "a.b                          c=1 d=x\n"
			    "none                         [ ]\n");
}

static void test_tables(void **state)
{
	(void)state;
	/* A column for each name that some row has, as wide as its widest cell but the last. */
	assert_string_equal(show("{\"rows\":[{\"id\":\"a\",\"n\":1},{\"id\":\"long one\",\"more\":{\"x\":1,\"y\":2}}]}"),
			    "\nrows:\n"
			    "id        n  more\n"
			    "a         1  -\n"
			    "long one  -  x=1 y=2\n\n");
}

static void test_cuts_what_is_long(void **state)
{
	char json[1200], name[256];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(json, sizeof(json), "{\"rows\":[{\"id\":\"%s\",\"x\":1}],\"%s\":{\"%s\":1}}", name, name, name);
	(void)show(json);
	assert_non_null(strstr(shown, "\nnnnn"));
	assert_null(strstr(shown, name)); /* no cell of 255 */
	(void)snprintf(json, sizeof(json), "{\"rows\":[{\"c0\":0");
	for (int i = 1; i < 40; i++)
		(void)snprintf(json + strlen(json), sizeof(json) - strlen(json), ",\"c%d\":%d", i, i);
	(void)snprintf(json + strlen(json), sizeof(json) - strlen(json), "}]}");
	(void)show(json);
	assert_non_null(strstr(shown, "c23"));
	assert_null(strstr(shown, "c24"));
}

/* A name of a session's data is its application's text, as a value is. */
static void test_nothing_acts_on_the_terminal(void **state)
{
	static const char *const places[] = {
		"{\"v\":\"%s\"}", "{\"%s\":1}", "{\"o\":{\"%s\":1}}", "{\"%s\":{\"x\":1}}", "{\"o\":{\"p\":{\"%s\":1}}}",
		"{\"%s\":[{\"x\":1}]}", "{\"t\":[{\"%s\":1}]}", "{\"t\":[{\"x\":\"%s\"}]}", "{\"t\":[{\"x\":{\"%s\":1}}]}",
	};
	static const char *const bytes[] = {"\\u001b[2J", "\\u0007", "\\n\\r", "\\u007f", "\\u009b2J", "\xc2\x85"};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(places); i++) {
		for (size_t b = 0; b < SD_ARRAY_LEN(bytes); b++) {
			char json[128], *end = NULL;

			(void)snprintf(json, sizeof(json), "%.*s%s%s", (int)strcspn(places[i], "%"), places[i], bytes[b],
				       strchr(places[i], '%') + 2);
			(void)show(json);
			for (end = shown; *end; end++)
				if (((unsigned char)*end < 0x20 && *end != '\n') || *end == 0x7f ||
				    (end[0] == '\xc2' && (unsigned char)end[1] < 0xa0) || *end == '\r')
					fail_msg("%s: byte %02x is shown", json, (unsigned)(unsigned char)*end);
			assert_null(strstr(shown, "\n\r"));
		}
	}
	/* What is no control character stays. */
	assert_non_null(strstr(show("{\"v\":\"\xc3\xa9\xc2\xa0\xe2\x80\x93\"}"), "\xc3\xa9\xc2\xa0\xe2\x80\x93"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_cuts_what_is_long),
		cmocka_unit_test(test_nothing_acts_on_the_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
