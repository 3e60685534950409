/* SPDX-License-Identifier: MIT
 * Lists, sets of words, mappings of numbers, records. */
#include "base.h"

#include "policy_rig.h"

static void test_good_lists(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a",
		   "hosts: [a.example, b.example]\ntokens: {audience: [x, y, z]}\n"
		   "clients:\n  - {id: web, key_hashes: [\"" RIG_HASH_1 "\", \"" RIG_HASH_2 "\"],\n"
		   "     permissions: [sessions:create, admin]}\n  - {id: api}\n");
	const struct policy_config *c = rig_good(
	    r, "trusted_proxies: [10.0.0.0/8, \"::1/128\"]\nsandbox_require: [mdwe, users]\n"
	       "secrets: {previous_key_files: [old.key, /x/older.key]}\n");
	const struct tenant_conf *t = c->tenants[0];

	assert_int_equal(c->server.proxy_count, 2);
	assert_int_equal(c->server.proxies[0].bits, 104);
	assert_int_equal(c->server.sandbox_require, 2 | 8);
	assert_int_equal(c->server.previous_key_count, 2);
	assert_string_equal(c->server.previous_key_files[0], "old.key");
	assert_int_equal(t->hosts.count, 2);
	assert_true(sd_slice_is(t->hosts.v[1], "b.example"));
	assert_int_equal(t->audiences.count, 3);
	assert_int_equal(t->clients.count, 2);
	assert_int_equal(t->clients.v[0].hashes.count, 2);
	assert_int_equal(t->clients.v[0].hashes.v[1][0], 0x22);
	assert_int_equal(t->clients.v[0].permissions, PERM(SESSIONS_CREATE) | PERM(ADMIN));
	assert_int_equal(t->clients.v[1].permissions, 0);
}

static void test_bad_items(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml",
		  "trusted_proxies: [10.0.0.1/8, [x]]\nsandbox_require: [mdew, mlock, mlock]\n"
		  "secrets: {previous_key_files: [a, b, c, d]}\nlisten: []\n");
	rig_tenant("a", "hosts: [a.example, a.example, A]\nclients:\n"
			"  - {id: web, key_hashes: [sdk_pasted_key], permissions: [sessions:creat, "
			"admin, admin]}\n"
			"  - nobody\n");
	(void)rig_load(r, "sessiond.yaml");
	rig_says(r, "1:19: trusted_proxies[0]: \"10.0.0.1/8\": bits are set behind the prefix");
	rig_says(r, "trusted_proxies[1]: a list where a network belongs");
	rig_says(r, "sandbox_require[0]: \"mdew\" is none of landlock|mdwe|mlock|users (did you "
		    "mean \"mdwe\"?)");
	rig_says(r, "sandbox_require[2]: \"mlock\" is given twice");
	rig_says(r, "secrets.previous_key_files: 4 entries, but 0 to 3 may be given");
	rig_says(r, "listen: 0 entries, but 1 to 8 may be given");
	rig_says(r, "hosts[1]: \"a.example\" is given twice");
	rig_says(r, "hosts[2]: \"A\": not a host name");
	rig_says(
	    r,
	    "clients[0].permissions[0]: no permission is called \"sessions:creat\" (did you mean "
	    "\"sessions:create\"?)");
	rig_says(r, "clients[0].permissions[2]: \"admin\" is given twice");
	rig_says(r, "clients[0].key_hashes[0]: not a key hash");
	rig_says(r, "clients[1]: a mapping belongs here");
	assert_null(strstr(r->text, "sdk_pasted_key"));
}

static void test_a_scalar_is_no_list(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "trusted_proxies: 10.0.0.0/8\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "1:18: trusted_proxies: a list of networks belongs here: [a, b] or lines that "
		    "begin with -");
}

static void test_levels(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a", "devices:\n  trust:\n    low: {idle_timeout: 5m, absolute_timeout: 1h, max_per_user: 2, "
			"step_up: \"urn:mfa\"}\n    none: {}\n");
	const struct conf_levels *l = &rig_good(r, "")->tenants[0]->levels;

	assert_int_equal(l->count, 2);
	assert_string_equal(l->v[0].name, "low");
	assert_int_equal(l->v[0].idle_s, 300);
	assert_int_equal(l->v[0].absolute_s, 3600);
	assert_int_equal(l->v[0].max_per_user, 2);
	assert_string_equal(l->v[0].step_up, "urn:mfa");
	assert_string_equal(l->v[1].name, "none");
	assert_int_equal(l->v[1].idle_s + l->v[1].absolute_s + l->v[1].max_per_user, 0);
	rig_tenant("a", "devices:\n  trust:\n    a b: {}\n    low: {idle_timout: 5m, max_per_user: 1001}\n    bad: 5\n"
			"    acr: {step_up: 'a\"b'}\n  trusted: {}\n");
	(void)rig_load(r, "sessiond.yaml");
	rig_says(r, "devices.trust.a b: a trust level is made of letters");
	rig_says(r, "devices.trust.low.idle_timout: unknown key (did you mean \"idle_timeout\"?)");
	rig_says(r, "devices.trust.low.max_per_user: ");
	rig_says(r, "devices.trust.bad: a mapping belongs here");
	rig_says(r, "devices.trust.acr.step_up: ");
	rig_says(r, "devices.trusted: unknown key");
	rig_tenant("a", "devices: {trust: [low]}\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "devices.trust: a mapping of trust levels belongs here");
}

static void test_counts(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "");
	rig_tenant("a", "sessions: {max_per_device_type: {tv: 0, \"a b\": 1, x: y}}\n");
	(void)rig_load(r, "sessiond.yaml");
	rig_says(r, "sessions.max_per_device_type.tv: \"0\": between 1 and 1000000");
	rig_says(r, "sessions.max_per_device_type.a b: a name is made of");
	rig_says(r, "sessions.max_per_device_type.x: \"y\": not a whole number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_good_lists),
	    RIG_TEST(test_bad_items),
	    RIG_TEST(test_a_scalar_is_no_list),
	    RIG_TEST(test_levels),
	    RIG_TEST(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
