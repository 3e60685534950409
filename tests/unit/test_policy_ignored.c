/* SPDX-License-Identifier: MIT
 * Settings that wait for the next start are named, with old and new. */
#include "base.h"

#include "policy_rig.h"

static char lines[4096];

static void line(const char *text, void *arg)
{
	size_t n = strlen(lines);

	(void)arg;
	snprintf(lines + n, sizeof(lines) - n, "%s\n", text);
}

static void test_only_restart_rows(void **state)
{
	struct policy_rig *r = *state;
	struct server_conf *old = malloc(sizeof(*old));

	assert_non_null(old);
	*old = rig_good(r, "")->server;
	const struct server_conf *now = &rig_good(r, "workers: 3\nlog: {level: debug}\nlisten: "
						     "[{address: \"127.0.0.1:1\", role: admin}]\n")
					     ->server;

	policy_config_ignored(old, now, line, NULL);
	assert_string_equal(
	    lines, "listen: \"127.0.0.1:8440\" api  -> \"127.0.0.1:1\" admin  (at the next start)\n"
		   "workers: auto -> 3 (at the next start)\n");
	lines[0] = '\0';
	policy_config_ignored(old, old, line, NULL);
	assert_string_equal(lines, "");
	free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_only_restart_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
