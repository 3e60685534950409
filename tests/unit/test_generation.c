/* SPDX-License-Identifier: MIT
 * A generation: refused when its image is damaged, counted, given its tenants' keys in batches. */
#include "base.h"

#include <unistd.h>

#include "err.h"
#include "generation.h"
#include "handle.h"
#include "shm_map.h"
#include "worker_rig.h"

static int make(struct worker_rig *rig, struct generation **out)
{
	struct sd_diag diag = {""};
	int fd = worker_rig_image_fd(rig);
	int r = generation_new(fd, NULL, out, &diag);
	(void)close(fd);
	assert_int_equal(r == SD_OK, *out != NULL);
	assert_int_equal(r == SD_OK, diag.text[0] == '\0');
	return r;
}

static void test_a_damaged_image_is_refused(void **state)
{
	struct worker_rig *rig = *state;
	struct policy_image *im = worker_rig_image(rig);
	struct generation *g;
	struct policy_image good = *im;
	im->tenants.off = (uint32_t)rig->policy.size - 4;
	assert_int_not_equal(make(rig, &g), SD_OK);
	*im = good;
	im->version++;
	assert_int_not_equal(make(rig, &g), SD_OK);
	*im = good;
	im->tenants.count = 0x10000000;
	assert_int_not_equal(make(rig, &g), SD_OK);
	*im = good;
	assert_int_equal(make(rig, &g), SD_OK);
	generation_unref(&g);
}

static void test_not_a_policy_segment(void **state)
{
	struct generation *g;
	struct sd_diag diag = {""};
	void *p;
	int fd;
	(void)state;
	assert_int_equal(shm_create(SHM_KIND_CONTROL, 1, 65536, &fd, &p, &diag), SD_OK);
	assert_int_not_equal(generation_new(fd, NULL, &g, &diag), SD_OK);
	assert_null(g);
	assert_int_equal(shm_seal_final(fd, &p, 65536), SD_OK);
	(void)close(fd);
}

static void test_counted(void **state)
{
	struct worker_rig *rig = *state;
	struct generation *g, *again;
	assert_int_equal(make(rig, &g), SD_OK);
	assert_int_equal(generation_number(g), FAKE_POLICY_GENERATION);
	assert_int_equal(g->partition[RIG_A], handle_partition(SD_SLICE("brand-a"), SD_SLICE("")));
	again = generation_ref(g);
	generation_unref(&g);
	assert_null(g);
	assert_int_equal(again->refs, 1);
	generation_unref(&again);
	generation_unref(&again);
}

static struct sign_answer answer_of(struct tenant_keys *keys, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		keys[i] = worker_rig_keys(first + i);
	return (struct sign_answer){.op = SIGN_OP_TENANT_KEYS,
				    .status = SIGN_DONE,
				    .first = first,
				    .count = count,
				    .payload = sd_slice(keys, count * sizeof(*keys))};
}

static void test_keys_in_batches(void **state)
{
	struct worker_rig *rig = *state;
	struct tenant_keys keys[4];
	struct generation *g;
	assert_int_equal(make(rig, &g), SD_OK);
	struct sign_answer a = answer_of(keys, 0, 2);
	assert_false(generation_keys(g, &a));
	assert_int_equal(g->keys_have, 2);
	assert_false(generation_keys(g, &a)); /* the same again does not fit */
	assert_int_equal(g->keys_have, 2);
	a = answer_of(keys, 2, 1);
	assert_true(generation_keys(g, &a));
	assert_memory_equal(g->keys[2].mac[0], worker_rig_keys(2).mac[0], 32);
	generation_unref(&g);
}

static void test_keys_that_do_not_fit_are_not_taken(void **state)
{
	struct worker_rig *rig = *state;
	struct tenant_keys keys[4];
	struct generation *g;
	struct sign_answer a;
	assert_int_equal(make(rig, &g), SD_OK);
	a = answer_of(keys, 0, 4); /* more tenants than there are */
	assert_false(generation_keys(g, &a));
	a = answer_of(keys, 1, 2); /* a gap */
	assert_false(generation_keys(g, &a));
	a = answer_of(keys, 0, 2);
	a.payload.n--;
	assert_false(generation_keys(g, &a));
	a = answer_of(keys, 0, 2);
	a.status = SIGN_REFUSED;
	assert_false(generation_keys(g, &a));
	a = answer_of(keys, 0, 2);
	a.op = SIGN_OP_ACCESS_TOKEN;
	assert_false(generation_keys(g, &a));
	a = answer_of(keys, 0, 2);
	keys[1].sets = SIGN_KEYSETS + 1; /* would be read past its array */
	assert_false(generation_keys(g, &a));
	a = answer_of(keys, 0, 2);
	keys[0].tenant = 1; /* another tenant's */
	assert_false(generation_keys(g, &a));
	assert_int_equal(g->keys_have, 0);
	generation_unref(&g);
}

static void test_a_public_key_is_made_once_and_only_while_it_verifies(void **state)
{
	struct worker_rig *rig = *state;
	struct generation *g = rig->w.generation;
	uint32_t index;
	const struct jwk *k =
	    generation_jwk(g, RIG_A, sd_slice_str(rig->policy.kid[0]), FAKE_POLICY_NOW, &index);
	assert_non_null(k);
	assert_int_equal(k->alg, JOSE_ES256);
	assert_ptr_equal(
	    generation_jwk(g, RIG_A, sd_slice_str(rig->policy.kid[0]), FAKE_POLICY_NOW, &index), k);
	assert_null(
	    generation_jwk(g, RIG_A, sd_slice_str(rig->policy.kid[2]), FAKE_POLICY_NOW, &index));
	assert_int_equal(index, POLICY_NONE);
	assert_null(generation_jwk(g, RIG_A, sd_slice_str(rig->policy.kid[0]),
				   FAKE_POLICY_NOW - 2000, &index));
	assert_null(
	    generation_jwk(g, RIG_C, sd_slice_str(rig->policy.kid[0]), FAKE_POLICY_NOW, &index));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_damaged_image_is_refused),
	    TEST(test_not_a_policy_segment),
	    TEST(test_counted),
	    TEST(test_keys_in_batches),
	    TEST(test_keys_that_do_not_fit_are_not_taken),
	    TEST(test_a_public_key_is_made_once_and_only_while_it_verifies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
