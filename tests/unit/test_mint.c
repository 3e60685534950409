/* SPDX-License-Identifier: MIT
 * What the signer signs, and each thing it refuses, one at a time on an otherwise good request. */
#include "base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "claims.h"
#include "err.h"
#include "fake_policy.h"
#include "handle.h"
#include "jwk.h"
#include "jws.h"
#include "mint.h"

struct fixture {
	struct fake_policy policy;
	struct keyring *ring;
	struct mint mint;
	struct mint_now now;
	struct sign_request r; /* a good one, of brand-a */
	struct sd_buf out;
	const char *why;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char dir[64] = "/tmp/mint-XXXXXX", path[256], master[128];
	struct sd_diag diag = {{0}};
	struct keyring_in in = {.keys_dir = dir, .master_key_file = master, .now_s = FAKE_POLICY_NOW};

	assert_non_null(f);
	assert_non_null(mkdtemp(dir));
	(void)snprintf(master, sizeof(master), "%s/master", dir);
	fake_policy_init(&f->policy);
	fake_policy_write_keys(&f->policy, dir);
	in.view = &f->policy.view;
	assert_int_equal(keyring_load(&in, &f->ring, &diag), SD_OK);
	assert_int_equal(mint_init(&f->mint, &f->policy.view, f->ring), SD_OK);
	for (int i = 0; i < FAKE_POLICY_KEYS; i++) {
		fake_policy_key_path(&f->policy, i, dir, path);
		(void)unlink(path);
	}
	for (char t = 'a'; t <= 'c'; t++) {
		(void)snprintf(path, sizeof(path), "%s/brand-%c", dir, t);
		(void)rmdir(path);
	}
	(void)unlink(master);
	(void)rmdir(dir);
	f->now = (struct mint_now){.wall_s = FAKE_POLICY_NOW, .boot_ns = 1000000000};
	f->r = (struct sign_request){
	    .id = 1,
	    .op = SIGN_OP_ACCESS_TOKEN,
	    .generation = FAKE_POLICY_GENERATION,
	    .iat_s = FAKE_POLICY_NOW,
	    .exp_s = FAKE_POLICY_NOW + FAKE_POLICY_TTL,
	    .auth_time_s = FAKE_POLICY_NOW - 10,
	    .sub = SD_SLICE("j\xc3\xbcrgen"),
	    .client_id = SD_SLICE("web"),
	    .scope = SD_SLICE("read write"),
	    .acr = SD_SLICE("aal2"),
	    .amr = SD_SLICE("[\"pwd\",\"otp\"]"),
	    .ext = SD_SLICE("{\"role\":\"admin\"}"),
	    .remember_me = true,
	    .aud = {SD_SLICE("api-b")},
	    .aud_count = 1,
	};
	f->r.sid[0] = handle_partition(SD_SLICE("brand-a"), f->r.sub);
	sd_buf_init(&f->out, SIGN_MAX_TOKEN);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sd_buf_fini(&f->out);
	mint_fini(&f->mint);
	keyring_free(&f->ring);
	fake_policy_fini(&f->policy);
	free(f);
	return 0;
}

static enum sign_status mint(struct fixture *f)
{
	sd_buf_reset(&f->out);
	return mint_token(&f->mint, &f->r, f->now, &f->out, &f->why);
}

static void assert_refused(struct fixture *f, const char *why)
{
	assert_int_equal(mint(f), SIGN_REFUSED);
	assert_string_equal(f->why, why);
	assert_int_equal(f->out.len, 0);
}

static bool has(const struct sd_buf *b, const char *text)
{
	return memmem(b->p, b->len, text, strlen(text)) != NULL;
}

static void test_good(void **state)
{
	struct fixture *f = *state;
	struct sd_diag diag = {{0}};
	struct sd_arena arena;
	struct claims c;
	struct jwk jwk;
	struct jws jws;

	assert_int_equal(mint_warm_up(&f->mint, &diag), SD_OK);
	assert_int_equal(mint(f), SIGN_DONE);
	assert_null(f->why);
	sd_arena_init(&arena, 65536);
	assert_int_equal(jwk_from_pkey(f->policy.key[0], JOSE_ES256, &jwk, &diag), 0);
	assert_int_equal(jws_split(sd_buf_slice(&f->out), &arena, &jws, NULL), JWS_OK);
	assert_true(sd_slice_is(jws.kid, f->policy.kid[0]));
	assert_true(sd_slice_is(jws.typ, "at+jwt"));
	assert_int_equal(jws_verify(&jws, &jwk), JWS_OK);
	assert_int_equal(claims_parse(jws.payload, &arena, &c, NULL), CLAIMS_OK);
	assert_true(sd_slice_is(c.iss, "https://id.brand-a.example"));
	assert_true(sd_slice_is(c.tid, "brand-a"));
	assert_true(sd_slice_eq(c.sub, f->r.sub));
	assert_int_equal(c.jti.n, 22);
	assert_int_equal(c.auth_time, FAKE_POLICY_NOW - 10);
	assert_true(sd_slice_is(c.aud[0], "api-b"));
	assert_true(sd_slice_is(c.extra, "{\"role\":\"admin\"}"));
	assert_true(c.remember_me);
	jwk_fini(&jwk);
	sd_arena_fini(&arena);
}

/* Each token has an id of its own, and the default audiences. */
static void test_defaults(void **state)
{
	struct fixture *f = *state;
	struct sd_buf first;

	f->r.aud_count = 0;
	f->r.scope = f->r.acr = f->r.amr = f->r.ext = SD_SLICE("");
	f->r.auth_time_s = 0;
	assert_int_equal(mint(f), SIGN_DONE);
	assert_true(has(&f->mint.payload, "\"aud\":[\"api-a\",\"api-b\"]"));
	sd_buf_init(&first, 8192);
	sd_buf_put(&first, sd_buf_slice(&f->mint.payload));
	assert_int_equal(mint(f), SIGN_DONE);
	assert_false(sd_slice_eq(sd_buf_slice(&first), sd_buf_slice(&f->mint.payload)));
	sd_buf_fini(&first);
	f->r.tenant = 1;
	f->r.sid[0] = handle_partition(SD_SLICE("brand-b"), f->r.sub);
	assert_int_equal(mint(f), SIGN_DONE);
	assert_true(has(&f->mint.payload, "\"aud\":\"https://id.brand-b.example\""));
}

static void test_place(void **state)
{
	struct fixture *f = *state;

	f->r.generation++;
	assert_refused(f, "another policy generation");
	f->r.generation--;
	f->r.tenant = 3;
	assert_refused(f, "no such tenant");
	f->r.tenant = UINT32_MAX;
	assert_refused(f, "no such tenant");
	f->r.tenant = 2;
	f->r.sid[0] = handle_partition(SD_SLICE("brand-c"), f->r.sub);
	f->r.aud_count = 0;
	assert_int_equal(mint(f), SIGN_NO_KEY);
}

static void test_times(void **state)
{
	struct fixture *f = *state;

	f->r.iat_s = FAKE_POLICY_NOW - 61;
	assert_refused(f, "issued at another time than now");
	f->r.iat_s = INT64_MIN;
	assert_refused(f, "issued at another time than now");
	f->r.iat_s = FAKE_POLICY_NOW + 61;
	assert_refused(f, "issued at another time than now");
	f->r.iat_s = FAKE_POLICY_NOW;
	f->r.exp_s = f->r.iat_s;
	assert_refused(f, "expires before it begins");
	f->r.exp_s = INT64_MAX;
	assert_refused(f, "expires before it begins");
	f->r.exp_s = f->r.iat_s + FAKE_POLICY_TTL + 1;
	assert_refused(f, "lives longer than the policy allows");
	f->r.exp_s--;
	f->r.auth_time_s = -1;
	assert_refused(f, "authenticated in the future");
	f->r.auth_time_s = FAKE_POLICY_NOW + 61;
	assert_refused(f, "authenticated in the future");
	f->r.auth_time_s = 0;
	assert_int_equal(mint(f), SIGN_DONE);
}

static void test_who(void **state)
{
	struct fixture *f = *state;
	struct sd_slice sub = f->r.sub;
	char longest[257];

	memset(longest, 'u', sizeof(longest));
	f->r.sub = SD_SLICE("");
	assert_refused(f, "user id out of bounds");
	f->r.sub = sd_slice(longest, sizeof(longest));
	assert_refused(f, "user id out of bounds");
	f->r.sub = SD_SLICE("a\nb");
	assert_refused(f, "user id out of bounds");
	f->r.sub = SD_SLICE("a\0b");
	assert_refused(f, "user id out of bounds");
	f->r.sub = SD_SLICE("\xff\xfe");
	f->r.sid[0] = handle_partition(SD_SLICE("brand-a"), f->r.sub);
	assert_refused(f, "claims that would not read back as they are");
	f->r.sub = sub;
	f->r.sid[0] = (uint8_t)(handle_partition(SD_SLICE("brand-a"), sub) + 1);
	assert_refused(f, "session id of another user");
	f->r.sid[0]--;
	f->r.client_id = SD_SLICE("nobody");
	assert_refused(f, "no such client");
	f->r.client_id = SD_SLICE("");
	assert_refused(f, "no such client");
}

/* A client of brand-a is none of brand-b's. */
static void test_another_tenants_client(void **state)
{
	struct fixture *f = *state;

	f->r.tenant = 1;
	f->r.sid[0] = handle_partition(SD_SLICE("brand-b"), f->r.sub);
	f->r.client_id = SD_SLICE("mobile");
	assert_refused(f, "no such client");
}

static void test_audiences(void **state)
{
	struct fixture *f = *state;

	f->r.aud[1] = SD_SLICE("api-c");
	f->r.aud_count = 2;
	assert_refused(f, "audience not of this tenant");
	f->r.aud[1] = SD_SLICE("");
	assert_refused(f, "audience out of bounds");
	f->r.aud[1] = SD_SLICE("api-a");
	assert_int_equal(mint(f), SIGN_DONE);
	f->r.aud_count = SIGN_MAX_AUD + 1;
	assert_refused(f, "too many audiences");
}

static void test_texts(void **state)
{
	static const char *const bad_scopes[] = {" a", "a ", "a  b", "a\"b", "a\\b", "a\tb", "\xc3\xbc", "a\x7f"};
	static const char *const bad_amr[] = {"{}", "\"pwd\"", "[\"pwd\"", "[1]", "[\"a\",null]", "[[\"a\"]]",
					      " [\"a\"]", "[\"a\"]]", "['a']"};
	static const char *const bad_ext[] = {"[]", "1", "{\"a\":1", "{\"a\":1}{}", "{\"a\":1,\"a\":2}",
					      "{\"a\":NaN}", " {}", "{\"a\":01}", "{\"\\u0000\":1}"};
	struct fixture *f = *state;

	for (size_t i = 0; i < SD_ARRAY_LEN(bad_scopes); i++) {
		f->r.scope = sd_slice_str(bad_scopes[i]);
		assert_refused(f, "scope out of bounds");
	}
	f->r.scope = SD_SLICE("a");
	f->r.device_id = SD_SLICE("a b");
	assert_refused(f, "device id out of bounds");
	f->r.device_id = SD_SLICE("phone-1");
	f->r.acr = SD_SLICE("x\r\ny");
	assert_refused(f, "acr out of bounds");
	f->r.acr = SD_SLICE("");
	for (size_t i = 0; i < SD_ARRAY_LEN(bad_amr); i++) {
		f->r.amr = sd_slice_str(bad_amr[i]);
		assert_int_equal(mint(f), SIGN_REFUSED);
		assert_int_equal(strncmp(f->why, "amr", 3), 0);
	}
	f->r.amr = SD_SLICE("[]");
	for (size_t i = 0; i < SD_ARRAY_LEN(bad_ext); i++) {
		f->r.ext = sd_slice_str(bad_ext[i]);
		assert_refused(f, "claims are no JSON object within bounds");
	}
}

static void test_registered_names(void **state)
{
	static const char *const bad[] = {
	    "{\"iss\":\"x\"}", "{\"exp\":9}", "{\"sub\":1}", "{\"a\":1,\"tid\":\"brand-b\"}",
	    "{\"s\\u0069d\":\"x\"}", "{\"cnf\":{}}", "{\"client_id\":\"x\"}", "{\"ext\":{}}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		f->r.ext = sd_slice_str(bad[i]);
		assert_refused(f, "claims with a registered name");
	}
	f->r.ext = SD_SLICE("{\"nested\":{\"iss\":1}}");
	assert_int_equal(mint(f), SIGN_DONE);
}

static void test_rate(void **state)
{
	struct fixture *f = *state;
	int done = 0;

	while (mint(f) == SIGN_DONE)
		done++;
	assert_int_equal(done, FAKE_POLICY_RATE * MINT_RATE_FACTOR);
	assert_int_equal(mint(f), SIGN_BUSY);
	f->r.tenant = 1; /* another tenant is not touched by it */
	f->r.aud_count = 0;
	f->r.sid[0] = handle_partition(SD_SLICE("brand-b"), f->r.sub);
	assert_int_equal(mint(f), SIGN_DONE);
	f->r.tenant = 0;
	f->r.sid[0] = handle_partition(SD_SLICE("brand-a"), f->r.sub);
	for (int i = 0; i < 200; i++) { /* 100 ms in small steps */
		f->now.boot_ns += 500000;
		done = mint(f) == SIGN_DONE ? done + 1 : done;
	}
	assert_in_range(done, FAKE_POLICY_RATE * MINT_RATE_FACTOR + 19, FAKE_POLICY_RATE * MINT_RATE_FACTOR + 20);
}

static void test_tenant_keys(void **state)
{
	struct fixture *f = *state;
	static struct tenant_keys keys[SIGN_KEYS_BATCH];
	uint32_t count;

	f->r.op = SIGN_OP_TENANT_KEYS;
	f->r.count = 100;
	f->r.tenant = 1;
	assert_int_equal(mint_tenant_keys(&f->mint, &f->r, keys, &count, &f->why), SIGN_DONE);
	assert_int_equal(count, 2);
	assert_int_equal(keys[0].tenant, 1);
	f->r.tenant = 3;
	assert_int_equal(mint_tenant_keys(&f->mint, &f->r, keys, &count, &f->why), SIGN_REFUSED);
	f->r.tenant = 0;
	f->r.generation = 1;
	assert_int_equal(mint_tenant_keys(&f->mint, &f->r, keys, &count, &f->why), SIGN_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_good, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_place, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_times, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_who, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_another_tenants_client, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_audiences, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_registered_names, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tenant_keys, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
