/* SPDX-License-Identifier: MIT
 * Look-ups find what is there and nothing else. */
#include "base.h"

#include "policy_sample.h"

struct opened {
	void *image;
	struct policy_view v;
};

static struct opened open_config(const struct policy_config *c)
{
	struct opened o;
	size_t n;
	int64_t next;

	o.image = rig_image(c, RIG_NOW, &n, &next);
	assert_int_equal(policy_view_open(o.image, n, &o.v, NULL), SD_OK);
	return o;
}

static struct opened open_sample(struct policy_rig *r)
{
	return open_config(sample(r));
}

static void test_tenants_and_hosts(void **state)
{
	struct opened o = open_sample(*state);

	assert_int_equal(policy_view_tenant_find(&o.v, SD_SLICE("a")), 0);
	assert_int_equal(policy_view_tenant_find(&o.v, SD_SLICE("b")), 1);
	assert_int_equal(policy_view_tenant_find(&o.v, SD_SLICE("ab")), POLICY_NONE);
	assert_int_equal(policy_view_tenant_find(&o.v, (struct sd_slice){0}), POLICY_NONE);
	assert_int_equal(policy_view_host_find(&o.v, SD_SLICE("m.example")), 1);
	assert_int_equal(policy_view_host_find(&o.v, SD_SLICE("n.example")), 0);
	assert_int_equal(policy_view_host_find(&o.v, SD_SLICE("z.example")), 1);
	assert_int_equal(policy_view_host_find(&o.v, SD_SLICE("y.example")), POLICY_NONE);
	assert_int_equal(policy_view_generation(&o.v), 7);
	free(o.image);
}

static void test_clients_and_credentials(void **state)
{
	struct opened o = open_sample(*state);
	const struct policy_tenant *b = policy_view_tenant(&o.v, 1);
	uint8_t hash[32];
	uint32_t count;
	uint32_t web = policy_view_client_find(&o.v, b, SD_SLICE("web"));

	assert_int_equal(web, 1);
	assert_int_equal(policy_view_client_find(&o.v, b, SD_SLICE("ops")), POLICY_NONE);
	memset(hash, 0x22, sizeof(hash));
	const struct policy_credential *c = policy_view_credential(&o.v, hash, &count);

	assert_non_null(c);
	assert_int_equal(count, 1);
	assert_int_equal(c->tenant, 1);
	assert_int_equal(c->client, web);
	assert_int_equal(policy_view_client(&o.v, b, web)->permissions, PERM(SESSIONS_CREATE));
	hash[31] = 0;
	assert_null(policy_view_credential(&o.v, hash, &count));
	free(o.image);
}

/* One key, two tenants: a row for each, in the order of the tenants. */
static void test_a_key_of_two_tenants(void **state)
{
	struct policy_rig *r = *state;
	struct policy_view v;
	uint8_t hash[32];
	uint32_t count;
	size_t n;
	int64_t next;

	rig_tenant("b", "clients: [{id: x, key_hashes: [\"" RIG_HASH_1 "\"]}, {id: y, key_hashes: [\"" RIG_HASH_2 "\"]}]\n");
	rig_tenant("a", "clients: [{id: w, key_hashes: [\"" RIG_HASH_1 "\"]}]\n");
	void *image = rig_image(rig_good(r, ""), RIG_NOW, &n, &next);

	assert_int_equal(policy_view_open(image, n, &v, NULL), SD_OK);
	memset(hash, 0x11, sizeof(hash));
	const struct policy_credential *c = policy_view_credential(&v, hash, &count);

	assert_non_null(c);
	assert_int_equal(count, 2);
	assert_int_equal(c[0].tenant, policy_view_tenant_find(&v, SD_SLICE("a")));
	assert_int_equal(c[1].tenant, policy_view_tenant_find(&v, SD_SLICE("b")));
	free(image);
}

static void test_limits_by_name(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a", "sessions: {max_per_device_type: {tv: 2, phone: 3}}\n");
	struct opened o = open_config(rig_good(r, ""));
	struct pi_list limits = policy_view_tenant(&o.v, 0)->device_limits;

	assert_int_equal(policy_view_limit(&o.v, limits, SD_SLICE("phone")), 3);
	assert_int_equal(policy_view_limit(&o.v, limits, SD_SLICE("tv")), 2);
	assert_int_equal(policy_view_limit(&o.v, limits, SD_SLICE("desk")), 0);
	assert_int_equal(policy_view_limit(&o.v, limits, SD_SLICE("")), 0);
	free(o.image);
}

static void test_levels_by_name(void **state)
{
	struct policy_rig *r = *state;

	rig_tenant("a", "devices: {trust: {low: {idle_timeout: 5m, step_up: mfa}, none: {max_per_user: 1}}}\n");
	rig_tenant("b", "");
	struct opened o = open_config(rig_good(r, ""));
	const struct policy_tenant *a = policy_view_tenant(&o.v, 0), *b = policy_view_tenant(&o.v, 1);
	const struct policy_level *l = policy_view_level(&o.v, a, SD_SLICE("low"));

	assert_non_null(l);
	assert_int_equal(l->idle_s, 300);
	assert_int_equal(l->absolute_s, 0);
	assert_true(sd_slice_is(policy_view_str(&o.v, l->step_up), "mfa"));
	l = policy_view_level(&o.v, a, SD_SLICE("")); /* where no trust is known */
	assert_non_null(l);
	assert_int_equal(l->max_per_user, 1);
	assert_null(policy_view_level(&o.v, a, SD_SLICE("high")));
	assert_null(policy_view_level(&o.v, b, SD_SLICE("low")));
	assert_true(sd_slice_is(policy_view_str(&o.v, a->levels_text), "\nlow 300 0 0 mfa\nnone 0 0 1 "));
	assert_int_equal(b->levels_text.len, 0);
	free(o.image);
}

static void test_the_signing_key(void **state)
{
	struct policy_rig *r = *state;
	char old[64], mid[64], kid[64];
	struct opened o;
	size_t n;
	int64_t next;

	rig_write("tenants.d/a.yaml",
		  "tenant: a\nissuer: https://a.example\nsigning: {algorithm: ES256}\n");
	rig_key("a", (const int64_t[4]){RIG_NOW - 90, RIG_NOW - 80, RIG_NOW + 20, RIG_NOW + 90},
		old);
	rig_key("a", (const int64_t[4]){RIG_NOW - 5, RIG_NOW, RIG_NOW + 10, RIG_NOW + 50}, mid);
	o.image = rig_image(rig_good(r, ""), RIG_NOW, &n, &next);
	assert_int_equal(policy_view_open(o.image, n, &o.v, NULL), SD_OK);
	const struct policy_tenant *t = policy_view_tenant(&o.v, 0);
	const struct {
		int64_t at;
		const char *kid;
	} rows[] = {{RIG_NOW - 81, NULL}, {RIG_NOW - 80, old}, {RIG_NOW - 1, old},  {RIG_NOW, mid},
		    {RIG_NOW + 9, mid},	  {RIG_NOW + 10, old}, {RIG_NOW + 20, NULL}};

	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		uint32_t k = policy_view_signing_key(&o.v, t, rows[i].at);

		assert_int_equal(k == POLICY_NONE, rows[i].kid == NULL);
		if (rows[i].kid)
			assert_int_equal(k,
					 policy_view_key_find(&o.v, t, sd_slice_str(rows[i].kid)));
	}
	assert_false(policy_key_verifies(policy_view_key(&o.v, t, 0), RIG_NOW - 100));
	assert_false(policy_key_verifies(policy_view_key(&o.v, t, 0), RIG_NOW + 100));
	snprintf(kid, sizeof(kid), "%s", "nobody");
	assert_int_equal(policy_view_key_find(&o.v, t, sd_slice_str(kid)), POLICY_NONE);
	free(o.image);
}

static void test_permissions(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PERM_BIT_COUNT; i++)
		assert_int_equal(permission_parse(sd_slice_str(permission_name(i))), i);
	assert_int_equal(permission_parse(SD_SLICE("sessions:")), -1);
	assert_int_equal(permission_parse(SD_SLICE("")), -1);
	assert_string_equal(permission_name(PERM_BIT_COUNT), "");
}

static void test_no_tenant_at_all(void **state)
{
	struct policy_rig *r = *state;
	struct policy_view v;
	uint8_t hash[32] = {0};
	uint32_t count;
	size_t n;
	int64_t next;
	void *image = rig_image(rig_good(r, ""), RIG_NOW, &n, &next);

	assert_int_equal(policy_view_open(image, n, &v, NULL), SD_OK);
	assert_int_equal(policy_view_tenant_find(&v, SD_SLICE("a")), POLICY_NONE);
	assert_null(policy_view_credential(&v, hash, &count));
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_tenants_and_hosts), RIG_TEST(test_clients_and_credentials),
	    RIG_TEST(test_a_key_of_two_tenants), RIG_TEST(test_limits_by_name),    RIG_TEST(test_levels_by_name),
	    RIG_TEST(test_the_signing_key),   cmocka_unit_test(test_permissions),
	    RIG_TEST(test_no_tenant_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
