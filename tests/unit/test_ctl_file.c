/* SPDX-License-Identifier: MIT
 * Files that are whole or not there: mode, what already stands there, what a failure leaves behind. */
#include "base.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl_file.h"
#include "err.h"

static char folder[64];
static int dir;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/sessiond-file-XXXXXX");
	dir = mkdtemp(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return dir >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlinkat(dir, "f", 0);
	(void)unlinkat(dir, "link", 0);
	(void)close(dir);
	return rmdir(folder); /* nothing else was left in it */
}

static int put(const char *name, const char *text, mode_t mode, bool replace)
{
	struct sd_diag diag = {""};
	int err = ctl_file_write(dir, &(struct ctl_file){name, sd_slice_str(text), mode, NULL, replace}, &diag);

	assert_int_equal(err == 0, diag.text[0] == '\0');
	return err;
}

static void holds(const char *name, const char *text)
{
	char *got;
	size_t n;

	assert_int_equal(ctl_file_read(dir, name, 1 << 20, &got, &n), 0);
	assert_string_equal(got, text);
	assert_int_equal(n, strlen(text));
	free(got);
}

static void test_new_and_replaced(void **state)
{
	struct stat st;

	(void)state;
	(void)umask(077);
	assert_int_equal(put("f", "one", 0644, false), 0);
	assert_int_equal(fstatat(dir, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644); /* whatever the umask */
	assert_int_equal(put("f", "two", 0600, false), SD_ERR_DENIED);
	holds("f", "one");
	assert_int_equal(put("f", "two", 0600, true), 0);
	holds("f", "two");
	assert_int_equal(fstatat(dir, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(put("f", "", 0600, true), 0);
	holds("f", "");
}

/* The link is replaced, not followed; a reader does not follow it either. */
static void test_links(void **state)
{
	char *got;
	size_t n;

	(void)state;
	assert_int_equal(put("f", "target", 0600, false), 0);
	assert_int_equal(symlinkat("f", dir, "link"), 0);
	assert_int_equal(ctl_file_read(dir, "link", 100, &got, &n), SD_ERR_SYSTEM);
	assert_null(got);
	assert_int_equal(put("link", "new", 0600, true), 0);
	holds("f", "target");
	holds("link", "new");
}

static void test_a_full_disk(void **state)
{
	struct rlimit was, small = {1000, 1000};
	char big[4000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(put("f", "old", 0600, false), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small.rlim_max = was.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int err = put("f", big, 0600, true);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(err, SD_ERR_SYSTEM);
	holds("f", "old");
}

static void test_names_and_bounds(void **state)
{
	char name[300], *got;
	size_t n;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[299] = '\0';
	assert_int_equal(put(name, "x", 0600, false), SD_ERR_INVALID);
	assert_int_equal(put("no/such", "x", 0600, false), SD_ERR_SYSTEM);
	assert_int_equal(put("f", "12345", 0600, false), 0);
	assert_int_equal(ctl_file_read(dir, "f", 4, &got, &n), SD_ERR_TOO_BIG);
	assert_null(got);
	assert_int_equal(n, 0);
	assert_int_equal(ctl_file_read(dir, "f", 5, &got, &n), 0);
	assert_int_equal(n, 5);
	free(got);
	assert_int_equal(ctl_file_read(dir, "none", 5, &got, &n), SD_ERR_SYSTEM);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new_and_replaced),
		TEST(test_links),
		TEST(test_a_full_disk),
		TEST(test_names_and_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
