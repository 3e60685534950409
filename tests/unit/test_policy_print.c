/* SPDX-License-Identifier: MIT
 * Every effective value with its origin, and nothing secret. */
#include "base.h"

#include "policy_rig.h"
#include "policy_schema.h"

static char *printed(const struct policy_config *c)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	assert_int_equal(policy_config_print(c, f), SD_OK);
	fclose(f);
	return text;
}

static void test_values_and_origins(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a", "clients: [{id: web, key_hashes: [\"" RIG_HASH_1
			"\"], permissions: [admin]}]\n");
	char *text = printed(rig_good(r, "\nworkers: 3\n"));

	assert_non_null(strstr(text, "workers: 3 "));
	assert_non_null(strstr(text, "# sessiond.yaml:2\n"));
	assert_non_null(strstr(text, "listen[0].address: \"127.0.0.1:8440\" "));
	assert_non_null(strstr(text, "clients[0].id: \"web\""));
	assert_non_null(strstr(text, "# tenants.d/a.yaml:4\n"));
	assert_non_null(strstr(text, "sessions.idle_timeout: 30m "));
	assert_null(strstr(text, "111111111"));
	free(text);
}

static void test_no_row_is_missing(void **state)
{
	struct policy_rig *r = *state;
	static const enum policy_scope scopes[] = {SCOPE_SERVER, SCOPE_TENANT};

	rig_tenant("a", "");
	char *text = printed(rig_good(r, ""));

	for (size_t s = 0; s < SD_ARRAY_LEN(scopes); s++) {
		size_t n;
		const struct policy_row *rows = policy_schema_rows(scopes[s], &n);

		for (size_t i = 0; i < n; i++) {
			char want[100];

			if (rows[i].type == TYPE_OPEN || rows[i].type == TYPE_CLIENTS ||
			    rows[i].type == TYPE_LISTENERS)
				continue;
			snprintf(want, sizeof(want), "\n%s: ", rows[i].key);
			if (strstr(text, want) == NULL)
				fail_msg("no%s", want);
		}
	}
	free(text);
}

static void test_one_tenant(void **state)
{
	struct policy_rig *r = *state;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	rig_tenant("a", "");
	rig_tenant("b", "");
	const struct policy_config *c = rig_good(r, "");

	assert_non_null(f);
	assert_int_equal(policy_config_print_tenant(c, "c", false, f), SD_ERR_NOT_FOUND);
	assert_int_equal(policy_config_print_tenant(c, "b", false, f), SD_OK);
	assert_int_equal(policy_config_print_tenant(c, "b", true, f), SD_OK);
	fclose(f);
	assert_null(strstr(text, "https://a.example"));
	assert_non_null(strstr(text, "issuer: \"https://b.example\""));
	assert_non_null(strstr(text, "{\"tenant\": {\"value\": \"\\\"b\\\"\", \"line\": 1}, "));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_values_and_origins),
	    RIG_TEST(test_no_row_is_missing),
	    RIG_TEST(test_one_tenant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
