/* SPDX-License-Identifier: MIT
 * test_obituary - each way to die in words, and what a hostile dead process may have left. */
#include "base.h"

#include <setjmp.h>
#include <signal.h>

#include <cmocka.h>

#include "die.h"
#include "obituary.h"

#define EXITED(code) ((code) << 8)

static struct obituary plain(int status)
{
	return (struct obituary){.status = status, .told = "", .panic = "", .route = "", .uptime_ms = 1234};
}

static void check(const struct obituary *o, const char *wanted)
{
	char text[1024];

	obituary_write(o, text, sizeof(text));
	assert_string_equal(text, wanted);
}

static void test_exits(void **state)
{
	struct obituary o = plain(EXITED(0));

	(void)state;
	check(&o, "exit 0 (by itself) after 1.234 s");
	o = plain(EXITED(SD_EXIT_OSERR));
	o.told = "no key for brand-a";
	check(&o, "exit 71 (the system refused what it needs) after 1.234 s; it said: no key for brand-a");
	o = plain(EXITED(3));
	check(&o, "exit 3 (an error of its own) after 1.234 s");
}

static void test_signals(void **state)
{
	struct obituary o = plain(SIGSEGV);

	(void)state;
	check(&o, "SIGSEGV (bad memory access) after 1.234 s");
	o = plain(SIGSYS);
	check(&o, "SIGSYS (a system call that its filter forbids) after 1.234 s");
	o = plain(SIGABRT | 0x80); /* with a core */
	o.panic = "conn.c:12: fd < 0";
	o.route = "sessions/validate";
	check(&o, "SIGABRT (a bug check of its own) after 1.234 s; panic: conn.c:12: fd < 0; "
		  "last route: sessions/validate");
	o = plain(SIGRTMIN + 3);
	o.uptime_ms = 0;
	assert_null(obituary_signal(SIGRTMIN + 3));
}

static void test_killed_by_the_master_says_its_reason(void **state)
{
	struct obituary o = plain(SIGKILL);

	(void)state;
	o.reason = "no heartbeat for 4 s";
	check(&o, "ended by the master: no heartbeat for 4 s after 1.234 s");
}

static void test_what_the_dead_wrote_is_bounded_and_plain(void **state)
{
	char panic[600], text[128];
	struct obituary o = plain(SIGABRT);

	(void)state;
	memset(panic, 'x', sizeof(panic) - 1);
	panic[sizeof(panic) - 1] = '\0';
	panic[0] = '\n';
	panic[1] = '\033';
	o.panic = panic;
	memset(text, 'q', sizeof(text));
	obituary_write(&o, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text));
	assert_null(strchr(text, '\n'));
	assert_null(strchr(text, '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_killed_by_the_master_says_its_reason),
		cmocka_unit_test(test_what_the_dead_wrote_is_bounded_and_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
