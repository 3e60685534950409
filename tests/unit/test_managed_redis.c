/* SPDX-License-Identifier: MIT
 * test_managed_redis - the configuration of the private server, line by line. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "managed_redis.h"

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif

static void make(struct managed_redis *r, const char *state_dir)
{
	struct server_conf server = {0};
	struct sd_diag diag = {{0}};

	(void)snprintf(server.state_dir, sizeof(server.state_dir), "%s", state_dir);
	(void)snprintf(server.store_prefix, sizeof(server.store_prefix), "sd1:");
	assert_int_equal(managed_redis_init(r, &server, &diag), SD_OK);
}

static char *text_of(const struct managed_redis *r)
{
	struct sd_buf b;

	sd_buf_init(&b, 8192);
	managed_redis_conf(r, &b);
	assert_false(b.failed);
	sd_buf_char(&b, '\0');
	return b.p;
}

static void test_lines_that_must_be_there(void **state)
{
	static const char *const lines[] = {
		"dir \"state/redis\"\n", "\nport 0\n", "\nunixsocket redis.sock\n", "\nunixsocketperm 700\n",
		"\nappendonly yes\n", "\nappendfsync always\n", "\nsave \"\"\n",
		"\nmaxmemory-policy noeviction\n", "\ndaemonize no\n", "\nlogfile \"\"\n",
		"\nprotected-mode yes\n", "\nuser default off resetpass ", "\nuser sessiond-master on >",
		"\nuser sessiond-worker on >",
	};
	struct managed_redis r;
	char *text;

	(void)state;
	make(&r, "state");
	text = text_of(&r);
	for (size_t i = 0; i < SD_ARRAY_LEN(lines); i++)
		if (strstr(text, lines[i]) == NULL)
			fail_msg("missing: %s", lines[i]);
	free(text);
	r.everysec = true;
	text = text_of(&r);
	assert_non_null(strstr(text, "\nappendfsync everysec\n"));
	free(text);
}

static void test_passwords_are_fresh_and_different(void **state)
{
	struct managed_redis a, b;
	struct redis_addr master, worker;

	(void)state;
	make(&a, "state");
	make(&b, "state");
	assert_int_equal(strlen(a.master_password), 64);
	assert_string_not_equal(a.master_password, a.worker_password);
	assert_string_not_equal(a.master_password, b.master_password);
	managed_redis_addr(&a, &master, &worker);
	assert_true(master.is_unix && worker.is_unix);
	assert_string_equal(master.path, "state/redis/redis.sock");
	assert_string_equal(worker.username, "sessiond-worker");
	assert_string_equal(worker.password, a.worker_password);
}

static void test_paths_that_do_not_fit_are_refused(void **state)
{
	struct server_conf server = {0};
	struct managed_redis r;
	struct sd_diag diag = {{0}};

	(void)state;
	memset(server.state_dir, 'd', 100);
	assert_int_equal(managed_redis_init(&r, &server, &diag), SD_ERR_TOO_BIG);
	memset(server.state_dir, 0, sizeof(server.state_dir));
	(void)snprintf(server.state_dir, sizeof(server.state_dir), "a\"\nport 6379");
	assert_int_equal(managed_redis_init(&r, &server, &diag), SD_ERR_INVALID);
}

static void test_stdin_is_sealed_and_at_its_beginning(void **state)
{
	struct managed_redis r;
	struct sd_diag diag = {{0}};
	char first[5] = "";
	int fd;

	(void)state;
	make(&r, "state");
	fd = managed_redis_stdin(&r, &diag);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GET_SEALS) & 0xf, 0xf);
	assert_int_equal(read(fd, first, 4), 4);
	assert_string_equal(first, "dir ");
	assert_int_equal(write(fd, "x", 1), -1);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_that_must_be_there),
		cmocka_unit_test(test_passwords_are_fresh_and_different),
		cmocka_unit_test(test_paths_that_do_not_fit_are_refused),
		cmocka_unit_test(test_stdin_is_sealed_and_at_its_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
