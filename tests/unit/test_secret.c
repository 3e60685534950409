/* SPDX-License-Identifier: MIT
 * Secret pages are zeroed, not dumped, wiped; random bytes differ. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "secret.h"

/* True when the mapping that holds p has the flag in /proc/self/smaps; -1 when it cannot be told. */
static int has_flag(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	bool inside = false;
	int found = -1;

	if (f == NULL)
		return -1;
	while (found < 0 && fgets(line, sizeof(line), f) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	(void)fclose(f);
	return found;
}

static void test_pages_are_zeroed_and_not_dumped(void **state)
{
	unsigned char *p = sd_secret_new(5000);
	void *v = p;

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(p[i], 0);
	memset(p, 1, 5000);
	assert_int_not_equal(has_flag(p, " dd"), 0);
	sd_secret_free(&v, 5000);
	assert_null(v);
	sd_secret_free(&v, 5000);
	sd_secret_free(NULL, 1);
}

static void test_wipe(void **state)
{
	char b[8] = "secret!";

	(void)state;
	sd_wipe(b, 6);
	assert_memory_equal(b, "\0\0\0\0\0\0!", 8);
	sd_wipe(NULL, 0);
}

static void test_random_differs(void **state)
{
	unsigned char a[32] = {0}, b[32] = {0}, zero[32] = {0};

	(void)state;
	assert_int_equal(sd_random(a, sizeof(a)), SD_OK);
	assert_int_equal(sd_random(b, sizeof(b)), SD_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, zero, sizeof(a));
	assert_int_equal(sd_random(NULL, 0), SD_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pages_are_zeroed_and_not_dumped),
	    cmocka_unit_test(test_wipe),
	    cmocka_unit_test(test_random_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
