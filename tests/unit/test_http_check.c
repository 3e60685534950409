/* SPDX-License-Identifier: MIT
 * test_http_check - Host values; the rest of http_check is in http_parse's table. */
#include "base.h"
#include "http_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void hosts(void **state)
{
	static const char *good[] = {"a", "a.b-c_d~e", "A:1", "a:65535", "127.0.0.1:80", "[::1]",
				     "[2001:db8::1]:443", "localhost", "a."};
	static const char *wrong[] = {
	    "",
	    ":80",
	    "a:",
	    "a:x",
	    "a:65536",
	    "a:000001",
	    "a b",
	    "a,b",
	    "u@a",
	    "a/",
	    "a?",
	    "a#",
	    "a%20",
	    "[::1",
	    "[]",
	    "[1.2.3.4]",
	    "[::1]x",
	    "[::1]:",
	    "::1",
	    "a\\b",
	    "\"a\"",
	    "a\t",
	    "[fe80::1%eth0]",
	    "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"};
	char name[257];

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(good); i++) {
		if (!http_check_host(sd_slice_str(good[i])))
			fail_msg("refused %s", good[i]);
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(wrong); i++) {
		if (http_check_host(sd_slice_str(wrong[i])))
			fail_msg("accepted %s", wrong[i]);
	}
	assert_false(http_check_host(sd_slice("a\0b", 3)));
	memset(name, 'a', sizeof(name));
	assert_true(http_check_host(sd_slice(name, 255)));
	assert_false(http_check_host(sd_slice(name, 256)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hosts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
