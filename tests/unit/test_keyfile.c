/* SPDX-License-Identifier: MIT
 * test_keyfile - the sidecar there and back, every rule of it, and the states at their edges. */
#include "base.h"

#include "keyfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "err.h"
#include "jose_examples.h"

#define KID EX_EDDSA_THUMB
#define HEAD "{\"kid\":\"" KID "\",\"tenant\":\"brand-a\",\"algorithm\":\"EdDSA\","
#define TIMES "\"publish_at\":100,\"activate_at\":200,\"retire_at\":300,\"remove_at\":400,"
#define JWK "\"jwk\":" EX_EDDSA_JWK "}"

static void test_there_and_back(void **state)
{
	struct sd_diag diag = {{0}};
	struct keyfile k, again;
	struct sd_buf text;

	(void)state;
	if (keyfile_parse(SD_SLICE(HEAD TIMES JWK), &k, &diag) != 0)
		fail_msg("%s", diag.text);
	assert_string_equal(k.kid, KID);
	assert_string_equal(k.jwk.kid, KID);
	assert_string_equal(k.tenant, "brand-a");
	assert_int_equal(k.alg, JOSE_EDDSA);
	assert_int_equal(k.retire_at, 300);
	k.retire_at = k.remove_at = 0;
	sd_buf_init(&text, KEYFILE_TEXT_MAX);
	assert_int_equal(keyfile_emit(&k, &text), 0);
	assert_non_null(memmem(text.p, text.len, "\"remove_at\": null", 17));
	assert_int_equal(keyfile_parse(sd_buf_slice(&text), &again, &diag), 0);
	assert_int_equal(again.activate_at, 200);
	assert_int_equal(again.retire_at, 0);
	sd_buf_fini(&text);
	sd_buf_init(&text, 100);
	assert_int_equal(keyfile_emit(&k, &text), SD_ERR_TOO_BIG);
	sd_buf_fini(&text);
	keyfile_fini(&k);
	keyfile_fini(&again);
	keyfile_fini(NULL);
}

#define T(p, a, r, x)                                                                              \
	HEAD "\"publish_at\":" p ",\"activate_at\":" a ",\"retire_at\":" r ",\"remove_at\":" x     \
	     "," JWK

static void test_accepted(void **state)
{
	static const char *const good[] = {
	    T("1", "1", "null", "null"),
	    T("1", "2", "3", "null"),
	    T("1", "1", "2", "2"),
	    T("5", "6", "7", "9007199254740991"),
	};
	struct keyfile k;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(good); i++) {
		if (keyfile_parse(sd_slice_str(good[i]), &k, NULL) != 0)
			fail_msg("refused %zu", i);
		keyfile_fini(&k);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "{}",
	    "[]",
	    HEAD TIMES JWK "x",
	    HEAD TIMES "\"extra\":1," JWK,
	    HEAD JWK,
	    "{\"kid\":\"x\",\"tenant\":\"brand-a\",\"algorithm\":\"EdDSA\"," TIMES JWK,
	    "{\"kid\":\"" EX_THUMB "\",\"tenant\":\"brand-a\",\"algorithm\":\"EdDSA\"," TIMES JWK,
	    "{\"kid\":\"" KID "\",\"tenant\":\"\",\"algorithm\":\"EdDSA\"," TIMES JWK,
	    "{\"kid\":\"" KID "\",\"tenant\":1,\"algorithm\":\"EdDSA\"," TIMES JWK,
	    "{\"kid\":\"" KID "\",\"tenant\":\"a\",\"algorithm\":\"ES256\"," TIMES JWK,
	    "{\"kid\":\"" KID "\",\"tenant\":\"a\",\"algorithm\":\"none\"," TIMES JWK,
	    "{\"kid\":\"" KID "\",\"tenant\":\"a\",\"algorithm\":\"EdDSA\",\"kid\":\"" KID
	    "\"," TIMES JWK,
	    T("200", "100", "300", "400"),
	    T("1", "2", "2", "3"),
	    T("1", "2", "4", "3"),
	    T("1", "2", "null", "3"),
	    T("null", "2", "3", "4"),
	    T("1", "null", "3", "4"),
	    T("0", "1", "null", "null"),
	    T("-1", "1", "null", "null"),
	    T("1.0", "2", "null", "null"),
	    T("\"1\"", "2", "null", "null"),
	    T("1", "2", "true", "null"),
	    HEAD TIMES "\"jwk\":\"x\"}",
	    HEAD TIMES "\"jwk\":{}}",
	    HEAD TIMES "\"jwk\":" EX_ES256_JWK "}",
	    HEAD TIMES "\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"other\","
		       "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}}",
	    HEAD TIMES "\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_"
		       "9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
		       "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}}",
	};
	static const struct keyfile zero;
	struct keyfile k;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		struct sd_diag diag = {{0}};

		if (keyfile_parse(sd_slice_str(bad[i]), &k, &diag) == 0)
			fail_msg("accepted %s", bad[i]);
		assert_true(diag.text[0]);
		assert_memory_equal(&k, &zero, sizeof(k));
	}
}

static void test_state(void **state)
{
	static const struct {
		int64_t now;
		enum key_state open, closed;
	} at[] = {
	    {0, KEY_PENDING, KEY_PENDING},	 {99, KEY_PENDING, KEY_PENDING},
	    {100, KEY_PUBLISHED, KEY_PUBLISHED}, {199, KEY_PUBLISHED, KEY_PUBLISHED},
	    {200, KEY_ACTIVE, KEY_ACTIVE},	 {299, KEY_ACTIVE, KEY_ACTIVE},
	    {300, KEY_ACTIVE, KEY_RETIRED},	 {399, KEY_ACTIVE, KEY_RETIRED},
	    {400, KEY_ACTIVE, KEY_REMOVED},	 {INT64_MAX, KEY_ACTIVE, KEY_REMOVED},
	};
	struct keyfile open = {.publish_at = 100, .activate_at = 200};
	struct keyfile closed = {
	    .publish_at = 100, .activate_at = 200, .retire_at = 300, .remove_at = 400};

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(at); i++) {
		assert_int_equal(keyfile_state(&open, at[i].now), at[i].open);
		assert_int_equal(keyfile_state(&closed, at[i].now), at[i].closed);
	}
	closed.remove_at = 0;
	assert_int_equal(keyfile_state(&closed, 1000), KEY_RETIRED);
	assert_string_equal(keyfile_state_name(KEY_PENDING), "pending");
	assert_string_equal(keyfile_state_name(KEY_REMOVED), "removed");
}

static void test_names(void **state)
{
	static const char *const bad[] = {
	    "",		".json",       "x.json",	KID,
	    KID ".pem", KID ".json.1", "." KID ".json", "../" KID ".json"};
	char name[KEYFILE_NAME_MAX], kid[JWK_THUMBPRINT_LEN + 1];

	(void)state;
	assert_int_equal(keyfile_name(KID, ".pem", name), 0);
	assert_string_equal(name, KID ".pem");
	assert_int_equal(keyfile_name("../x", ".pem", name), SD_ERR_INVALID);
	assert_true(keyfile_name_parse(KID ".json", ".json", kid));
	assert_string_equal(kid, KID);
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_false(keyfile_name_parse(bad[i], ".json", kid));
	assert_string_equal(kid, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_refused),	   cmocka_unit_test(test_state),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
