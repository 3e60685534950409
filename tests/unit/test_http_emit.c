/* SPDX-License-Identifier: MIT
 * test_http_emit - golden responses; nothing can add a line of its own. */
#include "base.h"
#include "http_emit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#define COMMON "X-Content-Type-Options: nosniff\r\nX-Request-Id: req-12345\r\n"

static void expect(const struct http_head *head, const char *body, const char *golden)
{
	struct sd_buf out;

	sd_buf_init(&out, 4096);
	http_emit_begin(&out, head);
	http_emit_field(&out, "X-One", SD_SLICE("1"));
	http_emit_end(&out, head, sd_slice_str(body));
	assert_false(out.failed);
	sd_buf_char(&out, 0);
	assert_string_equal(out.p, golden);
	sd_buf_fini(&out);
}

static void golden(void **state)
{
	struct http_head h = {.status = 200, .version_minor = 1, .content_type = "application/json",
			      .request_id = SD_SLICE("req-12345"), .wall_ms = 784111777999};

	(void)state;
	expect(&h, "{}", "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" COMMON
	       "Cache-Control: no-store\r\nContent-Type: application/json\r\nX-One: 1\r\n"
	       "Content-Length: 2\r\n\r\n{}");
	h.head_only = h.cacheable = h.keep_alive_1_0 = true;
	expect(&h, "{}", "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" COMMON
	       "Connection: keep-alive\r\nContent-Type: application/json\r\nX-One: 1\r\n"
	       "Content-Length: 2\r\n\r\n");
	h = (struct http_head){.status = 204, .close = true, .keep_alive_1_0 = true,
			       .request_id = SD_SLICE("req-12345")};
	expect(&h, "", "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" COMMON
	       "Cache-Control: no-store\r\nConnection: close\r\nX-One: 1\r\n\r\n");
	h.status = 304;
	expect(&h, "x",
	       "HTTP/1.1 304 Not Modified\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n" COMMON
	       "Cache-Control: no-store\r\nConnection: close\r\nX-One: 1\r\n\r\n");
}

static void injection(void **state)
{
	static const struct {
		const char *name;
		struct sd_slice value;
	} rows[] = {
	    {"X", SD_SLICE("a\r\nSet-Cookie: b")},
	    {"X", SD_SLICE("a\nb")},
	    {"X", SD_SLICE("a\rb")},
	    {"X", SD_SLICE("a\0b")},
	    {"X", SD_SLICE("a\x1b[2J")},
	    {"X", SD_SLICE("\x7f")},
	    {"X: y\r\nZ", SD_SLICE("a")},
	    {"", SD_SLICE("a")},
	    {"X Y", SD_SLICE("a")},
	};
	struct http_head h = {.status = 200, .request_id = SD_SLICE("a\r\nb")};
	struct sd_buf out;

	(void)state;
	sd_buf_init(&out, 4096);
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		sd_buf_reset(&out);
		http_emit_field(&out, rows[i].name, rows[i].value);
		assert_true(out.failed);
		assert_int_equal(out.len, 0);
	}
	sd_buf_reset(&out);
	http_emit_begin(&out, &h);
	assert_true(out.failed);
	sd_buf_reset(&out);
	h = (struct http_head){.status = 200, .content_type = "a\r\nb: c"};
	http_emit_begin(&out, &h);
	assert_true(out.failed);
	sd_buf_reset(&out);
	http_emit_field(&out, "X-Tab", SD_SLICE("a\tb \xc3\xa9"));
	assert_false(out.failed);
	sd_buf_fini(&out);
}

/* Against the C library's calendar, over the whole range in uneven steps. */
static void dates(void **state)
{
	(void)state;
	for (int64_t t = 0; t < 253402300800; t += 86399 * 29 + 7) {
		struct http_head h = {.status = 200, .wall_ms = t * 1000};
		struct sd_buf out;
		char want[64];
		time_t tt = (time_t)t;
		struct tm tm;

		assert_non_null(gmtime_r(&tt, &tm));
		assert_true(
		    strftime(want, sizeof(want), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm) > 0);
		sd_buf_init(&out, 4096);
		http_emit_begin(&out, &h);
		sd_buf_char(&out, 0);
		if (!strstr(out.p, want))
			fail_msg("%s not in %s", want, out.p);
		sd_buf_fini(&out);
	}
}

static void texts(void **state)
{
	struct sd_buf out;

	(void)state;
	assert_string_equal(http_status_text(431), "Request Header Fields Too Large");
	assert_string_equal(http_status_text(299), "");
	sd_buf_init(&out, 64);
	http_emit_continue(&out);
	assert_true(sd_slice_is(sd_buf_slice(&out), "HTTP/1.1 100 Continue\r\n\r\n"));
	sd_buf_fini(&out);
}

static void streams(void **state)
{
	struct http_head h = {.status = 200, .version_minor = 1};
	struct sd_buf out;

	(void)state;
	sd_buf_init(&out, 1024);
	http_emit_end_stream(&out, &h);
	http_emit_chunk(&out, SD_SLICE("seventeen bytes.."));
	http_emit_chunk(&out, SD_SLICE("")); /* would be the last one */
	http_emit_last_chunk(&out);
	assert_true(sd_slice_is(sd_buf_slice(&out), "Transfer-Encoding: chunked\r\n\r\n"
						    "11\r\nseventeen bytes..\r\n0\r\n\r\n"));
	sd_buf_reset(&out);
	h.version_minor = 0;
	http_emit_end_stream(&out, &h);
	assert_true(sd_slice_is(sd_buf_slice(&out), "\r\n"));
	sd_buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(golden), cmocka_unit_test(injection), cmocka_unit_test(dates),
	    cmocka_unit_test(texts),  cmocka_unit_test(streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
