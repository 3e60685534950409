/* SPDX-License-Identifier: MIT
 * test_sink_file - numbers go on, torn lines end, a full disk or pipe loses nothing.
 * Owns:      a file in a folder of its own under TMPDIR
 * Runs in:   make check
 * Fails by:  cmocka
 * Never:     need a privilege: a full disk is RLIMIT_FSIZE */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "err.h"
#include "record_json.h"
#include "sink_file.h"

struct fixture {
	char path[64];
	struct sink_file sink;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	if (f == NULL)
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "/tmp/sink-file-XXXXXX");
	fd = mkostemp(f->path, O_CLOEXEC);
	if (fd < 0 || close(fd) != 0 || sink_file_init(&f->sink) != SD_OK)
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sink_file_fini(&f->sink);
	(void)unlink(f->path);
	free(f);
	return 0;
}

static void open_file(struct fixture *f)
{
	struct sd_diag diag;
	int fd = open(f->path, O_RDWR | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(sink_file_open(&f->sink, fd, &diag), SD_OK);
}

static void put_line(struct fixture *f)
{
	struct audit_record r = {.id = 1, .event = AUDIT_STORE_LOST};
	struct record_json_in in = {.record = &r, .node = "n", .src = "master-0"};

	in.seq = ++f->sink.seq;
	record_json(&f->sink.batch, &in);
}

static void append_raw(struct fixture *f, const char *text)
{
	int fd = open(f->path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

/* Every line is whole and ours, and the numbers are 1..n without a gap; ends returns n. */
static uint64_t check_lines(struct fixture *f, int torn_allowed)
{
	FILE *in = fopen(f->path, "re");
	char line[4096];
	uint64_t last = 0;

	assert_non_null(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		size_t n = strlen(line);
		uint64_t seq = record_json_seq(sd_slice(line, n - 1));

		assert_true(line[n - 1] == '\n');
		if (seq == 0 && torn_allowed-- > 0)
			continue;
		assert_int_equal(seq, last + 1);
		last = seq;
	}
	(void)fclose(in);
	return last;
}

static void test_numbers_go_on(void **state)
{
	struct fixture *f = *state;

	open_file(f);
	assert_int_equal(f->sink.seq, 0);
	put_line(f);
	put_line(f);
	assert_int_equal(sink_file_flush(&f->sink), SD_OK);
	assert_int_equal(sink_file_sync(&f->sink), SD_OK);
	sink_file_fini(&f->sink);
	assert_int_equal(sink_file_init(&f->sink), SD_OK);
	open_file(f);
	assert_int_equal(f->sink.seq, 2);
	put_line(f);
	assert_int_equal(sink_file_flush(&f->sink), SD_OK);
	assert_int_equal(check_lines(f, 0), 3);
}

static void test_torn_line_is_ended(void **state)
{
	struct fixture *f = *state;

	open_file(f);
	put_line(f);
	assert_int_equal(sink_file_flush(&f->sink), SD_OK);
	append_raw(f, "{\"ts\":\"2026-11-21T14:30:00.123Z\",\"seq\":2,\"eve");
	open_file(f);
	assert_int_equal(f->sink.seq, 1);
	put_line(f);
	assert_int_equal(sink_file_flush(&f->sink), SD_OK);
	assert_int_equal(check_lines(f, 1), 2);
}

static void test_a_rotated_file_keeps_the_numbers(void **state)
{
	struct fixture *f = *state;

	f->sink.seq = 40;
	open_file(f);
	assert_int_equal(f->sink.seq, 40);
}

static void set_file_limit(rlim_t bytes)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* At every possible place of the cut: nothing torn is left, nothing is lost, nothing twice. */
static void test_full_disk(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	open_file(f);
	put_line(f);
	assert_int_equal(sink_file_flush(&f->sink), SD_OK);
	for (int round = 0; round < 40; round++) {
		assert_int_equal(stat(f->path, &st), 0);
		set_file_limit((rlim_t)st.st_size + (rlim_t)round * 29);
		for (int i = 0; i < 6; i++)
			put_line(f);
		assert_int_equal(sink_file_flush(&f->sink), SD_ERR_SYSTEM);
		assert_true(f->sink.stalled);
		assert_false(sink_file_room(&f->sink, 1));
		(void)check_lines(f, 0);
		assert_int_equal(sink_file_flush(&f->sink), SD_ERR_SYSTEM);
		(void)check_lines(f, 0);
		set_file_limit(RLIM_INFINITY);
		assert_int_equal(sink_file_flush(&f->sink), SD_OK);
		assert_false(f->sink.stalled);
		assert_int_equal(check_lines(f, 0), f->sink.seq);
	}
}

static void test_full_pipe(void **state)
{
	struct fixture *f = *state;
	struct sd_diag diag;
	char got[4096];
	size_t lines = 0;
	int fds[2];

	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(sink_file_open(&f->sink, fds[1], &diag), SD_OK);
	assert_true(f->sink.is_stream);
	while (f->sink.seq < 1000)
		put_line(f);
	while (sink_file_flush(&f->sink) != SD_OK)
		for (ssize_t n = read(fds[0], got, sizeof(got)); n > 0; n = read(fds[0], got, sizeof(got)))
			for (ssize_t i = 0; i < n; i++)
				lines += got[i] == '}' && i + 1 < n && got[i + 1] == '\n';
	assert_true(f->sink.batch.len == 0 && lines > 0);
	(void)close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_numbers_go_on, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_torn_line_is_ended, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_rotated_file_keeps_the_numbers, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_full_pipe, setup, teardown),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
