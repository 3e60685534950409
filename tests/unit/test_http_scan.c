/* SPDX-License-Identifier: MIT
 * test_http_scan - the methods, and the scan on its own where http_parse's table cannot see it. */
#include "base.h"
#include "http_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct http_limits limits = {4096, 8, 1000};

static void methods(void **state)
{
	(void)state;
	assert_int_equal(http_scan_method(SD_SLICE("GET")), HTTP_GET);
	assert_int_equal(http_scan_method(SD_SLICE("PATCH")), HTTP_PATCH);
	assert_int_equal(http_scan_method(SD_SLICE("CONNECT")), HTTP_METHOD_NONE);
	assert_int_equal(http_scan_method(SD_SLICE("get")), HTTP_METHOD_NONE);
	assert_int_equal(http_scan_method(SD_SLICE("GETS")), HTTP_METHOD_NONE);
	assert_int_equal(http_scan_method(SD_SLICE("")), HTTP_METHOD_NONE);
}

/* Every byte value at every kind of place: only the classes of RFC 9110 pass. */
static void bytes(void **state)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[] = "GET /? HTTP/1.1\r\nX?: ?\r\n\r\n";
		struct http_scan s;
		bool is_token = c && strchr(token, c);

		text[5] = (char)c;
		http_scan_init(&s);
		assert_int_equal(http_scan_head(&s, text, 7, &limits) == HTTP_SCAN_MORE,
				 (c > 0x20 && c < 0x7f && c != '#') );
		text[5] = 'a';
		text[18] = (char)c;
		http_scan_init(&s);
		assert_int_equal(http_scan_head(&s, text, 19, &limits) == HTTP_SCAN_MORE,
				 is_token || c == ':');
		text[18] = 'a';
		text[21] = (char)c;
		http_scan_init(&s);
		assert_int_equal(http_scan_head(&s, text, 22, &limits) == HTTP_SCAN_MORE,
				 c == '\t' || c == '\r' || (c >= 0x20 && c != 0x7f));
	}
}

static void faults(void **state)
{
	struct http_scan s;

	(void)state;
	http_scan_init(&s);
	assert_int_equal(http_scan_head(&s, "G\n", 2, &limits), HTTP_SCAN_BAD);
	assert_int_equal(s.fault.status, 400);
	assert_int_equal(s.pos, 1);
	assert_non_null(s.fault.reason);
}

static void ends(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nA: b\r\n\r\n3\r\nabc\r\n0\r\n\r\nrest";
	struct http_scan s;

	(void)state;
	http_scan_init(&s);
	assert_int_equal(http_scan_head(&s, text, sizeof(text) - 1, &limits), HTTP_SCAN_END);
	assert_int_equal(s.head_len, 24);
	assert_int_equal(s.fields, 1);
	assert_int_equal(http_scan_chunked(&s, text, sizeof(text) - 1, &limits), HTTP_SCAN_END);
	assert_int_equal(s.pos, sizeof(text) - 1 - 4);
	assert_int_equal(s.data_bytes, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(methods), cmocka_unit_test(bytes), cmocka_unit_test(faults),
	    cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
