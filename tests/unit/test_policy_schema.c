/* SPDX-License-Identifier: MIT
 * Rows as a table, mappings read along them. */
#include "base.h"

#include "policy_rig.h"
#include "policy_schema.h"

static void test_rows_are_sound(void **state)
{
	(void)state;
	for (int s = 0; s < SCOPE_COUNT; s++) {
		size_t n, total = 0;
		const struct policy_row *r = policy_schema_rows((enum policy_scope)s, &n);

		assert_in_range(n, 1, CONF_MAX_ROWS);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(r[i].scope, s);
			assert_int_equal(policy_schema_index((enum policy_scope)s, r[i].key), i);
			assert_true(r[i].low <= r[i].high);
			assert_true(r[i].text[0] && r[i].origin[0]);
			total++;
		}
		assert_int_equal(total, n);
	}
}

/* A second block of a scope's rows would never be looked at. */
static void test_no_row_is_out_of_reach(void **state)
{
	size_t n = 0, all = 0;

	(void)state;
#define ROW(...) all++;
#include "policy.def"
	for (int s = 0; s < SCOPE_COUNT; s++) {
		size_t one;

		(void)policy_schema_rows((enum policy_scope)s, &one);
		n += one;
	}
	assert_int_equal(n, all);
}

static void test_unknown_keys_at_every_level(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml",
		  "workers: 2\nworkerz: 3\nstore: {timeuot: 5ms, x: {y: 1}}\nlog: json\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 4);
	rig_says(r, "sessiond.yaml:2:1: workerz: unknown key (did you mean \"workers\"?)\n");
	rig_says(r, "sessiond.yaml:3:9: store.timeuot: unknown key (did you mean \"timeout\"?)\n");
	rig_says(r, "sessiond.yaml:3:23: store.x: unknown key\n");
	rig_says(r, "sessiond.yaml:4:6: log: a mapping belongs here\n");
}

static void test_what_must_be_given(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "listen: [{role: api}]\n");
	rig_write("tenants.d/a.yaml", "clients: [{permissions: []}]\n");
	(void)rig_load(r, "sessiond.yaml");
	rig_says(r, "sessiond.yaml:1:10: listen[0].address: must be given");
	rig_says(r, "tenants.d/a.yaml:1:1: tenant: must be given");
	rig_says(r, "tenants.d/a.yaml:1:1: issuer: must be given");
	rig_says(r, "tenants.d/a.yaml:1:11: clients[0].id: must be given");
}

static void test_defaults_are_good_values(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a", "");
	const struct policy_config *c = rig_good(r, "");

	assert_int_equal(c->server.listen_count, 1);
	assert_string_equal(c->server.listen[0].address, "127.0.0.1:8440");
	assert_int_equal(c->server.listen[0].role, 1);
	assert_int_equal(c->server.workers, 0);
	assert_string_equal(c->server.node, "");
	assert_int_equal(c->server.store_timeout_ms, 100);
	assert_int_equal(c->server.header_bytes, 16384);
	assert_int_equal(c->server.proxy_count, 1);
	assert_int_equal(c->server.proxies[0].bits, 128);
	assert_true(c->server.audit_chain);
	assert_int_equal(c->server.pos[0].line, 0);
	const struct policy_tenant *p = &c->tenants[0]->p;

	assert_int_equal(p->idle_s, 1800);
	assert_int_equal(p->absolute_s, 43200);
	assert_int_equal(p->jitter_permille, 50);
	assert_int_equal(p->refresh_grace_ms, 10000);
	assert_int_equal(p->on_limit, ON_LIMIT_EVICT_OLDEST);
	assert_int_equal(p->bind_ip, BINDING_RECORD);
	assert_int_equal(p->privacy_ip, PRIVACY_FULL);
	assert_int_equal(p->cookie_same_site, SAME_SITE_LAX);
	assert_int_equal(p->on_store_outage, OUTAGE_DENY);
	assert_int_equal(p->max_staleness_ms, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows_are_sound),
	    cmocka_unit_test(test_no_row_is_out_of_reach),
	    RIG_TEST(test_unknown_keys_at_every_level),
	    RIG_TEST(test_what_must_be_given),
	    RIG_TEST(test_defaults_are_good_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
