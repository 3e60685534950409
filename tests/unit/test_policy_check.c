/* SPDX-License-Identifier: MIT
 * Contradictions within one file. */
#include "base.h"

#include "policy_rig.h"

static void server(struct policy_rig *r, const char *yaml, const char *says)
{
	rig_write("sessiond.yaml", yaml);
	if (rig_load(r, "sessiond.yaml") != 1)
		fail_msg("%s: %s", yaml, r->text);
	rig_says(r, says);
}

static void tenant(struct policy_rig *r, const char *yaml, const char *says)
{
	rig_write("sessiond.yaml", "");
	rig_tenant("a", yaml);
	if (rig_load(r, "sessiond.yaml") != 1)
		fail_msg("%s: %s", yaml, r->text);
	rig_says(r, says);
}

static void test_server_rules(void **state)
{
	struct policy_rig *r = *state;

	server(r, "store: {mode: redis}\n", "1:15: store.mode: store.mode redis needs store.url");
	server(r, "store: {url: \"redis://h\"}\n",
	       "1:14: store.url: has no effect with store.mode managed");
	server(r, "store: {mode: redis, url: \"redis://h\", fsync: always}\n",
	       "only for store.mode managed");
	server(r, "store: {mode: redis, url: \"redis://h\", username: u}\n",
	       "needs store.password_file");
	server(r, "store: {mode: redis, url: \"redis://h\", worker_username: u}\n",
	       "needs store.worker_password_file");
	server(r, "listen: [{address: \"127.0.0.1:1\"}, {address: \"127.0.0.1:1\", role: admin}]\n",
	       "listen[1].address: the same address as listen[0]");
}

static void test_an_open_admin_listener_is_noted(void **state)
{
	struct policy_rig *r = *state;

	(void)rig_good(r, "listen: [{address: \"[::]:1\", role: admin}]\n");
	assert_non_null(
	    strstr(r->notes, "listen[0].address: metrics and health are open to every network"));
}

static void test_times(void **state)
{
	struct policy_rig *r = *state;

	tenant(r, "sessions: {idle_timeout: 13h}\n",
	       "a.yaml:4:26: sessions.idle_timeout: sessions.idle_timeout (13h) is longer than "
	       "sessions.absolute_timeout (12h)");
	tenant(r, "sessions: {absolute_timeout: 29m}\n",
	       "a.yaml:4:30: sessions.absolute_timeout: ");
	tenant(r, "sessions: {remember_me: {idle_timeout: 31d}}\n", "(31d) is longer than");
	tenant(r, "sessions: {idle_timeout: 90s}\n",
	       "sessions.touch_interval (60s) is over half of");
	tenant(r, "sessions: {touch_interval: 16m}\n",
	       "sessions.touch_interval (960s) is over half of");
	tenant(r, "tokens: {refresh_ttl: 14m}\n",
	       "tokens.access_ttl (15m) is longer than tokens.refresh_ttl (14m)");
}

static void test_levels(void **state)
{
	struct policy_rig *r = *state;

	tenant(r, "devices: {trust: {low: {idle_timeout: 2h, absolute_timeout: 1h}}}\n",
	       "devices.trust.low: idle_timeout (7200s) is longer than absolute_timeout (3600s)");
	tenant(r, "devices: {trust: {low: {idle_timeout: 90s}}}\n",
	       "devices.trust.low: sessions.touch_interval (60s) is over half of idle_timeout (90s)");
	rig_tenant("a", "devices: {trust: {low: {idle_timeout: 2m}, kiosk: {absolute_timeout: 90s}}}\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
}

static void test_keys_outlive_tokens(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "");
	rig_tenant("a", "tokens: {access_ttl: 55m}\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "tokens.access_ttl: signing.overlap (3600s) must be at least");
	rig_tenant("a", "tokens: {access_ttl: 54m, clock_skew: 60s}\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
}

static void test_staleness(void **state)
{
	struct policy_rig *r = *state;

	tenant(r, "revocation: {max_staleness: 299ms}\n",
	       "299ms is below 3 x freshness.poll_interval (100ms)");
	tenant(r, "revocation: {max_staleness: 6s}\n", "6s is out of range: between 30ms and 5s");
	tenant(r, "revocation: {on_store_outage: {allow_signed: 0}}\n", "a duration must be given");
}

static void test_cookies(void **state)
{
	struct policy_rig *r = *state;

	tenant(r, "cookie: {domain: a.example}\n", "cookie.domain: a __Host- cookie has no domain");
	tenant(r, "cookie: {path: /app}\n", "cookie.path: a __Host- cookie has the path /");
	rig_tenant("a", "cookie: {name: sid, domain: a.example, path: /app}\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
}

static void test_names_and_bits(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a", "");
	rig_write("tenants.d/a.yaml",
		  "tenant: b\nissuer: https://a.example\nsigning: {bits: 2500}\n");
	(void)rig_load(r, "sessiond.yaml");
	rig_says(r, "a.yaml:1:9: tenant: \"b\" is not the file's name: call the file b.yaml");
	rig_says(r, "signing.bits: is 2048, 3072 or 4096");
}

/* A refused value is no reason for a second fault. */
static void test_names_of_no_client_are_noted(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "");
	rig_tenant("a", "clients: [{id: web-backend}]\n"
			"sharing: {clients: [web-backend, web-backen]}\n"
			"sessions: {max_per_client: {web-backend: 2, app: 3}}\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
	assert_non_null(strstr(r->notes, "5:34: sharing.clients: \"web-backen\" is no client of this "
					 "tenant (did you mean \"web-backend\"?)"));
	assert_non_null(strstr(r->notes, "sessions.max_per_client: \"app\" is no client of this tenant\n"));
	assert_null(strstr(r->notes, "\"web-backend\" is no client"));
}

static void test_no_rule_about_refused_values(void **state)
{
	struct policy_rig *r = *state;

	tenant(r, "sessions: {idle_timeout: 5x}\n", "not a duration");
	tenant(r, "sessions: {absolute_timeout: 5x}\n", "not a duration");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_server_rules),   RIG_TEST(test_names_of_no_client_are_noted),
	    RIG_TEST(test_an_open_admin_listener_is_noted),
	    RIG_TEST(test_times),	   RIG_TEST(test_keys_outlive_tokens),
	    RIG_TEST(test_levels),
	    RIG_TEST(test_staleness),	   RIG_TEST(test_cookies),
	    RIG_TEST(test_names_and_bits), RIG_TEST(test_no_rule_about_refused_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
