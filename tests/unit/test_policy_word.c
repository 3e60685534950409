/* SPDX-License-Identifier: MIT
 * The alphabets of texts. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "policy_word.h"

static void test_good_and_bad(void **state)
{
	static const struct {
		enum policy_type type;
		const char *good, *bad;
	} rows[] = {
	    {TYPE_TENANT_NAME, "brand-a9", "Brand"},
	    {TYPE_TENANT_NAME, "a", "a_b"},
	    {TYPE_TENANT_NAME, "a", "a/b"},
	    {TYPE_CLIENT_ID, "Web_1.x-y", "a b"},
	    {TYPE_NODE, "n1.example", "n/1"},
	    {TYPE_USER, "sessiond-worker", "a:b"},
	    {TYPE_USER, "1000", "\x01"},
	    {TYPE_NAME, "redis", "*"},
	    {TYPE_PREFIX, "sd1:", "sd{1}:"},
	    {TYPE_PREFIX, "sd1:", "0123456789012345678901234567890:"},
	    {TYPE_PATH, "/a b/c", "a\nb"},
	    {TYPE_PATHS, "x", ""},
	    {TYPE_COOKIE_NAME, "__Host-session", "a;b"},
	    {TYPE_COOKIE_NAME, "s", "a=b"},
	    {TYPE_COOKIE_PATH, "/app", "app"},
	    {TYPE_COOKIE_PATH, "/", "/a;Domain=evil"},
	    {TYPE_DOMAIN, "a.example", ".a.example"},
	    {TYPE_HOSTS, "a.example", "A.example"},
	    {TYPE_ISSUER, "https://a.example", "a"},
	    {TYPE_URL, "https://a.example/login", "javascript:alert(1)"},
	    {TYPE_AUDIENCES, "https://api.example", "a b"},
	    {TYPE_CLIENT_IDS, "web", ""},
	    {TYPE_COUNTS, "tv", "t v"},
	    {TYPE_LISTEN_ADDRESS, "127.0.0.1:1", "x"},
	    {TYPE_STORE_URL, "redis://h", "x"},
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		if (policy_word_fault(rows[i].type, sd_slice_str(rows[i].good)))
			fail_msg("refused %s", rows[i].good);
		if (!policy_word_fault(rows[i].type, sd_slice_str(rows[i].bad)))
			fail_msg("accepted %s", rows[i].bad);
	}
}

static void test_no_type_takes_a_control_character(void **state)
{
	static const enum policy_type types[] = {
	    TYPE_TENANT_NAME, TYPE_CLIENT_ID, TYPE_NODE,	TYPE_USER,	     TYPE_NAME,
	    TYPE_PREFIX,      TYPE_PATH,      TYPE_COOKIE_NAME, TYPE_COOKIE_PATH,    TYPE_DOMAIN,
	    TYPE_ISSUER,      TYPE_URL,	      TYPE_AUDIENCES,	TYPE_LISTEN_ADDRESS, TYPE_STORE_URL,
	};

	(void)state;
	for (size_t t = 0; t < SD_ARRAY_LEN(types); t++) {
		for (int c = 1; c < ' '; c++) {
			char text[32];
			int n = snprintf(text, sizeof(text), "https://a%cb", c);

			assert_non_null(policy_word_fault(types[t], sd_slice(text, (size_t)n)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good_and_bad),
	    cmocka_unit_test(test_no_type_takes_a_control_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
