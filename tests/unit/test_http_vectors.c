/* SPDX-License-Identifier: MIT
 * test_http_vectors - llhttp's own request cases (MIT; not in this tree) against the parser.
 * The recording stripped the last line end of each case and llhttp asks for no Host, so both are
 * put back, and the expectation is a rule: what llhttp refuses we never complete; we complete no
 * more messages than it does; what it accepts we accept, but for the reviewed list below. */
#include "base.h"
#include "http_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct http_limits limits = {16384, 64, 65536};

static size_t unbase64(const char *p, size_t n, char *out)
{
	static const char abc[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t acc = 0;
	size_t len = 0;
	int bits = 0;

	for (size_t i = 0; i < n && p[i] != '='; i++) {
		const char *at = strchr(abc, p[i]);
		assert_true(at && p[i]);
		acc = acc << 6 | (uint32_t)(at - abc);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[len++] = (char)(acc >> bits & 0xff);
		}
	}
	return len;
}

/* Messages completed; *refused_out: whether the input was refused. */
static int count(const char *bytes, size_t n, bool *refused_out)
{
	struct http_parser *p;
	char *buf = malloc(n);
	size_t at = 0, used;
	int messages = 0;
	enum http_verdict v = HTTP_DONE;

	assert_non_null(buf);
	memcpy(buf, bytes, n);
	assert_int_equal(http_parser_new(&p, &limits), 0);
	while (v == HTTP_DONE && at < n) {
		v = http_parse(p, buf + at, n - at, &used);
		if (v == HTTP_HEAD_DONE)
			v = http_parse(p, buf + at, n - at, &used);
		if (v == HTTP_DONE) {
			assert_true(used > 0);
			messages++;
			at += used;
			http_parser_reset(p);
		}
	}
	*refused_out = v == HTTP_BAD;
	http_parser_free(&p);
	free(buf);
	return messages;
}

/* The text after "key": in one case, up to the next `stop`. */
static struct sd_slice member(const char *from, const char *key, const char *stop)
{
	const char *at = strstr(from, key);

	assert_non_null(at);
	at += strlen(key);
	at += strspn(at, " ");
	return sd_slice(at, strcspn(at, stop));
}

/* Where the strict profile refuses what llhttp accepts, each one read and meant. */
static bool stricter(struct sd_slice name)
{
	static const char *reviewed[] = {
	    /* methods that are not in the HTTP registry, or newer than llhttp 8 */
	    "M-SEARCH request", "PURGE request", "SOURCE request", "QUERY request",
	    /* no tunnels */
	    "CONNECT request", "CONNECT request with CAPS", "CONNECT with body", "Underscore in hostname",
	    /* other protocols, and HTTP/0.9 */
	    "SOURCE request with ICE", "OPTIONS request with RTSP", "ANNOUNCE request with RTSP",
	    "No HTTP version",
	    /* Host: 0.0.0.0=5000 */
	    "curl GET", "Firefox GET",
	    /* codings besides chunked */
	    "POST with `chunked` as last transfer-encoding",
	    "POST with `chunked` as last transfer-encoding (multiple headers)",
	    /* an authority that is not the Host, userinfo, a fragment */
	    "Host terminated by a query string", "`host:port` terminated by a query string",
	    "`host:port` terminated by a space", "`host:port` and basic auth", "Fragment in URI",
	};

	for (size_t i = 0; i < SD_ARRAY_LEN(reviewed); i++) {
		if (sd_slice_is(name, reviewed[i]))
			return true;
	}
	return false;
}

/* Puts "Host: a" behind the first request line of a case that has none. */
static size_t add_host(char *bytes, size_t n)
{
	static const char host[] = "Host: a\r\n";
	char *line;

	bytes[n] = 0;
	if (strcasestr(bytes, "\nhost:"))
		return n;
	line = strstr(n > 2 ? bytes + 2 : bytes, "\r\n");
	if (!line)
		return n;
	line += 2;
	memmove(line + sizeof(host) - 1, line, n - (size_t)(line - bytes));
	memcpy(line, host, sizeof(host) - 1);
	return n + sizeof(host) - 1;
}

static bool one_case(const char *text)
{
	struct sd_slice b64 = member(text, "\"b64\": \"", "\"");
	struct sd_slice name = member(text, "\"name\": \"", "\"");
	struct sd_slice error = member(text, "\"error\":", ",\n");
	int theirs = (int)strtol(member(text, "\"messages_completed\":", ",").p, NULL, 10);
	/* "Pause on ..." is how llhttp hands over to another protocol */
	bool pause = strncmp(member(text, "\"paused\":", ",}").p, "true", 4) == 0;
	bool clean = pause || sd_slice_is(error, "null"), refused;
	char bytes[8192];
	size_t n;
	int ours;

	assert_true(b64.n < sizeof(bytes) - 64);
	n = unbase64(b64.p, b64.n, bytes);
	if (clean) { /* the line end that the recording stripped */
		memcpy(bytes + n, "\r\n", 2);
		n += 2;
	}
	ours = count(bytes, add_host(bytes, n), &refused);
	if (ours <= theirs && (!clean || theirs == 0 || (ours == 0) == stricter(name)))
		return true;
	print_error("%.*s: %d messages, llhttp has %d\n", SD_SLICE_ARG(name), ours, theirs);
	return false;
}

static char *load(void)
{
	const char *shared = getenv("SHARED_DIR"), *src = getenv("srcdir");
	char path[4096];
	char *text;
	size_t n;
	FILE *f;

	if (shared)
		snprintf(path, sizeof(path), "%s/vectors/llhttp_request_cases.json", shared);
	else
		snprintf(path, sizeof(path), "%s/../shared/vectors/llhttp_request_cases.json",
			 src ? src : ".");
	f = fopen(path, "rb");
	if (!f) {
		printf("skipped: no %s\n", path);
		return NULL;
	}
	text = calloc(1, 1u << 20);
	assert_non_null(text);
	n = fread(text, 1, (1u << 20) - 1, f);
	fclose(f);
	assert_true(n > 0);
	return text;
}

static void replay(void **state)
{
	char *text = load(), *at = text;
	int cases = 0, wrong = 0;

	(void)state;
	if (!text)
		return;
	while ((at = strstr(at, "\"file\":"))) {
		wrong += !one_case(at);
		cases++;
		at++;
	}
	free(text);
	assert_true(cases > 50);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(replay)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
