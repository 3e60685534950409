/* SPDX-License-Identifier: MIT
 * test_caller_claims - who calls by another issuer's token: required claims of their types, audiences,
 * words of a claim however it is written. */
#include "base.h"

#include "caller_claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"

static struct sd_arena arena;

static int setup(void **state)
{
	(void)state;
	sd_arena_init(&arena, 65536);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sd_arena_fini(&arena);
	return 0;
}

static int parse(const char *text, struct caller_claims *c)
{
	return caller_claims_parse(sd_slice_str(text), &arena, c);
}

static void test_required(void **state)
{
	static const char *const bad[] = {
	    "",
	    "[]",
	    "{\"aud\":\"a\",\"exp\":5}",
	    "{\"iss\":\"i\",\"exp\":5}",
	    "{\"iss\":\"i\",\"aud\":\"a\"}",
	    "{\"iss\":1,\"aud\":\"a\",\"exp\":5}",
	    "{\"iss\":\"i\",\"aud\":[\"a\",1],\"exp\":5}",
	    "{\"iss\":\"i\",\"aud\":{},\"exp\":5}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":\"5\"}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":5.5}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":0}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":-1}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":null}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":5,\"nbf\":\"1\"}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":5,\"azp\":1}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":5,\"sub\":\"a\\u0000b\"}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":5,\"sub\":null}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":5,\"jti\":[\"x\"]}",
	    "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":5,\"exp\":6}",
	};
	struct caller_claims c;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		if (parse(bad[i], &c) != SD_ERR_INVALID)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(parse("{\"iss\":\"i\",\"aud\":\"a\",\"exp\":5,\"more\":[{}]}", &c), SD_OK);
	assert_true(sd_slice_is(c.iss, "i") && c.exp == 5 && c.nbf == 0 && !c.party.p);
	assert_int_equal(parse("{\"iss\":\"i\",\"aud\":[],\"exp\":5,\"nbf\":3,\"iat\":4,"
			       "\"client_id\":\"x\"}", &c),
			 SD_OK);
	assert_true(sd_slice_is(c.party, "x") && c.nbf == 3 && c.iat == 4);
	assert_int_equal(parse("{\"iss\":\"i\",\"aud\":[],\"exp\":5,\"azp\":\"y\","
			       "\"client_id\":\"x\"}", &c),
			 SD_OK);
	assert_true(sd_slice_is(c.party, "y"));
}

static void test_audience(void **state)
{
	struct caller_claims c;

	(void)state;
	assert_int_equal(parse("{\"iss\":\"i\",\"aud\":\"ab\",\"exp\":5}", &c), SD_OK);
	assert_true(caller_claims_for(&c, &arena, SD_SLICE("ab")));
	assert_false(caller_claims_for(&c, &arena, SD_SLICE("a")));
	assert_int_equal(parse("{\"iss\":\"i\",\"aud\":[\"a\",\"b\"],\"exp\":5}", &c), SD_OK);
	assert_true(caller_claims_for(&c, &arena, SD_SLICE("b")));
	assert_false(caller_claims_for(&c, &arena, SD_SLICE("ab")));
	assert_int_equal(parse("{\"iss\":\"i\",\"aud\":[],\"exp\":5}", &c), SD_OK);
	assert_false(caller_claims_for(&c, &arena, SD_SLICE("")));
}

static void gather(struct sd_slice word, void *arg)
{
	char *out = arg;
	size_t n = strlen(out);

	(void)snprintf(out + n, 100 - n, "%.*s|", SD_SLICE_ARG(word));
}

static const char *words(const char *payload, const char *path)
{
	static char out[100];

	out[0] = '\0';
	caller_claims_words(sd_slice_str(payload), sd_slice_str(path), &arena, gather, out);
	return out;
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(words("{\"scope\":\"a b  c \"}", "scope"), "a|b|c|");
	assert_string_equal(words("{\"scope\":[\"a\",\"b c\",1,null]}", "scope"), "a|b c|");
	assert_string_equal(words("{\"scope\":{\"a\":1}}", "scope"), "");
	assert_string_equal(words("{\"scope\":\"a\"}", "scop"), "");
	assert_string_equal(words("{\"r\":{\"x\":{\"roles\":[\"a\"]}}}", "r.x.roles"), "a|");
	assert_string_equal(words("{\"r.x\":\"b\",\"r\":{\"x\":\"a\"}}", "r.x"), "b|");
	assert_string_equal(words("{\"r\":{\"x.y\":\"a\"}}", "r.x.y"), "a|");
	assert_string_equal(words("{\"r\":[\"x\"]}", "r.x"), "");
	assert_string_equal(words("{\"r\":{\"x\":\"a\"}}", "r."), "");
	assert_string_equal(words("{\"r\":{\"x\":\"a\"}}", ".x"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_required, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_audience, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_words, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
