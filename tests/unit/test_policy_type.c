/* SPDX-License-Identifier: MIT
 * Single values: words, switches, numbers, texts; each wrong one named. */
#include "base.h"

#include "policy_rig.h"
#include "policy_type.h"

/* One wrong line of the server file: that fault, and no other. */
static void wrong(struct policy_rig *r, const char *yaml, const char *says)
{
	rig_write("sessiond.yaml", yaml);
	if (rig_load(r, "sessiond.yaml") != 1)
		fail_msg("%s: %s", yaml, r->text);
	rig_says(r, says);
}

static void test_wrong_values(void **state)
{
	struct policy_rig *r = *state;

	wrong(r, "workers: [2]\n", "1:10: workers: a list where a number or auto belongs");
	wrong(r, "workers: {a: 1}\n", "workers: a mapping where a number or auto belongs");
	wrong(r, "workers:\n", "workers: nothing where a number or auto belongs");
	wrong(r, "workers: 0\n", "workers: 0 is out of range: between 1 and 64");
	wrong(r, "workers: 65\n", "workers: 65 is out of range: between 1 and 64");
	wrong(r, "audit: {chain: yes}\n", "\"yes\" is neither on nor off");
	wrong(r, "sandbox: enforec\n",
	      "\"enforec\" is none of enforce, log, off (did you mean \"enforce\"?)");
	wrong(r, "listen: [{address: \"127.0.0.1:1\", role: \"-\"}]\n",
	      "is none of api, gateway, admin");
	wrong(r, "store: {timeout: 6s}\n", "6s is out of range: between 5ms and 5s");
	wrong(r, "limits: {header_bytes: 1GiB}\n", "1GiB is out of range: between 1KiB and 64KiB");
	wrong(r, "node: a/b\n", "node: \"a/b\": a node's name");
	wrong(r, "state_dir: \"\"\n", "state_dir: \"\": not a path");
	wrong(r, "store: {prefix: 01234567890123456789012345678901}\n", "a prefix is made of");
	wrong(r, "store: {prefix: 'a\\nb'}\n", "a prefix is made of");
}

static void test_a_path_too_long(void **state)
{
	struct policy_rig *r = *state;
	char yaml[CONF_PATH + 64] = "state_dir: ";

	memset(yaml + 11, 'x', CONF_PATH);
	wrong(r, yaml, "longer than 399 characters");
}

static void test_good_values(void **state)
{
	struct policy_rig *r = *state;
	const struct policy_config *c = rig_good(
	    r, "workers: 3\nnode: n1\naudit: {chain: true}\nlog: {level: debug, format: logfmt}\n"
	       "store: {timeout: 1s500ms}\nstate_dir: /var/lib/x\nusers: {master: \"1000\"}\n");

	assert_int_equal(c->server.workers, 3);
	assert_string_equal(c->server.node, "n1");
	assert_int_equal(c->server.log_level, 3);
	assert_int_equal(c->server.log_format, 1);
	assert_int_equal(c->server.store_timeout_ms, 1500);
	assert_string_equal(c->server.state_dir, "/var/lib/x");
	assert_string_equal(c->server.user_master, "1000");
}

static void test_whole_seconds(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "");
	rig_tenant("a", "tokens: {access_ttl: 1500ms}\n");
	(void)rig_load(r, "sessiond.yaml");
	rig_says(r, "tokens.access_ttl: 1500ms: whole seconds only");
}

static void test_outage_has_two_forms(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a", "revocation: {on_store_outage: {allow_signed: 30s}}\n");
	const struct policy_config *c = rig_good(r, "");

	assert_int_equal(c->tenants[0]->p.on_store_outage, OUTAGE_ALLOW_SIGNED);
	assert_int_equal(c->tenants[0]->p.allow_signed_s, 30);
	rig_tenant("b", "revocation: {on_store_outage: allow}\n");
	rig_tenant("c", "revocation: {on_store_outage: {}}\n");
	rig_tenant("d", "revocation: {on_store_outage: [deny]}\n");
	rig_tenant("e", "revocation: {on_store_outage: {allow_signd: 3s}}\n");
	(void)rig_load(r, "sessiond.yaml");
	rig_says(r, "b.yaml:4:31: revocation.on_store_outage: \"allow\": write deny or");
	rig_says(r, "c.yaml:4:31: revocation.on_store_outage: empty: write { allow_signed: 30s }");
	rig_says(r, "d.yaml:4:31: revocation.on_store_outage: a list where deny or");
	rig_says(r, "unknown key (did you mean \"allow_signed\"?)");
}

static void test_relative_paths_follow_the_file(void **state)
{
	struct policy_rig *r = *state;

	assert_int_equal(mkdir("etc", 0755), 0);
	assert_int_equal(mkdir("etc/tenants.d", 0755), 0);
	rig_write("etc/sessiond.yaml", "state_dir: s\nlisten: [{address: \"unix:api.sock\"}]\n"
				       "audit: {file: /a/b}\n");
	assert_int_equal(rig_load(r, "etc/sessiond.yaml"), 0);
	assert_string_equal(r->config->server.state_dir, "etc/s");
	assert_string_equal(r->config->server.master_key_file, "etc/master.key");
	assert_string_equal(r->config->server.audit_file, "/a/b");
	assert_string_equal(r->config->server.listen[0].address, "unix:etc/api.sock");
}

static void test_words(void **state)
{
	(void)state;
	assert_true(sd_slice_is(policy_type_word("a|bc|d", 1), "bc"));
	assert_true(sd_slice_is(policy_type_word("a|bc|d", 2), "d"));
	assert_null(policy_type_word("a|bc|d", 3).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_wrong_values),	 RIG_TEST(test_a_path_too_long),
	    RIG_TEST(test_good_values),		 RIG_TEST(test_whole_seconds),
	    RIG_TEST(test_outage_has_two_forms), RIG_TEST(test_relative_paths_follow_the_file),
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
