/* SPDX-License-Identifier: MIT
 * Images: whole, deterministic, with the keys of the hour. */
#include "base.h"

#include "policy_sample.h"

static void test_the_same_input_gives_the_same_bytes(void **state)
{
	struct policy_rig *r = *state;
	size_t n1, n2;
	int64_t next;
	void *one = rig_image(sample(r), RIG_NOW, &n1, &next);

	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
	void *two = rig_image(r->config, RIG_NOW, &n2, &next);

	assert_int_equal(n1, n2);
	assert_memory_equal(one, two, n1);
	free(one);
	free(two);
}

static void test_the_digest_names_the_policy(void **state)
{
	struct policy_rig *r = *state;
	size_t n1, n2;
	int64_t next;
	struct policy_image *one = rig_image(sample(r), RIG_NOW, &n1, &next);
	struct policy_image *later = rig_image(r->config, RIG_NOW + 1, &n2, &next);

	assert_int_equal(one->head.created_ms, RIG_NOW * 1000ull);
	assert_int_equal(one->head.number, 7);
	assert_memory_equal(one->digest, later->digest, sizeof(one->digest));
	rig_tenant("a", "hosts: [n.example]\n");
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
	struct policy_image *other = rig_image(r->config, RIG_NOW, &n2, &next);

	assert_memory_not_equal(one->digest, other->digest, sizeof(one->digest));
	free(one);
	free(later);
	free(other);
}

static void test_content(void **state)
{
	struct policy_rig *r = *state;
	struct policy_view v;
	size_t n;
	int64_t next;
	void *image = rig_image(sample(r), RIG_NOW, &n, &next);

	assert_int_equal(policy_view_open(image, n, &v, NULL), SD_OK);
	assert_int_equal(next, INT64_MAX);
	const struct policy_server *s = &v.image->server;

	assert_true(sd_slice_is(policy_view_str(&v, s->node), "node-1"));
	assert_true(sd_slice_is(policy_view_str(&v, s->prefix), "sd1:"));
	assert_int_equal(s->workers, 2);
	assert_int_equal(s->previous_keys.count, 1);
	assert_int_equal(s->trusted_proxies.count, 1);
	const struct policy_tenant *b = policy_view_tenant(&v, 1);

	assert_true(sd_slice_is(policy_view_str(&v, b->name), "b"));
	assert_true(sd_slice_is(policy_view_str(&v, b->issuer), "https://b.example"));
	assert_int_equal(b->alg, JOSE_ES256);
	assert_int_equal(b->idle_s, 1800);
	assert_int_equal(b->clients.count, 2);
	assert_true(sd_slice_is(policy_view_audience(&v, b, 0), "api"));
	assert_memory_equal(policy_view_at(&v, b->jwks.off), "{\"keys\":[{\"kty\":\"EC\"", 20);
	assert_int_equal(b->jwks_etag.len, 34);
	free(image);
}

static bool shows(const struct policy_config *c, int64_t now, const char *kid, int64_t *next)
{
	size_t n;
	void *image = rig_image(c, now, &n, next);
	struct policy_view v;

	assert_int_equal(policy_view_open(image, n, &v, NULL), SD_OK);
	bool found = strstr(policy_view_at(&v, policy_view_tenant(&v, 0)->jwks.off), kid) != NULL;

	free(image);
	return found;
}

static void test_keys_come_and_go(void **state)
{
	struct policy_rig *r = *state;
	int64_t next;
	char kid[64];

	rig_tenant("a", "");
	rig_key("a", (const int64_t[4]){RIG_NOW + 10, RIG_NOW + 20, RIG_NOW + 30, RIG_NOW + 40},
		kid);
	const struct policy_config *c = rig_good(r, "");

	assert_false(shows(c, RIG_NOW, kid, &next));
	assert_int_equal(next, RIG_NOW + 10);
	assert_true(shows(c, RIG_NOW + 10, kid, &next));
	assert_int_equal(next, RIG_NOW + 20);
	assert_true(shows(c, RIG_NOW + 39, kid, &next));
	assert_int_equal(next, RIG_NOW + 40);
	assert_false(shows(c, RIG_NOW + 40, kid, &next));
	assert_int_equal(next, INT64_MAX);
}

static void test_slots_outlive_a_generation(void **state)
{
	struct policy_rig *r = *state;
	struct policy_slots *slots;
	struct policy_view v;
	void *image;
	size_t n;
	int64_t next;

	assert_int_equal(policy_slots_new(&slots), SD_OK);
	struct policy_build_in in = {.config = sample(r), .slots = slots, .now_s = RIG_NOW,
				      .generation = 1, .node = "n", .workers = 1};

	assert_int_equal(policy_build(&in, &image, &n, &next, NULL), SD_OK);
	free(image);
	assert_int_equal(policy_slots_tenant(slots, SD_SLICE("b")), 1);
	assert_int_equal(remove("tenants.d/a.yaml"), 0);
	assert_int_equal(rig_load(r, "sessiond.yaml"), 0);
	in.config = r->config;
	assert_int_equal(policy_build(&in, &image, &n, &next, NULL), SD_OK);
	assert_int_equal(policy_view_open(image, n, &v, NULL), SD_OK);
	assert_int_equal(policy_view_tenant(&v, 0)->slot, 1);
	assert_int_equal(policy_slots_client(slots, SD_SLICE("b"), SD_SLICE("web")),
			 policy_view_client(&v, policy_view_tenant(&v, 0), 1)->slot);
	assert_int_equal(policy_slots_tenant(slots, SD_SLICE("a")), 0);
	free(image);
	policy_slots_free(&slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_the_same_input_gives_the_same_bytes),
	    RIG_TEST(test_the_digest_names_the_policy),
	    RIG_TEST(test_content),
	    RIG_TEST(test_keys_come_and_go),
	    RIG_TEST(test_slots_outlive_a_generation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
