/* SPDX-License-Identifier: MIT
 * Connections through a socket pair and the loop, clocks frozen: however the bytes are cut, whoever
 * leaves, reads slowly or sends too much, each whole request gets its one answer. */
#include "base.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "worker_rig.h"

#define GET "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"
#define VALIDATE(length)                                                                           \
	"POST /sessions/validate HTTP/1.1\r\nHost: h\r\nX-API-Key: " RIG_KEY_A "\r\n"              \
	"Content-Type: application/json\r\nContent-Length: " length "\r\n"
/* Asks the store, which is not there: parked, then 503 at the end of the turn. */
#define PARKS                                                                                      \
	"GET /sessions/IQECAwQFBgcICQoLDA0ODw HTTP/1.1\r\nHost: h\r\nX-API-Key: " RIG_KEY_A        \
	"\r\n\r\n"

#define VALIDATE_MAX 110000

static char heard[1 << 20];
static size_t have;

static void say(int client, const char *text)
{
	worker_rig_say(client, text, strlen(text));
}

/* In one piece: a socket counts each piece as a page. */
static void say_times(int client, const char *text, int times)
{
	static char all[65536];
	size_t n = 0;
	for (int i = 0; i < times; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s", text);
	worker_rig_say(client, all, n);
}

/* False at the end of the stream. */
static bool hear(int client)
{
	return worker_rig_hear(client, heard, sizeof(heard), &have);
}

static void forget(void)
{
	have = 0;
	heard[0] = '\0';
}

static int count_of(const char *text)
{
	int n = 0;
	for (const char *p = heard; (p = strstr(p, text)); p += strlen(text))
		n++;
	return n;
}

static int begin(struct worker_rig *rig)
{
	forget();
	return worker_rig_client(rig);
}

static void test_one_request(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, GET);
	worker_rig_turn(rig);
	assert_true(hear(client));
	assert_int_equal(strncmp(heard, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_non_null(strstr(heard, "\r\n\r\nalive\n"));
	assert_int_equal(count_of("Connection: close"), 0);
	assert_int_equal(rig->w.connections, 1);
	assert_int_equal(rig->w.in_flight, 0);
	(void)close(client);
	worker_rig_turn(rig);
	assert_int_equal(rig->w.connections, 0);
}

static void test_cut_at_every_byte(void **state)
{
	struct worker_rig *rig = *state;
	static const char chunked[] =
	    VALIDATE("2") "\r\n{}" GET
			  "POST /sessions/validate HTTP/1.1\r\nHost: h\r\nX-API-Key: " RIG_KEY_A
			  "\r\n"
			  "Content-Type: application/json\r\nTransfer-Encoding: "
			  "chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n" GET;
	static char whole[8192];
	for (size_t cut = 0; cut < sizeof(chunked); cut++) {
		int client = begin(rig);
		worker_rig_say(client, chunked, cut);
		worker_rig_turn(rig);
		worker_rig_say(client, chunked + cut, sizeof(chunked) - 1 - cut);
		worker_rig_turn(rig);
		assert_true(hear(client));
		/* the request ids that we make differ */
		for (char *p = heard; (p = strstr(p, "X-Request-Id: ")); p += 14)
			memset(p + 14, '0', 16);
		for (char *p = heard; (p = strstr(p, "\"request_id\":\"")); p += 14)
			memset(p + 14, '0', 16);
		if (cut == 0)
			memcpy(whole, heard, have + 1);
		assert_string_equal(heard, whole);
		assert_int_equal(count_of("HTTP/1.1 "), 4);
		assert_int_equal(count_of("exactly-one"), 4); /* type and code, twice */
		(void)close(client);
		worker_rig_turn(rig);
	}
	assert_int_equal(rig->w.connections, 0);
}

static void test_byte_by_byte(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	for (const char *p = GET GET; *p; p++) {
		worker_rig_say(client, p, 1);
		worker_rig_turn(rig);
	}
	assert_true(hear(client));
	assert_int_equal(count_of("alive"), 2);
	(void)close(client);
}

/* More than one turn's share; the client reads as it comes. */
static void test_a_long_pipeline_is_answered_whole(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig), other = worker_rig_client(rig);
	say_times(client, GET, 300);
	worker_rig_turn(rig);
	assert_true(hear(client));
	assert_in_range(count_of("alive"), 1, 299); /* others have their turn in between */
	say(other, GET);
	for (int i = 0; i < 300 && count_of("alive") < 300; i++) {
		worker_rig_turn(rig);
		assert_true(hear(client));
	}
	assert_int_equal(count_of("alive"), 300);
	forget();
	assert_true(hear(other));
	assert_int_equal(count_of("alive"), 1);
	(void)close(client);
	(void)close(other);
}

/* A request that fills the buffer to the last byte, and the client's side shut with it. */
static void test_half_closed_clients_get_their_answer(void **state)
{
	struct worker_rig *rig = *state;
	static const size_t sizes[] = {100, 4096, 8192};
	for (size_t i = 0; i < SD_ARRAY_LEN(sizes); i++) {
		char text[8193];
		int client = begin(rig),
		    at = snprintf(text, sizeof(text), "GET /livez HTTP/1.1\r\nHost: h\r\n");
		for (size_t left; (left = sizes[i] - (size_t)at - 2) > 0;) {
			int pad = (int)SD_MIN(left, (size_t)1000);
			if (left > 1000 && left < 1010)
				pad = 500;
			at += snprintf(text + at, sizeof(text) - (size_t)at, "A:%0*d\r\n", pad - 4,
				       0);
		}
		(void)snprintf(text + at, sizeof(text) - (size_t)at, "\r\n");
		assert_int_equal(strlen(text), sizes[i]);
		say(client, text);
		assert_int_equal(shutdown(client, SHUT_WR), 0);
		for (int t = 0; t < 4; t++)
			worker_rig_turn(rig);
		assert_false(hear(client));
		assert_int_equal(count_of("alive"), 1);
		(void)close(client);
		worker_rig_turn(rig);
		assert_int_equal(rig->w.connections, 0);
	}
}

static void test_half_closed_while_parked(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, PARKS);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	for (int t = 0; t < 4; t++)
		worker_rig_turn(rig);
	assert_false(hear(client));
	assert_int_equal(strncmp(heard, "HTTP/1.1 503 ", 13), 0);
	assert_int_equal(count_of("Retry-After: 1"), 1);
	assert_int_equal(rig->w.connections, 0);
	(void)close(client);
}

static void test_pipelined_behind_a_parked_one(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, GET PARKS GET PARKS);
	for (int t = 0; t < 6; t++)
		worker_rig_turn(rig);
	assert_true(hear(client));
	assert_int_equal(count_of("HTTP/1.1 "), 4);
	const char *first = strstr(heard, "503 "), *second = strstr(heard, "alive");
	assert_true(second < first);
	assert_true(strstr(first, "alive") < strstr(first + 4, "HTTP/1.1 503 "));
	assert_int_equal(rig->w.in_flight, 0);
	(void)close(client);
}

/* The client is gone while its request waits for the metrics of the master: nothing is freed before
 * the answer comes, and nothing stays after it. */
static void test_gone_while_parked(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, PARKS GET);
	/* parked inside the turn, told at its end: close in between by hand */
	struct conn *c = rig->w.conns;
	c->io.fn(&c->io, EPOLLIN);
	assert_int_equal(c->state, CONN_BUSY);
	assert_int_equal(rig->w.in_flight, 1);
	(void)close(client);
	c->io.fn(&c->io, EPOLLIN | EPOLLHUP | EPOLLERR);
	assert_int_equal(c->state, CONN_BUSY);
	conn_drain_all(&rig->w); /* waits for something: stays */
	assert_int_equal(rig->w.connections, 1);
	worker_rig_turn(rig);
	assert_int_equal(rig->w.connections, 0);
	assert_int_equal(rig->w.in_flight, 0);
}

static void expect_after(struct worker_rig *rig, int client, int64_t ms, const char *status)
{
	worker_rig_pass(rig, ms - 1);
	worker_rig_turn(rig);
	assert_true(hear(client));
	assert_int_equal(have, 0);
	worker_rig_pass(rig, 1);
	worker_rig_turn(rig);
	worker_rig_turn(rig);
	assert_false(hear(client));
	assert_int_equal(strncmp(heard, status, strlen(status)), 0);
}

static void test_deadlines(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, "GET /livez HT"); /* a slow head */
	worker_rig_turn(rig);
	worker_rig_pass(rig, 3000);
	say(client, "TP/1.1\r\nA"); /* more of it moves nothing */
	worker_rig_turn(rig);
	expect_after(rig, client, 2000, "HTTP/1.1 408 ");
	assert_int_equal(count_of("Connection: close"), 1);
	(void)close(client);
	client = begin(rig);
	say(client, VALIDATE("10") "\r\n{"); /* a slow body */
	worker_rig_turn(rig);
	expect_after(rig, client, 10000, "HTTP/1.1 408 ");
	(void)close(client);
	client = begin(rig); /* never a byte: closed without a word */
	worker_rig_turn(rig);
	expect_after(rig, client, 5000, "");
	assert_int_equal(have, 0);
	(void)close(client);
	client = begin(rig); /* idle after an answer */
	say(client, GET);
	worker_rig_turn(rig);
	assert_true(hear(client));
	forget();
	expect_after(rig, client, 60000, "");
	assert_int_equal(have, 0);
	(void)close(client);
}

/* Waits without spinning, with bounded memory, and is given up in the end. */
static void test_a_client_that_does_not_read(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig), small = 4096, turns = 0;
	assert_int_equal(setsockopt(client, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(setsockopt(rig->w.conns->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
			 0);
	say_times(client, GET, 400);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	for (int i = 0; i < 100; i++)
		worker_rig_turn(rig);
	struct conn *c = rig->w.conns;
	assert_int_equal(c->state, CONN_FLUSH);
	assert_true(c->out.cap <= 512 << 10);
	int64_t deadline = c->deadline_ns;
	worker_rig_pass(rig, 10);
	for (int i = 0; i < 10; i++)
		worker_rig_turn(rig);
	assert_int_equal(c->deadline_ns, deadline); /* nothing woke it: its end does not move */
	assert_int_equal(c->io.events, EPOLLOUT);   /* nor can its own end, which stays raised */
	while (hear(client) && turns++ < 1000)
		worker_rig_turn(rig);
	assert_int_equal(count_of("alive"), 400);
	assert_int_equal(rig->w.connections, 0);
	(void)close(client);
	client = begin(rig);
	assert_int_equal(setsockopt(rig->w.conns->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
			 0);
	say_times(client, GET, 200);
	for (int i = 0; i < 20; i++)
		worker_rig_turn(rig);
	worker_rig_pass(rig, 60000);
	worker_rig_turn(rig);
	assert_int_equal(rig->w.connections, 0);
	(void)close(client);
}

/* A byte in each second is progress every time, and far less than is due: the end comes after idle_timeout,
 * at the latest after the one in which the buffers filled. Who reads enough may go on. */
static void test_a_client_that_reads_a_little(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig), small = 4096, turns = 0;
	char some[2048];
	assert_int_equal(setsockopt(client, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(setsockopt(rig->w.conns->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < 240 && rig->w.connections > 0; i++, turns++) {
		if (rig->w.conns->in.len < 8192)
			(void)!send(client, GET GET GET GET, 4 * strlen(GET), MSG_DONTWAIT | MSG_NOSIGNAL);
		(void)!recv(client, some, 200, MSG_DONTWAIT);
		worker_rig_pass(rig, 1000);
		for (int n = 0; n < 3 && rig->w.connections > 0; n++)
			worker_rig_turn(rig);
	}
	assert_int_equal(rig->w.connections, 0);
	assert_in_range(turns, 60, 200);
	(void)close(client);
}

static void test_head_has_no_body(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, "HEAD /livez HTTP/1.1\r\nHost: h\r\n\r\n" GET);
	worker_rig_turn(rig);
	assert_true(hear(client));
	assert_int_equal(count_of("HTTP/1.1 200"), 2);
	assert_int_equal(count_of("Content-Length: 6"), 2);
	assert_int_equal(count_of("alive"), 1);
	(void)close(client);
}

static void test_expect_continue(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, VALIDATE("2") "Expect: 100-continue\r\n\r\n");
	worker_rig_turn(rig);
	assert_true(hear(client));
	assert_string_equal(heard, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(rig->w.in_flight, 0);
	forget();
	say(client, "{}");
	worker_rig_turn(rig);
	assert_true(hear(client));
	assert_int_equal(count_of("HTTP/1.1 400"), 1);
	(void)close(client);
	client = begin(rig); /* refused before the body is sent */
	say(client,
	    "POST /sessions/validate HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
	    "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
	worker_rig_turn(rig);
	assert_false(hear(client));
	assert_int_equal(strncmp(heard, "HTTP/1.1 401 ", 13), 0);
	assert_int_equal(count_of("Connection: close"), 1);
	assert_int_equal(rig->w.in_flight, 0);
	(void)close(client);
	client = begin(rig);
	say(client, VALIDATE("2") "Expect: the unexpected\r\n\r\n");
	worker_rig_turn(rig);
	assert_false(hear(client));
	assert_int_equal(strncmp(heard, "HTTP/1.1 417 ", 13), 0);
	(void)close(client);
}

static void test_http_1_0(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	worker_rig_turn(rig);
	assert_true(hear(client));
	assert_int_equal(count_of("Connection: keep-alive"), 1);
	forget();
	say(client, "GET /livez HTTP/1.0\r\n\r\n");
	worker_rig_turn(rig);
	assert_false(hear(client));
	assert_int_equal(count_of("Connection: close"), 1);
	(void)close(client);
	worker_rig_turn(rig);
	assert_int_equal(rig->w.connections, 0);
}

static void test_a_framing_error_is_answered_and_ends_it(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, GET "GET /livez HTTP/1.1\r\n\r\n" GET); /* no Host */
	worker_rig_turn(rig);
	assert_false(hear(client));
	assert_int_equal(count_of("alive"), 1);
	assert_int_equal(count_of("HTTP/1.1 400"), 1);
	assert_int_equal(rig->w.connections, 1); /* lingers, so that the answer arrives */
	worker_rig_pass(rig, 1000);
	worker_rig_turn(rig);
	assert_int_equal(rig->w.connections, 0);
	(void)close(client);
}

static void test_draining(void **state)
{
	struct worker_rig *rig = *state;
	int idle = begin(rig), busy = worker_rig_client(rig), late = worker_rig_client(rig);
	say(busy, "GET /livez HTTP/1.1\r\n");
	worker_rig_turn(rig);
	say(late, GET GET); /* had arrived, not been read */
	rig->w.draining = true;
	conn_drain_all(&rig->w);
	assert_false(hear(idle));
	assert_int_equal(have, 0);
	assert_false(hear(late));
	assert_int_equal(count_of("alive"), 1);
	assert_int_equal(count_of("Connection: close"), 1);
	forget();
	say(busy, "Host: h\r\n\r\n");
	worker_rig_turn(rig);
	assert_false(hear(busy));
	assert_int_equal(count_of("alive"), 1);
	assert_int_equal(count_of("Connection: close"), 1);
	(void)close(idle);
	(void)close(busy);
	(void)close(late);
	worker_rig_turn(rig);
	assert_int_equal(rig->w.connections, 0);
}

static void test_an_idle_connection_is_small(void **state)
{
	struct worker_rig *rig = *state;
	static char big[VALIDATE_MAX] = VALIDATE("16000") "\r\n";
	int client = begin(rig);
	memset(big + strlen(big), ' ', 16000);
	for (int i = 0; i < 2; i++) {
		say(client, big);
		worker_rig_turn(rig);
		worker_rig_turn(rig);
	}
	assert_true(hear(client));
	assert_int_equal(count_of("json-malformed"), 4);
	struct conn *c = rig->w.conns;
	assert_null(c->exchange);
	assert_true(sizeof(*c) + c->in.cap + c->out.cap < 16384);
	(void)close(client);
}

/* A reload changes the limits: pooled parsers and open connections follow. */
static void test_limits_follow_a_reload(void **state)
{
	struct worker_rig *rig = *state;
	int client = begin(rig);
	say(client, GET);
	worker_rig_turn(rig);
	rig->w.http_limits.body_bytes = 1000000;
	static char big[VALIDATE_MAX] = VALIDATE("100000") "\r\n";
	memset(big + strlen(big), ' ', 100000);
	forget();
	for (size_t at = 0, n = strlen(big); at < n; at += 10000) {
		worker_rig_say(client, big + at, SD_MIN(n - at, (size_t)10000));
		worker_rig_turn(rig);
	}
	worker_rig_turn(rig);
	assert_true(hear(client));
	assert_int_equal(count_of("json-malformed"), 2);
	rig->w.http_limits.body_bytes = 10;
	forget();
	say(client, VALIDATE("11") "\r\n");
	worker_rig_turn(rig);
	assert_false(hear(client));
	assert_int_equal(strncmp(heard, "HTTP/1.1 413 ", 13), 0);
	(void)close(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_one_request),
	    TEST(test_cut_at_every_byte),
	    TEST(test_byte_by_byte),
	    TEST(test_a_long_pipeline_is_answered_whole),
	    TEST(test_half_closed_clients_get_their_answer),
	    TEST(test_half_closed_while_parked),
	    TEST(test_pipelined_behind_a_parked_one),
	    TEST(test_gone_while_parked),
	    TEST(test_deadlines),
	    TEST(test_a_client_that_does_not_read),
	    TEST(test_a_client_that_reads_a_little),
	    TEST(test_head_has_no_body),
	    TEST(test_expect_continue),
	    TEST(test_http_1_0),
	    TEST(test_a_framing_error_is_answered_and_ends_it),
	    TEST(test_draining),
	    TEST(test_an_idle_connection_is_small),
	    TEST(test_limits_follow_a_reload),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
