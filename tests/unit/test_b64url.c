/* SPDX-License-Identifier: MIT
 * test_b64url - every value there and back, and every near miss refused. */
#include "base.h"

#include "b64url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"

static void test_there_and_back(void **state)
{
	uint8_t in[300], out[300];
	char text[B64URL_LEN(300)];
	size_t n, got;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 167 + 13);
	for (size_t len = 0; len <= sizeof(in); len++) {
		n = b64url_encode(in, len, text);
		assert_int_equal(n, B64URL_LEN(len));
		assert_int_equal(b64url_decode(sd_slice(text, n), out, sizeof(out), &got), 0);
		assert_int_equal(got, len);
		assert_memory_equal(in, out, len);
	}
}

/* RFC 4648 10, in the URL alphabet and without padding. */
static void test_known(void **state)
{
	static const char *const pairs[][2] = {
	    {"", ""},
	    {"f", "Zg"},
	    {"fo", "Zm8"},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg"},
	    {"fooba", "Zm9vYmE"},
	    {"foobar", "Zm9vYmFy"},
	    {"\xfb\xff\xfe", "-__-"},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(pairs); i++) {
		size_t n = b64url_encode(pairs[i][0], strlen(pairs[i][0]), text);

		assert_true(sd_slice_is(sd_slice(text, n), pairs[i][1]));
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "A",    "AAAAA", "Zg==",   "Zm8=",	 "Zm9v=",      "Zm9+",	   "Zm9/",
	    "Zm 9", " Zm9v", "Zm9v\n", "Zm9v\t", "Zm%39",      "Zm9?",	   "Zm9.",
	    "Zh",   "Zf",    "Zm9",    "Zm-",	 "Z\xc3\xa9-", "\"Zm9v\"",
	};
	uint8_t out[32];
	size_t n;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		n = 99;
		if (b64url_decode(sd_slice_str(bad[i]), out, sizeof(out), &n) != SD_ERR_INVALID)
			fail_msg("accepted %s", bad[i]);
		assert_int_equal(n, 0);
	}
	assert_int_equal(b64url_decode(sd_slice("Zm9\0", 4), out, sizeof(out), &n), SD_ERR_INVALID);
}

/* Every byte outside the alphabet, at every place of a quantum. */
static void test_alphabet(void **state)
{
	char text[4];
	uint8_t out[3];
	size_t n, ok = 0;

	(void)state;
	for (int place = 0; place < 4; place++) {
		for (int c = 0; c < 256; c++) {
			memcpy(text, "AAAA", 4);
			text[place] = (char)c;
			ok += b64url_decode(sd_slice(text, 4), out, sizeof(out), &n) == 0;
		}
	}
	assert_int_equal(ok, 4 * 64);
}

static void test_room(void **state)
{
	uint8_t out[3];
	size_t n;

	(void)state;
	assert_int_equal(b64url_decode(SD_SLICE("Zm9v"), out, 3, &n), 0);
	assert_int_equal(b64url_decode(SD_SLICE("Zm9v"), out, 2, &n), SD_ERR_TOO_BIG);
	assert_int_equal(b64url_decode(SD_SLICE("Zm9vYg"), out, 3, &n), SD_ERR_TOO_BIG);
	assert_int_equal(b64url_decode(sd_slice(NULL, 0), out, 0, &n), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_known),
	    cmocka_unit_test(test_refused),	   cmocka_unit_test(test_alphabet),
	    cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
