/* SPDX-License-Identifier: MIT
 * A user's data key: wrapped and unwrapped under the secrets there are; bound to tenant, user and
 * session; any changed byte is noticed. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "seal.h"
#include "user_key.h"

static const uint8_t secrets[3][HANDLE_KEY_BYTES] = {{1}, {2}, {3}};
static const struct user_key none;
static const struct sid sid_a = {{0x5a, 1}}, sid_b = {{0x5a, 2}};

static struct user_key_owner owner(const char *tenant, const char *hash, const struct sid *sid)
{
	return (struct user_key_owner){sd_slice_str(tenant), sd_slice_str(hash), sid};
}

static void wrapped_under_one_of_the_secrets(void **state)
{
	struct user_key_owner alice = owner("brand-a", "00112233445566778899aabbccddeeff", NULL);
	struct user_key k, got;
	uint8_t wrapped[USER_KEY_WRAPPED];
	size_t which;

	(void)state;
	assert_int_equal(user_key_new(&k), SD_OK);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(user_key_wrap(&k, secrets[i], &alice, wrapped), SD_OK);
		assert_int_equal(user_key_unwrap(sd_slice(wrapped, sizeof(wrapped)), secrets, 3,
						 &alice, &got, &which),
				 USER_KEY_OK);
		assert_int_equal(which, i);
		assert_memory_equal(&got, &k, sizeof(k));
		/* A node that has not got this secret (yet) says so, and nothing else. */
		assert_int_equal(user_key_unwrap(sd_slice(wrapped, sizeof(wrapped)), secrets, i,
						 &alice, &got, &which),
				 USER_KEY_OTHER);
		assert_memory_equal(&got, &none, sizeof(got));
	}
}

static void wrapped_for_one_user(void **state)
{
	struct user_key_owner alice = owner("brand-a", "aa", NULL);
	struct user_key_owner others[] = {owner("brand-b", "aa", NULL), owner("brand-a", "ab", NULL),
					  owner("brand-aa", "a", NULL)};
	struct user_key k, got;
	uint8_t wrapped[USER_KEY_WRAPPED];
	size_t which;

	(void)state;
	assert_int_equal(user_key_new(&k), SD_OK);
	assert_int_equal(user_key_wrap(&k, secrets[0], &alice, wrapped), SD_OK);
	for (size_t i = 0; i < SD_ARRAY_LEN(others); i++)
		assert_int_equal(user_key_unwrap(sd_slice(wrapped, sizeof(wrapped)), secrets, 3,
						 &others[i], &got, &which),
				 USER_KEY_BROKEN);
	for (size_t i = 0; i < sizeof(wrapped); i++) {
		wrapped[i] ^= 0x80;
		assert_int_not_equal(user_key_unwrap(sd_slice(wrapped, sizeof(wrapped)), secrets, 3,
						     &alice, &got, &which),
				     USER_KEY_OK);
		wrapped[i] ^= 0x80;
		assert_int_equal(user_key_unwrap(sd_slice(wrapped, i), secrets, 3, &alice, &got,
						 &which),
				 USER_KEY_BROKEN);
	}
}

static void sealed_for_one_session(void **state)
{
	struct user_key_owner mine = owner("brand-a", "aa", &sid_a);
	struct user_key_owner others[] = {owner("brand-a", "aa", &sid_b), owner("brand-a", "aa", NULL),
					  owner("brand-b", "aa", &sid_a), owner("brand-a", "bb", &sid_a)};
	struct sd_slice plain = SD_SLICE("{\"cart\":[1,2,3]}"), sealed;
	struct user_key k, another;
	struct sd_buf out, back;

	(void)state;
	sd_buf_init(&out, 4096);
	sd_buf_init(&back, 4096);
	assert_int_equal(user_key_new(&k), SD_OK);
	assert_int_equal(user_key_new(&another), SD_OK);
	assert_int_equal(user_key_seal(&k, &mine, plain, &out), SD_OK);
	sealed = sd_buf_slice(&out);
	assert_int_equal(sealed.n, plain.n + USER_KEY_OVERHEAD);
	assert_null(memmem(sealed.p, sealed.n, "cart", 4));
	assert_int_equal(user_key_open(&k, &mine, sealed, &back), USER_KEY_OK);
	assert_true(sd_slice_eq(sd_buf_slice(&back), plain));
	assert_int_equal(user_key_open(&another, &mine, sealed, &back), USER_KEY_OTHER);
	for (size_t i = 0; i < SD_ARRAY_LEN(others); i++)
		assert_int_equal(user_key_open(&k, &others[i], sealed, &back), USER_KEY_BROKEN);
	for (size_t i = 0; i < out.len; i++) {
		out.p[i] ^= 1;
		assert_int_not_equal(user_key_open(&k, &mine, sealed, &back), USER_KEY_OK);
		out.p[i] ^= 1;
		assert_int_not_equal(user_key_open(&k, &mine, sd_slice(sealed.p, i), &back),
				     USER_KEY_OK);
	}
	assert_int_equal(back.len, plain.n);
	sd_buf_fini(&out);
	sd_buf_fini(&back);
}

static void heads_differ(void **state)
{
	struct user_key_owner mine = owner("brand-a", "aa", &sid_a);
	struct user_key k;
	struct sd_buf a, b;

	(void)state;
	sd_buf_init(&a, 4096);
	sd_buf_init(&b, 4096);
	assert_int_equal(user_key_new(&k), SD_OK);
	assert_int_equal(user_key_seal(&k, &mine, SD_SLICE("{}"), &a), SD_OK);
	assert_int_equal(user_key_seal(&k, &mine, SD_SLICE("{}"), &b), SD_OK);
	assert_memory_not_equal(a.p, b.p, USER_KEY_HEAD);
	sd_buf_fini(&a);
	sd_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wrapped_under_one_of_the_secrets),
	    cmocka_unit_test(wrapped_for_one_user),
	    cmocka_unit_test(sealed_for_one_session),
	    cmocka_unit_test(heads_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
