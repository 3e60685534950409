/* SPDX-License-Identifier: MIT
 * Private keys and master secrets are read only from files that are right in every respect. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "fake_policy.h"
#include "handle.h"
#include "keyring.h"

struct fixture {
	struct fake_policy policy;
	char dir[64];
	char master[128];
	struct keyring *ring;
	struct sd_diag diag;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	fake_policy_init(&f->policy);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/keyring-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->master, sizeof(f->master), "%s/master", f->dir);
	fake_policy_write_keys(&f->policy, f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const tenants[] = {"brand-a", "brand-b", "brand-c"};
	struct fixture *f = *state;
	char path[256];

	keyring_free(&f->ring);
	for (int i = 0; i < FAKE_POLICY_KEYS; i++) {
		fake_policy_key_path(&f->policy, i, f->dir, path);
		(void)unlink(path);
	}
	for (int i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir, tenants[i]);
		if (rmdir(path) != 0)
			(void)unlink(path);
		(void)snprintf(path, sizeof(path), "%s/real-%d", f->dir, i);
		if (rmdir(path) != 0)
			(void)unlink(path);
	}
	(void)unlink(f->master);
	assert_int_equal(rmdir(f->dir), 0);
	fake_policy_fini(&f->policy);
	free(f);
	return 0;
}

static int load(struct fixture *f)
{
	struct keyring_in in = {
	    .view = &f->policy.view,
	    .keys_dir = f->dir,
	    .master_key_file = f->master,
	    .now_s = FAKE_POLICY_NOW,
	};

	return keyring_load(&in, &f->ring, &f->diag);
}

/* Refused, and the text says whose key and what about it. */
static void assert_refused(struct fixture *f, int key, const char *what)
{
	assert_int_not_equal(load(f), SD_OK);
	assert_null(f->ring);
	if (key >= 0) {
		assert_non_null(strstr(f->diag.text, key == 2 ? "brand-b" : "brand-a"));
		assert_non_null(strstr(f->diag.text, f->policy.kid[key]));
	}
	if (strstr(f->diag.text, what) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", f->diag.text, what);
}

static void test_loads_what_signs(void **state)
{
	struct fixture *f = *state;
	const struct policy_tenant *a = policy_view_tenant(&f->policy.view, 0);
	uint32_t active = policy_view_signing_key(&f->policy.view, a, FAKE_POLICY_NOW);

	assert_int_equal(load(f), SD_OK);
	assert_non_null(keyring_key(f->ring, 0, active));
	assert_null(keyring_key(f->ring, 0, 1 - active)); /* retired: never read */
	assert_non_null(keyring_key(f->ring, 1, 0));
	assert_null(keyring_key(f->ring, 2, 0));
	assert_null(keyring_key(f->ring, 3, 0));
	assert_null(keyring_key(f->ring, 0, 2));
}

static void test_tenant_keys_differ(void **state)
{
	struct fixture *f = *state;
	struct tenant_keys a, b;
	uint8_t want[32];

	assert_int_equal(load(f), SD_OK);
	assert_int_equal(keyring_tenant_keys(f->ring, 0, &a), SD_OK);
	assert_int_equal(keyring_tenant_keys(f->ring, 1, &b), SD_OK);
	assert_int_equal(a.sets, 1);
	assert_int_equal(b.tenant, 1);
	assert_memory_not_equal(a.mac[0], b.mac[0], 32);
	assert_memory_not_equal(a.mac[0], a.data[0], 32);
	assert_int_equal(handle_derive("0123456789abcdef0123456789abcdef", 32, "sessiond mac 1",
				       SD_SLICE("brand-a"), want), 0);
	assert_memory_equal(a.mac[0], want, 32);
}

static void test_missing(void **state)
{
	struct fixture *f = *state;
	char path[256];

	fake_policy_key_path(&f->policy, 2, f->dir, path);
	assert_int_equal(unlink(path), 0);
	assert_refused(f, 2, "missing");
}

static void test_mode(void **state)
{
	static const mode_t wrong[] = {0640, 0604, 0660, 0700, 0622, 04600};
	struct fixture *f = *state;
	char path[256];

	fake_policy_key_path(&f->policy, 0, f->dir, path);
	for (size_t i = 0; i < SD_ARRAY_LEN(wrong); i++) {
		assert_int_equal(chmod(path, wrong[i]), 0);
		assert_refused(f, 0, "mode");
	}
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(load(f), SD_OK);
}

static void test_owner(void **state)
{
	struct fixture *f = *state;
	char path[256];

	if (geteuid() != 0)
		skip();
	fake_policy_key_path(&f->policy, 0, f->dir, path);
	assert_int_equal(chown(path, 4242, (gid_t)-1), 0);
	assert_refused(f, 0, "belongs to");
}

static void test_symlink(void **state)
{
	struct fixture *f = *state;
	char path[256], real[256];

	fake_policy_key_path(&f->policy, 0, f->dir, path);
	(void)snprintf(real, sizeof(real), "%s/real-0", f->dir);
	assert_int_equal(rename(path, real), 0);
	assert_int_equal(symlink(real, path), 0);
	assert_refused(f, 0, "symbolic link");
}

static void test_symlinked_folder(void **state)
{
	struct fixture *f = *state;
	char path[256], real[256], file[256];

	(void)snprintf(path, sizeof(path), "%s/brand-b", f->dir);
	(void)snprintf(real, sizeof(real), "%s/real-1", f->dir);
	assert_int_equal(rename(path, real), 0);
	assert_int_equal(symlink(real, path), 0);
	assert_refused(f, 2, "symbolic link");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(real, path), 0);
	fake_policy_key_path(&f->policy, 2, f->dir, file);
	assert_int_equal(access(file, F_OK), 0);
}

static void test_fifo_does_not_hold_us(void **state)
{
	struct fixture *f = *state;
	char path[256];

	fake_policy_key_path(&f->policy, 0, f->dir, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(f, 0, "not a regular file");
}

/* Another private key in the place of the active one: of another algorithm, of the same, none. */
static void test_mismatching_key(void **state)
{
	struct fixture *f = *state;
	EVP_PKEY *own = f->policy.key[0];
	char path[256], other[256];

	fake_policy_key_path(&f->policy, 0, f->dir, path);
	fake_policy_key_path(&f->policy, 2, f->dir, other);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(link(other, path), 0);
	assert_refused(f, 0, "");
	assert_int_equal(unlink(path), 0);
	f->policy.key[0] = f->policy.key[1];
	fake_policy_write_key(&f->policy, 0, f->dir);
	f->policy.key[0] = own;
	assert_refused(f, 0, "not the private half");
	assert_int_equal(truncate(path, 0), 0);
	assert_refused(f, 0, "PEM");
}

static void test_master_secret(void **state)
{
	struct fixture *f = *state;
	int fd;

	assert_int_equal(chmod(f->master, 0644), 0);
	assert_refused(f, -1, "mode");
	assert_int_equal(chmod(f->master, 0600), 0);
	assert_int_equal(truncate(f->master, 31), 0);
	assert_refused(f, -1, "exactly 32 bytes");
	fd = open(f->master, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef\n", 33), 33);
	(void)close(fd);
	assert_refused(f, -1, "exactly 32 bytes");
	assert_int_equal(unlink(f->master), 0);
	assert_refused(f, -1, "missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_loads_what_signs, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tenant_keys_differ, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_mode, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_symlink, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_symlinked_folder, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_fifo_does_not_hold_us, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_mismatching_key, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_master_secret, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
