/* SPDX-License-Identifier: MIT
 * Records read back the same; cut or changed ones never yield a slice outside. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "audit_msg.h"
#include "err.h"

static struct audit_record sample(void)
{
	struct audit_record r = {
		.id = 12, .ts_ms = 1700000000123, .gen = 3, .event = AUDIT_SESSION_ENDED,
		.outcome = AUDIT_OK, .actor_type = AUDIT_ACTOR_USER, .tenant = SD_SLICE("acme"),
		.actor_id = SD_SLICE("alice"), .user_id = SD_SLICE("alice"),
		.session_id = SD_SLICE("AAAAAAAAAAAAAAAAAAAAAA"), .ip = SD_SLICE("192.0.2.1"),
		.reason = SD_SLICE("logout"), .detail_count = 2,
	};

	r.detail[0].key = SD_SLICE("device_name");
	r.detail[0].value = SD_SLICE("laptop");
	r.detail[1].key = SD_SLICE("x");
	r.detail[1].value = SD_SLICE("");
	return r;
}

static void inside(struct sd_slice s, const uint8_t *p, size_t n)
{
	if (s.n > 0)
		assert_true((const uint8_t *)s.p >= p && (const uint8_t *)s.p + s.n <= p + n);
}

static void record_inside(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct audit_record r;

	assert_non_null(exact);
	memcpy(exact, p, n);
	if (audit_record_decode(sd_slice(exact, n), &r) == 0) {
		const struct sd_slice all[] = {r.tenant, r.actor_id, r.user_id, r.session_id,
					       r.ip,	 r.reason,   r.request_id};

		for (size_t i = 0; i < SD_ARRAY_LEN(all); i++)
			inside(all[i], exact, n);
		assert_true(r.detail_count <= AUDIT_MAX_DETAIL);
		assert_true(r.event > AUDIT_EVENT_NONE && r.event < AUDIT_EVENT_COUNT);
		for (uint32_t i = 0; i < r.detail_count; i++) {
			inside(r.detail[i].key, exact, n);
			inside(r.detail[i].value, exact, n);
		}
	}
	free(exact);
}

static void test_round_trip(void **state)
{
	struct audit_record r = sample(), got;
	uint8_t p[AUDIT_MAX_RECORD];
	size_t n;

	(void)state;
	assert_int_equal(audit_record_encode(&r, p, sizeof(p), &n), 0);
	assert_int_equal(audit_record_decode(sd_slice(p, n), &got), 0);
	assert_int_equal(got.id, 12);
	assert_int_equal(got.ts_ms, r.ts_ms);
	assert_int_equal(got.gen, 3);
	assert_int_equal(got.event, AUDIT_SESSION_ENDED);
	assert_int_equal(got.outcome, AUDIT_OK);
	assert_int_equal(got.actor_type, AUDIT_ACTOR_USER);
	assert_true(sd_slice_eq(got.tenant, r.tenant) && sd_slice_eq(got.actor_id, r.actor_id));
	assert_true(sd_slice_eq(got.user_id, r.user_id) && sd_slice_eq(got.session_id, r.session_id));
	assert_true(sd_slice_eq(got.ip, r.ip) && sd_slice_eq(got.reason, r.reason));
	assert_int_equal(got.request_id.n, 0);
	assert_int_equal(got.detail_count, 2);
	assert_true(sd_slice_is(got.detail[0].key, "device_name"));
	assert_true(sd_slice_is(got.detail[0].value, "laptop"));
	assert_true(sd_slice_is(got.detail[1].key, "x"));
}

static void test_what_cannot_be_written(void **state)
{
	static char big[AUDIT_MAX_RECORD];
	struct audit_record r = sample();
	uint8_t p[2 * AUDIT_MAX_RECORD];
	size_t n;

	(void)state;
	assert_int_equal(audit_record_encode(&r, p, 60, &n), SD_ERR_TOO_BIG);
	r.reason = sd_slice(big, sizeof(big));
	assert_int_equal(audit_record_encode(&r, p, sizeof(p), &n), SD_ERR_TOO_BIG);
	r = sample();
	r.detail_count = AUDIT_MAX_DETAIL + 1;
	assert_int_equal(audit_record_encode(&r, p, sizeof(p), &n), SD_ERR_TOO_BIG);
	r = sample();
	r.detail[0].key = SD_SLICE("Upper");
	assert_int_equal(audit_record_encode(&r, p, sizeof(p), &n), SD_ERR_INVALID);
	r.detail[0].key = SD_SLICE("");
	assert_int_equal(audit_record_encode(&r, p, sizeof(p), &n), SD_ERR_INVALID);
	r.detail[0].key = SD_SLICE("abcdefghijklmnopqrstuvwxyzabcdefg");
	assert_int_equal(audit_record_encode(&r, p, sizeof(p), &n), SD_ERR_INVALID);
	assert_int_equal(n, 0);
}

static void test_cut_and_changed(void **state)
{
	struct audit_record r = sample(), got;
	uint8_t p[AUDIT_MAX_RECORD];
	size_t n;

	(void)state;
	assert_int_equal(audit_record_encode(&r, p, sizeof(p), &n), 0);
	for (size_t cut = 0; cut < n; cut++) {
		assert_int_equal(audit_record_decode(sd_slice(p, cut), &got), SD_ERR_INVALID);
		record_inside(p, cut);
	}
	p[n] = 0;
	assert_int_equal(audit_record_decode(sd_slice(p, n + 1), &got), SD_ERR_INVALID);
	for (size_t i = 0; i < n; i++)
		for (unsigned v = 1; v < 256; v++) {
			p[i] ^= (uint8_t)v;
			record_inside(p, n);
			p[i] ^= (uint8_t)v;
		}
	p[0]++;
	assert_int_equal(audit_record_decode(sd_slice(p, n), &got), SD_ERR_VERSION);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(audit_event_name(AUDIT_SESSION_CREATED), "session.created");
	assert_string_equal(audit_event_name(AUDIT_STORE_BACK), "store.back");
	assert_string_equal(audit_event_name(AUDIT_EVENT_NONE), "");
	assert_string_equal(audit_event_name(AUDIT_EVENT_COUNT), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_what_cannot_be_written),
		cmocka_unit_test(test_cut_and_changed),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
