/* SPDX-License-Identifier: MIT
 * If-Match and If-None-Match: lists, "*", weak tags, and everything that is none of these. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "http_etag.h"

#define TAG SD_SLICE("\"7-ab\"")

static void expect(const char *field, enum http_etag strong, enum http_etag weak)
{
	if (http_etag_find(sd_slice_str(field), TAG, true) != strong ||
	    http_etag_find(sd_slice_str(field), TAG, false) != weak)
		fail_msg("%s", field);
}

static void lists(void **state)
{
	(void)state;
	expect("\"7-ab\"", HTTP_ETAG_LISTED, HTTP_ETAG_LISTED);
	expect(" \"7-ab\"\t", HTTP_ETAG_LISTED, HTTP_ETAG_LISTED);
	expect("\"x\", \"7-ab\",\"\"", HTTP_ETAG_LISTED, HTTP_ETAG_LISTED);
	expect(",, \"7-ab\" ,", HTTP_ETAG_LISTED, HTTP_ETAG_LISTED);
	expect("\"7-a\"", HTTP_ETAG_NONE, HTTP_ETAG_NONE);
	expect("\"7-abc\",\"a,b\"", HTTP_ETAG_NONE, HTTP_ETAG_NONE);
	expect("W/\"7-ab\"", HTTP_ETAG_NONE, HTTP_ETAG_LISTED);
	expect("W/\"7-ab\", \"7-ab\"", HTTP_ETAG_LISTED, HTTP_ETAG_LISTED);
	expect("*", HTTP_ETAG_ANY, HTTP_ETAG_ANY);
	expect(" * ", HTTP_ETAG_ANY, HTTP_ETAG_ANY);
}

static void malformed(void **state)
{
	static const char *const rows[] = {"", " ", ",", "7-ab", "\"7-ab", "7-ab\"", "\"7-ab\" \"x\"",
					   "\"7-ab\"x", "w/\"7-ab\"", "W\"7-ab\"", "W/", "W", "*,\"7-ab\"",
					   "\"7-ab\", *", "**", "\"7 ab\"", "\"a\"\"b\"", "'7-ab'",
					   "\"7-ab\", x", "\"\x7f\""};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++)
		expect(rows[i], HTTP_ETAG_MALFORMED, HTTP_ETAG_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists),
	    cmocka_unit_test(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
