/* SPDX-License-Identifier: MIT
 * test_claims - the catalogue of claim mutations, as data: JSON, times, identity; and the order
 * of the checks. */
#include "base.h"

#include "claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "token_fix.h"

static struct sd_arena arena;

static int setup(void **state)
{
	(void)state;
	sd_arena_init(&arena, 1 << 18);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sd_arena_fini(&arena);
	return 0;
}

static const struct {
	const char *name, *value;
} good[] = {
    {"iss", "\"https://id.brand-a.example\""},
    {"sub", "\"user-1\""},
    {"aud", "\"api\""},
    {"exp", "1800000600"},
    {"iat", "1799999700"},
    {"jti", "\"AbC-_.~9\""},
    {"client_id", "\"web\""},
    {"sid", "\"" FIX_SID "\""},
    {"tid", "\"brand-a\""},
};

/* The good claim set with one claim's value replaced (NULL: left out), or one appended. */
static struct sd_slice payload_with(const char *name, const char *value, struct sd_buf *b)
{
	bool done = false;

	sd_buf_reset(b);
	sd_buf_char(b, '{');
	for (size_t i = 0; i < SD_ARRAY_LEN(good); i++) {
		const char *v = good[i].value;

		if (name && strcmp(good[i].name, name) == 0) {
			v = value;
			done = true;
		}
		if (v)
			sd_buf_printf(b, "%s\"%s\":%s", b->len > 1 ? "," : "", good[i].name, v);
	}
	if (name && !done)
		sd_buf_printf(b, ",\"%s\":%s", name, value);
	sd_buf_char(b, '}');
	return sd_buf_slice(b);
}

/* Parse and check in one, as the worker does. */
static enum claims_result judge(struct sd_slice payload)
{
	static const struct sd_slice audiences[] = {{"api", 3}, {"other", 5}};
	const struct claims_expect e = {
	    .issuer = SD_SLICE("https://id.brand-a.example"),
	    .tenant = SD_SLICE("brand-a"),
	    .audiences = audiences,
	    .audience_count = 2,
	    .now_s = FIX_NOW,
	    .skew_s = 30,
	    .max_lifetime_s = 900,
	};
	char *copy = malloc(payload.n ? payload.n : 1);
	const char *why = NULL;
	enum claims_result r;
	struct claims c;

	if (payload.n)
		memcpy(copy, payload.p, payload.n);
	sd_arena_reset(&arena);
	r = claims_parse(sd_slice(copy, payload.n), &arena, &c, &why);
	assert_true((r == CLAIMS_OK) == (why == NULL));
	if (r == CLAIMS_OK)
		r = claims_check(&c, &e);
	else
		assert_null(c.iss.p);
	free(copy);
	return r;
}

#define BAD CLAIMS_MALFORMED

static const struct {
	const char *name, *value; /* the value's JSON; NULL: missing */
	enum claims_result want;
} cases[] = {
    {NULL, NULL, CLAIMS_OK},
    /* exp */
    {"exp", "1799996400", CLAIMS_EXPIRED},
    {"exp", "1799999999", CLAIMS_EXPIRED},
    {"exp", "1800000000", CLAIMS_EXPIRED},
    {"exp", "1800000001", CLAIMS_OK},
    {"exp", "0", CLAIMS_EXPIRED},
    {"exp", "-1", BAD},
    {"exp", NULL, BAD},
    {"exp", "null", BAD},
    {"exp", "\"1800000600\"", BAD},
    {"exp", "true", BAD},
    {"exp", "[1800000600]", BAD},
    {"exp", "{}", BAD},
    {"exp", "9007199254740993", BAD},
    {"exp", "9223372036854775807", BAD},
    {"exp", "9223372036854775808", BAD},
    {"exp", "18446744073709551616", BAD},
    {"exp", "18446744075509552216", BAD},
    {"exp", "1800000600.0", BAD},
    {"exp", "1.8000006e9", BAD},
    {"exp", "1800000600e0", BAD},
    {"exp", "1e400", BAD},
    {"exp", "-1e400", BAD},
    {"exp", "1e308", BAD},
    {"exp", "9e99", BAD},
    {"exp", "0x6B49D200", BAD},
    {"exp", "+1800000600", BAD},
    {"exp", "01800000600", BAD},
    {"exp", "-0", BAD},
    {"exp", "Infinity", BAD},
    {"exp", "NaN", BAD},
    {"exp", "253402300800", CLAIMS_OK},
    {"exp", "2147483648", CLAIMS_OK},
    {"exp", "4294967296", CLAIMS_OK}, /* the life that is granted is not over yet */
    /* iat, nbf, auth_time */
    {"iat", "1800000031", CLAIMS_NOT_YET},
    {"iat", "1800000030", CLAIMS_OK},
    {"iat", "1800000600", BAD},
    {"iat", "1800000601", BAD},
    {"iat", NULL, BAD},
    {"iat", "null", BAD},
    {"iat", "-1", BAD},
    {"iat", "\"1\"", BAD},
    {"iat", "1799999699", CLAIMS_OK},
    {"iat", "18446744073709551616", BAD},
    {"nbf", "1800000031", CLAIMS_NOT_YET},
    {"nbf", "1800000030", CLAIMS_OK},
    {"nbf", "\"0\"", BAD},
    {"nbf", "null", BAD},
    {"nbf", "-5", BAD},
    {"nbf", "9007199254740992", BAD},
    {"nbf", "9007199254740991", CLAIMS_NOT_YET},
    {"auth_time", "1799990000", CLAIMS_OK},
    {"auth_time", "\"x\"", BAD},
    {"auth_time", "1.5", BAD},
    /* iss */
    {"iss", NULL, BAD},
    {"iss", "\"\"", BAD},
    {"iss", "null", BAD},
    {"iss", "1", BAD},
    {"iss", "[\"https://id.brand-a.example\"]", BAD},
    {"iss", "\"https://id.brand-a.example/\"", CLAIMS_ISSUER},
    {"iss", "\"https://id.brand-a.example \"", CLAIMS_ISSUER},
    {"iss", "\"HTTPS://ID.BRAND-A.EXAMPLE\"", CLAIMS_ISSUER},
    {"iss", "\"https://evil.example\"", CLAIMS_ISSUER},
    {"iss", "\"https://id.brand-a.example\\u0000\"", BAD},
    {"iss", "\"https://id.brand-\\u0061.example\"", CLAIMS_OK},
    /* aud */
    {"aud", NULL, BAD},
    {"aud", "\"\"", BAD},
    {"aud", "null", BAD},
    {"aud", "1", BAD},
    {"aud", "[]", BAD},
    {"aud", "[1]", BAD},
    {"aud", "[\"api\",null]", BAD},
    {"aud", "[\"\"]", BAD},
    {"aud", "{\"api\":1}", BAD},
    {"aud", "\"API\"", CLAIMS_AUDIENCE},
    {"aud", "\"api/\"", CLAIMS_AUDIENCE},
    {"aud", "\"api \"", CLAIMS_AUDIENCE},
    {"aud", "\"ap\"", CLAIMS_AUDIENCE},
    {"aud", "\"api\\u0000\"", BAD},
    {"aud", "[\"x\",\"api\"]", CLAIMS_OK},
    {"aud", "[\"x\",\"y\"]", CLAIMS_AUDIENCE},
    {"aud",
     "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\","
     "\"15\",\"api\"]",
     CLAIMS_OK},
    {"aud",
     "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\","
     "\"15\",\"16\",\"api\"]",
     BAD},
    /* sub, client_id */
    {"sub", NULL, BAD},
    {"sub", "\"\"", BAD},
    {"sub", "null", BAD},
    {"sub", "1", BAD},
    {"sub", "[\"user-1\"]", BAD},
    {"sub", "\"a\\u0000b\"", BAD},
    {"sub", "\"a\\r\\nb\"", BAD},
    {"sub", "\"\\u007f\"", BAD},
    {"sub", "\"J\xc3\xb6rg {*} ../\"", CLAIMS_OK},
    {"client_id", NULL, BAD},
    {"client_id", "\"\"", BAD},
    {"client_id", "\"a b\"", BAD},
    {"client_id", "\"a/b\"", BAD},
    /* jti */
    {"remember_me", "true", CLAIMS_OK},
    {"remember_me", "1", BAD},
    {"remember_me", "\"true\"", BAD},
    {"jti", NULL, BAD},
    {"jti", "\"\"", BAD},
    {"jti", "null", BAD},
    {"jti", "7", BAD},
    {"jti", "[\"x\"]", BAD},
    {"jti", "\"*\"", BAD},
    {"jti", "\"x\\r\\nFLUSHALL\\r\\n\"", BAD},
    {"jti", "\"x\\u0000\"", BAD},
    {"jti", "\"../x\"", BAD},
    {"jti", "\"{x}\"", BAD},
    {"jti", "\"x \"", BAD},
    /* sid */
    {"sid", NULL, BAD},
    {"sid", "\"\"", BAD},
    {"sid", "\"AAECAwQFBgcICQoLDA0OD\"", BAD},
    {"sid", "\"AAECAwQFBgcICQoLDA0ODwA\"", BAD},
    {"sid", "\"AAECAwQFBgcICQoLDA0ODx\"", BAD},
    {"sid", "\"AAECAwQFBgcICQoLDA0OD=\"", BAD},
    {"sid", "1", BAD},
    /* tid */
    {"tid", NULL, BAD},
    {"tid", "\"brand-b\"", CLAIMS_ISSUER},
    {"tid", "\"\"", BAD},
    {"tid", "null", BAD},
    {"tid", "\"*\"", BAD},
    {"tid", "\"brand-a:\"", BAD},
    {"tid", "\"../brand-a\"", BAD},
    {"tid", "\"Brand-A\"", BAD},
    {"tid", "[\"brand-a\"]", BAD},
    /* the rest */
    {"device_id", "\"tv-1\"", CLAIMS_OK},
    {"device_id", "\"a b\"", BAD},
    {"device_id", "\"\"", BAD},
    {"scope", "\"a b\"", CLAIMS_OK},
    {"scope", "[\"a\"]", BAD},
    {"acr", "1", BAD},
    {"amr", "[\"pwd\",\"otp\"]", CLAIMS_OK},
    {"amr", "\"pwd\"", BAD},
    {"amr", "[1]", BAD},
    {"cnf", "{\"jkt\":\"x\"}", CLAIMS_OK},
    {"cnf", "\"x\"", BAD},
    {"ext", "{\"roles\":[1]}", CLAIMS_OK},
    {"ext", "[]", BAD},
    {"ext", "{\"a\":1,\"a\":2}", BAD},
    {"unknown", "[1,{}]", CLAIMS_OK},
    /* names twice, or spelt otherwise */
    {"x\":1,\"sub", "\"u\"", BAD},
    {"x\":1,\"exp", "1", BAD},
    {"\\u0073ub", "\"u\"", BAD},
    {"exp\\u0000x", "1", BAD},
    {"\\u0065xt", "{}", BAD},
    {"a\":1,\"a", "1", BAD},
};

static void test_catalogue(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 1 << 18);
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		enum claims_result got = judge(payload_with(cases[i].name, cases[i].value, &b));

		if (got != cases[i].want)
			fail_msg("%s=%s: %d, expected %d", cases[i].name, cases[i].value, got,
				 cases[i].want);
	}
	sd_buf_fini(&b);
}

/* The JSON layer around the good set. */
static void test_json_layer(void **state)
{
	static const struct {
		const char *before, *behind;
		bool ok;
	} wraps[] = {
	    {"", "", true},
	    {" \n\t", "\r ", true},
	    {"", "x", false},
	    {"", "{}", false},
	    {"\xef\xbb\xbf", "", false},
	    {"[", "]", false},
	    {"/**/", "", false},
	    {"", ",", false},
	    {"\"", "\"", false},
	    {"{\"a\":", "}", false},
	};
	static const char *const whole[] = {"", "null", "[]", "\"x\"", "{}", "1", "{"};
	struct sd_buf b, w;

	(void)state;
	sd_buf_init(&b, 65536);
	sd_buf_init(&w, 65536);
	for (size_t i = 0; i < SD_ARRAY_LEN(wraps); i++) {
		sd_buf_reset(&w);
		sd_buf_str(&w, wraps[i].before);
		sd_buf_put(&w, payload_with(NULL, NULL, &b));
		sd_buf_str(&w, wraps[i].behind);
		assert_int_equal(judge(sd_buf_slice(&w)),
				 wraps[i].ok ? CLAIMS_OK : CLAIMS_MALFORMED);
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(whole); i++)
		assert_int_equal(judge(sd_slice_str(whole[i])), CLAIMS_MALFORMED);
	sd_buf_reset(&w);
	sd_buf_put(&w, payload_with(NULL, NULL, &b));
	sd_buf_char(&w, '\0');
	assert_int_equal(judge(sd_buf_slice(&w)), CLAIMS_MALFORMED);
	sd_buf_fini(&b);
	sd_buf_fini(&w);
}

static void test_long_values(void **state)
{
	static const struct {
		const char *name;
		size_t fits;
	} bounds[] = {{"sub", 256}, {"jti", 128}, {"client_id", 64}};
	char value[300];
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 65536);
	for (size_t i = 0; i < SD_ARRAY_LEN(bounds); i++) {
		for (size_t n = bounds[i].fits; n <= bounds[i].fits + 1; n++) {
			memset(value, 'v', sizeof(value));
			value[0] = value[n + 1] = '"';
			value[n + 2] = '\0';
			assert_int_equal(judge(payload_with(bounds[i].name, value, &b)),
					 n > bounds[i].fits ? CLAIMS_MALFORMED : CLAIMS_OK);
		}
	}
	sd_buf_fini(&b);
}

/* Several things wrong: the first of the fixed order is told. */
static void test_order(void **state)
{
	struct sd_slice api = SD_SLICE("api");
	struct claims c = {.iss = SD_SLICE("i"),
			   .tid = SD_SLICE("t"),
			   .aud = {SD_SLICE("a")},
			   .aud_count = 1,
			   .iat = FIX_NOW + 100,
			   .exp = FIX_NOW + 50};
	struct claims_expect e = {.issuer = SD_SLICE("x"),
				  .tenant = SD_SLICE("x"),
				  .audiences = &api,
				  .audience_count = 1,
				  .now_s = FIX_NOW,
				  .max_lifetime_s = 10};

	(void)state;
	assert_int_equal(claims_check(&c, &e), CLAIMS_MALFORMED); /* exp before iat */
	c.exp = c.iat + 11;
	assert_int_equal(claims_check(&c, &e), CLAIMS_ISSUER);
	e.issuer = c.iss;
	assert_int_equal(claims_check(&c, &e), CLAIMS_ISSUER); /* tenant */
	e.tenant = c.tid;
	assert_int_equal(claims_check(&c, &e), CLAIMS_AUDIENCE);
	e.audience_count = 0;
	e.audience = api;
	assert_int_equal(claims_check(&c, &e), CLAIMS_AUDIENCE); /* the request's */
	e.audience = c.aud[0];
	assert_int_equal(claims_check(&c, &e), CLAIMS_NOT_YET);
	e.skew_s = 100;
	assert_int_equal(claims_check(&c, &e), CLAIMS_OK);
	e.now_s = c.exp - 2;
	assert_int_equal(claims_check(&c, &e), CLAIMS_OK);
	e.now_s = c.exp - 1; /* 10 s of life are granted, though it was made for 11 */
	assert_int_equal(claims_check(&c, &e), CLAIMS_EXPIRED);
	e.max_lifetime_s = 11;
	assert_int_equal(claims_check(&c, &e), CLAIMS_OK);
	e.max_lifetime_s = 0;
	assert_int_equal(claims_check(&c, &e), CLAIMS_OK);
	e.now_s = c.exp;
	assert_int_equal(claims_check(&c, &e), CLAIMS_EXPIRED);
	e.max_lifetime_s = 1000; /* never longer than it was made for */
	assert_int_equal(claims_check(&c, &e), CLAIMS_EXPIRED);
	c.exp = c.iat - 3600; /* over is over, also of what began later than it ended */
	assert_int_equal(claims_check(&c, &e), CLAIMS_EXPIRED);
	c.nbf = e.now_s + e.skew_s + 1;
	assert_int_equal(claims_check(&c, &e), CLAIMS_NOT_YET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_catalogue),
	    cmocka_unit_test(test_json_layer),
	    cmocka_unit_test(test_long_values),
	    cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
