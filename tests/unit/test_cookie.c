/* SPDX-License-Identifier: MIT
 * The session cookie: its attributes as the policy has them, and whose it is that a request carries. */
#include "base.h"

#include "cookie.h"
#include "err.h"
#include "worker_rig.h"

static const char *set(struct worker_rig *rig, int64_t max_age_s)
{
	static char out[256];
	struct request *r = worker_rig_request(rig, RIG_A);
	cookie_set(r, "TOKEN", max_age_s);
	assert_int_equal(r->header_count, 1);
	assert_string_equal(r->headers[0].name, "Set-Cookie");
	assert_int_equal(sd_slice_copy(r->headers[0].value, out, sizeof(out)), SD_OK);
	return out;
}

static void test_attributes(void **state)
{
	struct worker_rig *rig = *state;
	struct policy_tenant *t = worker_rig_tenant(rig, RIG_A);
	assert_string_equal(set(rig, COOKIE_OF_BROWSER),
			    "__Host-sid=TOKEN; Path=/; Secure; HttpOnly; SameSite=Strict");
	assert_string_equal(set(rig, 0), "__Host-sid=TOKEN; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
	t->cookie_same_site = SAME_SITE_LAX;
	t->cookie_domain = t->name;
	worker_rig_adopt(rig, 9);
	assert_string_equal(set(rig, 60),
			    "__Host-sid=TOKEN; Path=/; Domain=brand-a; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
	t->cookie_same_site = SAME_SITE_NONE;
	worker_rig_adopt(rig, 10);
	assert_non_null(strstr(set(rig, INT64_C(1) << 40), "; SameSite=None; Max-Age=1099511627776"));
	struct request *r = worker_rig_request(rig, RIG_A);
	cookie_clear(r);
	assert_true(sd_slice_is(r->headers[0].value,
				"__Host-sid=; Path=/; Domain=brand-a; Secure; HttpOnly; SameSite=None; Max-Age=0"));
}

static bool carries(struct worker_rig *rig, const char *cookie, const char *again, const struct sid *sid)
{
	const char *const fields[] = {"Cookie", cookie, again ? "cookie" : NULL, again, NULL};
	return cookie_carries(worker_rig_message(rig, NULL, fields, NULL), sid);
}

static const char *token_of(enum handle_kind kind, const struct sid *sid, uint32_t tenant, uint32_t set)
{
	static char cookie[256];
	struct tenant_keys keys = worker_rig_keys(tenant);
	char text[HANDLE_TOKEN_LEN + 1];
	struct handle h;
	assert_int_equal(handle_new(kind, sid, 1, &h), SD_OK);
	assert_int_equal(handle_text(&h, keys.mac[set], text), SD_OK);
	(void)snprintf(cookie, sizeof(cookie), "other=1; __Host-sid=%s; x=y", text);
	return cookie;
}

static void test_whose_it_is(void **state)
{
	struct worker_rig *rig = *state;
	const struct sid mine = {{7, 1}}, other = {{7, 2}};
	assert_true(carries(rig, token_of(HANDLE_SESSION, &mine, RIG_A, 0), NULL, &mine));
	assert_true(carries(rig, token_of(HANDLE_SESSION, &mine, RIG_A, 1), NULL, &mine)); /* an older secret */
	assert_false(carries(rig, token_of(HANDLE_SESSION, &other, RIG_A, 0), NULL, &mine));
	assert_false(carries(rig, token_of(HANDLE_REFRESH, &mine, RIG_A, 0), NULL, &mine));
	assert_false(carries(rig, token_of(HANDLE_SESSION, &mine, RIG_B, 0), NULL, &mine));
	assert_false(carries(rig, "__Host-sid=", NULL, &mine));
	assert_false(carries(rig, "__Host-sid=x", NULL, &mine));
	assert_false(carries(rig, "", NULL, &mine));
	assert_false(carries(rig, token_of(HANDLE_SESSION, &mine, RIG_A, 0), "a=b", &mine)); /* two fields */
	assert_false(cookie_carries(worker_rig_message(rig, NULL, NULL, NULL), &mine));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_attributes), TEST(test_whose_it_is)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
