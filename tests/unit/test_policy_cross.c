/* SPDX-License-Identifier: MIT
 * What may occur once in all tenants together. */
#include "base.h"

#include "policy_rig.h"

#include "policy_check.h"

static void test_repeats(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "");
	rig_tenant("a", "hosts: [x.example, y.example]\nclients:\n"
			"  - {id: web, key_hashes: [\"" RIG_HASH_1 "\"]}\n"
			"  - {id: web, key_hashes: [\"" RIG_HASH_2 "\", \"" RIG_HASH_1 "\"]}\n");
	rig_tenant("b",
		   "hosts: [y.example]\nclients: [{id: web, key_hashes: [\"" RIG_HASH_2 "\"]}]\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 3);
	rig_says(r, "tenants.d/b.yaml:4:9: hosts[0]: \"y.example\" is also a host of tenant a\n");
	rig_says(r, "tenants.d/a.yaml:7:5: clients[1].id: \"web\" is also the id of clients[0]\n");
	rig_says(r, "clients[1].key_hashes[1]: is also the key of client web\n");
	assert_null(strstr(r->text, "b.yaml:5")); /* one key may call for several tenants */
}

static void test_totals(void **state)
{
	struct policy_config c = {.tenant_count = 2};
	struct tenant_conf a = {.key_count = SHM_KEYS}, b = {.key_count = 1};
	struct tenant_conf *both[2] = {&a, &b};
	struct policy_faults faults = {0};
	struct conf_findings f;

	(void)state;
	c.tenants = both;
	policy_cross_check(&c, &faults);
	policy_faults_finish(&faults, &f);
	assert_int_equal(f.count, 1);
	assert_non_null(strstr(f.f[0].text, "65537 keys in all tenants, but 65536 is the most"));
	conf_findings_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_repeats),
	    cmocka_unit_test(test_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
