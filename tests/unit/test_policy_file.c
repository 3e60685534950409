/* SPDX-License-Identifier: MIT
 * Files are read only when they can be trusted. */
#include "base.h"

#include "policy_rig.h"

#include "policy_file.h"

static int try(struct policy_rig *r, const char *path, size_t max, enum policy_file_owner owner)
{
	struct policy_faults faults = {0};
	struct sd_buf b;
	int err = policy_file_read(path, max, owner, &b, &faults);

	rig_forget(r);
	policy_faults_finish(&faults, &r->findings);
	rig_join(r->text, sizeof(r->text), r->findings.f, r->findings.stored);
	assert_int_equal(r->findings.count, err ? 1 : 0);
	sd_buf_fini(&b);
	return err;
}

static void test_reading(void **state)
{
	struct policy_rig *r = *state;
	struct policy_faults faults = {0};
	struct sd_buf b;

	rig_write("f", "0123456789");
	assert_int_equal(policy_file_read("f", 10, FILE_OWNER_STRICT, &b, &faults), SD_OK);
	assert_true(sd_slice_is(sd_buf_slice(&b), "0123456789"));
	sd_buf_fini(&b);
	assert_int_equal(try(r, "f", 9, FILE_OWNER_STRICT), SD_ERR_TOO_BIG);
	rig_says(r, "f:1:1: (file): larger than 0 KiB");
	assert_int_equal(try(r, "none", 9, FILE_OWNER_STRICT), SD_ERR_SYSTEM);
	rig_says(r, "none:1:1: (file): cannot be opened: No such file");
}

static void test_what_is_no_file(void **state)
{
	struct policy_rig *r = *state;

	rig_write("f", "x");
	assert_int_equal(symlink("f", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(try(r, "link", 9, FILE_OWNER_STRICT), SD_ERR_SYSTEM);
	rig_says(r, "it is a symbolic link");
	assert_int_equal(try(r, "fifo", 9, FILE_OWNER_STRICT), SD_ERR_DENIED);
	rig_says(r, "not a regular file");
	assert_int_equal(try(r, "/dev/zero", 9, FILE_OWNER_STRICT), SD_ERR_DENIED);
	assert_int_equal(try(r, "tenants.d", 9, FILE_OWNER_STRICT), SD_ERR_DENIED);
}

static void test_modes_and_owners(void **state)
{
	struct policy_rig *r = *state;

	rig_write("f", "x");
	assert_int_equal(chmod("f", 0664), 0);
	assert_int_equal(try(r, "f", 9, FILE_OWNER_STRICT), SD_ERR_DENIED);
	rig_says(r, "writable by group or others: chmod go-w");
	assert_int_equal(chmod("f", 0646), 0);
	assert_int_equal(try(r, "f", 9, FILE_OWNER_ANY), SD_ERR_DENIED);
	assert_int_equal(chmod("f", 0640), 0);
	assert_int_equal(try(r, "f", 9, FILE_OWNER_STRICT), SD_OK);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown("f", 12345, 12345), 0);
	assert_int_equal(try(r, "f", 9, FILE_OWNER_STRICT), SD_ERR_DENIED);
	rig_says(r, "belongs to user 12345");
	assert_int_equal(try(r, "f", 9, FILE_OWNER_ANY), SD_OK);
}

static void test_listing(void **state)
{
	struct policy_faults faults = {0};
	struct policy_names n;

	(void)state;
	for (int i = 9; i >= 0; i--) {
		char path[32];

		snprintf(path, sizeof(path), "tenants.d/%d", i);
		rig_write(path, "");
	}
	rig_write("tenants.d/.hidden", "");
	assert_int_equal(policy_file_list("tenants.d", &n, &faults), SD_OK);
	assert_int_equal(n.count, 10);
	assert_string_equal(n.v[0], "0");
	assert_string_equal(n.v[9], "9");
	policy_file_list_free(&n);
	assert_int_equal(policy_file_list("nowhere", &n, &faults), SD_ERR_NOT_FOUND);
	assert_int_equal(faults.count, 0);
	assert_int_equal(chmod("tenants.d", 0777), 0);
	assert_int_equal(policy_file_list("tenants.d", &n, &faults), SD_ERR_DENIED);
	assert_int_equal(faults.count, 1);
	free(faults.rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(test_reading),
	    RIG_TEST(test_what_is_no_file),
	    RIG_TEST(test_modes_and_owners),
	    RIG_TEST(test_listing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
