/* SPDX-License-Identifier: MIT
 * The examples of etc/ load without a fault and show the defaults. */
#include "base.h"

#include <limits.h>

#include "policy_rig.h"
#include "policy_type.h"

static char etc[PATH_MAX];

static void copy(const char *name)
{
	char path[PATH_MAX + 100], text[16384];

	snprintf(path, sizeof(path), "%s/%s", etc, name);
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text), f);

	fclose(f);
	assert_true(n < sizeof(text));
	rig_write_n(name, text, n);
}

/* Each row of the scope prints as it does in the other struct, but for those named. */
static void same(enum policy_scope scope, const void *a, const void *b, const char *except)
{
	size_t n;
	const struct policy_row *rows = policy_schema_rows(scope, &n);

	for (size_t i = 0; i < n; i++) {
		struct sd_buf x, y;

		if (strstr(except, rows[i].key))
			continue;
		sd_buf_init(&x, 4096);
		sd_buf_init(&y, 4096);
		policy_type_print(&x, &rows[i], a);
		policy_type_print(&y, &rows[i], b);
		if (!sd_slice_eq(sd_buf_slice(&x), sd_buf_slice(&y)))
			fail_msg("%s: the example shows %.*s, the default is %.*s", rows[i].key,
				 SD_SLICE_ARG(sd_buf_slice(&x)), SD_SLICE_ARG(sd_buf_slice(&y)));
		sd_buf_fini(&x);
		sd_buf_fini(&y);
	}
}

static void test_the_examples_are_the_defaults(void **state)
{
	struct policy_rig *r = *state, *plain = malloc(sizeof(*plain));

	assert_non_null(plain);
	copy("sessiond.yaml");
	copy("tenants.d/brand-a.yaml");
	rig_key("brand-a", (const int64_t[4]){RIG_NOW, RIG_NOW, 0, 0}, NULL);
	if (rig_load(r, "sessiond.yaml"))
		fail_msg("%s", r->text);
	rig_up(plain);
	rig_tenant("plain", "");
	(void)rig_good(plain, "");
	same(SCOPE_SERVER, &r->config->server, &plain->config->server, "");
	same(SCOPE_LISTEN, &r->config->server.listen[0], &plain->config->server.listen[0], "");
	same(SCOPE_TENANT, r->config->tenants[0], plain->config->tenants[0],
	     "tenant issuer signing.algorithm");
	rig_down(plain);
	free(plain);
}

/* A key that the example does not show is a key that nobody finds. */
static void test_the_examples_show_every_key(void **state)
{
	struct policy_rig *r = *state;
	static const char *const fine[] = {"users.fetcher",
					   "geo.database_file",
					   "store.url",
					   "store.username",
					   "store.password_file",
					   "store.worker_username",
					   "store.worker_password_file",
					   "store.tls",
					   "login_url",
					   "cookie.domain",
					   "revocation.on_store_outage.allow_signed"};
	size_t n;

	copy("sessiond.yaml");
	copy("tenants.d/brand-a.yaml");
	rig_key("brand-a", (const int64_t[4]){RIG_NOW, RIG_NOW, 0, 0}, NULL);
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
	for (int s = SCOPE_SERVER; s <= SCOPE_TENANT; s += SCOPE_TENANT - SCOPE_SERVER) {
		const struct policy_row *rows = policy_schema_rows((enum policy_scope)s, &n);
		const struct policy_pos *pos =
		    s == SCOPE_SERVER ? r->config->server.pos : r->config->tenants[0]->pos;

		for (size_t i = 0; i < n; i++) {
			bool excused = false;

			for (size_t k = 0; k < SD_ARRAY_LEN(fine); k++)
				excused = excused || strcmp(fine[k], rows[i].key) == 0;
			if (pos[i].line == 0 && !excused)
				fail_msg("the examples do not show %s", rows[i].key);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_the_examples_are_the_defaults),
	    RIG_TEST(test_the_examples_show_every_key),
	};
	const char *src = getenv("srcdir");
	char path[PATH_MAX / 2];

	snprintf(path, sizeof(path), "%s/etc", src ? src : ".");
	if (realpath(path, etc) == NULL)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
