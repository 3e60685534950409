/* SPDX-License-Identifier: MIT
 * The rules by time of a tenant and its clients, of no other, as a script reads them; a rule that comes or
 * rises is noticed. */
#include "base.h"

#include "buf.h"
#include "policy_rules.h"
#include "policy_sample.h"

static void test_text_and_mark(void **state)
{
	struct shm_control *control = calloc(1, sizeof(*control));
	struct policy_view v;
	struct sd_buf text;
	int64_t next;
	size_t n;
	void *image = rig_image(sample(*state), RIG_NOW, &n, &next);

	assert_non_null(control);
	assert_int_equal(policy_view_open(image, n, &v, NULL), SD_OK);
	const struct policy_tenant *a = policy_view_tenant(&v, 0), *b = policy_view_tenant(&v, 1);
	uint32_t web = policy_view_client_find(&v, b, SD_SLICE("web"));

	sd_buf_init(&text, 4096);
	policy_rules_text(&v, b, control, &text);
	assert_int_equal(text.len, 0);
	assert_int_equal(policy_rules_mark(&v, b, control), 0);
	control->tenant_before_s[a->slot] = 7;
	assert_int_equal(policy_rules_mark(&v, b, control), 0);
	control->client_before_s[policy_view_client(&v, b, web)->slot] = 1800000000;
	uint64_t mark = policy_rules_mark(&v, b, control);

	assert_true(mark != 0);
	control->tenant_before_s[b->slot] = 42;
	assert_true(policy_rules_mark(&v, b, control) > mark);
	policy_rules_text(&v, b, control, &text);
	assert_true(sd_slice_is(sd_buf_slice(&text), " 42\nweb 1800000000\n"));
	sd_buf_fini(&text);
	free(image);
	free(control);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_text_and_mark)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
