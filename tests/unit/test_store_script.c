/* SPDX-License-Identifier: MIT
 * The embedded scripts: their order, their prelude, and EVALSHA turned into EVAL. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "redis_link.h"
#include "store_script.h"

static void names_are_in_order(void **state)
{
	static const char *const want[STORE_SCRIPT_COUNT] = {
	    [SCRIPT_CREATE] = "create", [SCRIPT_REFRESH] = "refresh",
	    [SCRIPT_END] = "end",	[SCRIPT_END_USER] = "end_user",
	    [SCRIPT_RULE] = "rule",	[SCRIPT_LIST_USER] = "list_user",
	    [SCRIPT_TOUCH] = "touch",	[SCRIPT_TOUCH_NOW] = "touch_now",
	    [SCRIPT_REGENERATE] = "regenerate",
	    [SCRIPT_DATA_READ] = "data_read",
	    [SCRIPT_UPDATE] = "update",
	    [SCRIPT_LOCK] = "lock",
	    [SCRIPT_SHARED_READ] = "shared_read",
	    [SCRIPT_SHARED_WRITE] = "shared_write",
	    [SCRIPT_ERASE] = "erase",	[SCRIPT_RESTRICT] = "restrict",
	    [SCRIPT_PREVIEW] = "preview",	[SCRIPT_REINDEX] = "reindex",
	    [SCRIPT_DUE] = "due",
	    [SCRIPT_EXPIRE] = "expire",
	    [SCRIPT_QUOTA] = "quota",
	    [SCRIPT_DEVICE_READ] = "device_read", [SCRIPT_DEVICE_WRITE] = "device_write",
	    [SCRIPT_DEVICE_END] = "device_end",
	    [SCRIPT_TALLY] = "tally",
	    [SCRIPT_EVENT_PUT] = "event_put", [SCRIPT_EVENT_READ] = "event_read",
	    [SCRIPT_COUNT] = "count", [SCRIPT_EVENT_ERASE] = "event_erase",
	    [SCRIPT_SHARE] = "share",	[SCRIPT_IDEM] = "idem",	[SCRIPT_RENEW] = "renew",
	};

	(void)state;
	for (size_t i = 0; i < STORE_SCRIPT_COUNT; i++) {
		char head[64];

		assert_string_equal(store_script_name[i], want[i]);
		snprintf(head, sizeof(head), "\n-- %s - ", want[i]);
		assert_non_null(strstr(store_script_text[i], head));
		assert_memory_equal(store_script_text[i], "#!lua", 5);
		assert_memory_equal(store_script_text[i] + 5, i == SCRIPT_EVENT_PUT ? head : "\n-- common - ", 13);
	}
}

static void digests_differ(void **state)
{
	struct store_scripts s;

	(void)state;
	assert_int_equal(store_scripts_init(&s), SD_OK);
	for (size_t i = 0; i < STORE_SCRIPT_COUNT; i++) {
		assert_int_equal(strspn(s.sha[i], "0123456789abcdef"), STORE_SHA_LEN);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(s.sha[i], s.sha[j]);
	}
}

static void as_eval(void **state)
{
	const char *p[5];
	size_t len[5], n, m;
	struct redis_args args = {0, 5, p, len};
	struct store_scripts s;
	char *wire, *eval, head[64];

	(void)state;
	assert_int_equal(store_scripts_init(&s), SD_OK);
	redis_args_str(&args, "EVALSHA");
	redis_args_str(&args, s.sha[SCRIPT_TOUCH]);
	redis_args_str(&args, "0");
	redis_args_add(&args, sd_slice("a\0b", 3));
	assert_int_equal(redis_args_format(&args, &wire, &n), SD_OK);
	assert_int_equal(store_script_as_eval(sd_slice(wire, n), SCRIPT_TOUCH, &eval, &m), SD_OK);
	snprintf(head, sizeof(head), "*4\r\n$4\r\nEVAL\r\n$%zu\r\n#!lua",
		 strlen(store_script_text[SCRIPT_TOUCH]));
	assert_memory_equal(eval, head, strlen(head));
	assert_memory_equal(eval + m - 16, "$1\r\n0\r\n$3\r\na\0b\r\n", 16);
	free(eval);
	assert_int_equal(store_script_as_eval(sd_slice(wire, 20), SCRIPT_TOUCH, &eval, &m),
			 SD_ERR_INVALID);
	assert_int_equal(
	    store_script_as_eval(SD_SLICE("*1\r\n$4\r\nPING\r\n"), SCRIPT_TOUCH, &eval, &m),
	    SD_ERR_INVALID);
	assert_null(eval);
	free(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_in_order),
	    cmocka_unit_test(digests_differ),
	    cmocka_unit_test(as_eval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
