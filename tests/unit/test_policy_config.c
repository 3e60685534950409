/* SPDX-License-Identifier: MIT
 * All files in one go: every fault in one run, relative paths, odd folders. */
#include "base.h"

#include "policy_rig.h"

static const char golden[] =
    "sessiond.yaml:2:5: listen[0].adress: unknown key (did you mean \"address\"?)\n"
    "sessiond.yaml:2:5: listen[0].address: must be given: ADDRESS:PORT, unix:PATH, or systemd:NAME "
    "for a "
    "socket that systemd opened\n"
    "sessiond.yaml:3:10: workers: \"many\": not a whole number: write digits only, without sign or "
    "leading zero\n"
    "sessiond.yaml:4:10: sandbox: \"no\" is none of enforce, log, off\n"
    "tenants.d/a.yaml:3:27: sessions.idle_timeout: sessions.idle_timeout (13h) is longer than "
    "sessions.absolute_timeout (12h)\n"
    "tenants.d/a.yaml:4:19: cookie.domain: a __Host- cookie has no domain: remove it, or change "
    "cookie.name\n"
    "tenants.d/a.yaml:5:1: cookie: given twice (first at line 4)\n"
    "tenants.d/a.yaml:6:1: clints: unknown key (did you mean \"clients\"?)\n"
    "tenants.d/b.yaml:2:1: (file): more than one document in a file\n"
    "tenants.d/c.yaml:1:1: issuer: must be given: iss of every token; an https URL\n"
    "tenants.d/c.yaml:1:9: tenant: \"d\" is not the file's name: call the file d.yaml\n"
    "tenants.d/c.yaml:1:9: tenant: has no active signing key in keys/d: run `sessionctl keys new "
    "d`\n"
    "tenants.d/e.yml:1:1: (file): would be ignored: a tenant's file ends in .yaml\n";

static void test_all_faults_in_one_run(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml",
		  "listen:\n  - adress: 127.0.0.1:1\nworkers: many\nsandbox: no\n");
	rig_tenant("a", "");
	rig_write("tenants.d/a.yaml",
		  "tenant: a\nissuer: https://a.example\n"
		  "sessions: { idle_timeout: 13h }\ncookie: { domain: a.example }\n"
		  "cookie: { path: / }\nclints: []\n");
	rig_write("tenants.d/b.yaml", "tenant: b\n---\ntenant: b\n");
	rig_write("tenants.d/c.yaml", "tenant: d\n");
	rig_write("tenants.d/e.yml", "");
	(void)rig_load(r, "sessiond.yaml");
	assert_string_equal(r->text, golden);
}

static void test_odd_places(void **state)
{
	struct policy_rig *r = *state;

	assert_int_equal(rig_load(r, "none.yaml"), 1);
	rig_says(r, "none.yaml:1:1: (file): cannot be opened");
	assert_int_equal(rig_load(r, ""), 1);
	rig_write("sessiond.yaml", "tenants_dir: nowhere\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "sessiond.yaml:1:14: tenants_dir: there is no folder nowhere");
	rig_write("sessiond.yaml", "");
	rig_write("tenants.d/Big.yaml", "");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "tenants.d/Big.yaml:1:1: (file): is not NAME.yaml");
	assert_int_equal(remove("tenants.d/Big.yaml"), 0);
	rig_write("tenants.d/a.yaml~", "garbage: [");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
	assert_non_null(strstr(r->notes, "there is no tenant"));
}

/* Tenants are checked although the server file is no YAML. */
static void test_a_broken_server_file_hides_nothing(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "listen: [\n");
	rig_tenant("a", "hots: []\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 2);
	rig_says(r, "sessiond.yaml:2:1: (file): not YAML: ");
	rig_says(r, "tenants.d/a.yaml:4:1: hots: unknown key (did you mean \"hosts\"?)");
}

static void test_an_absolute_path(void **state)
{
	struct policy_rig *r = *state;
	char path[200], want[200];

	rig_tenant("b", "");
	rig_tenant("a-b", "");
	rig_tenant("a", "");
	rig_write("sessiond.yaml", "");
	assert_int_equal(chdir("/"), 0);
	snprintf(path, sizeof(path), "%s/sessiond.yaml", r->dir);
	snprintf(want, sizeof(want), "%s/keys", r->dir);
	assert_int_equal(rig_load(r, path), 0);
	assert_string_equal(r->config->server.keys_dir, want);
	assert_int_equal(r->config->tenant_count, 3);
	assert_string_equal(r->config->tenants[0]->name, "a");
	assert_string_equal(r->config->tenants[1]->name, "a-b");
	assert_string_equal(r->config->tenants[2]->name, "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_all_faults_in_one_run),
	    RIG_TEST(test_odd_places),
	    RIG_TEST(test_a_broken_server_file_hides_nothing),
	    RIG_TEST(test_an_absolute_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
