/* SPDX-License-Identifier: MIT
 * What is written reads back the same; cut or changed packets never yield a slice outside. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "sign_msg.h"

static struct sign_request sample(void)
{
	struct sign_request r = {
		.id = 9, .op = SIGN_OP_ACCESS_TOKEN, .generation = 4, .tenant = 2,
		.iat_s = 1700000000, .exp_s = 1700000300, .auth_time_s = -1,
		.sid = {1, 2, 3, 16}, .sub = SD_SLICE("alice"), .client_id = SD_SLICE("web"),
		.device_id = SD_SLICE("phone-1"),
		.scope = SD_SLICE("read write"), .amr = SD_SLICE("[\"pwd\"]"),
		.ext = SD_SLICE("{\"a\":1}"), .remember_me = true, .aud_count = 2,
	};

	r.aud[0] = SD_SLICE("https://api.example");
	r.aud[1] = SD_SLICE("");
	return r;
}

static void inside(struct sd_slice s, const uint8_t *p, size_t n)
{
	if (s.n == 0)
		return;
	assert_true((const uint8_t *)s.p >= p && (const uint8_t *)s.p + s.n <= p + n);
}

static void request_inside(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct sign_request r;

	assert_non_null(exact);
	memcpy(exact, p, n);
	if (sign_request_decode(sd_slice(exact, n), &r) == 0) {
		inside(r.sub, exact, n);
		inside(r.client_id, exact, n);
		inside(r.device_id, exact, n);
		inside(r.scope, exact, n);
		inside(r.acr, exact, n);
		inside(r.amr, exact, n);
		inside(r.ext, exact, n);
		assert_true(r.aud_count <= SIGN_MAX_AUD);
		for (uint32_t i = 0; i < r.aud_count; i++)
			inside(r.aud[i], exact, n);
	}
	free(exact);
}

static void test_request_round_trip(void **state)
{
	struct sign_request r = sample(), got;
	uint8_t p[SIGN_MAX_REQUEST];
	size_t n;

	(void)state;
	assert_int_equal(sign_request_encode(&r, p, sizeof(p), &n), 0);
	assert_int_equal(sign_request_decode(sd_slice(p, n), &got), 0);
	assert_int_equal(got.id, 9);
	assert_int_equal(got.op, SIGN_OP_ACCESS_TOKEN);
	assert_int_equal(got.generation, 4);
	assert_int_equal(got.tenant, 2);
	assert_int_equal(got.iat_s, r.iat_s);
	assert_int_equal(got.exp_s, r.exp_s);
	assert_int_equal(got.auth_time_s, -1);
	assert_memory_equal(got.sid, r.sid, 16);
	assert_true(sd_slice_eq(got.sub, r.sub) && sd_slice_eq(got.client_id, r.client_id));
	assert_true(sd_slice_eq(got.device_id, r.device_id));
	assert_true(sd_slice_eq(got.scope, r.scope) && sd_slice_eq(got.acr, r.acr));
	assert_true(sd_slice_eq(got.amr, r.amr) && sd_slice_eq(got.ext, r.ext));
	assert_true(got.remember_me);
	assert_int_equal(got.aud_count, 2);
	assert_true(sd_slice_eq(got.aud[0], r.aud[0]) && sd_slice_eq(got.aud[1], r.aud[1]));
}

static void test_request_too_big(void **state)
{
	static char big[SIGN_MAX_REQUEST];
	struct sign_request r = sample();
	uint8_t p[2 * SIGN_MAX_REQUEST];
	size_t n;

	(void)state;
	assert_int_equal(sign_request_encode(&r, p, 100, &n), SD_ERR_TOO_BIG);
	assert_int_equal(n, 0);
	r.ext = sd_slice(big, sizeof(big));
	assert_int_equal(sign_request_encode(&r, p, sizeof(p), &n), SD_ERR_TOO_BIG);
	r.ext = sd_slice(big, 70000); /* refused by its length alone */
	assert_int_equal(sign_request_encode(&r, p, sizeof(p), &n), SD_ERR_TOO_BIG);
	r = sample();
	r.aud_count = SIGN_MAX_AUD + 1;
	assert_int_equal(sign_request_encode(&r, p, sizeof(p), &n), SD_ERR_TOO_BIG);
}

static void test_keys_request_has_a_count(void **state)
{
	struct sign_request r = {.op = SIGN_OP_TENANT_KEYS, .count = SIGN_KEYS_BATCH}, got;
	uint8_t p[256];
	size_t n;

	(void)state;
	assert_int_equal(sign_request_encode(&r, p, sizeof(p), &n), 0);
	assert_int_equal(sign_request_decode(sd_slice(p, n), &got), 0);
	r.count++;
	assert_int_equal(sign_request_encode(&r, p, sizeof(p), &n), 0);
	assert_int_equal(sign_request_decode(sd_slice(p, n), &got), SD_ERR_INVALID);
	r.count = 0;
	assert_int_equal(sign_request_encode(&r, p, sizeof(p), &n), 0);
	assert_int_equal(sign_request_decode(sd_slice(p, n), &got), SD_ERR_INVALID);
}

static void test_requests_cut_and_changed(void **state)
{
	struct sign_request r = sample(), got;
	uint8_t p[1024];
	size_t n;

	(void)state;
	assert_int_equal(sign_request_encode(&r, p, sizeof(p), &n), 0);
	for (size_t cut = 0; cut < n; cut++) {
		assert_int_equal(sign_request_decode(sd_slice(p, cut), &got), SD_ERR_INVALID);
		request_inside(p, cut);
	}
	assert_int_equal(sign_request_decode(sd_slice(p, n + 1), &got), SD_ERR_INVALID);
	for (size_t i = 0; i < n; i++)
		for (unsigned v = 1; v < 256; v++) {
			p[i] ^= (uint8_t)v;
			request_inside(p, n);
			p[i] ^= (uint8_t)v;
		}
	p[0]++;
	assert_int_equal(sign_request_decode(sd_slice(p, n), &got), SD_ERR_VERSION);
}

static void test_answer_round_trip(void **state)
{
	static struct tenant_keys keys[SIGN_KEYS_BATCH];
	struct sign_answer a = {.id = 3, .op = SIGN_OP_ACCESS_TOKEN, .status = SIGN_DONE,
				.payload = SD_SLICE("aaa.bbb.ccc")}, got;
	uint8_t p[SIGN_MAX_ANSWER];
	size_t n;

	(void)state;
	assert_int_equal(sign_answer_encode(&a, p, sizeof(p), &n), 0);
	assert_int_equal(sign_answer_decode(sd_slice(p, n), &got), 0);
	assert_int_equal(got.id, 3);
	assert_int_equal(got.status, SIGN_DONE);
	assert_true(sd_slice_eq(got.payload, a.payload));
	for (int i = 0; i < SIGN_KEYS_BATCH; i++)
		keys[i].sets = 1 + (unsigned)i % SIGN_KEYSETS;
	a = (struct sign_answer){.op = SIGN_OP_TENANT_KEYS, .status = SIGN_DONE, .first = 32,
				 .count = SIGN_KEYS_BATCH, .payload = sd_slice(keys, sizeof(keys))};
	assert_int_equal(sign_answer_encode(&a, p, sizeof(p), &n), 0);
	assert_int_equal(sign_answer_decode(sd_slice(p, n), &got), 0);
	assert_int_equal(got.first, 32);
	assert_int_equal(got.count, SIGN_KEYS_BATCH);
	assert_memory_equal(got.payload.p, keys, sizeof(keys));
	keys[31].sets = SIGN_KEYSETS + 1;
	assert_int_equal(sign_answer_encode(&a, p, sizeof(p), &n), 0);
	assert_int_equal(sign_answer_decode(sd_slice(p, n), &got), SD_ERR_INVALID);
	a.count = 31;
	assert_int_equal(sign_answer_encode(&a, p, sizeof(p), &n), 0);
	assert_int_equal(sign_answer_decode(sd_slice(p, n), &got), SD_ERR_INVALID);
}

static void test_answers_cut_and_changed(void **state)
{
	struct sign_answer a = {.id = 3, .op = SIGN_OP_ACCESS_TOKEN, .status = SIGN_REFUSED,
				.payload = SD_SLICE("audience not allowed")}, got;
	uint8_t p[256];
	size_t n;

	(void)state;
	assert_int_equal(sign_answer_encode(&a, p, sizeof(p), &n), 0);
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(sign_answer_decode(sd_slice(p, cut), &got), SD_ERR_INVALID);
	for (size_t i = 0; i < n; i++)
		for (unsigned v = 1; v < 256; v++) {
			p[i] ^= (uint8_t)v;
			if (sign_answer_decode(sd_slice(p, n), &got) == 0)
				inside(got.payload, p, n);
			p[i] ^= (uint8_t)v;
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_round_trip),
		cmocka_unit_test(test_request_too_big),
		cmocka_unit_test(test_keys_request_has_a_count),
		cmocka_unit_test(test_requests_cut_and_changed),
		cmocka_unit_test(test_answer_round_trip),
		cmocka_unit_test(test_answers_cut_and_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
