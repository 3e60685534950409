/* SPDX-License-Identifier: MIT
 * Answers out of order, deadlines, a signer that dies, a move to the next; a link lives as long as
 * a call waits on it, whoever else has let go. */
#include "base.h"

#include <setjmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "err.h"
#include "fdpass.h"
#include "signer_client.h"

#define T0 (500 * SD_NS_PER_S)
#define TIMEOUT (400 * SD_NS_PER_MS)

struct waiter {
	struct sign_call call;
	unsigned told;
	enum sign_status status;
	char payload[32];
	struct signer_link **drop; /* let go of inside done() */
};

struct fixture {
	struct sd_loop *loop;
	uint32_t ids;
	unsigned lost;
	struct signer_link *link;
	int peer;
	struct waiter w[4];
};

static void on_done(struct sign_call *call)
{
	struct waiter *w = SD_CONTAINER_OF(call, struct waiter, call);
	w->told++;
	w->status = call->answer.status;
	assert_int_equal(sd_slice_copy(call->answer.payload, w->payload, sizeof(w->payload)),
			 SD_OK);
	if (w->drop)
		signer_link_unref(w->drop);
}

static void on_lost(struct signer_link *link, void *arg)
{
	struct fixture *f = arg;
	assert_false(signer_link_alive(link));
	f->lost++;
}

static struct signer_link *new_link(struct fixture *f, int *peer)
{
	struct signer_link_conf conf = {.loop = f->loop, .ids = &f->ids, .lost = on_lost, .arg = f};
	struct signer_link *link;
	int fds[2];
	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	*peer = fds[0];
	assert_int_equal(signer_link_new(&conf, fds[1], &link), SD_OK);
	return link;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	sd_clock_test_set(T0, 1);
	assert_int_equal(sd_loop_new(&f->loop), SD_OK);
	f->link = new_link(f, &f->peer);
	for (size_t i = 0; i < SD_ARRAY_LEN(f->w); i++)
		f->w[i].call.done = on_done;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	(void)close(f->peer);
	signer_link_unref(&f->link);
	sd_loop_free(&f->loop);
	sd_clock_test_off();
	free(f);
	return 0;
}

static void turn_at(struct fixture *f, int64_t now_ns)
{
	sd_clock_test_set(now_ns, 1);
	assert_int_equal(sd_loop_turn(f->loop, 0), SD_OK);
}

static int ask(struct fixture *f, struct signer_link *link, int i)
{
	struct sign_request q = {.op = SIGN_OP_ACCESS_TOKEN,
				 .generation = 7,
				 .iat_s = 1,
				 .exp_s = 2,
				 .sub = SD_SLICE("alice"),
				 .client_id = SD_SLICE("web"),
				 .scope = SD_SLICE(""),
				 .acr = SD_SLICE(""),
				 .amr = SD_SLICE(""),
				 .ext = SD_SLICE(""),
				 .aud = {SD_SLICE("api")},
				 .aud_count = 1};
	return signer_call(link, &q, TIMEOUT, &f->w[i].call);
}

/* The id of the next request the signer has got. */
static uint32_t heard(int peer)
{
	uint8_t packet[SIGN_MAX_REQUEST];
	struct sign_request q;
	ssize_t n = recv(peer, packet, sizeof(packet), MSG_DONTWAIT);
	assert_true(n > 0);
	assert_int_equal(sign_request_decode(sd_slice(packet, (size_t)n), &q), SD_OK);
	assert_true(sd_slice_is(q.sub, "alice"));
	return q.id;
}

static void reply(int peer, uint32_t id, const char *token)
{
	struct sign_answer a = {.id = id,
				.op = SIGN_OP_ACCESS_TOKEN,
				.status = SIGN_DONE,
				.payload = sd_slice_str(token)};
	uint8_t packet[SIGN_MAX_ANSWER];
	size_t n;
	assert_int_equal(sign_answer_encode(&a, packet, sizeof(packet), &n), SD_OK);
	assert_int_equal(send(peer, packet, n, 0), n);
}

static void test_answers_out_of_order(void **state)
{
	struct fixture *f = *state;
	static const char *const tokens[] = {"zero", "one", "two"};
	static const int order[] = {1, 2, 0};
	uint32_t id[3];
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(f, f->link, i), SD_OK);
		id[i] = heard(f->peer);
	}
	for (int i = 0; i < 3; i++)
		reply(f->peer, id[order[i]], tokens[order[i]]);
	reply(f->peer, id[0], "twice"); /* nobody waits for it any more */
	reply(f->peer, 4711, "stranger");
	turn_at(f, T0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(f->w[i].told, 1);
		assert_int_equal(f->w[i].status, SIGN_DONE);
		assert_string_equal(f->w[i].payload, tokens[i]);
	}
	assert_true(signer_link_alive(f->link));
	assert_int_equal(f->link->refs, 1);
}

static void test_each_has_its_deadline(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, f->link, 0), SD_OK);
	uint32_t late = heard(f->peer);
	turn_at(f, T0 + TIMEOUT / 2);
	assert_int_equal(ask(f, f->link, 1), SD_OK);
	turn_at(f, T0 + TIMEOUT - 1);
	assert_int_equal(f->w[0].told, 0);
	turn_at(f, T0 + TIMEOUT);
	assert_int_equal(f->w[0].told, 1);
	assert_int_equal(f->w[0].status, SIGN_FAILED);
	assert_int_equal(f->w[1].told, 0);
	reply(f->peer, late, "late");
	reply(f->peer, heard(f->peer), "in time");
	turn_at(f, T0 + TIMEOUT);
	assert_int_equal(f->w[0].told, 1);
	assert_int_equal(f->w[1].status, SIGN_DONE);
	turn_at(f, T0 + 3 * TIMEOUT);
	assert_int_equal(f->w[1].told, 1);
}

static void test_a_dead_signer_is_told_once(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, f->link, 0), SD_OK);
	(void)close(f->peer);
	turn_at(f, T0);
	turn_at(f, T0);
	assert_int_equal(f->lost, 1);
	assert_false(signer_link_alive(f->link));
	assert_int_equal(ask(f, f->link, 1), SD_ERR_CLOSED);
	assert_int_equal(f->w[0].told, 0); /* another signer may still answer it */
	turn_at(f, T0 + TIMEOUT);
	assert_int_equal(f->w[0].told, 1);
	assert_int_equal(f->w[0].status, SIGN_FAILED);
	assert_int_equal(f->w[1].told, 0);
	assert_false(signer_link_alive(NULL));
}

static void test_waiting_calls_move(void **state)
{
	struct fixture *f = *state;
	struct signer_link *dead = f->link;
	int peer;
	assert_int_equal(ask(f, f->link, 0), SD_OK);
	assert_int_equal(ask(f, f->link, 1), SD_OK);
	(void)close(f->peer);
	turn_at(f, T0);
	f->link = new_link(f, &peer);
	f->peer = peer;
	signer_link_move(dead, f->link);
	assert_int_equal(dead->refs, 1);
	assert_int_equal(f->link->refs, 3);
	signer_link_unref(&dead);
	uint32_t first = heard(peer), second = heard(peer);
	assert_int_not_equal(first, second);
	reply(peer, first, "a");
	turn_at(f, T0);
	assert_int_equal(f->w[0].told + f->w[1].told, 1);
	turn_at(f, T0 + TIMEOUT); /* deadlines moved along */
	assert_int_equal(f->w[0].told, 1);
	assert_int_equal(f->w[1].told, 1);
	assert_int_equal(f->link->refs, 1);
}

static void test_a_move_to_a_dead_one_fails_the_calls(void **state)
{
	struct fixture *f = *state;
	struct signer_link *other;
	int peer;
	assert_int_equal(ask(f, f->link, 0), SD_OK);
	other = new_link(f, &peer);
	(void)close(peer);
	turn_at(f, T0);
	signer_link_move(f->link, other);
	assert_int_equal(f->w[0].told, 1);
	assert_int_equal(f->w[0].status, SIGN_FAILED);
	signer_link_unref(&other);
}

/* Two quick reloads: the first's generation goes while its keys are being asked for. */
static void test_a_waiting_call_holds_its_link(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, f->link, 0), SD_OK);
	signer_link_unref(&f->link);
	assert_int_equal(f->w[0].told, 0);
	reply(f->peer, heard(f->peer), "still");
	turn_at(f, T0);
	assert_int_equal(f->w[0].told, 1);
	assert_string_equal(f->w[0].payload, "still");
	assert_int_equal(recv(f->peer, f->w[0].payload, 1, MSG_DONTWAIT),
			 0); /* closed with its last call */
}

static void test_done_may_drop_the_last_reference(void **state)
{
	struct fixture *f = *state;
	f->w[0].drop = &f->link;
	assert_int_equal(ask(f, f->link, 0), SD_OK);
	assert_int_equal(ask(f, f->link, 1), SD_OK);
	turn_at(f, T0 + TIMEOUT);
	assert_int_equal(f->w[0].told, 1);
	assert_int_equal(f->w[1].told, 1);
	assert_null(f->link);
}

static void test_nonsense_ends_the_link(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(send(f->peer, "nonsense", 8, 0), 8);
	turn_at(f, T0);
	assert_int_equal(f->lost, 1);
	assert_false(signer_link_alive(f->link));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_answers_out_of_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_each_has_its_deadline, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_dead_signer_is_told_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_waiting_calls_move, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_move_to_a_dead_one_fails_the_calls, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_a_waiting_call_holds_its_link, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_done_may_drop_the_last_reference, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_nonsense_ends_the_link, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
