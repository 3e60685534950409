/* SPDX-License-Identifier: MIT
 * test_auditor_peer - slots, acknowledgements, a trail that stalls, peers that misbehave.
 * Owns:      socket pairs and a pipe as the trail
 * Runs in:   make check
 * Fails by:  cmocka
 * Never:     wait for real time: the stalled trail is tried again by hand */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

#include "audit_msg.h"
#include "auditor_peer.h"
#include "err.h"
#include "fdpass.h"
#include "log.h"

struct fixture {
	struct sd_loop *loop;
	struct sink_file sink;
	struct auditor_peers peers;
	int trail; /* reading end */
	int peer;  /* the sender's end */
};

static void quiet(enum sd_log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct hm_peer who = {.role = ROLE_WORKER, .index = 3};
	struct sd_diag diag;
	int fds[2], pipe_fds[2];

	if (f == NULL || sd_loop_new(&f->loop) != SD_OK || sink_file_init(&f->sink) != SD_OK ||
	    pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC) != 0 || sd_fdpass_pair(fds, 1 << 16) != SD_OK ||
	    sink_file_open(&f->sink, pipe_fds[1], &diag) != SD_OK)
		return -1;
	auditor_peer_init(&f->peers, f->loop, &f->sink);
	f->peers.node = "n";
	f->trail = pipe_fds[0];
	f->peer = fds[0];
	*state = f;
	return auditor_peer_add(&f->peers, &who, fds[1]);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	auditor_peer_fini(&f->peers);
	sink_file_fini(&f->sink);
	sd_loop_free(&f->loop);
	(void)close(f->trail);
	(void)close(f->peer);
	free(f);
	return 0;
}

static void turn(struct fixture *f)
{
	assert_int_equal(sd_loop_turn(f->loop, 0), SD_OK);
}

static void send_record(struct fixture *f, uint64_t id)
{
	struct audit_record r = {.id = id, .event = AUDIT_SESSION_ENDED, .outcome = AUDIT_OK};
	char packet[AUDIT_MAX_RECORD];
	size_t n;

	assert_int_equal(audit_record_encode(&r, packet, sizeof(packet), &n), SD_OK);
	assert_int_equal(sd_fdpass_send(f->peer, packet, n, NULL, 0, -1), SD_OK);
}

static int get_credit(struct fixture *f, struct audit_credit *out)
{
	size_t n;
	int fd;

	memset(out, 0, sizeof(*out));
	return sd_fdpass_recv(f->peer, out, sizeof(*out), &n, &fd);
}

static size_t read_trail(struct fixture *f)
{
	static char text[1 << 16];
	ssize_t n = read(f->trail, text, sizeof(text) - 1);

	return n < 0 ? 0 : (size_t)n;
}

static void test_slots_then_acks(void **state)
{
	struct fixture *f = *state;
	struct audit_credit c;

	assert_int_equal(get_credit(f, &c), SD_OK);
	assert_int_equal(c.version, AUDIT_MSG_VERSION);
	assert_int_equal(c.granted, AUDITOR_PEER_CREDIT);
	assert_int_equal(c.acked, 0);
	for (uint64_t id = 5; id <= 9; id++)
		send_record(f, id);
	turn(f);
	assert_int_equal(get_credit(f, &c), SD_OK); /* one for the batch */
	assert_int_equal(c.acked, 9);
	assert_int_equal(get_credit(f, &c), SD_ERR_AGAIN);
	assert_true(read_trail(f) > 0);
	assert_int_equal(f->sink.seq, 5);
}

static void test_stalled_trail(void **state)
{
	struct fixture *f = *state;
	static char filler[1 << 16];
	struct audit_credit c;

	assert_int_equal(get_credit(f, &c), SD_OK);
	assert_int_equal(write(f->sink.fd, filler, sizeof(filler)), sizeof(filler));
	send_record(f, 1);
	turn(f);
	assert_int_equal(get_credit(f, &c), SD_OK);
	assert_int_equal(c.granted, 0);
	assert_int_equal(c.acked, 0);
	send_record(f, 2); /* sent before the 0 arrived: waits in the socket */
	turn(f);
	assert_int_equal(get_credit(f, &c), SD_ERR_AGAIN);
	assert_int_equal(read_trail(f), sizeof(filler) - 1);
	assert_int_equal(read_trail(f), 1);
	auditor_peer_flush(&f->peers);
	assert_int_equal(get_credit(f, &c), SD_OK);
	assert_int_equal(c.granted, AUDITOR_PEER_CREDIT);
	assert_int_equal(c.acked, 1);
	turn(f);
	assert_int_equal(get_credit(f, &c), SD_OK);
	assert_int_equal(c.acked, 2);
}

static void test_bad_packet_closes(void **state)
{
	struct fixture *f = *state;
	struct audit_credit c;

	assert_int_equal(get_credit(f, &c), SD_OK);
	send_record(f, 1);
	assert_int_equal(sd_fdpass_send(f->peer, "garbage", 7, NULL, 0, -1), SD_OK);
	turn(f);
	assert_int_equal(f->peers.count, 0);
	assert_int_equal(get_credit(f, &c), SD_ERR_CLOSED);
	assert_int_equal(f->sink.seq, 1); /* what came before is kept */
	assert_true(read_trail(f) > 0);
}

static void test_descriptor_closes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(sd_fdpass_send(f->peer, "x", 1, NULL, 0, STDIN_FILENO), SD_OK);
	turn(f);
	assert_int_equal(f->peers.count, 0);
}

static void test_drain_takes_all(void **state)
{
	struct fixture *f = *state;

	for (uint64_t id = 1; id <= 100; id++)
		send_record(f, id);
	assert_int_equal(auditor_peer_drain(&f->peers), SD_OK);
	assert_int_equal(f->sink.seq, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_slots_then_acks, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_stalled_trail, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_bad_packet_closes, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_descriptor_closes, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_drain_takes_all, setup, teardown),
	};

	sd_log_capture(quiet, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
