/* SPDX-License-Identifier: MIT
 * One connection against a server that stalls, cuts, lies and shifts: a reply never reaches a
 * request that did not ask for it. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "clock.h"
#include "err.h"
#include "fake_redis.h"
#include "redis_link.h"

#define REQS 8
#define MS SD_NS_PER_MS

static struct sd_loop *loop;
static struct fake_redis fake;
static struct redis_link *link_;
static struct {
	struct redis_req req;
	int answers, lates, losses;
	char text[64];
} r[REQS];
static int closed, pushed, answered, unanswered;
static char why[64];
static bool free_in_callback;

static void on_reply(struct redis_req *req, struct redisReply *reply, bool late)
{
	size_t i = req->index;

	if (reply) {
		r[i].answers++;
		snprintf(r[i].text, sizeof(r[i].text), "%s", reply->str ? reply->str : "");
		freeReplyObject(reply);
	} else if (late) {
		r[i].lates++;
	} else {
		r[i].losses++;
	}
	if (free_in_callback)
		redis_link_free(&link_);
}

static void on_closed(void *arg, const char *text)
{
	(void)arg;
	closed++;
	snprintf(why, sizeof(why), "%s", text);
}

static void on_push(void *arg, struct redisReply *reply)
{
	(void)arg;
	pushed++;
	freeReplyObject(reply);
}

static void on_result(void *arg, bool ok)
{
	(void)arg;
	answered += ok;
	unanswered += !ok;
}

static bool tagged;

static void open_link(bool push, int64_t stall_ns)
{
	struct redis_link_conf conf = {.loop = loop,
				       .max_reply = 1 << 20,
				       .stall_ns = stall_ns,
				       .closed = on_closed,
				       .push = push ? on_push : NULL,
				       .result = on_result,
				       .tagged = tagged};

	fake_redis_open(&fake);
	assert_int_equal(redis_link_new(&conf, fake.client, &link_), SD_OK);
}

static void turn(void)
{
	assert_int_equal(sd_loop_turn(loop, 0), SD_OK);
}

static void send_one(size_t i, int64_t deadline_ns)
{
	r[i].req = (struct redis_req){on_reply, (uint32_t)i};
	assert_int_equal(
	    redis_link_send(link_, SD_SLICE("*1\r\n$4\r\nPING\r\n"), &r[i].req, deadline_ns),
	    SD_OK);
}

static int setup(void **state)
{
	(void)state;
	memset(r, 0, sizeof(r));
	closed = pushed = answered = unanswered = 0;
	why[0] = '\0';
	free_in_callback = tagged = false;
	sd_clock_test_set(1000 * MS, 1);
	assert_int_equal(sd_loop_new(&loop), SD_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	redis_link_free(&link_);
	fake_redis_close(&fake);
	sd_loop_free(&loop);
	sd_clock_test_off();
	return 0;
}

static void one_write_a_turn_replies_in_order(void **state)
{
	(void)state;
	open_link(false, 0);
	for (size_t i = 0; i < 4; i++)
		send_one(i, 5000 * MS);
	fake_redis_pump(&fake);
	assert_int_equal(fake.commands, 0); /* not before the end of the turn */
	turn();
	fake_redis_pump(&fake);
	assert_int_equal(fake.commands, 4);
	assert_int_equal(fake.writes, 1);
	assert_int_equal(redis_link_pending(link_), 4);
	fake_redis_say(&fake, "+a\r\n+b\r\n+");
	turn();
	fake_redis_say(&fake, "c\r\n$1\r\nd\r\n");
	turn();
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(r[i].answers, 1);
		assert_int_equal(r[i].text[0], 'a' + (int)i);
	}
	assert_int_equal(answered, 4);
	assert_int_equal(closed, 0);
}

static void a_late_reply_reaches_nobody(void **state)
{
	(void)state;
	open_link(false, 0);
	send_one(0, 1100 * MS);
	send_one(1, 1200 * MS);
	turn();
	sd_clock_test_set(1150 * MS, 1);
	turn();
	turn();
	assert_int_equal(r[0].lates, 1);
	assert_int_equal(r[1].lates, 0);
	assert_int_equal(unanswered, 1);
	fake_redis_say(&fake, "+zero\r\n");
	turn();
	assert_int_equal(r[0].answers + r[1].answers, 0);
	fake_redis_say(&fake, "+one\r\n");
	turn();
	assert_string_equal(r[1].text, "one");
	send_one(2, 5000 * MS);
	turn();
	fake_redis_say(&fake, "+two\r\n");
	turn();
	assert_string_equal(r[2].text, "two");
	assert_int_equal(r[0].lates + r[0].answers + r[0].losses, 1);
}

static void expect_cut(const char *say)
{
	open_link(false, 0);
	send_one(0, 5000 * MS);
	send_one(1, 5000 * MS);
	turn();
	fake_redis_say(&fake, say);
	for (int i = 0; i < 64 && !closed; i++)
		turn();
	assert_int_equal(closed, 1);
	assert_true(why[0]);
	assert_true(fake_redis_is_hung_up(&fake));
	assert_int_equal(r[1].answers, 0);
	assert_int_equal(r[1].losses, 1);
	assert_int_equal(redis_link_send(link_, SD_SLICE("x"), NULL, 0), SD_ERR_CLOSED);
}

static void garbage_closes(void **state)
{
	(void)state;
	expect_cut("what\r\n");
}

static void huge_array_closes(void **state)
{
	(void)state;
	expect_cut("+a\r\n*1000000000\r\n");
	assert_int_equal(r[0].answers, 1);
}

static void deep_array_closes(void **state)
{
	(void)state;
	expect_cut("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n");
}

static void huge_bulk_closes(void **state)
{
	static char chunk[65536];

	(void)state;
	open_link(false, 0);
	send_one(0, 5000 * MS);
	turn();
	fake_redis_say(&fake, "$999999999\r\n"); /* not when all that has come */
	turn();
	assert_int_equal(closed, 1);
	assert_int_equal(r[0].losses, 1);
	teardown(NULL);
	setup(NULL);
	open_link(false, 0);
	send_one(0, 5000 * MS);
	turn();
	fake_redis_say(&fake, "$1048576\r\n");
	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 40 && !closed; i++) {
		fake_redis_say_bytes(&fake, chunk, sizeof(chunk));
		turn();
	}
	assert_int_equal(closed, 1);
	assert_int_equal(r[0].losses, 1);
}

static void an_unasked_reply_closes(void **state)
{
	(void)state;
	open_link(false, 0);
	send_one(0, 5000 * MS);
	turn();
	fake_redis_say(&fake, "+a\r\n+b\r\n");
	turn();
	assert_string_equal(r[0].text, "a");
	assert_int_equal(closed, 1);
	assert_string_equal(why, "a reply that nobody asked for");
}

static void hang_up_tells_all(void **state)
{
	(void)state;
	open_link(false, 0);
	send_one(0, 5000 * MS);
	send_one(1, 5000 * MS);
	turn();
	fake_redis_say(&fake, "+a\r\n+hal");
	fake_redis_close(&fake);
	turn();
	turn();
	assert_int_equal(r[0].answers, 1);
	assert_int_equal(r[1].losses, 1);
	assert_int_equal(closed, 1);
}

static void a_stalled_server_is_left(void **state)
{
	(void)state;
	open_link(false, 3000 * MS);
	send_one(0, 1100 * MS);
	turn();
	sd_clock_test_set(1200 * MS, 1);
	turn();
	turn();
	assert_int_equal(r[0].lates, 1);
	assert_int_equal(closed, 0);
	sd_clock_test_set(4100 * MS, 1);
	turn();
	turn();
	assert_int_equal(closed, 1);
	assert_int_equal(r[0].losses, 0); /* told once */
}

static void freed_inside_a_callback(void **state)
{
	(void)state;
	open_link(false, 0);
	for (size_t i = 0; i < 3; i++)
		send_one(i, 5000 * MS);
	turn();
	free_in_callback = true;
	fake_redis_say(&fake, "+a\r\n+b\r\n+c\r\n");
	turn();
	assert_null(link_);
	assert_int_equal(r[0].answers, 1);
	assert_int_equal(r[1].losses + r[2].losses, 2);
	assert_int_equal(closed, 0);
}

static void pushes_need_no_request(void **state)
{
	(void)state;
	open_link(true, 0);
	assert_int_equal(redis_link_send(link_, SD_SLICE("*1\r\n$4\r\nPING\r\n"), NULL, 0), SD_OK);
	turn();
	fake_redis_say(&fake, "*3\r\n+message\r\n+c\r\n+x\r\n*2\r\n+pong\r\n+\r\n");
	turn();
	assert_int_equal(pushed, 2);
	assert_int_equal(redis_link_pending(link_), 0);
}

static void the_queue_is_bounded(void **state)
{
	static struct redis_req req = {on_reply, 0};
	int n = 0;

	(void)state;
	open_link(false, 0);
	while (redis_link_send(link_, SD_SLICE("*1\r\n$4\r\nPING\r\n"), NULL, 5000 * MS) == SD_OK)
		n++;
	assert_int_equal(n, REDIS_LINK_MAX_PENDING);
	assert_int_equal(redis_link_send(link_, SD_SLICE("*1\r\n$4\r\nPING\r\n"), &req, 5000 * MS),
			 SD_ERR_FULL);
	turn();
	fake_redis_pump(&fake);
	assert_int_equal(fake.commands, n);
}

/* Three requests, and what stands between them and a server that is not to be believed. Letters are
 * replies, digits their tags; e is an error. `told` is who gets which of them: 'x' nobody's. */
static void what_is_shifted_reaches_nobody(void **state)
{
	static const struct {
		const char *say, *told;
		int closed;
	} rows[] = {
	    {"a0b1c2", "abc", 0},
	    {"a0b1", "ab.", 0},
	    {"a0b", "a..", 0},      /* not before its tag */
	    {"0b1c2", "xxx", 1},    /* the first reply was lost */
	    {"a0b1b1c2", "abx", 1}, /* one came twice */
	    {"a0bb1c2", "axx", 1},
	    {"b0a1c2", "bac", 0},   /* whoever knows the tags can lie: that is what is left */
	    {"ab01c2", "xxx", 1},   /* swapped neighbours */
	    {"b1a0c2", "xxx", 1},
	    {"a0a0b1", "axx", 1},
	    {"a0c2b1", "axx", 1},
	    {"a1b0", "xxx", 1},
	    {"e0b1c2", "ebc", 0},
	    {"eeb1c2", "ebc", 0},   /* LOADING, also for the tag */
	    {"eeeeee", "eee", 0},
	    {"aeb1c2", "xxx", 1},   /* an answer that nothing vouches for */
	};
	(void)state;
	for (size_t k = 0; k < SD_ARRAY_LEN(rows); k++) {
		tagged = true;
		open_link(false, 0);
		for (size_t i = 0; i < 3; i++)
			send_one(i, 5000 * MS);
		turn();
		fake_redis_pump(&fake);
		assert_int_equal(fake.commands, 3);
		assert_int_equal(fake.tags, 3);
		for (const char *p = rows[k].say; *p; p++) {
			char text[40];
			if (*p >= '0' && *p <= '2')
				(void)snprintf(text, sizeof(text), "$16\r\n%s\r\n", fake.tag[*p - '0']);
			else
				(void)snprintf(text, sizeof(text), "%c%c\r\n", *p == 'e' ? '-' : '+', *p);
			fake_redis_say_bytes(&fake, text, strlen(text));
		}
		turn();
		for (size_t i = 0; i < 3; i++) {
			char want = rows[k].told[i];
			if (r[i].answers != (want != 'x' && want != '.') ||
			    r[i].losses != (want == 'x') || (r[i].answers && r[i].text[0] != want))
				fail_msg("%s: %zu got %d '%s'", rows[k].say, i, r[i].answers, r[i].text);
		}
		assert_int_equal(closed, rows[k].closed);
		teardown(NULL);
		setup(NULL);
	}
	open_link(false, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_write_a_turn_replies_in_order),
	    TEST(a_late_reply_reaches_nobody),
	    TEST(garbage_closes),
	    TEST(huge_array_closes),
	    TEST(deep_array_closes),
	    TEST(huge_bulk_closes),
	    TEST(an_unasked_reply_closes),
	    TEST(hang_up_tells_all),
	    TEST(a_stalled_server_is_left),
	    TEST(freed_inside_a_callback),
	    TEST(pushes_need_no_request),
	    TEST(the_queue_is_bounded),
	    TEST(what_is_shifted_reaches_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
