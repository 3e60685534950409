/* SPDX-License-Identifier: MIT
 * The record's codec: what must be there, what may not be, in any order. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "session.h"

#define MAX 64
struct record {
	struct sd_slice pairs[2 * MAX];
	size_t n;
};

static void add(struct record *r, const char *name, const char *value)
{
	r->pairs[2 * r->n] = sd_slice_str(name);
	r->pairs[2 * r->n + 1] = sd_slice_str(value);
	r->n++;
}

static struct record sound(void)
{
	struct record r = {.n = 0};

	add(&r, "v", "1");
	add(&r, "status", "active");
	add(&r, "mode", "3");
	add(&r, "remember", "1");
	add(&r, "gen", "4294967295");
	add(&r, "sgen", "2");
	add(&r, "version", "3");
	add(&r, "created", "1700000000123");
	add(&r, "seen", "1700000000456");
	add(&r, "auth_time", "1699999999");
	add(&r, "idle", "1800");
	add(&r, "absolute", "43200");
	add(&r, "refresh_end", "1700043200");
	add(&r, "until", "1700000900");
	add(&r, "count", "17");
	add(&r, "user", "alice");
	return r;
}

static struct record without(const char *name)
{
	struct record all = sound(), r = {.n = 0};

	for (size_t i = 0; i < all.n; i++) {
		if (sd_slice_is(all.pairs[2 * i], name))
			continue;
		r.pairs[2 * r.n] = all.pairs[2 * i];
		r.pairs[2 * r.n + 1] = all.pairs[2 * i + 1];
		r.n++;
	}
	return r;
}

static int decode(const struct record *r, struct session *out)
{
	static const struct sid sid = {{9, 8, 7}};

	return session_decode(&sid, r->pairs, r->n, out);
}

static void reads_all_fields(void **state)
{
	struct record r = sound();
	struct session s;

	(void)state;
	add(&r, "aud", "[\"a\"]");
	add(&r, "dev_trust", "high");
	add(&r, "uhash", "x"); /* the scripts' own */
	add(&r, "p:3", "y");
	add(&r, "shash", "01234567890123456789012345678901");
	assert_int_equal(decode(&r, &s), SD_OK);
	assert_int_equal(s.status, SESSION_ACTIVE);
	assert_int_equal(s.mode, SESSION_MODE_BOTH);
	assert_true(s.remember_me);
	assert_int_equal(s.generation, 4294967295u);
	assert_int_equal(s.created_ms, 1700000000123);
	assert_int_equal(s.until_s, 1700000900);
	assert_int_equal(s.request_count, 17);
	assert_int_equal(s.sid.b[0], 9);
	assert_true(sd_slice_is(s.audience, "[\"a\"]"));
	assert_true(sd_slice_is(s.device_trust, "high"));
	assert_int_equal(s.session_hash[0], '0');
	assert_int_equal(s.client.n, 0);
	r = sound();
	assert_int_equal(decode(&r, &s), SD_OK);
	assert_true(sd_slice_is(s.audience, "[]"));
}

static void each_required_field_is_required(void **state)
{
	struct record all = sound();
	struct session s;

	(void)state;
	for (size_t i = 0; i < all.n; i++) {
		char name[32];
		struct record r;

		assert_int_equal(sd_slice_copy(all.pairs[2 * i], name, sizeof(name)), SD_OK);
		r = without(name);
		assert_int_equal(decode(&r, &s), SD_ERR_INVALID);
		assert_int_equal(s.status, SESSION_GONE);
		r = sound(); /* and may stand but once */
		r.pairs[2 * r.n] = all.pairs[2 * i];
		r.pairs[2 * r.n + 1] = all.pairs[2 * i + 1];
		r.n++;
		assert_int_equal(decode(&r, &s), SD_ERR_INVALID);
	}
}

static void malformed_values(void **state)
{
	static const char *const bad[][2] = {{"v", "2"},
					     {"v", ""},
					     {"status", "alive"},
					     {"mode", "0"},
					     {"mode", "4"},
					     {"mode", "12"},
					     {"remember", "2"},
					     {"gen", "4294967296"},
					     {"gen", "-1"},
					     {"gen", "1e3"},
					     {"created", ""},
					     {"created", "01"},
					     {"created", "9007199254740993"},
					     {"created", " 1"},
					     {"until", "-5"},
					     {"count", "1.5"},
					     {"user", ""},
					     {"idle", "99999999999999999999999"}};
	struct session s;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		struct record r = without(bad[i][0]);

		add(&r, bad[i][0], bad[i][1]);
		assert_int_equal(decode(&r, &s), SD_ERR_INVALID);
	}
}

static void ends_have_a_reason(void **state)
{
	struct record r = without("status");
	struct session s;

	(void)state;
	add(&r, "status", "ended");
	assert_int_equal(decode(&r, &s), SD_ERR_INVALID);
	add(&r, "reason", "logout");
	add(&r, "ended", "1700000000999");
	assert_int_equal(decode(&r, &s), SD_OK);
	assert_int_equal(s.end_reason, END_LOGOUT);
	assert_int_equal(s.ended_ms, 1700000000999);
	r = sound(); /* an active one has none */
	add(&r, "reason", "logout");
	assert_int_equal(decode(&r, &s), SD_ERR_INVALID);
	r = without("status");
	add(&r, "status", "ended");
	add(&r, "reason", "boredom");
	assert_int_equal(decode(&r, &s), SD_ERR_INVALID);
	r = sound();
	add(&r, "shash", "short");
	assert_int_equal(decode(&r, &s), SD_ERR_INVALID);
}

static void nothing_is_nothing(void **state)
{
	struct record r = {.n = 0};
	struct session s;

	(void)state;
	assert_int_equal(decode(&r, &s), SD_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_all_fields),	  cmocka_unit_test(each_required_field_is_required),
	    cmocka_unit_test(malformed_values),	  cmocka_unit_test(ends_have_a_reason),
	    cmocka_unit_test(nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
