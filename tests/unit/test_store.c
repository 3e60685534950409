/* SPDX-License-Identifier: MIT
 * Calls against a server that lies: what each error means, what shapes are impossible, that no
 * call is told inside itself and each exactly once. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "store_fake.h"

static int setup(void **state)
{
	(void)state;
	return store_fake_open(false);
}

static void begin_end(void)
{
	struct store_end in = {.tenant = SD_SLICE("t"), .sid = {{0xab}}, .reason = END_LOGOUT};

	store_end(store, &in, &call);
	assert_int_equal(told, 0);
	turn(0);
	fake_redis_pump(&fake);
}

static void end_answered(const char *reply, enum store_status status, unsigned drops)
{
	begin_end();
	assert_int_equal(fake.commands, 1);
	fake_redis_say(&fake, reply);
	turn(1);
	assert_int_equal(told, 1);
	assert_int_equal(call.status, status);
	assert_int_equal(lost, drops);
	store_call_release(&call);
	store_call_release(&call); /* once is enough, twice does no harm */
}

#define ROLE_MASTER "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define HEAD_OK "$2\r\nOK\r\n:5\r\n$0\r\n\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n$0\r\n\r\n"

#define ERROR_TEST(name, text, status, drops)                                                      \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		end_answered(text, status, drops);                                                 \
	}

ERROR_TEST(loading, "-LOADING Redis is loading\r\n", STORE_UNAVAILABLE, 0)
ERROR_TEST(oom, "-OOM command not allowed\r\n", STORE_UNAVAILABLE, 0)
ERROR_TEST(busy, "-BUSY Redis is busy\r\n", STORE_UNAVAILABLE, 0)
ERROR_TEST(noperm, "-NOPERM no\r\n", STORE_UNAVAILABLE, 0)
ERROR_TEST(misconf, "-MISCONF no\r\n", STORE_UNAVAILABLE, 0)
ERROR_TEST(readonly, "-READONLY replica\r\n", STORE_UNAVAILABLE, 1)
ERROR_TEST(masterdown, "-MASTERDOWN link\r\n", STORE_UNAVAILABLE, 1)
ERROR_TEST(noauth, "-NOAUTH\r\n", STORE_UNAVAILABLE, 1)
ERROR_TEST(wrongtype, "-WRONGTYPE key\r\n", STORE_CORRUPT, 0)
ERROR_TEST(not_an_array, "+OK\r\n", STORE_CORRUPT, 1)
ERROR_TEST(too_short, "*1\r\n$2\r\nOK\r\n", STORE_CORRUPT, 1)
ERROR_TEST(unknown_status,
	   "*10\r\n$3\r\nYES\r\n:5\r\n$0\r\n\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n$0\r\n\r\n",
	   STORE_CORRUPT, 1)
ERROR_TEST(ok_without_a_record, "*11\r\n" HEAD_OK ":0\r\n", STORE_CORRUPT, 1)
ERROR_TEST(count_that_lies, "*12\r\n" HEAD_OK ":7\r\n$1\r\nx\r\n", STORE_CORRUPT, 1)
ERROR_TEST(count_below_zero, "*11\r\n" HEAD_OK ":-1\r\n", STORE_CORRUPT, 1)
ERROR_TEST(record_that_is_none, "*13\r\n" HEAD_OK ":1\r\n$1\r\nv\r\n$1\r\n9\r\n", STORE_CORRUPT, 0)
ERROR_TEST(
    absent,
    "*11\r\n$6\r\nABSENT\r\n:5\r\n$0\r\n\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n$0\r\n\r\n:0\r\n",
    STORE_ABSENT, 0)
ERROR_TEST(late,
	   "*10\r\n$4\r\nLATE\r\n:5\r\n$0\r\n\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n$0\r\n\r\n",
	   STORE_LATE, 0)
ERROR_TEST(
    negative_time,
    "*11\r\n$6\r\nABSENT\r\n:-5\r\n$0\r\n\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n$0\r\n\r\n:0\r\n",
    STORE_CORRUPT, 1)
ERROR_TEST(bad_log_id,
	   "*11\r\n$6\r\nABSENT\r\n:5\r\n$3\r\n1-x\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n$"
	   "0\r\n\r\n:0\r\n",
	   STORE_CORRUPT, 1)
ERROR_TEST(garbage, "HTTP/1.1 200 OK\r\n", STORE_UNAVAILABLE, 1)

static void script_is_sent_once(void **state)
{
	(void)state;
	begin_end();
	assert_memory_equal(fake.in + 5, "$7\r\nEVALSHA\r\n", 13);
	fake_redis_say(&fake, "-NOSCRIPT No matching script\r\n");
	turn(1);
	fake_redis_pump(&fake);
	assert_int_equal(told, 0);
	assert_int_equal(fake.commands, 2);
	assert_non_null(strstr(fake.in, "$4\r\nEVAL\r\n"));
	fake_redis_say(&fake, "-NOSCRIPT No matching script\r\n"); /* again: it gives up */
	turn(1);
	assert_int_equal(told, 1);
	assert_int_equal(call.status, STORE_UNAVAILABLE);
	store_call_release(&call);
}

static void deadline_ends_a_call(void **state)
{
	(void)state;
	begin_end();
	turn(101);
	assert_int_equal(told, 1);
	assert_int_equal(call.status, STORE_UNAVAILABLE);
	store_call_release(&call);
	fake_redis_say(&fake, "*11\r\n" HEAD_OK ":0\r\n"); /* too late for anyone */
	turn(1);
	assert_int_equal(told, 1);
	assert_int_equal(lost, 0);
}

/* The script's own deadline: the store's clock plus the time-out and a little. */
static void script_deadline(void **state)
{
	(void)state;
	atomic_store(&control->store_offset_ms, 1700000000000);
	begin_end();
	assert_non_null(strstr(fake.in, "$13\r\n1700000001150\r\n"));
	turn(101);
	store_call_release(&call);
}

static void unknown_offset_ends_at_once(void **state)
{
	struct sid sid = {{1}};

	(void)state;
	atomic_store(&control->store_offset_ms, INT64_MIN);
	begin_end();
	assert_int_equal(fake.commands, 0);
	assert_int_equal(told, 1);
	assert_int_equal(call.status, STORE_UNAVAILABLE);
	store_call_release(&call);
	/* Reading needs no deadline. */
	store_read(store, SD_SLICE("t"), &sid, SD_SLICE(""), SD_SLICE(""), &call);
	turn(0);
	fake_redis_pump(&fake);
	assert_int_equal(fake.commands, 4);
	fake_redis_say(&fake, ROLE_MASTER
		       "*2\r\n$1\r\n9\r\n$4\r\n1000\r\n*0\r\n*3\r\n$-1\r\n$1\r\n7\r\n$-1\r\n");
	turn(1);
	assert_int_equal(told, 2);
	assert_int_equal(call.status, STORE_ABSENT);
	assert_int_equal(call.now_ms, 9001);
	assert_int_equal(call.client_before_s, 7);
	store_call_release(&call);
}

static void read_replies_shifted(void **state)
{
	struct sid sid = {{1}};

	(void)state;
	store_read(store, SD_SLICE("t"), &sid, SD_SLICE(""), SD_SLICE(""), &call);
	turn(0);
	fake_redis_say(&fake, ROLE_MASTER "*0\r\n*3\r\n$-1\r\n$-1\r\n$-1\r\n*2\r\n$1\r\n9\r\n$1\r\n0\r\n");
	turn(1);
	assert_int_equal(told, 1);
	assert_int_equal(call.status, STORE_CORRUPT);
	assert_int_equal(lost, 1);
	store_call_release(&call);
}

/* What a replica says may be of any time. */
static void read_of_a_replica(void **state)
{
	struct sid sid = {{1}};

	(void)state;
	store_read(store, SD_SLICE("t"), &sid, SD_SLICE(""), SD_SLICE(""), &call);
	turn(0);
	fake_redis_say(&fake, "*1\r\n$5\r\nslave\r\n"
			      "*2\r\n$1\r\n9\r\n$4\r\n1000\r\n*0\r\n"
			      "*3\r\n$-1\r\n$-1\r\n$-1\r\n");
	turn(1);
	assert_int_equal(told, 1);
	assert_int_equal(call.status, STORE_UNAVAILABLE);
	assert_int_equal(lost, 1);
	store_call_release(&call);
}

static void freeing_tells_all(void **state)
{
	(void)state;
	begin_end();
	store_free(&store);
	assert_int_equal(told, 1);
	assert_int_equal(call.status, STORE_UNAVAILABLE);
	store_call_release(&call);
}

static void no_connection(void **state)
{
	(void)state;
	fake_redis_close(&fake);
	turn(1);
	assert_int_equal(lost, 1);
	assert_false(store_is_up(store));
	begin_end();
	assert_int_equal(told, 1);
	assert_int_equal(call.status, STORE_UNAVAILABLE);
	store_call_release(&call);
	fake_redis_open(&fake);
	assert_int_equal(store_connection(store, 0, fake.client), SD_OK);
	assert_true(store_is_up(store));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(loading),
	    TEST(oom),
	    TEST(busy),
	    TEST(noperm),
	    TEST(misconf),
	    TEST(readonly),
	    TEST(masterdown),
	    TEST(noauth),
	    TEST(wrongtype),
	    TEST(not_an_array),
	    TEST(too_short),
	    TEST(unknown_status),
	    TEST(ok_without_a_record),
	    TEST(count_that_lies),
	    TEST(count_below_zero),
	    TEST(record_that_is_none),
	    TEST(absent),
	    TEST(late),
	    TEST(negative_time),
	    TEST(bad_log_id),
	    TEST(garbage),
	    TEST(script_is_sent_once),
	    TEST(deadline_ends_a_call),
	    TEST(script_deadline),
	    TEST(unknown_offset_ends_at_once),
	    TEST(read_replies_shifted),
	    TEST(read_of_a_replica),
	    TEST(freeing_tells_all),
	    TEST(no_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
