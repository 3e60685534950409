/* SPDX-License-Identifier: MIT
 * Names of keys: their exact form, the hash tag, what is refused. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "store_key.h"

static void names_are_stable(void **state)
{
	struct store_key k;
	struct sid sid = {{0xab, 1, 2}};
	struct sd_slice t = SD_SLICE("brand-a");

	(void)state;
	store_key_log(&k, "sd1:", 0x0f);
	assert_string_equal(k.s, "sd1:{0f}:log");
	store_key_log_id(&k, "sd1:", 0xf0);
	assert_string_equal(k.s, "sd1:{f0}:log:id");
	store_key_deadlines(&k, "sd1:", 0);
	assert_string_equal(k.s, "sd1:{00}:d");
	store_key_tenant_index(&k, "sd1:", 1, t);
	assert_string_equal(k.s, "sd1:{01}:t:brand-a");
	store_key_tally(&k, "sd1:", 1, t);
	assert_string_equal(k.s, "sd1:{01}:n:brand-a");
	store_key_session(&k, "sd1:", t, &sid);
	assert_string_equal(k.s, "sd1:{ab}:s:brand-a:qwECAAAAAAAAAAAAAAAAAA");
	store_key_user_base(&k, "sd1:", 2, t);
	assert_string_equal(k.s, "sd1:{02}:u:brand-a:");
	store_key_active_base(&k, "sd1:", 2, t);
	assert_string_equal(k.s, "sd1:{02}:a:brand-a:");
	store_key_data_base(&k, "sd1:", 2, t);
	assert_string_equal(k.s, "sd1:{02}:k:brand-a:");
	store_key_nodes(&k, "sd1:");
	assert_string_equal(k.s, "sd1:{nodes}:live");
	store_key_wake(&k, "sd1:");
	assert_string_equal(k.s, "sd1:wake");
}

static void tenant_record_is_in_its_partition(void **state)
{
	struct store_key k;
	struct sd_slice t = SD_SLICE("brand-a");
	char want[64];

	(void)state;
	store_key_tenant_record(&k, "sd1:", t);
	snprintf(want, sizeof(want), "sd1:{%02x}:T:brand-a", store_key_tenant_partition(t));
	assert_string_equal(k.s, want);
	assert_int_equal(store_key_tenant_partition(t), handle_partition(t, SD_SLICE("")));
}

static void longest_names_fit(void **state)
{
	static const char tenant[] =
	    "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt";
	static const char prefix[] = "pppppppppppppppppppppppppppppppppppppppp";
	struct store_key k;
	struct sid sid = {{1}};

	(void)state;
	assert_int_equal(sizeof(tenant) - 1, STORE_TENANT_MAX);
	assert_int_equal(sizeof(prefix) - 1, STORE_PREFIX_MAX);
	store_key_session(&k, prefix, sd_slice_str(tenant), &sid);
	assert_int_equal(strlen(k.s), 40 + 4 + 3 + 63 + 1 + 22);
}

static void user_hash_starts_with_the_partition(void **state)
{
	char hash[33], other[33], pp[3];

	(void)state;
	assert_int_equal(store_key_user_hash(SD_SLICE("t"), SD_SLICE("u"), hash), SD_OK);
	store_key_partition(handle_partition(SD_SLICE("t"), SD_SLICE("u")), pp);
	assert_int_equal(strlen(hash), 32);
	assert_memory_equal(hash, pp, 2);
	assert_int_equal(store_key_user_hash(SD_SLICE("tu"), SD_SLICE(""), other), SD_OK);
	assert_string_not_equal(hash, other);
}

static void prefixes(void **state)
{
	static const char *const bad[] = {
	    "",	    "sd 1:", "sd*",
	    "s{d}", "sd?",   "sd[1]",
	    "a\n",  "é",     "ppppppppppppppppppppppppppppppppppppppppp"};

	(void)state;
	assert_int_equal(store_key_check_prefix("sd1:"), SD_OK);
	assert_int_equal(store_key_check_prefix(NULL), SD_ERR_INVALID);
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_int_equal(store_key_check_prefix(bad[i]), SD_ERR_INVALID);
}

static void log_names_parse_back(void **state)
{
	static const char *const bad[] = {"sd1:{0g}:log",
					  "sd1:{0F}:log",
					  "sd1:{00}:log:id",
					  "sd1:{00}:lo",
					  "sd2:{00}:log",
					  "sd1:(00}:log",
					  "",
					  "sd1:{000:log"};
	struct store_key k;
	uint8_t p;

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		store_key_log(&k, "sd1:", (uint8_t)i);
		assert_int_equal(store_key_log_parse("sd1:", sd_slice_str(k.s), &p), SD_OK);
		assert_int_equal(p, i);
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_int_equal(store_key_log_parse("sd1:", sd_slice_str(bad[i]), &p),
				 SD_ERR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_stable),
	    cmocka_unit_test(tenant_record_is_in_its_partition),
	    cmocka_unit_test(longest_names_fit),
	    cmocka_unit_test(user_hash_starts_with_the_partition),
	    cmocka_unit_test(prefixes),
	    cmocka_unit_test(log_names_parse_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
