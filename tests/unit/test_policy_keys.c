/* SPDX-License-Identifier: MIT
 * Sidecars become keys; a tenant without an active one is told so. */
#include "base.h"

#include "policy_rig.h"

static void tenant_without_key(void)
{
	rig_write("sessiond.yaml", "");
	rig_write("tenants.d/a.yaml",
		  "tenant: a\nissuer: https://a.example\nsigning: {algorithm: ES256}\n");
}

static void test_no_key(void **state)
{
	struct policy_rig *r = *state;

	tenant_without_key();
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "tenants.d/a.yaml:1:9: tenant: has no active signing key in keys/a: run "
		    "`sessionctl keys new a`");
	rig_forget(r);
	assert_int_equal(policy_config_load_keyless("sessiond.yaml", &r->config, &r->findings),
			 SD_OK);
}

static void test_only_active_keys_count(void **state)
{
	struct policy_rig *r = *state;

	tenant_without_key();
	rig_key("a", (const int64_t[4]){RIG_NOW - 10, RIG_NOW + 10, 0, 0}, NULL);
	rig_key("a", (const int64_t[4]){RIG_NOW - 90, RIG_NOW - 80, RIG_NOW, RIG_NOW + 10}, NULL);
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "has no active signing key");
	rig_key("a", (const int64_t[4]){RIG_NOW, RIG_NOW, RIG_NOW + 1, 0}, NULL);
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
	assert_int_equal(r->config->tenants[0]->key_count, 3);
}

static void test_keys_are_sorted_and_whole(void **state)
{
	struct policy_rig *r = *state;
	char kid[64];

	tenant_without_key();
	for (int i = 0; i < 5; i++)
		rig_key("a", (const int64_t[4]){RIG_NOW - 10, RIG_NOW - i, 0, 0}, kid);
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
	const struct tenant_conf *t = r->config->tenants[0];
	bool found = false;

	assert_int_equal(t->key_count, 5);
	for (size_t i = 0; i < 5; i++) {
		found = found || sd_slice_is(t->keys[i].kid, kid);
		assert_int_equal(t->keys[i].retire_s, INT64_MAX);
		assert_true(t->keys[i].spki.n > 50);
		assert_memory_equal(t->keys[i].jwk.p, "{\"kty\":\"EC\"", 11);
		assert_true(i == 0 || strcmp(t->keys[i - 1].kid.p, t->keys[i].kid.p) < 0);
	}
	assert_true(found);
}

static void test_bad_sidecars(void **state)
{
	struct policy_rig *r = *state;
	char kid[64], from[200], to[200];

	tenant_without_key();
	rig_key("a", (const int64_t[4]){RIG_NOW, RIG_NOW, 0, 0}, kid);
	snprintf(from, sizeof(from), "keys/a/%s.json", kid);
	rig_write("keys/a/README", "not a key");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);

	snprintf(to, sizeof(to), "keys/a/%.42sA.json",
		 "0123456789012345678901234567890123456789012");
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "is named after another key");
	assert_int_equal(rename(to, from), 0);
	rig_write(to, "{}");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	assert_int_equal(unlink(to), 0);

	rig_key("b", (const int64_t[4]){RIG_NOW, RIG_NOW, 0, 0}, kid);
	snprintf(from, sizeof(from), "keys/b/%s.json", kid);
	snprintf(to, sizeof(to), "keys/a/%s.json", kid);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "is a key of another tenant");
	assert_int_equal(chmod(to, 0666), 0);
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "writable by group or others");
}

static void test_another_algorithm_is_noted(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a", "");
	rig_write("tenants.d/a.yaml", "tenant: a\nissuer: https://a.example\n");
	(void)rig_good(r, "");
	assert_non_null(
	    strstr(r->notes, "signs with ES256 until a key of signing.algorithm RS256 is active"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_no_key),
	    RIG_TEST(test_only_active_keys_count),
	    RIG_TEST(test_keys_are_sorted_and_whole),
	    RIG_TEST(test_bad_sidecars),
	    RIG_TEST(test_another_algorithm_is_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
