/* SPDX-License-Identifier: MIT
 * test_store_wait - an end counts when a replica has it: the WAIT behind the script, what it answers,
 * and when it is not the right one. */
#include "base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_fake.h"

#define REPLY(status, ended)                                                                       \
	"*10\r\n" status ":5\r\n$0\r\n\r\n:" ended "\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n$0\r\n\r\n"
#define OK "$2\r\nOK\r\n"
#define WAIT_FULL "*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$3\r\n100\r\n"
#define WAIT_SHORT "*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n1\r\n"

static int setup(void **state)
{
	(void)state;
	return store_fake_open(true);
}

/* The loop's turn, and what it wrote. */
static void turned(int64_t ms)
{
	turn(ms);
	fake_redis_pump(&fake);
}

static void end_user(void)
{
	struct store_end_user in = {.tenant = SD_SLICE("t"), .user = SD_SLICE("u"), .reason = END_USER};

	told = 0;
	store_end_user(store, &in, &call);
	turned(0);
}

static bool ends_with(const char *text)
{
	size_t n = strlen(text);

	return fake.n >= n && memcmp(fake.in + fake.n - n, text, n) == 0;
}

static void over(enum store_status status, uint32_t ended)
{
	assert_int_equal(told, 1);
	assert_int_equal(call.status, status);
	assert_int_equal(call.ended, ended);
	store_call_release(&call);
}

static void counts_when_a_replica_has_it(void **state)
{
	(void)state;
	end_user();
	assert_int_equal(fake.writes, 1);
	assert_int_equal(fake.commands, 2);
	assert_true(ends_with(WAIT_FULL));
	fake_redis_say(&fake, REPLY(OK, "3"));
	turned(1);
	assert_int_equal(told, 0);
	fake_redis_say(&fake, ":1\r\n");
	turned(1);
	over(STORE_OK, 3);
}

/* Refused, though it was ended; while nobody answers the connection is not held up for each. */
static void no_replica(void **state)
{
	(void)state;
	end_user();
	fake_redis_say(&fake, REPLY(OK, "3"));
	turned(120); /* longer than the time-out: the server gives up first */
	assert_int_equal(told, 0);
	fake_redis_say(&fake, ":0\r\n");
	turned(1);
	over(STORE_UNAVAILABLE, 3);
	end_user();
	assert_true(ends_with(WAIT_SHORT));
	fake_redis_say(&fake, REPLY(OK, "0") ":0\r\n");
	turned(1);
	over(STORE_UNAVAILABLE, 0);
	turned(1001);
	end_user();
	assert_true(ends_with(WAIT_FULL));
	fake_redis_say(&fake, REPLY(OK, "0") ":2\r\n");
	turned(1);
	over(STORE_OK, 0);
}

static void an_error_or_silence_is_no_replica(void **state)
{
	static const char *const answers[] = {"-NOPERM\r\n", "+OK\r\n", ":-1\r\n"};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(answers); i++) {
		end_user();
		fake_redis_say(&fake, REPLY(OK, "1"));
		fake_redis_say(&fake, answers[i]);
		turned(1);
		over(STORE_UNAVAILABLE, 1);
		turned(1001);
	}
	end_user();
	fake_redis_say(&fake, REPLY(OK, "1"));
	turned(201);
	over(STORE_UNAVAILABLE, 1);
}

/* The WAIT behind a script that did not run says nothing. */
static void script_that_is_sent_again(void **state)
{
	(void)state;
	end_user();
	fake_redis_say(&fake, "-NOSCRIPT\r\n");
	turned(1);
	assert_int_equal(fake.commands, 3);
	fake_redis_say(&fake, ":1\r\n");
	turned(1);
	fake_redis_say(&fake, REPLY(OK, "1"));
	turned(1);
	assert_int_equal(told, 0);
	assert_int_equal(fake.commands, 4);
	assert_true(ends_with(WAIT_FULL));
	fake_redis_say(&fake, ":0\r\n");
	turned(1);
	over(STORE_UNAVAILABLE, 1);
}

static void refresh_that_ends_nothing_waits_for_nobody(void **state)
{
	struct store_refresh in = {.tenant = SD_SLICE("t"), .retain_s = 1};

	(void)state;
	for (int ends = 0; ends < 2; ends++) {
		told = 0;
		store_refresh(store, &in, &call);
		turned(0);
		assert_false(ends_with(WAIT_FULL));
		fake_redis_say(&fake, ends ? "*11\r\n$7\r\nCORRUPT\r\n:5\r\n$0\r\n\r\n:1\r\n:0\r\n:0\r\n:0\r\n:0\r\n"
					     ":0\r\n$0\r\n\r\n:0\r\n"
					   : "*11\r\n$6\r\nABSENT\r\n:5\r\n$0\r\n\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n"
					     ":0\r\n$0\r\n\r\n:0\r\n");
		turned(1);
		over(ends ? STORE_CORRUPT : STORE_ABSENT, (uint32_t)ends);
	}
}

static void the_connection_ends(void **state)
{
	(void)state;
	end_user();
	fake_redis_say(&fake, REPLY(OK, "1"));
	turned(1);
	fake_redis_close(&fake);
	turned(1);
	over(STORE_UNAVAILABLE, 1);
	fake_redis_open(&fake);
	close(fake.client);
}

static void local_asks_for_none(void **state)
{
	(void)state;
	store_needs_replica(store, false);
	end_user();
	assert_int_equal(fake.commands, 1);
	fake_redis_say(&fake, REPLY(OK, "1"));
	turned(1);
	over(STORE_OK, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(counts_when_a_replica_has_it),
		T(no_replica),
		T(an_error_or_silence_is_no_replica),
		T(script_that_is_sent_again),
		T(refresh_that_ends_nothing_waits_for_nobody),
		T(the_connection_ends),
		T(local_asks_for_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
