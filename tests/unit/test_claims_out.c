/* SPDX-License-Identifier: MIT
 * test_claims_out - what is written is read back as it was, byte for byte in one order. */
#include "base.h"

#include "claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "token_fix.h"

static void test_whole(void **state)
{
	const struct claims in = {
	    .iss = SD_SLICE("https://i"),
	    .sub = SD_SLICE("J\xc3\xb6rg \"x\"\\"),
	    .jti = SD_SLICE("j"),
	    .client_id = SD_SLICE("web"),
	    .sid = SD_SLICE(FIX_SID),
	    .tid = SD_SLICE("brand-a"),
	    .device_id = SD_SLICE("tv-1"),
	    .scope = SD_SLICE("a b"),
	    .acr = SD_SLICE("2"),
	    .aud = {SD_SLICE("a"), SD_SLICE("b")},
	    .aud_count = 2,
	    .iat = 100,
	    .exp = 200,
	    .nbf = 90,
	    .auth_time = 80,
	    .amr = {JSON_ARRAY, false, SD_SLICE("[\"pwd\"]")},
	    .cnf = {JSON_OBJECT, false, SD_SLICE("{\"jkt\":\"t\"}")},
	    .remember_me = true,
	    .extra = SD_SLICE("{\"r\":[1,2]}"),
	};
	static const char want[] =
	    "{\"iss\":\"https://i\",\"sub\":\"J\xc3\xb6rg "
	    "\\\"x\\\"\\\\\",\"aud\":[\"a\",\"b\"],\"exp\":200,\"iat\":100,"
	    "\"nbf\":90,\"jti\":\"j\",\"client_id\":\"web\",\"sid\":\"" FIX_SID
	    "\",\"tid\":\"brand-a\",\"device_id\":\"tv-1\",\"auth_time\":80,"
	    "\"acr\":\"2\",\"amr\":[\"pwd\"],\"scope\":\"a "
	    "b\",\"cnf\":{\"jkt\":\"t\"},\"remember_me\":true,\"ext\":{\"r\":[1,2]}}";
	struct sd_arena arena;
	struct sd_buf b, again;
	struct claims out;

	(void)state;
	sd_arena_init(&arena, 4096);
	sd_buf_init(&b, 4096);
	sd_buf_init(&again, 4096);
	claims_emit(&b, &in);
	assert_true(sd_slice_is(sd_buf_slice(&b), want));
	assert_int_equal(claims_parse(sd_buf_slice(&b), &arena, &out, NULL), CLAIMS_OK);
	claims_emit(&again, &out);
	assert_true(sd_slice_eq(sd_buf_slice(&b), sd_buf_slice(&again)));
	sd_buf_fini(&b), sd_buf_fini(&again), sd_arena_fini(&arena);
}

static void test_least(void **state)
{
	const struct claims in = {
	    .iss = SD_SLICE("i"),
	    .sub = SD_SLICE("s"),
	    .jti = SD_SLICE("j"),
	    .client_id = SD_SLICE("c"),
	    .sid = SD_SLICE(FIX_SID),
	    .tid = SD_SLICE("t"),
	    .aud = {SD_SLICE("a")},
	    .aud_count = 1,
	    .iat = 1,
	    .exp = 2,
	};
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 4096);
	claims_emit(&b, &in);
	assert_true(sd_slice_is(sd_buf_slice(&b),
				"{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"a\",\"exp\":2,\"iat\":1,"
				"\"jti\":\"j\",\"client_id\":\"c\","
				"\"sid\":\"" FIX_SID "\",\"tid\":\"t\"}"));
	sd_buf_fini(&b);
	sd_buf_init(&b, 20);
	claims_emit(&b, &in);
	assert_true(b.failed);
	sd_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole),
					   cmocka_unit_test(test_least)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
