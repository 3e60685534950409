/* SPDX-License-Identifier: MIT
 * Dialling: a usable descriptor or a reason without secrets, once, from the loop. */
#include "base.h"

#include <setjmp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "err.h"
#include "fdset.h"
#include "redis_dial.h"
#include "store_rig.h"

static int calls, got_fd;
static bool got_loading;
static char got_why[128];

static void on_dialled(void *arg, int fd, bool loading, const char *why)
{
	(void)arg;
	calls++;
	got_fd = fd;
	got_loading = loading;
	snprintf(got_why, sizeof(got_why), "%s", why);
}

static struct redis_addr addr_of(const char *path)
{
	struct redis_addr a;
	char url[200];

	snprintf(url, sizeof(url), "unix:%s", path);
	assert_int_equal(redis_addr_parse(url, &a, NULL), SD_OK);
	return a;
}

static struct redis_dial *dial(struct store_rig *rig, const struct redis_addr *a,
			       int64_t timeout_ms)
{
	struct redis_dial_conf conf = {rig->loop, a, "sessiond-test", 0, on_dialled, NULL};
	struct redis_dial *d;

	calls = 0;
	got_fd = -1;
	got_why[0] = '\0';
	conf.timeout_ns = timeout_ms * SD_NS_PER_MS;
	assert_int_equal(redis_dial_start(&conf, &d), SD_OK);
	assert_int_equal(calls, 0);
	return d;
}

static void settle(struct store_rig *rig)
{
	for (int i = 0; i < 500 && calls == 0; i++)
		assert_int_equal(sd_loop_turn(rig->loop, 10), SD_OK);
	assert_int_equal(calls, 1);
}

static void gives_a_usable_descriptor(void **state)
{
	struct store_rig *rig = *state;
	struct redis_addr a = addr_of(rig->redis.path);

	a.db = 3;
	(void)dial(rig, &a, 1000);
	settle(rig);
	assert_true(got_fd >= 0);
	assert_string_equal(got_why, "");
	assert_non_null(strstr(real_redis_str(&rig->redis, "CLIENT LIST"), "name=sessiond-test"));
	assert_non_null(strstr(real_redis_str(&rig->redis, "CLIENT LIST"), "db=3"));
	close(got_fd);
}

static void says_why_not(void **state)
{
	struct store_rig *rig = *state;
	struct redis_addr a = addr_of("/nowhere/at/all"), b = addr_of(rig->redis.path);

	(void)dial(rig, &a, 1000);
	settle(rig);
	assert_int_equal(got_fd, -1);
	assert_string_equal(got_why, "connection refused");
	snprintf(b.username, sizeof(b.username), "nobody");
	snprintf(b.password, sizeof(b.password), "TOPSECRET");
	(void)dial(rig, &b, 1000);
	settle(rig);
	assert_int_equal(got_fd, -1);
	assert_string_equal(got_why, "WRONGPASS");
	assert_null(strstr(got_why, "TOPSECRET"));
}

/* A server that says what it is told, for one connection. */
static void against(struct store_rig *rig, const char *says, const char *why, bool loading)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct redis_addr a;
	struct redis_dial *d;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), peer;
	int before = sd_fd_count();

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/fake", rig->redis.dir);
	(void)unlink(un.sun_path);
	assert_int_equal(bind(server, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(server, 1), 0);
	a = addr_of(un.sun_path);
	d = dial(rig, &a, 60);
	peer = accept(server, NULL, NULL);
	assert_true(peer >= 0);
	if (says)
		assert_int_equal(send(peer, says, strlen(says), 0), (ssize_t)strlen(says));
	settle(rig);
	(void)d;
	assert_int_equal(got_fd, -1);
	assert_string_equal(got_why, why);
	assert_int_equal(got_loading, loading);
	close(peer);
	assert_int_equal(sd_fd_count(), before);
	close(server);
	(void)unlink(un.sun_path);
}

static void strange_servers(void **state)
{
	struct store_rig *rig = *state;

	against(rig, NULL, "no answer in time", false);
	against(rig, "+OK\r\n-LOADING Redis is loading the dataset in memory\r\n", "LOADING", true);
	against(rig, "-ERR unknown\r\n-NOAUTH Authentication required.\r\n", "NOAUTH", false);
	against(rig, "+OK\r\n+PONG\r\n+MORE\r\n", "more than was asked for", false);
	against(rig, "SSH-2.0-OpenSSH\r\n", "a reply that breaks the protocol", false);
	against(rig, "+OK\r\n-lower case echo of a password\r\n", "refused", false);
}

static void cancelled(void **state)
{
	struct store_rig *rig = *state;
	struct redis_addr a = addr_of(rig->redis.path);
	int before = sd_fd_count();
	struct redis_dial *d = dial(rig, &a, 1000);
	struct redis_dial_conf conf = {rig->loop, &a, "x", 1, on_dialled, NULL};

	redis_dial_cancel(&d);
	redis_dial_cancel(&d);
	assert_null(d);
	for (int i = 0; i < 5; i++)
		assert_int_equal(sd_loop_turn(rig->loop, 5), SD_OK);
	assert_int_equal(calls, 0);
	assert_int_equal(sd_fd_count(), before);
	snprintf(a.host, sizeof(a.host), "a.name");
	a.is_unix = false;
	assert_int_equal(redis_dial_start(&conf, &d), SD_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gives_a_usable_descriptor),
	    cmocka_unit_test(says_why_not),
	    cmocka_unit_test(strange_servers),
	    cmocka_unit_test(cancelled),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
