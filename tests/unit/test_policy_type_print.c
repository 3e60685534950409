/* SPDX-License-Identifier: MIT
 * A printed value reads back as itself. */
#include "base.h"

#include "policy_rig.h"
#include "policy_type.h"

static void check(enum policy_scope scope, const void *base, const char *key, const char *text)
{
	size_t n;
	const struct policy_row *row =
	    policy_schema_rows(scope, &n) + policy_schema_index(scope, key);
	struct sd_buf b;

	sd_buf_init(&b, 4096);
	policy_type_print(&b, row, base);
	sd_buf_char(&b, '\0');
	assert_string_equal(b.p, text);
	sd_buf_fini(&b);
}

static void test_each_kind(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a", "hosts: [a.example, b.example]\nclients:\n"
			"  - {id: web, key_hashes: [\"" RIG_HASH_1
			"\"], permissions: [admin, sessions:read]}\n");
	const struct policy_config *c =
	    rig_good(r, "sandbox_require: [users, mdwe]\nlimits: {body_timeout: 90s}\n"
			"secrets: {previous_key_files: [\"a b\"]}\n"
			"trusted_proxies: [10.0.0.0/8, \"::/0\"]\n");
	const struct server_conf *s = &c->server;
	const struct tenant_conf *t = c->tenants[0];

	check(SCOPE_SERVER, s, "workers", "auto");
	check(SCOPE_SERVER, s, "node", "auto");
	check(SCOPE_SERVER, s, "sandbox", "enforce");
	check(SCOPE_SERVER, s, "sandbox_require", "[mdwe, users]");
	check(SCOPE_SERVER, s, "limits.body_timeout", "1m30s");
	check(SCOPE_SERVER, s, "limits.body_bytes", "64KiB");
	check(SCOPE_SERVER, s, "audit.chain", "on");
	check(SCOPE_SERVER, s, "state_dir", "\"state\"");
	check(SCOPE_SERVER, s, "store.url", "");
	check(SCOPE_SERVER, s, "secrets.previous_key_files", "[\"a b\"]");
	check(SCOPE_SERVER, s, "trusted_proxies", "[10.0.0.0/8, ::/0]");
	check(SCOPE_LISTEN, &s->listen[0], "tls", "");
	check(SCOPE_TENANT, t, "tokens.jitter", "5%");
	check(SCOPE_TENANT, t, "tokens.access_ttl", "15m");
	check(SCOPE_TENANT, t, "sessions.max_per_user", "5");
	check(SCOPE_TENANT, t, "sessions.max_per_device_type", "{}");
	check(SCOPE_TENANT, t, "revocation.on_store_outage", "deny");
	check(SCOPE_TENANT, t, "hosts", "[\"a.example\", \"b.example\"]");
	check(SCOPE_CLIENT, &t->clients.v[0], "permissions", "[sessions:read, admin]");
	check(SCOPE_CLIENT, &t->clients.v[0], "key_hashes", "[\"sha256:11111111...\"]");
}

static void test_counts(void **state)
{
	struct conf_count v[2] = {{SD_SLICE("tv"), 2}, {SD_SLICE("phone"), 3}};
	struct tenant_conf t = {.device_limits = {2, v}};

	(void)state;
	check(SCOPE_TENANT, &t, "sessions.max_per_device_type", "{tv: 2, phone: 3}");
}

static void test_levels(void **state)
{
	struct conf_level v[2] = {{.name = "low", .idle_s = 300, .step_up = "mfa"}, {.name = "none", .max_per_user = 1}};
	struct tenant_conf t = {.levels = {2, v}};

	(void)state;
	check(SCOPE_TENANT, &t, "devices.trust",
	      "{low: {idle_timeout: 5m, step_up: \"mfa\"}, none: {max_per_user: 1}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_each_kind),
	    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
