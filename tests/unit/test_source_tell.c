/* SPDX-License-Identifier: MIT
 * Failures by source reach the node's other workers: the first at once, a flood in few messages; a worker
 * alone tells nobody. */
#include "base.h"

#include <sys/socket.h>
#include <unistd.h>

#include "err.h"
#include "heritage.h"
#include "source_tell.h"
#include "worker_rig.h"

#define IP SD_SLICE("192.0.2.1")

static int open_channel(struct worker_rig *rig, uint32_t workers)
{
	int fd[2];
	worker_rig_image(rig)->server.workers = workers;
	worker_rig_adopt(rig, 8);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	rig->w.channel = fd[0];
	return fd[1];
}

static void fail_once(struct worker_rig *rig)
{
	ratelimit_failed(rig->w.rates, 0, IP, RIG_WALL_MS);
	source_tell(&rig->w);
}

/* How many failures the next message tells; 0: there is none. */
static uint32_t heard(int master)
{
	struct hm_msg m;
	int fd;
	if (hm_recv(master, &m, &fd) != SD_OK)
		return 0;
	assert_int_equal(m.head.type, HM_FAILURES);
	assert_int_equal(m.u.failures.count, 1);
	assert_int_equal(m.u.failures.source[0].minute, RIG_WALL_MS / 60000);
	return m.u.failures.source[0].failures;
}

static void test_at_once_and_then_together(void **state)
{
	struct worker_rig *rig = *state;
	int master = open_channel(rig, 2);
	fail_once(rig);
	assert_int_equal(heard(master), 1);
	for (int i = 0; i < 7; i++)
		fail_once(rig);
	assert_int_equal(heard(master), 0);
	worker_rig_pass(rig, 9);
	worker_rig_turn(rig);
	assert_int_equal(heard(master), 0);
	worker_rig_pass(rig, 2);
	worker_rig_turn(rig);
	assert_int_equal(heard(master), 7);
	worker_rig_pass(rig, 50);
	worker_rig_turn(rig);
	assert_int_equal(heard(master), 0);
	fail_once(rig);
	assert_int_equal(heard(master), 1);
	(void)close(master);
	worker_rig_pass(rig, 50);
	worker_rig_turn(rig);
	fail_once(rig); /* nobody hears */
	assert_int_equal(rig->w.source_tell.lost, 1);
	(void)close(rig->w.channel);
	rig->w.channel = -1;
}

static void test_one_worker_tells_nobody(void **state)
{
	struct worker_rig *rig = *state;
	int master = open_channel(rig, 1);
	fail_once(rig);
	worker_rig_pass(rig, 50);
	worker_rig_turn(rig);
	assert_int_equal(heard(master), 0);
	(void)close(master);
	(void)close(rig->w.channel);
	rig->w.channel = -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_at_once_and_then_together), TEST(test_one_worker_tells_nobody)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
