/* SPDX-License-Identifier: MIT
 * test_notify - addresses of the service manager, and what it gets. */
#include "base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "notify.h"

static void test_addresses(void **state)
{
	struct sockaddr_un a;
	socklen_t n;
	char longer[200];

	(void)state;
	assert_true(notify_address("/run/systemd/notify", &a, &n));
	assert_string_equal(a.sun_path, "/run/systemd/notify");
	assert_int_equal(n, offsetof(struct sockaddr_un, sun_path) + strlen("/run/systemd/notify") + 1);
	assert_true(notify_address("@abstract", &a, &n));
	assert_memory_equal(a.sun_path, "\0abstract", 9);
	assert_int_equal(n, offsetof(struct sockaddr_un, sun_path) + 9);
	assert_false(notify_address(NULL, &a, &n));
	assert_false(notify_address("", &a, &n));
	assert_false(notify_address("@", &a, &n));
	assert_false(notify_address("relative", &a, &n));
	memset(longer, '/', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_false(notify_address(longer, &a, &n));
}

struct manager {
	int fd;
	char name[32];
};

/* Stands in for the service manager, at an abstract address the kernel chose. */
static int manager_open(void **state)
{
	static struct manager m;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t n = sizeof(a.sun_family);

	m.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(m.fd >= 0);
	assert_int_equal(bind(m.fd, (struct sockaddr *)&a, n), 0); /* autobind */
	n = sizeof(a);
	assert_int_equal(getsockname(m.fd, (struct sockaddr *)&a, &n), 0);
	(void)snprintf(m.name, sizeof(m.name), "@%.*s",
		       (int)(n - offsetof(struct sockaddr_un, sun_path) - 1), a.sun_path + 1);
	assert_int_equal(setenv("NOTIFY_SOCKET", m.name, 1), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "10000000", 1), 0);
	*state = &m;
	return 0;
}

static int manager_close(void **state)
{
	const struct manager *m = *state;

	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
	return close(m->fd);
}

static void expect(const struct manager *m, const char *wanted)
{
	char got[256] = "";
	ssize_t n = recv(m->fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	assert_int_equal(n, (ssize_t)strlen(wanted));
	assert_string_equal(got, wanted);
}

static void test_messages(void **state)
{
	const struct manager *m = *state;
	struct notify n;

	sd_clock_test_set(7000000, 1);
	notify_open(&n);
	assert_true(n.fd >= 0);
	notify_send(&n, "READY=1");
	expect(m, "READY=1");
	notify_reloading(&n);
	expect(m, "RELOADING=1\nMONOTONIC_USEC=7000");
	(void)close(n.fd);
	sd_clock_test_off();
}

static void test_watchdog_at_half_its_period(void **state)
{
	const struct manager *m = *state;
	char c;
	struct notify n;

	notify_open(&n);
	notify_tick(&n, 5 * SD_NS_PER_S);
	expect(m, "WATCHDOG=1");
	notify_tick(&n, 9 * SD_NS_PER_S);
	assert_int_equal(recv(m->fd, &c, 1, MSG_DONTWAIT), -1);
	notify_tick(&n, 10 * SD_NS_PER_S);
	expect(m, "WATCHDOG=1");
	(void)close(n.fd);
}

static void test_without_a_manager_nothing_happens(void **state)
{
	struct notify n;

	(void)state;
	notify_open(&n);
	assert_int_equal(n.fd, -1);
	notify_send(&n, "READY=1");
	notify_tick(&n, INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test_setup_teardown(test_messages, manager_open, manager_close),
		cmocka_unit_test_setup_teardown(test_watchdog_at_half_its_period, manager_open, manager_close),
		cmocka_unit_test(test_without_a_manager_nothing_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
