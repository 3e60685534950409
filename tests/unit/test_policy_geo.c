/* SPDX-License-Identifier: MIT
 * The file of countries that a configuration names: there, to be trusted, and all of it. */
#include "base.h"

#include "policy_rig.h"

#include "policy_geo.h"

#define END "\xab\xcd\xefMaxMind.com\xe0"

static void load(struct policy_rig *r, bool good)
{
	rig_write("sessiond.yaml", "geo: { database_file: c.mmdb }\n");
	assert_int_equal(rig_load(r, "sessiond.yaml") == SD_OK, good);
}

static void test_what_may_be_named(void **state)
{
	struct policy_rig *r = *state;
	char *long_one = malloc(300000);

	assert_non_null(long_one);
	load(r, false);
	rig_says(r, "c.mmdb:1:1: (file): cannot be opened");
#ifdef HAVE_MAXMINDDB
	rig_says(r, "geo.database_file: names a file that cannot be used");
	rig_write("c.mmdb", "");
	load(r, false);
	rig_says(r, "is no file of countries (MMDB), or not all of it");
	memset(long_one, 'x', 300000);
	memcpy(long_one, END, sizeof(END) - 1); /* not where it belongs */
	rig_write_n("c.mmdb", long_one, 300000);
	load(r, false);
	memcpy(long_one + 299000, END, sizeof(END) - 1);
	rig_write_n("c.mmdb", long_one, 300000);
	load(r, true);
	rig_write_n("c.mmdb", long_one, 299010); /* cut in the middle of it */
	load(r, false);
	rig_write("c.mmdb", "data" END);
	load(r, true);
	assert_int_equal(chmod("c.mmdb", 0666), 0);
	load(r, false);
	rig_says(r, "writable by group or others");
#endif
	free(long_one);
}

static void test_reading(void **state)
{
	struct sd_buf b;

	(void)state;
	assert_int_equal(policy_geo_read("none", &b, NULL), SD_ERR_SYSTEM);
	sd_buf_fini(&b);
	rig_write("c.mmdb", "data" END);
	assert_int_equal(policy_geo_read("c.mmdb", &b, NULL), SD_OK);
	assert_true(sd_slice_is(sd_buf_slice(&b), "data" END));
	sd_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_what_may_be_named),
	    RIG_TEST(test_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
