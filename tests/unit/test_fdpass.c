/* SPDX-License-Identifier: MIT
 * One message, at most one descriptor; everything else is refused without leaking one. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "fdpass.h"
#include "fdset.h"

static int pair[2];
static int open_before;

static int setup(void **state)
{
	(void)state;
	open_before = sd_fd_count();
	return sd_fdpass_pair(pair, 65536);
}

/* Whatever a test did, no descriptor may be left. */
static int teardown(void **state)
{
	(void)state;
	(void)close(pair[0]);
	(void)close(pair[1]);
	return sd_fd_count() == open_before ? 0 : -1;
}

static void test_message_and_descriptor_arrive(void **state)
{
	char got[64];
	size_t n;
	int fd, null = open("/dev/null", O_RDWR);

	(void)state;
	assert_int_equal(sd_fdpass_send(pair[0], "head", 4, "body", 4, null), SD_OK);
	assert_int_equal(close(null), 0);
	assert_int_equal(sd_fdpass_recv(pair[1], got, sizeof(got), &n, &fd), SD_OK);
	assert_int_equal(n, 8);
	assert_memory_equal(got, "headbody", 8);
	assert_true(fd >= 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(close(fd), 0);
}

static void test_without_descriptor_and_in_order(void **state)
{
	char got[8];
	size_t n;
	int fd;

	(void)state;
	assert_int_equal(sd_fdpass_send(pair[0], "1", 1, NULL, 0, -1), SD_OK);
	assert_int_equal(sd_fdpass_send(pair[0], NULL, 0, "22", 2, -1), SD_OK);
	assert_int_equal(sd_fdpass_recv(pair[1], got, sizeof(got), &n, &fd), SD_OK);
	assert_int_equal(n, 1);
	assert_int_equal(fd, -1);
	assert_int_equal(sd_fdpass_recv(pair[1], got, sizeof(got), &n, &fd), SD_OK);
	assert_int_equal(n, 2);
	assert_int_equal(sd_fdpass_recv(pair[1], got, sizeof(got), &n, &fd), SD_ERR_AGAIN);
	assert_int_equal(n, 0);
	assert_int_equal(sd_fdpass_send(pair[0], NULL, 0, NULL, 0, -1), SD_ERR_INVALID);
}

static void send_fds(const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {0};
	char byte = 'x';
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			     .msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
}

static void test_surplus_descriptors_are_closed(void **state)
{
	char got[8];
	size_t n;
	int fd;
	int eight[8] = {0, 1, 2, 0, 1, 2, 0, 1};

	(void)state;
	for (size_t count = 2; count <= 8; count++) {
		send_fds(eight, count);
		assert_int_equal(sd_fdpass_recv(pair[1], got, sizeof(got), &n, &fd), SD_ERR_INVALID);
		assert_int_equal(fd, -1);
		assert_int_equal(n, 0);
	}
}

static void test_too_long_is_dropped_whole(void **state)
{
	char got[4];
	size_t n;
	int fd;

	(void)state;
	assert_int_equal(sd_fdpass_send(pair[0], "12345", 5, NULL, 0, STDERR_FILENO), SD_OK);
	assert_int_equal(sd_fdpass_send(pair[0], "ok", 2, NULL, 0, -1), SD_OK);
	assert_int_equal(sd_fdpass_recv(pair[1], got, sizeof(got), &n, &fd), SD_ERR_TOO_BIG);
	assert_int_equal(fd, -1);
	assert_int_equal(sd_fdpass_recv(pair[1], got, sizeof(got), &n, &fd), SD_OK);
	assert_int_equal(n, 2);
}

static void test_full_and_closed(void **state)
{
	static char big[32768];
	char got[4];
	size_t n;
	int fd, err, sent = 0;

	(void)state;
	while ((err = sd_fdpass_send(pair[0], big, sizeof(big), NULL, 0, -1)) == SD_OK)
		sent++;
	assert_true(sent >= 1);
	assert_int_equal(err, SD_ERR_AGAIN);
	assert_int_equal(close(pair[0]), 0);
	while ((err = sd_fdpass_recv(pair[1], got, sizeof(got), &n, &fd)) == SD_ERR_TOO_BIG)
		sent--;
	assert_int_equal(sent, 0);
	assert_int_equal(err, SD_ERR_CLOSED);
	assert_int_equal(sd_fdpass_send(pair[1], "x", 1, NULL, 0, -1), SD_ERR_CLOSED);
}

static void test_promised_size_fits_in_one_message(void **state)
{
	static char big[65536];

	(void)state;
	assert_int_equal(sd_fdpass_send(pair[0], big, sizeof(big), NULL, 0, -1), SD_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_message_and_descriptor_arrive, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_without_descriptor_and_in_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_surplus_descriptors_are_closed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_too_long_is_dropped_whole, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_full_and_closed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_promised_size_fits_in_one_message, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
