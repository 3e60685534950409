/* SPDX-License-Identifier: MIT
 * The auditor's real program under its real filter: boots, writes, rotates, ends. */
#include "base.h"

#include <fcntl.h>

#include "audit_msg.h"
#include "role_rig.h"
#include "shm_board.h"

#define PROGRAM "./sessiond-auditor"

struct fixture {
	struct role_rig rig;
	char path[2][64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	for (int i = 0; i < 2; i++) {
		int fd;

		(void)snprintf(f->path[i], sizeof(f->path[i]), "/tmp/auditor-XXXXXX");
		fd = mkostemp(f->path[i], O_CLOEXEC);
		assert_true(fd >= 0);
		(void)close(fd);
	}
	role_rig_start(&f->rig, PROGRAM);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->path[0]);
	(void)unlink(f->path[1]);
	free(f);
	return 0;
}

static void send_file(struct fixture *f, int i)
{
	int fd = open(f->path[i], O_RDWR | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	role_rig_send(&f->rig, HM_FILE, NULL, 0, fd);
	(void)close(fd);
}

static void go(struct fixture *f)
{
	struct hm_boot boot = {.role = ROLE_AUDITOR};
	struct hm_msg m;

	role_rig_boot(&f->rig, &boot);
	send_file(f, 0);
	role_rig_send(&f->rig, HM_GO, NULL, 0, -1);
	if (role_rig_hear(&f->rig, &m) != HM_READY)
		fail_msg("%.*s", (int)m.head.body, (const char *)m.u.bytes);
#ifndef SD_SANITIZERS
	assert_int_equal(m.u.ready.sandbox.seccomp, 2);
	assert_in_range(m.u.ready.sandbox.rules, 1, 36);
#endif
}

static uint64_t hear_acked(int peer)
{
	struct audit_credit c;
	size_t n;
	int fd;

	role_rig_wait_for(peer);
	assert_int_equal(sd_fdpass_recv(peer, &c, sizeof(c), &n, &fd), SD_OK);
	assert_int_equal(c.granted, 256);
	return c.acked;
}

static void write_record(int peer, uint64_t id)
{
	struct audit_record r = {.id = id, .event = AUDIT_PROCESS_STARTED, .outcome = AUDIT_OK};
	char packet[AUDIT_MAX_RECORD];
	size_t n;

	assert_int_equal(audit_record_encode(&r, packet, sizeof(packet), &n), SD_OK);
	assert_int_equal(sd_fdpass_send(peer, packet, n, NULL, 0, -1), SD_OK);
	while (hear_acked(peer) < id)
		;
}

static size_t lines(const char *path)
{
	FILE *in = fopen(path, "re");
	char line[4096];
	size_t n = 0;

	assert_non_null(in);
	while (fgets(line, sizeof(line), in) != NULL)
		n++;
	(void)fclose(in);
	return n;
}

static void test_writes_and_rotates(void **state)
{
	struct fixture *f = *state;
	struct shm_stats *stats = role_rig_stats(&f->rig);
	int early = role_rig_peer(&f->rig, ROLE_MASTER), late;
	uint64_t id = 78;

	go(f);
	assert_int_equal(hear_acked(early), 0);
	write_record(early, 1);
	late = role_rig_peer(&f->rig, ROLE_WORKER);
	assert_int_equal(hear_acked(late), 0);
	write_record(late, 77);
	send_file(f, 1);
	/* channel and peers are different sockets: a record may still overtake the file */
	while (lines(f->path[1]) == 0 && id < 200)
		write_record(late, id++);
	assert_int_equal(lines(f->path[1]), 1);
	assert_int_equal(lines(f->path[0]) + lines(f->path[1]), 2 + id - 78);
	assert_int_equal(atomic_load(&stats->state), BOARD_SERVING);
	assert_true(atomic_load(&stats->heartbeat_ns) > 0);
	for (int sig = SIGHUP; sig <= SIGTERM; sig += SIGTERM - SIGHUP)
		assert_int_equal(kill(f->rig.pid, sig), 0);
	write_record(early, 2);
	role_rig_send(&f->rig, HM_DRAIN, NULL, 0, -1);
	assert_int_equal(role_rig_end(&f->rig), 0);
	(void)close(early);
	(void)close(late);
}

/* The master dies: what others still send is written, then it ends. */
static void test_master_gone(void **state)
{
	struct fixture *f = *state;
	int peer = role_rig_peer(&f->rig, ROLE_WORKER);

	go(f);
	assert_int_equal(hear_acked(peer), 0);
	(void)close(f->rig.channel);
	f->rig.channel = -1;
	write_record(peer, 1);
	(void)close(peer);
	assert_int_equal(role_rig_end(&f->rig), 0);
	assert_int_equal(lines(f->path[0]), 1);
}

static void test_no_file(void **state)
{
	struct fixture *f = *state;
	struct hm_boot boot = {.role = ROLE_AUDITOR};
	struct hm_msg m;

	boot.log_level = 0;
	role_rig_boot(&f->rig, &boot);
	role_rig_send(&f->rig, HM_GO, NULL, 0, -1);
	assert_int_equal(role_rig_hear(&f->rig, &m), HM_FAILED);
	assert_int_equal(role_rig_end(&f->rig), 71);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_writes_and_rotates, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_master_gone, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
