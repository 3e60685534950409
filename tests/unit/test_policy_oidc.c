/* SPDX-License-Identifier: MIT
 * Clients by OIDC: what their settings need of each other, keys of files and of URLs in the image. */
#include "base.h"

#include "policy_rig.h"

#include "jose_examples.h"
#include "policy_slots.h"

#define CLIENT(id, oidc) "  - {id: " id ", permissions: [sessions:list], oidc: {" oidc "}}\n"
#define ISSUER "issuer: \"https://idp.example/\", "
#define ENC_KEY "{\"kty\":\"RSA\",\"use\":\"enc\",\"kid\":\"e\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"
#define KEY_FILE "{\"keys\":[" ENC_KEY ",{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"o\"}," EX_ES256_KID "]}"
#define EX_ES256_KID                                                                               \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"                              \
	"7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"kid\":\"k1\"}"

static void test_settings(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "");
	rig_write("keys.json", KEY_FILE);
	rig_write("bad.json", "{\"keys\":[" ENC_KEY "]}");
	rig_tenant("a", "clients:\n" CLIENT("c0", "issuer: \"https://idp.example\"")
		   CLIENT("c1", ISSUER "audience: s, jwks_file: keys.json, jwks_url: \"https://x.example/j\"")
		   CLIENT("c2", ISSUER "audience: s, authorized_party: p, jwks_file: keys.json, ca_file: ca.pem")
		   CLIENT("c3", ISSUER "audience: t, jwks_file: bad.json")
		   CLIENT("c4", ISSUER "audience: u, jwks_url: \"http://x.example/j\"")
		   CLIENT("c5", ISSUER "audience: v, jwks_file: nowhere.json")
		   CLIENT("c6", "audience: v")
		   CLIENT("c7", ISSUER "audience: w, jwks_file: keys.json, roles: {a: [sessions:lst], b: x}"));
	(void)rig_load(r, "sessiond.yaml");
	rig_says(r, "clients[0].oidc: issuer and audience must be given");
	rig_says(r, "clients[0].oidc: one of jwks_file and jwks_url must be given");
	rig_says(r, "clients[1].oidc: one of jwks_file and jwks_url must be given");
	rig_says(r, "clients[2].oidc: ca_file is for jwks_url");
	rig_says(r, "bad.json:1:1: (file): no set of keys: no key that could verify anything for us");
	rig_says(r, "clients[4].oidc.jwks_url: \"http://x.example/j\": not an https URL");
	rig_says(r, "nowhere.json");
	rig_says(r, "clients[7].oidc: roles are words of permissions_claim: set it");
	rig_says(r, "no permission is called \"sessions:lst\"");
	rig_says(r, "a list of permissions belongs here");
	rig_says(r, "clients[6].oidc: issuer and audience must be given");
}

static void test_one_token_one_client(void **state)
{
	struct policy_rig *r = *state;

	rig_write("sessiond.yaml", "");
	rig_write("keys.json", KEY_FILE);
	rig_tenant("a", "clients:\n" CLIENT("web", ISSUER "audience: s, jwks_file: keys.json"));
	rig_tenant("b", "clients:\n" CLIENT("web", ISSUER "audience: s, jwks_file: keys.json")
		   CLIENT("app", ISSUER "audience: s, authorized_party: app, jwks_file: keys.json"));
	assert_int_equal(rig_load(r, "sessiond.yaml"), 1);
	rig_says(r, "the tokens of client web of tenant ");
	rig_says(r, "too: set authorized_party");
}

static struct sd_slice fetched(void *arg, const char *url)
{
	assert_string_equal(url, "https://x.example/j");
	return *(struct sd_slice *)arg;
}

static void *image_of(struct policy_rig *r, struct sd_slice *set, struct policy_view *v)
{
	struct policy_slots *slots;
	void *image;
	size_t n;
	int64_t next;
	struct sd_diag diag;

	assert_int_equal(policy_slots_new(&slots), SD_OK);
	struct policy_build_in in = {.config = r->config, .slots = slots, .now_s = RIG_NOW,
				      .generation = 7, .node = "n", .workers = 1,
				      .jwks_of = fetched, .jwks_arg = set};

	assert_int_equal(policy_build(&in, &image, &n, &next, &diag), SD_OK);
	assert_int_equal(policy_view_open(image, n, v, &diag), SD_OK);
	policy_slots_free(&slots);
	return image;
}

static void test_image(void **state)
{
	struct policy_rig *r = *state;
	struct sd_slice set = {NULL, 0};
	struct policy_view v;

	rig_write("keys.json", KEY_FILE);
	rig_tenant("a", "clients:\n" CLIENT("z", "issuer: \"https://z.example\", audience: s, "
						 "jwks_file: keys.json")
		   CLIENT("b", ISSUER "audience: s, jwks_file: keys.json, permissions_claim: a.b, roles: {x: [admin], y: []}")
		   CLIENT("c", ISSUER "audience: s, authorized_party: p, jwks_file: keys.json"));
	(void)rig_good(r, "");
	struct conf_oidc *z = &r->config->tenants[0]->clients.v[0].oidc;

	z->jwks_file[0] = '\0';
	(void)snprintf(z->jwks_url, sizeof(z->jwks_url), "https://x.example/j");
	void *image = image_of(r, &set, &v);

	assert_int_equal(v.image->callers.count, 3);
	assert_int_equal(policy_view_caller_first(&v, SD_SLICE("https://idp.example/")), 0);
	assert_int_equal(policy_view_caller_first(&v, SD_SLICE("https://z.example")), 2);
	assert_int_equal(policy_view_caller_first(&v, SD_SLICE("https://z.exampl")), POLICY_NONE);
	assert_int_equal(policy_view_caller_first(&v, SD_SLICE("")), POLICY_NONE);
	const struct policy_caller *c = policy_view_caller(&v, 0);

	assert_int_equal(c->keys.count, 1); /* those for others are left out */
	assert_true(sd_slice_is(policy_view_str(&v, c->claim), "a.b"));
	assert_int_equal(c->roles.count, 2);
	assert_int_equal(((const struct policy_role *)policy_view_at(&v, c->roles.off))->permissions, PERM(ADMIN));
	const struct policy_caller_key *k = policy_view_at(&v, c->keys.off);

	assert_true(sd_slice_is(policy_view_str(&v, k->kid), "k1"));
	assert_int_equal(k->alg, JOSE_EDDSA);
	assert_true(sd_slice_is(policy_view_str(&v, policy_view_client(&v, policy_view_tenant(&v, 0),
								       policy_view_caller(&v, 2)->client)->id),
				"z"));
	assert_int_equal(policy_view_caller(&v, 2)->keys.count, 0); /* not fetched yet */
	free(image);
	set = SD_SLICE(KEY_FILE);
	image = image_of(r, &set, &v);
	assert_int_equal(policy_view_caller(&v, 2)->keys.count, 1);
	free(image);
	set = SD_SLICE("{");
	image = image_of(r, &set, &v); /* nobody but its callers suffers */
	assert_int_equal(policy_view_caller(&v, 2)->keys.count, 0);
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_settings),
	    RIG_TEST(test_one_token_one_client),
	    RIG_TEST(test_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
