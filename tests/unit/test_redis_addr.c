/* SPDX-License-Identifier: MIT
 * store.url: what is taken, what is refused with a reason. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "redis_dial.h"

static void tcp(const char *url, const char *host, uint16_t port, uint32_t db)
{
	struct redis_addr a;
	struct sd_diag d = {{0}};

	assert_int_equal(redis_addr_parse(url, &a, &d), SD_OK);
	assert_false(a.is_unix);
	assert_string_equal(a.host, host);
	assert_int_equal(a.port, port);
	assert_int_equal(a.db, db);
	assert_string_equal(a.password, "");
}

static void tcp_urls(void **state)
{
	(void)state;
	tcp("redis://127.0.0.1:6379/0", "127.0.0.1", 6379, 0);
	tcp("redis://redis.internal", "redis.internal", 6379, 0);
	tcp("redis://redis.internal/7", "redis.internal", 6379, 7);
	tcp("redis://redis.internal:1/", "redis.internal", 1, 0);
	tcp("redis://[::1]:65535/15", "::1", 65535, 15);
	tcp("redis://[fe80::1]", "fe80::1", 6379, 0);
}

static void unix_urls(void **state)
{
	struct redis_addr a;

	(void)state;
	assert_int_equal(redis_addr_parse("unix:/run/r.sock", &a, NULL), SD_OK);
	assert_true(a.is_unix);
	assert_string_equal(a.path, "/run/r.sock");
	assert_int_equal(redis_addr_parse("unix:r.sock?db=3", &a, NULL), SD_OK);
	assert_string_equal(a.path, "r.sock");
	assert_int_equal(a.db, 3);
}

static void refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "redis:",
	    "redis://",
	    "redis:///0",
	    "http://x",
	    "rediss://x",
	    "redis://u:p@h/0",
	    "redis://h:0",
	    "redis://h:65536",
	    "redis://h:x",
	    "redis://h:1:2",
	    "redis://h/x",
	    "redis://h/-1",
	    "redis://h/0/1",
	    "redis://[::1",
	    "redis://[::1]x",
	    "redis://[::1]:",
	    "redis://h ost",
	    "redis://h?x",
	    "unix:",
	    "unix:?db=1",
	    "unix:/x?db=",
	    "unix:/x?db=a",
	    "unix:/x?y=1",
	    "unix:/"
	    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
	    "2345678901234567890123456789"};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		struct redis_addr a;
		struct sd_diag d = {{0}};

		assert_int_equal(redis_addr_parse(bad[i], &a, &d), SD_ERR_INVALID);
		assert_true(d.text[0]);
		assert_false(a.is_unix || a.host[0] || a.path[0]);
	}
}

static void resolves_and_wipes(void **state)
{
	struct redis_addr a;

	(void)state;
	assert_int_equal(redis_addr_parse("redis://127.0.0.1", &a, NULL), SD_OK);
	assert_int_equal(redis_addr_resolve(&a, NULL), SD_OK);
	assert_string_equal(a.host, "127.0.0.1");
	assert_int_equal(redis_addr_parse("redis://[::1]", &a, NULL), SD_OK);
	assert_int_equal(redis_addr_resolve(&a, NULL), SD_OK);
	assert_string_equal(a.host, "::1");
	snprintf(a.password, sizeof(a.password), "secret");
	redis_addr_wipe(&a);
	assert_int_equal(a.password[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tcp_urls),
	    cmocka_unit_test(unix_urls),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(resolves_and_wipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
