/* SPDX-License-Identifier: MIT
 * Messages arrive whole and of the right shape, or not at all; no descriptor leaks. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "fdpass.h"
#include "fdset.h"
#include "heritage.h"

static int pair[2];
static int open_before;

static int setup(void **state)
{
	(void)state;
	open_before = sd_fd_count();
	return sd_fdpass_pair(pair, 65536);
}

static int teardown(void **state)
{
	(void)state;
	(void)close(pair[0]);
	(void)close(pair[1]);
	return sd_fd_count() == open_before ? 0 : -1;
}

static void test_body_and_descriptor_arrive(void **state)
{
	struct hm_generation body = {.number = 77};
	struct hm_msg m;
	int fd, null = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(hm_send(pair[0], HM_POLICY, 5, &body, sizeof(body), null), 0);
	assert_int_equal(close(null), 0);
	assert_int_equal(hm_recv(pair[1], &m, &fd), 0);
	assert_int_equal(m.head.type, HM_POLICY);
	assert_int_equal(m.head.tag, 5);
	assert_int_equal(m.head.body, sizeof(body));
	assert_int_equal(m.u.generation.number, 77);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static void test_nothing_there_and_peer_gone(void **state)
{
	struct hm_msg m;
	int fd;

	(void)state;
	assert_int_equal(hm_recv(pair[1], &m, &fd), SD_ERR_AGAIN);
	assert_int_equal(fd, -1);
	assert_int_equal(shutdown(pair[0], SHUT_RDWR), 0);
	assert_int_equal(hm_recv(pair[1], &m, &fd), SD_ERR_CLOSED);
}

static void refuse(const struct hm_head *head, size_t body, int fd_in, int err)
{
	static const uint8_t zeros[2048];
	struct hm_msg m;
	int fd;

	assert_int_equal(sd_fdpass_send(pair[0], head, sizeof(*head), zeros, body, fd_in), 0);
	assert_int_equal(hm_recv(pair[1], &m, &fd), err);
	assert_int_equal(fd, -1);
}

static void test_wrong_shapes_are_refused(void **state)
{
	struct hm_head good = {HERITAGE_MAGIC, HERITAGE_VERSION, HM_GO, 0, 0}, bad = good;
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	bad.magic++;
	refuse(&bad, 0, -1, SD_ERR_INVALID);
	bad = good;
	bad.version++;
	refuse(&bad, 0, -1, SD_ERR_VERSION);
	bad = good;
	bad.type = HM_METRICS_WANTED + 1;
	refuse(&bad, 0, -1, SD_ERR_INVALID);
	bad.type = HM_NONE;
	refuse(&bad, 0, -1, SD_ERR_INVALID);
	/* a length that is not what came; a body where none belongs; one byte too few */
	bad = good;
	bad.body = 4;
	refuse(&bad, 0, -1, SD_ERR_INVALID);
	refuse(&bad, 4, -1, SD_ERR_INVALID);
	bad.type = HM_ADOPTED;
	bad.body = sizeof(struct hm_generation) - 1;
	refuse(&bad, sizeof(struct hm_generation) - 1, -1, SD_ERR_INVALID);
	/* a descriptor too many, one too few */
	refuse(&good, 0, null, SD_ERR_INVALID);
	bad = good;
	bad.type = HM_CONTROL;
	refuse(&bad, 0, -1, SD_ERR_INVALID);
	/* longer than any message */
	bad.body = 1500;
	refuse(&bad, 1500, null, SD_ERR_INVALID);
	assert_int_equal(close(null), 0);
	/* shorter than a head */
	assert_int_equal(sd_fdpass_send(pair[0], &good, 7, NULL, 0, -1), 0);
	assert_int_equal(hm_recv(pair[1], &(struct hm_msg){0}, &null), SD_ERR_INVALID);
}

static void test_texts_must_end_inside(void **state)
{
	struct hm_boot boot;
	struct hm_secret secret = {.n = 257};
	struct hm_msg m;
	int fd;

	(void)state;
	memset(&boot, 0, sizeof(boot));
	memset(boot.keys_dir, 'x', sizeof(boot.keys_dir));
	assert_int_equal(hm_send(pair[0], HM_BOOT, 0, &boot, sizeof(boot), -1), 0);
	assert_int_equal(hm_recv(pair[1], &m, &fd), SD_ERR_INVALID);
	boot.keys_dir[sizeof(boot.keys_dir) - 1] = '\0';
	assert_int_equal(hm_send(pair[0], HM_BOOT, 0, &boot, sizeof(boot), -1), 0);
	assert_int_equal(hm_recv(pair[1], &m, &fd), 0);
	assert_int_equal(hm_send(pair[0], HM_SECRET, 0, &secret, sizeof(secret), -1), 0);
	assert_int_equal(hm_recv(pair[1], &m, &fd), SD_ERR_INVALID);
}

static void test_text_of_any_length(void **state)
{
	struct hm_msg m;
	int fd;

	(void)state;
	assert_int_equal(hm_send(pair[0], HM_FAILED, 0, "no key", 6, -1), 0);
	assert_int_equal(hm_recv(pair[1], &m, &fd), 0);
	assert_int_equal(m.head.body, 6);
	assert_memory_equal(m.u.bytes, "no key", 7);
	assert_int_equal(hm_send(pair[0], HM_FAILED, 0, NULL, 0, -1), 0);
	assert_int_equal(hm_recv(pair[1], &m, &fd), 0);
}

static void test_role_names(void **state)
{
	(void)state;
	assert_string_equal(role_name(ROLE_WORKER), "worker");
	assert_string_equal(role_name(ROLE_REDIS), "redis");
	assert_string_equal(role_name(ROLE_FETCHER), "fetcher");
	assert_string_equal(role_name(ROLE_COUNT), "none");
	assert_string_equal(role_name((enum role)-1), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_body_and_descriptor_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_there_and_peer_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_shapes_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_texts_must_end_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text_of_any_length, setup, teardown),
		cmocka_unit_test(test_role_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
