/* SPDX-License-Identifier: MIT
 * test_http_field - each field's grammar, with the near misses. */
#include "base.h"
#include "http_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void get(void **state)
{
	static struct http_msg m;
	struct sd_slice out;

	(void)state;
	m.fields[0] = (struct http_field_kv){SD_SLICE("Authorization"), SD_SLICE("a")};
	m.fields[1] = (struct http_field_kv){SD_SLICE("X-API-Key"), SD_SLICE("b")};
	m.fields[2] = (struct http_field_kv){SD_SLICE("aUTHORIZATION"), SD_SLICE("a")};
	m.fields[3] = (struct http_field_kv){SD_SLICE("Empty"), SD_SLICE("")};
	m.field_count = 4;
	assert_int_equal(http_field_get(&m, "x-api-key", &out), HTTP_FOUND_ONE);
	assert_true(sd_slice_is(out, "b"));
	assert_int_equal(http_field_get(&m, "Authorization", &out), HTTP_FOUND_MANY);
	assert_null(out.p);
	assert_int_equal(http_field_get(&m, "X-API-Ke", &out), HTTP_FOUND_NONE);
	assert_null(out.p);
	assert_int_equal(http_field_get(&m, "empty", &out), HTTP_FOUND_ONE);
	assert_int_equal(out.n, 0);
}

static void bearer(void **state)
{
	static const char *bad[] = {"",		  "Bearer",	"Bearer ",	"Bearer  ",
				    "Basic abc",  "Bearerabc",	"Bearer a b",	"Bearer a,b",
				    "Bearer =",	  "Bearer a=b", "Bearer \"a\"", "Bearer\ta",
				    "Bearer a\t", "Bearer a ",	" Bearer a",	"Bearer a%2e"};
	struct sd_slice out;

	(void)state;
	assert_true(http_field_bearer(SD_SLICE("Bearer a.b-c_d~e+f/g=="), &out));
	assert_true(sd_slice_is(out, "a.b-c_d~e+f/g=="));
	assert_true(http_field_bearer(SD_SLICE("bEARER   x"), &out));
	assert_true(sd_slice_is(out, "x"));
	assert_false(http_field_bearer(sd_slice("Bearer a\0b", 10), &out));
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		if (http_field_bearer(sd_slice_str(bad[i]), &out))
			fail_msg("accepted %s", bad[i]);
		assert_null(out.p);
	}
}

static enum http_found cookie_of(const char *value, const char *expect)
{
	struct sd_slice out;
	enum http_found f = http_field_cookie(sd_slice_str(value), "sid", &out);

	if (f == HTTP_FOUND_ONE)
		assert_true(sd_slice_is(out, expect));
	else
		assert_null(out.p);
	return f;
}

static void cookie(void **state)
{
	(void)state;
	assert_int_equal(cookie_of("sid=a", "a"), HTTP_FOUND_ONE);
	assert_int_equal(cookie_of("x=1; sid=a=b; y", "a=b"), HTTP_FOUND_ONE);
	assert_int_equal(cookie_of("x=1;sid=a;", "a"), HTTP_FOUND_ONE);
	assert_int_equal(cookie_of("sid=", ""), HTTP_FOUND_ONE);
	assert_int_equal(cookie_of("SID=a; xsid=b; sid2=c; sid; =sid", ""), HTTP_FOUND_NONE);
	assert_int_equal(cookie_of("", ""), HTTP_FOUND_NONE);
	assert_int_equal(cookie_of(";;; ;", ""), HTTP_FOUND_NONE);
	assert_int_equal(cookie_of("sid=a; sid=a", ""), HTTP_FOUND_MANY);
	assert_int_equal(cookie_of("sid=a; x=y; sid =b; sid=c", ""), HTTP_FOUND_MANY);
}

static void media(void **state)
{
	static const char *good[] = {"application/json",
				     "Application/JSON",
				     "application/json;charset=utf-8",
				     "application/json ; charset=\"UTF-8\"",
				     "application/json; a=b; charset=UTF-8",
				     "application/json;"};
	static const char *bad[] = {"",
				    "text/plain",
				    "application/jsonx",
				    "application/json, text/plain",
				    "application/json; charset=utf-16",
				    "application/json; charset",
				    "application/json; charset=utf-8; charset=utf-16",
				    "application/json; charset=\"utf-8",
				    "application/json charset=utf-8",
				    "application/json; a=\"\\b\"",
				    "application/jso"};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(good); i++) {
		if (!http_field_media_is(sd_slice_str(good[i]), "application/json"))
			fail_msg("refused %s", good[i]);
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		if (http_field_media_is(sd_slice_str(bad[i]), "application/json"))
			fail_msg("accepted %s", bad[i]);
	}
}

static void request_id(void **state)
{
	char text[130];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_false(http_field_request_id_ok(sd_slice(text, 7)));
	assert_true(http_field_request_id_ok(sd_slice(text, 8)));
	assert_true(http_field_request_id_ok(sd_slice(text, 128)));
	assert_false(http_field_request_id_ok(sd_slice(text, 129)));
	assert_true(http_field_request_id_ok(SD_SLICE("A.b_c-9z")));
	assert_false(http_field_request_id_ok(SD_SLICE("abcdefg h")));
	assert_false(http_field_request_id_ok(SD_SLICE("abcdefgh\r")));
}

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void traceparent(void **state)
{
	static const char *bad[] = {"",
				    "00-" TRACE "-" PARENT "-0",
				    "00-" TRACE "-" PARENT "-01-",
				    "01-" TRACE "-" PARENT "-01",
				    "ff-" TRACE "-" PARENT "-01",
				    "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
				    "00-00000000000000000000000000000000-" PARENT "-01",
				    "00-" TRACE "-0000000000000000-01",
				    "00_" TRACE "-" PARENT "-01",
				    "00-" TRACE "_" PARENT "-01",
				    "00-" TRACE "-" PARENT "-0g"};
	struct sd_slice trace, parent;

	(void)state;
	assert_true(
	    http_field_traceparent(SD_SLICE("00-" TRACE "-" PARENT "-01"), &trace, &parent));
	assert_true(sd_slice_is(trace, TRACE));
	assert_true(sd_slice_is(parent, PARENT));
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		if (http_field_traceparent(sd_slice_str(bad[i]), &trace, &parent))
			fail_msg("accepted %s", bad[i]);
		assert_null(trace.p);
		assert_null(parent.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(get), cmocka_unit_test(bearer), cmocka_unit_test(cookie),
	    cmocka_unit_test(media), cmocka_unit_test(request_id), cmocka_unit_test(traceparent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
