/* SPDX-License-Identifier: MIT
 * What a reload would change, line by line. */
#include "base.h"

#include "policy_sample.h"

static char lines[8192];

static void line(const char *text, void *arg)
{
	size_t n = strlen(lines);

	(void)arg;
	snprintf(lines + n, sizeof(lines) - n, "%s\n", text);
}

static void diff(void *a, size_t na, void *b, size_t nb)
{
	struct policy_view old, now;

	assert_int_equal(policy_view_open(a, na, &old, NULL), SD_OK);
	assert_int_equal(policy_view_open(b, nb, &now, NULL), SD_OK);
	lines[0] = '\0';
	policy_diff(&old, &now, line, NULL);
}

static void says(const char *part)
{
	if (strstr(lines, part) == NULL)
		fail_msg("nothing says \"%s\" in:\n%s", part, lines);
}

static void test_nothing_changes(void **state)
{
	size_t n;
	int64_t next;
	void *image = rig_image(sample(*state), RIG_NOW, &n, &next);

	diff(image, n, image, n);
	assert_string_equal(lines, "");
	free(image);
}

static void test_what_changes(void **state)
{
	struct policy_rig *r = *state;
	size_t n1, n2;
	int64_t next;
	void *one = rig_image(sample(r), RIG_NOW, &n1, &next);

	rig_tenant(
	    "b", "hosts: [z.example, k.example]\ntokens: {audience: [api, web], access_ttl: 10m}\n"
		 "cookie: {name: sid}\nclients:\n"
		 "  - {id: web, key_hashes: [\"" RIG_HASH_2 "\"], permissions: [admin]}\n"
		 "  - {id: new, key_hashes: []}\n");
	rig_tenant("c", "");
	assert_int_equal(remove("tenants.d/a.yaml"), 0);
	rig_write("sessiond.yaml", "limits: {body_timeout: 20s}\nlog: {level: debug}\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
	void *two = rig_image(r->config, RIG_NOW, &n2, &next);

	diff(one, n1, two, n2);
	says("server: limits.body_timeout: 10s -> 20s\n");
	says("server: log: changed\n");
	says("server: trusted_proxies: changed\n");
	says("tenant a: removed");
	says("tenant c: added\n");
	says("tenant b: tokens.access_ttl: 15m -> 10m\n");
	says("tenant b: cookie.name: \"__Host-session\" -> \"sid\"\n");
	says("tenant b: host m.example: removed\n");
	says("tenant b: host k.example: added\n");
	says("tenant b: audience web: added\n");
	says("tenant b: client app: removed\n");
	says("tenant b: client new: added\n");
	says("tenant b: client web: permissions changed\n");
	says("tenant b: API keys: 1 removed\n");
	says("tenant b: key ");
	assert_null(strstr(lines, "1111"));
	free(one);
	free(two);
}

static void test_levels(void **state)
{
	struct policy_rig *r = *state;
	size_t n1, n2;
	int64_t next;

	rig_tenant("a", "devices: {trust: {low: {idle_timeout: 5m}, same: {step_up: x}, old: {}}}\n");
	void *one = rig_image(rig_good(r, ""), RIG_NOW, &n1, &next);

	rig_tenant("a", "devices: {trust: {low: {idle_timeout: 5m, step_up: mfa}, same: {step_up: x}, new: {}}}\n");
	void *two = rig_image(rig_good(r, ""), RIG_NOW, &n2, &next);

	diff(one, n1, two, n2);
	says("tenant a: devices.trust.old: removed\ntenant a: devices.trust.low: changed\n"
	     "tenant a: devices.trust.new: added\n");
	assert_null(strstr(lines, "same"));
	free(one);
	free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_nothing_changes),
	    RIG_TEST(test_what_changes),
	    RIG_TEST(test_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
