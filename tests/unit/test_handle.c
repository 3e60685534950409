/* SPDX-License-Identifier: MIT
 * test_handle - ids and opaque tokens there and back; no changed character passes. */
#include "base.h"

#include "handle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"

static const uint8_t keys[3][HANDLE_KEY_BYTES] = {{1}, {2}, {3}};

static void make(enum handle_kind kind, struct handle *h, char text[HANDLE_TOKEN_LEN + 1])
{
	struct sid sid;

	assert_int_equal(sid_new(0xa5, &sid), 0);
	assert_int_equal(handle_new(kind, &sid, 0x01020304, h), 0);
	assert_int_equal(handle_text(h, keys[1], text), 0);
	assert_int_equal(strlen(text), HANDLE_TOKEN_LEN);
}

static void test_sid(void **state)
{
	static const char *const bad[] = {"",
					  "AAECAwQFBgcICQoLDA0OD",
					  "AAECAwQFBgcICQoLDA0ODwA",
					  "AAECAwQFBgcICQoLDA0ODx",
					  "AAECAwQFBgcICQoLDA0OD=",
					  "AAECAwQFBgcICQoLDA0O+w",
					  " AECAwQFBgcICQoLDA0ODw"};
	struct sid a, b, zero = {{0}};
	char text[HANDLE_SID_LEN + 1];

	(void)state;
	for (int p = 0; p < 256; p++) {
		assert_int_equal(sid_new((uint8_t)p, &a), 0);
		assert_int_equal(a.b[0], p);
		sid_text(&a, text);
		assert_int_equal(strlen(text), HANDLE_SID_LEN);
		assert_int_equal(sid_parse(sd_slice_str(text), &b), 0);
		assert_memory_equal(&a, &b, sizeof(a));
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		assert_int_equal(sid_parse(sd_slice_str(bad[i]), &a), SD_ERR_INVALID);
		assert_memory_equal(&a, &zero, sizeof(a));
	}
}

static void test_there_and_back(void **state)
{
	static const enum handle_kind kinds[] = {HANDLE_SESSION, HANDLE_REFRESH, HANDLE_CODE};
	char text[HANDLE_TOKEN_LEN + 1];
	struct handle h, out;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(kinds); i++) {
		make(kinds[i], &h, text);
		assert_memory_equal(text, i == 2 ? "sdc_" : i ? "sdr_" : "sds_", 4);
		assert_int_equal(handle_parse(sd_slice_str(text), kinds[i], keys, 3, &out),
				 HANDLE_OK);
		assert_memory_equal(&h.sid, &out.sid, sizeof(h.sid));
		assert_int_equal(out.generation, 0x01020304);
		assert_memory_equal(h.random, out.random, sizeof(h.random));
		assert_int_equal(out.kind, kinds[i]);
	}
}

static void test_keys(void **state)
{
	char text[HANDLE_TOKEN_LEN + 1];
	struct handle h, out;

	(void)state;
	make(HANDLE_SESSION, &h, text);
	assert_int_equal(handle_parse(sd_slice_str(text), HANDLE_SESSION, keys + 1, 1, &out),
			 HANDLE_OK);
	assert_int_equal(handle_parse(sd_slice_str(text), HANDLE_SESSION, keys, 1, &out),
			 HANDLE_BAD_MAC);
	assert_int_equal(handle_parse(sd_slice_str(text), HANDLE_SESSION, keys + 2, 1, &out),
			 HANDLE_BAD_MAC);
	assert_int_equal(handle_parse(sd_slice_str(text), HANDLE_SESSION, keys, 0, &out),
			 HANDLE_BAD_MAC);
	assert_int_equal(out.generation, 0);
	assert_int_equal(handle_parse(sd_slice_str(text), HANDLE_REFRESH, keys, 3, &out),
			 HANDLE_MALFORMED);
	text[2] = 'r'; /* a session token called refresh token: the MAC knows */
	assert_int_equal(handle_parse(sd_slice_str(text), HANDLE_REFRESH, keys, 3, &out),
			 HANDLE_BAD_MAC);
}

/* Every character changed, every prefix, something behind. */
static void test_changed(void **state)
{
	char text[HANDLE_TOKEN_LEN + 8], copy[HANDLE_TOKEN_LEN + 8];
	struct handle h, out;

	(void)state;
	make(HANDLE_SESSION, &h, text);
	for (size_t i = 0; i < HANDLE_TOKEN_LEN; i++) {
		for (int c = 1; c < 256; c++) {
			memcpy(copy, text, HANDLE_TOKEN_LEN + 1);
			copy[i] = (char)(copy[i] ^ c);
			if (handle_parse(sd_slice(copy, HANDLE_TOKEN_LEN), HANDLE_SESSION, keys, 3,
					 &out) == HANDLE_OK)
				fail_msg("accepted a change at %zu", i);
		}
		assert_int_equal(handle_parse(sd_slice(text, i), HANDLE_SESSION, keys, 3, &out),
				 HANDLE_MALFORMED);
	}
	text[HANDLE_TOKEN_LEN] = 'A';
	assert_int_equal(
	    handle_parse(sd_slice(text, HANDLE_TOKEN_LEN + 1), HANDLE_SESSION, keys, 3, &out),
	    HANDLE_MALFORMED);
}

static void test_hash(void **state)
{
	uint8_t a[32], b[32];
	char text[HANDLE_TOKEN_LEN + 1];
	struct handle h;

	(void)state;
	make(HANDLE_SESSION, &h, text);
	handle_hash(&h, a);
	handle_hash(&h, b);
	assert_memory_equal(a, b, 32);
	h.kind = HANDLE_REFRESH;
	handle_hash(&h, b);
	assert_memory_not_equal(a, b, 32);
	h.kind = HANDLE_SESSION;
	h.random[31] ^= 1;
	handle_hash(&h, b);
	assert_memory_not_equal(a, b, 32);
}

/* SHA-256("brand-a" 00 "user-1") begins with the byte below: fixed for ever. */
static void test_partition(void **state)
{
	(void)state;
	assert_int_equal(handle_partition(SD_SLICE("brand-a"), SD_SLICE("user-1")), 0xec);
	assert_int_equal(handle_partition(SD_SLICE("brand-a"), SD_SLICE("")), 0x60);
	assert_int_equal(handle_partition(SD_SLICE(""), sd_slice(NULL, 0)), 0x6e); /* SHA-256(00) */
}

static void test_derive(void **state)
{
	uint8_t a[32], b[32];
	/* HKDF-SHA-256, no salt, key 0x0b x 22, info "label" 00 "info" */
	static const uint8_t ikm[22] = {0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
					0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
					0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b};
	static const uint8_t want[8] = {0x9c, 0x82, 0x32, 0xbf, 0xa4, 0x30, 0x98, 0x3e};

	(void)state;
	assert_int_equal(handle_derive(ikm, sizeof(ikm), "label", SD_SLICE("info"), a), 0);
	assert_memory_equal(a, want, sizeof(want));
	assert_int_equal(handle_derive(ikm, sizeof(ikm), "labeli", SD_SLICE("nfo"), b), 0);
	assert_memory_not_equal(a, b, 32);
	assert_int_equal(handle_derive(ikm, sizeof(ikm), "label", sd_slice(NULL, 0), b), 0);
	assert_memory_not_equal(a, b, 32);
	assert_int_equal(handle_derive(ikm, sizeof(ikm) - 1, "label", SD_SLICE("info"), b), 0);
	assert_memory_not_equal(a, b, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sid),	   cmocka_unit_test(test_there_and_back),
	    cmocka_unit_test(test_keys),   cmocka_unit_test(test_changed),
	    cmocka_unit_test(test_hash),   cmocka_unit_test(test_partition),
	    cmocka_unit_test(test_derive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
