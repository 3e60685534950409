/* SPDX-License-Identifier: MIT
 * Slots before, records after, kept until acknowledged; a new auditor gets again, in order, what
 * the old one may have lost. Slots never leak. */
#include "base.h"

#include <setjmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit_client.h"
#include "err.h"
#include "fdpass.h"

struct fixture {
	struct sd_loop *loop;
	struct audit_client c;
	int peer;
};

static void connect_new(struct fixture *f)
{
	int fds[2];
	assert_int_equal(sd_fdpass_pair(fds, 1 << 17), SD_OK);
	f->peer = fds[0];
	assert_int_equal(audit_client_connect(&f->c, fds[1]), SD_OK);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(sd_loop_new(&f->loop), SD_OK);
	audit_client_init(&f->c, f->loop);
	connect_new(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	if (f->peer >= 0)
		(void)close(f->peer);
	audit_client_fini(&f->c);
	sd_loop_free(&f->loop);
	free(f);
	return 0;
}

static void turn(struct fixture *f)
{
	assert_int_equal(sd_loop_turn(f->loop, 0), SD_OK);
}

static void credit(struct fixture *f, uint32_t granted, uint64_t acked)
{
	struct audit_credit k = {.version = AUDIT_MSG_VERSION, .granted = granted, .acked = acked};
	assert_int_equal(send(f->peer, &k, sizeof(k), 0), sizeof(k));
	turn(f);
}

static struct audit_record record(void)
{
	return (struct audit_record){.event = AUDIT_SESSION_CREATED,
				     .outcome = AUDIT_OK,
				     .actor_type = AUDIT_ACTOR_CLIENT,
				     .tenant = SD_SLICE("brand-a"),
				     .actor_id = SD_SLICE("mobile"),
				     .user_id = SD_SLICE("alice"),
				     .session_id = SD_SLICE(""),
				     .ip = SD_SLICE(""),
				     .reason = SD_SLICE(""),
				     .request_id = SD_SLICE("request-1")};
}

static uint64_t send_one(struct fixture *f)
{
	struct audit_record r = record();
	assert_int_equal(audit_send(&f->c, &r), SD_OK);
	return r.id;
}

/* The id of the next record that has arrived; 0 when none. */
static uint64_t arrived(struct fixture *f)
{
	uint8_t packet[AUDIT_MAX_RECORD];
	struct audit_record r;
	ssize_t n = recv(f->peer, packet, sizeof(packet), MSG_DONTWAIT);
	if (n <= 0)
		return 0;
	assert_int_equal(audit_record_decode(sd_slice(packet, (size_t)n), &r), SD_OK);
	assert_true(sd_slice_is(r.user_id, "alice"));
	return r.id;
}

static void test_no_slot_before_credit(void **state)
{
	struct fixture *f = *state;
	assert_false(audit_slot_take(&f->c));
	credit(f, 2, 0);
	assert_true(audit_slot_take(&f->c));
	assert_true(audit_slot_take(&f->c));
	assert_false(audit_slot_take(&f->c));
	audit_slot_return(&f->c);
	assert_true(audit_slot_take(&f->c));
	credit(f, 0, 0); /* it stops us */
	audit_slot_return(&f->c);
	assert_false(audit_slot_take(&f->c));
}

static void test_a_record_keeps_its_slot_until_acknowledged(void **state)
{
	struct fixture *f = *state;
	credit(f, 2, 0);
	for (uint64_t id = 1; id <= 2; id++) {
		assert_true(audit_slot_take(&f->c));
		assert_int_equal(send_one(f), id);
		assert_int_equal(arrived(f), id);
	}
	assert_int_equal(f->c.reserved, 0);
	assert_int_equal(f->c.unacked, 2);
	assert_false(audit_slot_take(&f->c));
	credit(f, 2, 1);
	assert_int_equal(f->c.unacked, 1);
	assert_true(audit_slot_take(&f->c));
	audit_slot_return(&f->c);
	credit(f, 2, 99); /* beyond what was sent: all, and no more */
	assert_int_equal(f->c.unacked, 0);
	assert_null(f->c.first);
	assert_null(f->c.last);
}

static void test_what_cannot_be_encoded_gives_its_slot_back(void **state)
{
	struct fixture *f = *state;
	char *huge = calloc(1, AUDIT_MAX_RECORD + 1);
	struct audit_record r = record();
	assert_non_null(huge);
	memset(huge, 'x', AUDIT_MAX_RECORD);
	r.reason = sd_slice(huge, AUDIT_MAX_RECORD);
	credit(f, 1, 0);
	assert_true(audit_slot_take(&f->c));
	assert_int_not_equal(audit_send(&f->c, &r), SD_OK);
	assert_int_equal(f->c.reserved + f->c.unacked, 0);
	assert_true(audit_slot_take(&f->c));
	free(huge);
}

static void test_more_goes_beyond_the_slots_refusals_do_not(void **state)
{
	struct fixture *f = *state;
	struct audit_record r = record();
	credit(f, 1, 0);
	assert_true(audit_slot_take(&f->c));
	assert_false(audit_try(&f->c, &r));
	assert_int_equal(send_one(f), 1);
	assert_int_equal(audit_send_more(&f->c, &r), SD_OK);
	assert_int_equal(f->c.unacked, 2);
	assert_int_equal(f->c.reserved, 0);
	assert_false(audit_try(&f->c, &r));
	credit(f, 1, 2);
	assert_true(audit_try(&f->c, &r));
}

static void test_a_new_auditor_gets_it_again_in_order(void **state)
{
	struct fixture *f = *state;
	credit(f, 10, 0);
	for (uint64_t id = 1; id <= 4; id++) {
		assert_true(audit_slot_take(&f->c));
		assert_int_equal(send_one(f), id);
	}
	assert_true(audit_slot_take(&f->c)); /* taken while the auditor dies */
	credit(f, 10, 1);
	(void)close(f->peer);
	turn(f);
	assert_int_equal(f->c.fd, -1);
	assert_int_equal(send_one(f), 5); /* kept though nobody is there */
	assert_false(audit_slot_take(&f->c));
	connect_new(f);
	for (uint64_t id = 2; id <= 5; id++)
		assert_int_equal(arrived(f), id);
	assert_int_equal(arrived(f), 0);
	assert_false(audit_slot_take(&f->c)); /* not before it grants */
	credit(f, 10, 5);
	assert_int_equal(f->c.unacked, 0);
	assert_true(audit_slot_take(&f->c));
}

static void test_a_full_socket_waits_for_the_next_credit(void **state)
{
	struct fixture *f = *state;
	uint64_t sent = 0, got = 0;
	credit(f, 100000, 0);
	while (sent < 5000) {
		assert_true(audit_slot_take(&f->c));
		sent = send_one(f);
	}
	assert_int_equal(f->c.unacked, sent);
	for (uint64_t id; got < sent;) {
		id = arrived(f);
		if (id == 0) {
			credit(f, 100000, got);
			continue;
		}
		assert_int_equal(id, got + 1);
		got = id;
	}
	credit(f, 100000, got);
	assert_int_equal(f->c.unacked, 0);
}

static void test_nonsense_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	struct audit_credit k = {.version = AUDIT_MSG_VERSION + 1, .granted = 5};
	assert_int_equal(send(f->peer, &k, sizeof(k), 0), sizeof(k));
	turn(f);
	assert_int_equal(f->c.fd, -1);
	(void)close(f->peer);
	connect_new(f);
	assert_int_equal(send(f->peer, "x", 1, 0), 1);
	turn(f);
	assert_int_equal(f->c.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_no_slot_before_credit, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_record_keeps_its_slot_until_acknowledged, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_what_cannot_be_encoded_gives_its_slot_back, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_more_goes_beyond_the_slots_refusals_do_not, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_a_new_auditor_gets_it_again_in_order, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_a_full_socket_waits_for_the_next_credit, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_nonsense_ends_the_connection, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
