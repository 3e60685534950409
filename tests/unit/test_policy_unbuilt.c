/* SPDX-License-Identifier: MIT
 * Each setting that this version cannot honour is refused in words. */
#include "base.h"

#include "policy_rig.h"

static void refused(struct policy_rig *r, const char *server, const char *tenant, const char *says)
{
	rig_write("sessiond.yaml", server);
	rig_tenant("a", tenant);
	assert_true(rig_load(r, "sessiond.yaml") >= 1);
	rig_says(r, says);
	rig_says(r, "not in this version");
}

static void test_server_settings(void **state)
{
	struct policy_rig *r = *state;

	refused(r, "listen: [{address: \"127.0.0.1:1\", tls: {certificate_file: x}}]\n", "",
		"listen[0].tls: ");
	refused(r, "listen: [{address: \"127.0.0.1:1\", role: gateway}]\n", "", "listen[0].role: ");
	refused(r, "store: {mode: sentinel}\n", "", "store.mode: ");
	refused(r, "store: {mode: cluster}\n", "", "store.mode: ");
	refused(r, "store: {mode: redis, url: \"rediss://h\"}\n", "", "store.url: ");
	refused(r, "store: {tls: {ca_file: x}}\n", "", "store.tls: ");
	refused(r, "audit: {syslog: on}\n", "", "audit.syslog: ");
}

static void test_tenant_settings(void **state)
{
	struct policy_rig *r = *state;

	refused(r, "", "login_url: https://a.example/login\n", "login_url: ");
	refused(r, "", "assertion: on\n", "assertion: ");
	refused(r, "", "clients: [{id: a, tls: {san: x}}]\n", "clients[0].tls: ");
}

static void test_their_harmless_values_are_fine(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant(
	    "a",
	    "sessions: {require_if_match: off}\n"
	    "binding: {ip: {mode: revoke}, user_agent: shadow, device: step_up}\nsharing: {clients: []}\n"
	    "assertion: false\n");
	(void)rig_good(
	    r, "audit: {syslog: off, chain: on}\nstore: {mode: managed, durability: local}\n"
	       "listen: [{address: \"127.0.0.1:1\", role: admin}]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_server_settings),
	    RIG_TEST(test_tenant_settings),
	    RIG_TEST(test_their_harmless_values_are_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
