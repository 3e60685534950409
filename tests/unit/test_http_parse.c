/* SPDX-License-Identifier: MIT
 * test_http_parse - the strict profile as a table, at every way of cutting the bytes. */
#include "base.h"
#include "http_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define OK 200
#define MORE 0
#define G "GET / HTTP/1.1\r\n"
#define P "POST / HTTP/1.1\r\n"
#define H "Host: a\r\n"
#define C2 P H "Transfer-Encoding: chunked\r\n"
#define C C2 "\r\n"

static const struct test_case {
	const char *name;
	int expect;
	const char *bytes;
	size_t n;
} cases[] = {
#define CASE(name, expect, bytes) {name, expect, bytes, sizeof(bytes) - 1},
#include "http_cases.def"
#undef CASE
};

static const struct http_limits limits = {16384, 64, 65536};

/* All that a parse decides, as text, so that two can be compared. */
struct outcome {
	int expect;
	size_t used;
	char text[512];
};

static void describe(struct outcome *o, const struct http_parser *p, enum http_verdict v)
{
	const struct http_msg *m = http_parser_msg(p);
	size_t name_bytes = 0;

	o->expect = v == HTTP_DONE ? OK : v == HTTP_BAD ? http_parse_status(p) : MORE;
	if (v != HTTP_DONE) {
		snprintf(o->text, sizeof(o->text), "%s", http_parse_reason(p));
		return;
	}
	for (uint32_t i = 0; i < m->field_count; i++)
		name_bytes += m->fields[i].name.n * 7 + m->fields[i].value.n;
	snprintf(o->text, sizeof(o->text),
		 "%d %.*s %.*s|%.*s|%.*s v%u ka%d b%d l%d e%d n%llu f%u/%zu [%.*s]", m->method,
		 SD_SLICE_ARG(m->method_text), SD_SLICE_ARG(m->path), SD_SLICE_ARG(m->query),
		 SD_SLICE_ARG(m->host), m->version_minor, m->keep_alive, m->has_body, m->has_length,
		 m->expect_continue, (unsigned long long)m->content_length, m->field_count,
		 name_bytes, (int)SD_MIN(m->body.n, (size_t)99), m->body.p);
}

/* Feeds cuts[0], cuts[1], ... bytes, each time in memory of its own and of exact size. */
static struct outcome run(const char *bytes, const size_t *cuts, size_t count)
{
	struct http_parser *p;
	struct outcome o = {0, 0, ""};
	enum http_verdict v = HTTP_MORE;
	char *last = NULL;
	int heads = 0;

	assert_int_equal(http_parser_new(&p, &limits), 0);
	for (size_t i = 0; i < count && v == HTTP_MORE; i++) {
		char *buf = malloc(cuts[i] ? cuts[i] : 1);
		assert_non_null(buf);
		memcpy(buf, bytes, cuts[i]);
		free(last);
		last = buf;
		v = http_parse(p, buf, cuts[i], &o.used);
		if (v == HTTP_HEAD_DONE) {
			heads++;
			assert_true(http_parser_msg(p)->has_body);
			v = http_parse(p, buf, cuts[i], &o.used);
		}
		assert_int_not_equal(v, HTTP_HEAD_DONE);
	}
	if (v == HTTP_DONE)
		assert_int_equal(heads, http_parser_msg(p)->has_body);
	else
		assert_int_equal(o.used, 0);
	describe(&o, p, v);
	free(last);
	http_parser_free(&p);
	return o;
}

static void same(const char *name, size_t cut, const struct outcome *a, const struct outcome *b)
{
	if (a->expect != b->expect || a->used != b->used || strcmp(a->text, b->text) != 0)
		fail_msg("%s cut at %zu: %d %zu \"%s\" but whole: %d %zu \"%s\"", name, cut,
			 b->expect, b->used, b->text, a->expect, a->used, a->text);
}

/* Whole, in two at every point, and byte by byte. */
static struct outcome all_cuts(const char *name, const char *bytes, size_t n)
{
	struct outcome whole = run(bytes, &n, 1), other;
	size_t *each = calloc(n + 1, sizeof(*each));

	assert_non_null(each);
	for (size_t cut = 0; cut <= n; cut++) {
		size_t two[2] = {cut, n};
		other = run(bytes, two, 2);
		same(name, cut, &whole, &other);
		each[cut] = cut;
	}
	other = run(bytes, each, n + 1);
	same(name, n, &whole, &other);
	free(each);
	return whole;
}

static void table(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		const struct test_case *c = &cases[i];
		struct outcome o = all_cuts(c->name, c->bytes, c->n);
		if (o.expect != c->expect || (o.expect == OK && o.used != c->n)) {
			print_error("%s: %d (%s), used %zu of %zu, expected %d\n", c->name,
				    o.expect, o.text, o.used, c->n, c->expect);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

/* What follows a message never changes it. */
static void poison(void **state)
{
	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		const struct test_case *c = &cases[i];
		char bytes[1024];
		struct outcome o;
		size_t n = c->n + 20;

		if (c->expect != OK)
			continue;
		assert_true(n < sizeof(bytes));
		memcpy(bytes, c->bytes, c->n);
		memcpy(bytes + c->n, "GET /evil HTTP/1.1\r\n", 20);
		o = run(bytes, &n, 1);
		assert_int_equal(o.expect, OK);
		assert_int_equal(o.used, c->n);
	}
}

static int status_of(const char *bytes, size_t n)
{
	struct outcome o = run(bytes, &n, 1), half;
	size_t two[2] = {n / 2, n};

	half = run(bytes, two, 2);
	same("limits", n / 2, &o, &half);
	return o.expect;
}

/* before, then n times unit, then after. */
static int repeated(const char *before, const char *unit, size_t n, const char *after)
{
	size_t b = strlen(before), u = strlen(unit), a = strlen(after);
	char *bytes = malloc(b + u * n + a + 1);
	int status;

	assert_non_null(bytes);
	memcpy(bytes, before, b);
	for (size_t i = 0; i < n; i++)
		memcpy(bytes + b + i * u, unit, u);
	memcpy(bytes + b + u * n, after, a);
	status = status_of(bytes, b + u * n + a);
	free(bytes);
	return status;
}

static void bounds(void **state)
{
	(void)state;
	assert_int_equal(repeated("GET /", "a", 7999, " HTTP/1.1\r\n" H "\r\n"), OK);
	assert_int_equal(repeated("GET /", "a", 8191, " HTTP/1.1\r\n" H "\r\n"), OK);
	assert_int_equal(repeated("GET /", "a", 8192, " HTTP/1.1\r\n" H "\r\n"), 414);
	assert_int_equal(repeated("GET /", "a", 102400, ""), 414);
	assert_int_equal(repeated("", "A", 102400, " / HTTP/1.1\r\n"), 501);
	assert_int_equal(repeated(G H, "A", 102400, ": x\r\n\r\n"), 431);
	assert_int_equal(repeated(G H "X: ", "A", 102400, "\r\n\r\n"), 431);
	assert_int_equal(repeated(G H "Cookie: ", "a=b; ", 13107, "\r\n\r\n"), 431);
	assert_int_equal(repeated(G H, "X: y\r\n", 63, "\r\n"), OK);
	assert_int_equal(repeated(G H, "X: y\r\n", 64, "\r\n"), 431);
	assert_int_equal(repeated(G H, "X: y\r\n", 10000, "\r\n"), 431);
	/* 16 + 9 + 3 + n + 4 = 16384 */
	assert_int_equal(repeated(G H "X: ", "A", 16384 - 32, "\r\n\r\n"), OK);
	assert_int_equal(repeated(G H "X: ", "A", 16384 - 31, "\r\n\r\n"), 431);
	assert_int_equal(repeated(P H "Content-Length: 65536\r\n\r\n", "x", 65536, ""), OK);
	assert_int_equal(repeated(C "10000\r\n", "x", 65536, "\r\n0\r\n\r\n"), OK);
	assert_int_equal(repeated(C "10000\r\n", "x", 65536, "\r\n1\r\n"), 413);
	assert_int_equal(repeated(C "5;", "a", 256, "\r\nhello\r\n0\r\n\r\n"), OK);
	assert_int_equal(repeated(C "5;", "a", 257, "\r\nhello\r\n0\r\n\r\n"), 400);
	assert_int_equal(repeated(C "5;", "a", 65536, "\r\nhello\r\n0\r\n\r\n"), 400);
	assert_int_equal(repeated(C, "1\r\nx\r\n", 10000, "0\r\n\r\n"), OK);
	assert_int_equal(repeated(C, "1\r\nx\r\n", 60000, "0\r\n\r\n"), 413);
	assert_int_equal(repeated(C "0\r\nX: ", "a", 4080, "\r\n\r\n"), OK);
	assert_int_equal(repeated(C "0\r\nX: ", "a", 4096, "\r\n\r\n"), 431);
	assert_int_equal(repeated(C "0\r\n", "X: y\r\n", 100, "\r\n"), 431);
}

/* Nothing that is not refused is longer than the caller's buffer must be. */
static void raw_bound(void **state)
{
	struct http_limits small = {256, 10, 100};
	size_t most = http_limits_raw(&small), n = 0, used;
	char *buf = malloc(most + 1);
	struct http_parser *p;
	enum http_verdict v;

	(void)state;
	assert_non_null(buf);
	memcpy(buf, C, strlen(C));
	n = strlen(C);
	while (n + 10 <= most) {
		memcpy(buf + n, "1;aa=\"\"\r\nx\r\n", 12);
		n += n + 12 <= most ? 12 : 10;
	}
	assert_int_equal(http_parser_new(&p, &small), 0);
	assert_int_equal(http_parse(p, buf, n, &used), HTTP_HEAD_DONE);
	v = http_parse(p, buf, n, &used);
	assert_int_equal(v, HTTP_BAD);
	assert_int_equal(http_parse_status(p), 413);
	http_parser_free(&p);
	free(buf);
	small.header_fields = HTTP_MAX_FIELDS + 1;
	assert_int_not_equal(http_parser_new(&p, &small), 0);
	assert_null(p);
}

static void pipelined(void **state)
{
	static const char one[] = "GET /a?n HTTP/1.1\r\n" H "X: y\r\n\r\n";
	static const char two[] = C "3\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n";
	static const char three[] = P H "Content-Length: 4\r\n\r\nGET ";
	const char *kinds[] = {one, two, three};
	size_t n = 0, at = 0, used;
	char *buf = malloc(1000 * sizeof(two) + 1);
	struct http_parser *p;

	(void)state;
	assert_non_null(buf);
	assert_int_equal(http_parser_new(&p, &limits), 0);
	for (int i = 0; i < 1000; i++) {
		memcpy(buf + n, kinds[i % 3], strlen(kinds[i % 3]));
		n += strlen(kinds[i % 3]);
	}
	for (int i = 0; i < 1000; i++) {
		enum http_verdict v = http_parse(p, buf + at, n - at, &used);
		if (i % 3) {
			assert_int_equal(v, HTTP_HEAD_DONE);
			v = http_parse(p, buf + at, n - at, &used);
		}
		assert_int_equal(v, HTTP_DONE);
		assert_int_equal(used, strlen(kinds[i % 3]));
		assert_true(sd_slice_is(http_parser_msg(p)->body,
					i % 3 == 0 ? "" : i % 3 == 1 ? "abcde" : "GET "));
		assert_int_equal(http_parse(p, buf + at, n - at, &used), HTTP_DONE);
		at += used;
		http_parser_reset(p);
	}
	assert_int_equal(at, n);
	http_parser_free(&p);
	assert_null(p);
	free(buf);
}

static struct http_parser *parsed(char *bytes, enum http_verdict expect)
{
	struct http_parser *p;
	size_t used;

	assert_int_equal(http_parser_new(&p, &limits), 0);
	assert_int_equal(http_parse(p, bytes, strlen(bytes), &used), expect);
	return p;
}

static void message(void **state)
{
	char bytes[] =
	    "\r\nPUT http://a/b/c?d=e HTTP/1.1\r\nHOST: A\r\nX-Empty:\r\nX-Space: \t v w\t \r\n"
	    "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi";
	struct http_parser *p = parsed(bytes, HTTP_HEAD_DONE);
	const struct http_msg *m = http_parser_msg(p);
	size_t used;

	(void)state;
	assert_int_equal(m->method, HTTP_PUT);
	assert_true(sd_slice_is(m->method_text, "PUT"));
	assert_true(sd_slice_is(m->target, "http://a/b/c?d=e"));
	assert_true(sd_slice_is(m->path, "/b/c"));
	assert_true(sd_slice_is(m->query, "d=e"));
	assert_int_equal(m->field_count, 5);
	assert_true(sd_slice_is(m->fields[0].name, "HOST"));
	assert_true(sd_slice_is(m->fields[1].value, ""));
	assert_true(sd_slice_is(m->fields[2].value, "v w"));
	assert_true(m->expect_continue && m->keep_alive && m->has_body && m->has_length);
	assert_int_equal(http_parse(p, bytes, strlen(bytes), &used), HTTP_DONE);
	assert_int_equal(used, strlen(bytes));
	assert_true(sd_slice_is(m->body, "hi"));
	http_parser_free(&p);
}

static void keep_alive(void **state)
{
	static const struct {
		const char *bytes;
		bool keep;
	} rows[] = {
	    {G H "\r\n", true},
	    {G H "Connection: close\r\n\r\n", false},
	    {G H "Connection: keep-alive, Close\r\n\r\n", false},
	    {G H "Connection: Upgrade\r\nUpgrade: x\r\n\r\n", true},
	    {"GET / HTTP/1.0\r\n\r\n", false},
	    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
	    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
	    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		char bytes[256];
		struct http_parser *p;
		snprintf(bytes, sizeof(bytes), "%s", rows[i].bytes);
		p = parsed(bytes, HTTP_DONE);
		assert_int_equal(http_parser_msg(p)->keep_alive, rows[i].keep);
		http_parser_free(&p);
	}
}

static void announced_body(void **state)
{
	char big[] = "GET /auth HTTP/1.0\r\nHost: a\r\nContent-Length: 5000000000\r\n\r\n";
	char bad[] = "\x16\x03";
	struct http_parser *p = parsed(big, HTTP_BAD);

	(void)state;
	assert_int_equal(http_parse_status(p), 413);
	assert_true(http_parse_head_ok(p));
	assert_true(sd_slice_is(http_parser_msg(p)->path, "/auth"));
	http_parser_free(&p);
	p = parsed(bad, HTTP_BAD);
	assert_false(http_parse_head_ok(p));
	http_parser_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table), cmocka_unit_test(poison), cmocka_unit_test(bounds),
	    cmocka_unit_test(raw_bound), cmocka_unit_test(pipelined), cmocka_unit_test(message),
	    cmocka_unit_test(keep_alive), cmocka_unit_test(announced_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
