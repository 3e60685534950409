/* SPDX-License-Identifier: MIT
 * Pseudonyms: stable, a namespace each, a tenant's own; and what each privacy mode keeps. */
#include "base.h"

#include "err.h"
#include "policy_image.h"
#include "pseudonym.h"
#include "worker_rig.h"

static const char *made(const struct request *r, enum pseudonym_kind kind, uint32_t set, const char *text)
{
	static char out[4][PSEUDONYM_LEN + 1];
	static unsigned next;
	char *at = out[next++ % 4];
	assert_int_equal(pseudonym_make(r, kind, set, sd_slice_str(text), at), SD_OK);
	return at;
}

static void test_the_same_for_the_same(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	char first[PSEUDONYM_LEN + 1], long_text[1025];
	(void)snprintf(first, sizeof(first), "%s", made(r, PSEUDONYM_IP, 0, "192.0.2.7"));
	assert_int_equal(strlen(first), PSEUDONYM_LEN);
	assert_memory_equal(first, "h:", 2);
	assert_string_equal(made(r, PSEUDONYM_IP, 0, "192.0.2.7"), first);
	assert_string_not_equal(made(r, PSEUDONYM_IP, 0, "192.0.2.8"), first);
	assert_string_not_equal(made(r, PSEUDONYM_USER, 0, "192.0.2.7"), first);
	assert_string_equal(made(r, PSEUDONYM_IP, 0, ""), "");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[1024] = '\0';
	assert_int_equal(strlen(made(r, PSEUDONYM_USER_AGENT, 0, long_text)), PSEUDONYM_LEN);
	r = worker_rig_request(*state, RIG_B);
	assert_string_not_equal(made(r, PSEUDONYM_IP, 0, "192.0.2.7"), first);
	assert_int_equal(pseudonym_make(r, PSEUDONYM_IP, SIGN_KEYSETS, SD_SLICE("x"), first), SD_ERR_CRYPTO);
	assert_string_equal(first, "");
}

static void keeps(struct worker_rig *rig, enum policy_privacy mode, const char *ip, const char *agent)
{
	worker_rig_tenant(rig, RIG_A)->privacy_ip = mode;
	worker_rig_tenant(rig, RIG_A)->privacy_user_agent = mode;
	worker_rig_adopt(rig, 20 + mode);
	struct request *r = worker_rig_request(rig, RIG_A);
	struct sd_slice got = pseudonym_keep_ip(r, SD_SLICE("2001:DB8:0::7"));
	if (!sd_slice_is(got, ip ? ip : made(r, PSEUDONYM_IP, 0, "2001:db8::7")))
		fail_msg("mode %d keeps " SD_SLICE_FMT, mode, SD_SLICE_ARG(got));
	got = pseudonym_keep_agent(r, SD_SLICE("curl/8.5.0 (Linux)"));
	if (!sd_slice_is(got, agent ? agent : made(r, PSEUDONYM_USER_AGENT, 0, "curl/8.5.0 (Linux)")))
		fail_msg("mode %d keeps " SD_SLICE_FMT, mode, SD_SLICE_ARG(got));
	assert_int_equal(pseudonym_keep_agent(r, sd_slice("", 0)).n, 0);
}

static void test_what_is_kept(void **state)
{
	keeps(*state, PRIVACY_FULL, "2001:DB8:0::7", "curl/8.5.0 (Linux)");
	keeps(*state, PRIVACY_TRUNCATE, "2001:db8::", "curl/Linux");
	keeps(*state, PRIVACY_HASH, NULL, NULL);
	keeps(*state, PRIVACY_OFF, "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_same_for_the_same),
	    cmocka_unit_test(test_what_is_kept),
	};
	return cmocka_run_group_tests(tests, worker_rig_setup, worker_rig_teardown);
}
