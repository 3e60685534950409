/* SPDX-License-Identifier: MIT
 * Hosts, listening addresses, store URLs, issuers, key hashes. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "policy_names.h"

typedef int check_fn(struct sd_slice s, const char **why);

static void sort_out(check_fn *check, const char *const *good, const char *const *bad)
{
	for (; *good; good++) {
		const char *why = "";

		if (check(sd_slice_str(*good), &why) != SD_OK)
			fail_msg("refused %s: %s", *good, why);
	}
	for (; *bad; bad++) {
		const char *why = NULL;

		if (check(sd_slice_str(*bad), &why) != SD_ERR_INVALID)
			fail_msg("accepted %s", *bad);
		assert_non_null(why);
	}
}

static void test_hosts(void **state)
{
	static const char *const good[] = {"localhost", "a.example", "xn--bcher-kva.example",
					   "1.2.3.4",	"::1",	     NULL};
	static const char *const bad[] = {"",	  "A.example", "a.example.", ".a",
					  "a..b", "-a",	       "a-",	     "a_b",
					  "a:80", "https://a", "a/b",	     NULL};

	(void)state;
	sort_out(policy_names_host, good, bad);
}

static void test_listening_addresses(void **state)
{
	static const char *const good[] = {
	    "127.0.0.1:8440", "[::1]:8440",  "0.0.0.0:1", "unix:/run/x.sock",
	    "unix:api.sock",  "systemd:api", NULL};
	static const char *const bad[] = {"",
					  "8440",
					  ":8440",
					  "127.0.0.1",
					  "127.0.0.1:0",
					  "127.0.0.1:65536",
					  "127.0.0.1:08",
					  "localhost:80",
					  "::1:80",
					  "[127.0.0.1]:80",
					  "[::1]",
					  "unix:",
					  "systemd:",
					  "unix:a b",
					  NULL};

	(void)state;
	sort_out(policy_names_listen, good, bad);
	assert_true(policy_names_listen_is_wildcard(SD_SLICE("0.0.0.0:80")));
	assert_true(policy_names_listen_is_wildcard(SD_SLICE("[::]:80")));
	assert_false(policy_names_listen_is_wildcard(SD_SLICE("127.0.0.1:80")));
	assert_false(policy_names_listen_is_wildcard(SD_SLICE("unix:/x")));
}

static void test_store_urls(void **state)
{
	static const char *const good[] = {"redis://127.0.0.1:6379/0",
					   "redis://h",
					   "redis://h/",
					   "redis://[::1]:1/2",
					   "rediss://h:1",
					   "unix:/run/redis.sock",
					   NULL};
	static const char *const bad[] = {"",
					  "h:6379",
					  "http://h",
					  "redis://",
					  "redis://u:p@h/0",
					  "redis://h:0",
					  "redis://h/x",
					  "redis://h/01",
					  "redis://H",
					  NULL};

	(void)state;
	sort_out(policy_names_store_url, good, bad);
}

static void test_issuers(void **state)
{
	static const char *const good[] = {"https://id.example",  "https://id.example:8443/a/b",
					   "http://localhost:1",  "http://127.0.0.1/x",
					   "https://id.example/", NULL};
	static const char *const bad[] = {"",
					  "id.example",
					  "http://id.example",
					  "https://",
					  "https://a b",
					  "https://a?x",
					  "https://a#x",
					  "https://A",
					  "https://u@a",
					  "https://a/\"",
					  "http://127.evil.example",
					  NULL};

	(void)state;
	sort_out(policy_names_issuer, good, bad);
}

static void test_key_hashes(void **state)
{
	const char *const good =
	    "sha256:00ff000000000000000000000000000000000000000000000000000000000001";
	static const char *const bad[] = {
	    "",
	    "sha256:",
	    "sha256:00",
	    "00ff000000000000000000000000000000000000000000000000000000000001",
	    "sha256:00FF000000000000000000000000000000000000000000000000000000000001",
	    "sha256:00ff00000000000000000000000000000000000000000000000000000000000g",
	    "sha512:00ff000000000000000000000000000000000000000000000000000000000001",
	    "sha256:00ff0000000000000000000000000000000000000000000000000000000000010"};
	uint8_t hash[32];
	const char *why = NULL;

	(void)state;
	assert_int_equal(policy_names_hash(sd_slice_str(good), hash, &why), SD_OK);
	assert_int_equal(hash[1], 0xff);
	assert_int_equal(hash[31], 1);
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_int_equal(policy_names_hash(sd_slice_str(bad[i]), hash, &why),
				 SD_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hosts),      cmocka_unit_test(test_listening_addresses),
	    cmocka_unit_test(test_store_urls), cmocka_unit_test(test_issuers),
	    cmocka_unit_test(test_key_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
