/* SPDX-License-Identifier: MIT
 * A damaged image is refused, or harmless to every look-up. */
#include "base.h"

#include "policy_sample.h"

#include "policy_proof.h"

static size_t sum; /* so that no read is optimised away */

static void touch(const struct policy_view *v, struct pi_str s)
{
	struct sd_slice t = policy_view_str(v, s);

	for (size_t i = 0; i <= t.n; i++)
		sum += (unsigned char)t.p[i];
}

static void touch_tenant(const struct policy_view *v, const struct policy_tenant *t)
{
	touch(v, t->name);
	touch(v, t->issuer);
	touch(v, t->jwks);
	touch(v, t->jwks_etag);
	touch(v, t->cookie_name);
	touch(v, t->login_url);
	for (uint32_t i = 0; i < t->audiences.count; i++)
		sum += policy_view_audience(v, t, i).n;
	for (uint32_t i = 0; i < t->clients.count; i++)
		touch(v, policy_view_client(v, t, i)->id);
	for (uint32_t i = 0; i < t->keys.count; i++) {
		touch(v, policy_view_key(v, t, i)->kid);
		touch(v, policy_view_key(v, t, i)->spki);
	}
	const struct policy_level *level = policy_view_level(v, t, SD_SLICE("low"));

	if (level)
		touch(v, level->step_up);
	touch(v, t->levels_text);
	sum += policy_view_client_find(v, t, SD_SLICE("web"));
	sum += policy_view_key_find(v, t, SD_SLICE("x"));
	sum += policy_view_signing_key(v, t, RIG_NOW);
}

/* Everything a worker would read; the sanitizers watch. */
static void use(const struct policy_view *v)
{
	uint8_t hash[32];

	memset(hash, 0x22, sizeof(hash));
	for (uint32_t i = 0; i < v->image->tenants.count; i++)
		touch_tenant(v, policy_view_tenant(v, i));
	sum += policy_view_tenant_find(v, SD_SLICE("b"));
	sum += policy_view_host_find(v, SD_SLICE("m.example"));
	uint32_t count;
	const struct policy_credential *c = policy_view_credential(v, hash, &count);

	for (uint32_t i = 0; i < count; i++)
		sum += policy_view_client(v, policy_view_tenant(v, c[i].tenant), c[i].client)->slot;
	touch(v, v->image->server.node);
}

static size_t mutate(const char *good, size_t n, size_t at, uint8_t xor)
{
	char *bad = malloc(n);
	struct policy_view v;
	size_t refused = 1;

	assert_non_null(bad);
	memcpy(bad, good, n);
	bad[at] = (char)(bad[at] ^ xor);
	if (policy_view_open(bad, n, &v, NULL) == SD_OK) {
		use(&v);
		refused = 0;
	}
	free(bad);
	return refused;
}

static void test_every_byte_changed(void **state)
{
	struct policy_rig *r = *state;
	size_t n, refused = 0;
	int64_t next;
	char *image = rig_image(sample(r), RIG_NOW, &n, &next);

	for (size_t at = 0; at < n; at++) {
		refused += mutate(image, n, at, 0x01);
		refused += mutate(image, n, at, 0x80);
		refused += mutate(image, n, at, 0xff);
	}
	assert_in_range(refused, n / 4, 3 * n);
	free(image);
}

static void test_every_length(void **state)
{
	struct policy_rig *r = *state;
	struct policy_view v;
	size_t n;
	int64_t next;
	char *image = rig_image(sample(r), RIG_NOW, &n, &next);

	for (size_t k = 0; k < n; k++) {
		char *cut = malloc(k ? k : 1);

		assert_non_null(cut);
		memcpy(cut, image, k);
		assert_int_equal(policy_view_open(cut, k, &v, NULL), SD_ERR_INVALID);
		if (k >= sizeof(struct policy_image)) { /* and one that says so itself */
			((struct policy_image *)(void *)cut)->head.size = k;
			if (policy_view_open(cut, k, &v, NULL) == SD_OK)
				use(&v);
		}
		free(cut);
	}
	free(image);
}

static void test_another_version(void **state)
{
	struct policy_rig *r = *state;
	struct policy_view v;
	struct sd_diag diag;
	size_t n;
	int64_t next;
	struct policy_image *image = rig_image(sample(r), RIG_NOW, &n, &next);

	image->version++;
	assert_int_equal(policy_view_open(image, n, &v, &diag), SD_ERR_VERSION);
	assert_null(v.image);
	image->version--;
	image->head.kind = SHM_KIND_CONTROL;
	assert_int_equal(policy_view_open(image, n, &v, &diag), SD_ERR_VERSION);
	free(image);
}

static void test_the_order(void **state)
{
	(void)state;
	assert_true(policy_proof_order(SD_SLICE("a"), SD_SLICE("b")) < 0);
	assert_true(policy_proof_order(SD_SLICE("a"), SD_SLICE("aa")) < 0);
	assert_true(policy_proof_order(SD_SLICE("b"), SD_SLICE("aa")) > 0);
	assert_int_equal(policy_proof_order((struct sd_slice){0}, (struct sd_slice){0}), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_every_byte_changed),
	    RIG_TEST(test_every_length),
	    RIG_TEST(test_another_version),
	    cmocka_unit_test(test_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
