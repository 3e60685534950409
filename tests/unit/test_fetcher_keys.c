/* SPDX-License-Identifier: MIT
 * What the fetcher makes of an issuer's document: usable keys alone, written anew, in one order; and how
 * long a server says that it may be kept. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "fetcher_get.h"
#include "fetcher_keys.h"
#include "jwk.h"

#define ED(kid, more)                                                                              \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"                              \
	"7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"kid\":\"" kid "\"" more "}"

static struct sd_buf out;

static int keys(const char *text)
{
	struct sd_diag why = {{0}};

	sd_buf_fini(&out);
	sd_buf_init(&out, 4096);
	return fetcher_keys(sd_slice_str(text), &out, &why);
}

static void test_equal_sets_give_equal_bytes(void **state)
{
	char first[1024];
	struct jwk *k;
	size_t n;

	(void)state;
	assert_int_equal(keys("{\"x\":1,\"keys\":[" ED("b", ",\"x5t\":\"z\"") "," ED("a", "") "]}"), SD_OK);
	assert_true(out.len < sizeof(first));
	memcpy(first, out.p, out.len);
	size_t len = out.len;

	assert_int_equal(keys(" {\"keys\" :[" ED("a", ",\"use\":\"sig\"") "," ED("b", "") "] }"), SD_OK);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.p, first, len);
	assert_int_equal(jwks_parse(sd_buf_slice(&out), &k, &n, NULL), 0); /* as the master takes it */
	assert_int_equal(n, 2);
	jwks_free(&k, n);
}

static void test_what_is_left_out(void **state)
{
	struct jwk *k;
	size_t n;

	(void)state;
	assert_int_equal(keys("{\"keys\":[1,null,{}," ED("e", ",\"use\":\"enc\"") "," ED("p", ",\"d\":\"AA\"")
			      "," ED("", "") "," ED("o", ",\"key_ops\":[\"sign\"]") "," ED("h", ",\"alg\":\"HS256\"")
			      ",{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"s\"}," ED("good", "") "," ED("good", "") "]}"),
			 SD_OK);
	assert_int_equal(jwks_parse(sd_buf_slice(&out), &k, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_string_equal(k[0].kid, "good");
	jwks_free(&k, n);
}

static void test_no_set(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"keys\":[]}", "{\"keys\":{}}", "{\"keys\":[{}]}",
					  "{\"keys\":[" ED("a", "") "]} x", "{\"keys\":[" ED("a", ",\"d\":\"AA\"") "]}"};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		if (keys(bad[i]) == SD_OK)
			fail_msg("accepted: %s", bad[i]);
	sd_buf_fini(&out);
}

static void test_max_age(void **state)
{
	static const struct {
		const char *value;
		uint32_t want;
	} cases[] = {
	    {"max-age=300", 300}, {" public , Max-Age=7 ,must-revalidate\r\n", 7}, {"", 0}, {"max-age=", 0},
	    {"max-age=-1", 0}, {"max-age=x", 0}, {"s-maxage=5", 0}, {"no-store, max-age=5", 0},
	    {"max-age=5, no-cache", 0}, {",,,", 0}, {"max-age=99999999999999999999", 0},
	    {"max-age=4294967296", 31536000},
	};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++)
		if (fetcher_get_max_age(sd_slice_str(cases[i].value)) != cases[i].want)
			fail_msg("%s: %u", cases[i].value, fetcher_get_max_age(sd_slice_str(cases[i].value)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_equal_sets_give_equal_bytes),
	    cmocka_unit_test(test_what_is_left_out),
	    cmocka_unit_test(test_no_set),
	    cmocka_unit_test(test_max_age),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
