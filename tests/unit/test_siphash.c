/* SPDX-License-Identifier: MIT
 * The paper's vectors: key 00..0f, message 00..n-1. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "siphash.h"

static const struct sd_siphash_key key = {0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};

static uint64_t of_length(size_t n)
{
	unsigned char m[64];

	for (size_t i = 0; i < sizeof(m); i++)
		m[i] = (unsigned char)i;
	return sd_siphash(key, m, n);
}

static void test_vectors(void **state)
{
	(void)state;
	assert_true(of_length(0) == 0x726fdb47dd0e0e31ULL);
	assert_true(of_length(1) == 0x74f839c593dc67fdULL);
	assert_true(of_length(7) == 0xab0200f58b01d137ULL);
	assert_true(of_length(8) == 0x93f5f5799a932462ULL);
	assert_true(of_length(15) == 0xa129ca6149be45e5ULL); /* the worked example of the paper */
	assert_true(of_length(63) == 0x958a324ceb064572ULL);
}

static void test_key_and_length_matter(void **state)
{
	const struct sd_siphash_key other = {key.k0 ^ 1, key.k1};

	(void)state;
	assert_true(sd_siphash(key, "abc", 3) != sd_siphash(other, "abc", 3));
	assert_true(sd_siphash(key, "\0\0", 1) != sd_siphash(key, "\0\0", 2));
}

static void test_alignment_does_not_matter(void **state)
{
	char m[40] = "0123456789abcdef0123456789";
	char shifted[41];

	(void)state;
	memcpy(shifted + 1, m, sizeof(m));
	assert_true(sd_siphash(key, m, 26) == sd_siphash(key, shifted + 1, 26));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_key_and_length_matter),
	    cmocka_unit_test(test_alignment_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
