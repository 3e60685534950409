/* SPDX-License-Identifier: MIT
 * Generations come into force with their tenants' keys, requests keep theirs, a bad one changes
 * nothing; signers are replaced under calls that wait, also by two reloads at once. */
#include "base.h"

#include <sys/socket.h>
#include <unistd.h>

#include "adopt.h"
#include "err.h"
#include "fdpass.h"
#include "log.h"
#include "worker_rig.h"

static int master = -1; /* the other end of the worker's channel */

static void quiet(enum sd_log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

static int setup(void **state)
{
	int fds[2];
	worker_rig_setup(state);
	struct worker_rig *rig = *state;
	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	master = fds[0];
	rig->w.channel = fds[1];
	sd_log_capture(quiet, NULL);
	return 0;
}

static int teardown(void **state)
{
	struct worker_rig *rig = *state;
	sd_log_capture(NULL, NULL);
	(void)close(master);
	(void)close(rig->w.channel);
	return worker_rig_teardown(state);
}

static int reload(struct worker_rig *rig, uint64_t number)
{
	struct sd_diag diag = {""};
	worker_rig_image(rig)->head.number = number;
	return adopt_policy(&rig->w, worker_rig_image_fd(rig), &diag);
}

/* A new signer: the test's end. */
static int hand_over_signer(struct worker_rig *rig)
{
	int fds[2];
	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	assert_int_equal(adopt_signer(&rig->w, fds[1]), SD_OK);
	return fds[0];
}

/* Answers one request for keys (most 0: refuses it); 0, or the generation it was for. */
static uint64_t give_keys(int signer, uint32_t most)
{
	static uint8_t packet[SIGN_MAX_REQUEST];
	struct tenant_keys keys[3];
	struct sign_request q;
	ssize_t n = recv(signer, packet, sizeof(packet), MSG_DONTWAIT);
	if (n <= 0)
		return 0;
	assert_int_equal(sign_request_decode(sd_slice(packet, (size_t)n), &q), SD_OK);
	assert_int_equal(q.op, SIGN_OP_TENANT_KEYS);
	uint32_t count = SD_MIN(q.count, most);
	for (uint32_t i = 0; i < count; i++)
		keys[i] = worker_rig_keys(q.tenant + i);
	struct sign_answer a = {.id = q.id,
				.op = q.op,
				.status = SIGN_DONE,
				.first = q.tenant,
				.count = count,
				.payload = sd_slice(keys, count * sizeof(keys[0]))};
	if (count == 0) {
		a.status = SIGN_REFUSED;
		a.payload = SD_SLICE("not yet");
	}
	static uint8_t out[SIGN_MAX_ANSWER];
	size_t size;
	assert_int_equal(sign_answer_encode(&a, out, sizeof(out), &size), SD_OK);
	assert_int_equal(send(signer, out, size, 0), size);
	return q.generation;
}

/* The generation that the master was told of; 0 when it was told nothing. */
static uint64_t told(void)
{
	struct hm_msg m;
	int fd;
	if (hm_recv(master, &m, &fd) != SD_OK)
		return 0;
	assert_int_equal(m.head.type, HM_ADOPTED);
	return m.u.generation.number;
}

static void test_in_force_with_its_keys(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	worker_rig_image(rig)->server.body_bytes = 2048;
	assert_int_equal(reload(rig, 8), SD_OK);
	assert_int_equal(generation_number(rig->w.generation), FAKE_POLICY_GENERATION);
	for (int i = 0; i < 3; i++) { /* the signer gives one tenant's at a time */
		assert_int_equal(told(), 0);
		assert_int_equal(give_keys(rig->signer, 1), 8);
		worker_rig_turn(rig);
	}
	assert_int_equal(told(), 8);
	assert_int_equal(generation_number(rig->w.generation), 8);
	assert_int_equal(rig->w.http_limits.body_bytes, 2048);
	assert_int_equal(generation_number(r->gen), FAKE_POLICY_GENERATION); /* pinned */
	assert_int_equal(r->gen->refs, 1);
	assert_null(rig->w.coming);
}

/* What the master hands over later must find a free descriptor. */
static void test_connections_leave_descriptors(void **state)
{
	static const struct {
		uint32_t nofile, connections, workers, allowed;
	} cases[] = {{20256, 20000, 1, 20000},
		     {20256, 20000, 4, 5000},
		     {1024, 20000, 1, 960},
		     {100, 20000, 1, 50},
		     {20, 20000, 1, 16}};
	struct worker_rig *rig = *state;
	for (uint32_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		rig->w.boot.nofile = cases[i].nofile;
		worker_rig_image(rig)->server.connections = cases[i].connections;
		worker_rig_image(rig)->server.workers = cases[i].workers;
		assert_int_equal(reload(rig, 8 + i), SD_OK);
		for (int t = 0; t < 3; t++) {
			(void)give_keys(rig->signer, 1);
			worker_rig_turn(rig);
		}
		assert_int_equal(told(), 8 + i);
		assert_int_equal(rig->w.max_connections, cases[i].allowed);
	}
}

static void test_a_bad_one_changes_nothing(void **state)
{
	struct worker_rig *rig = *state;
	worker_rig_image(rig)->version++;
	assert_int_not_equal(reload(rig, 8), SD_OK);
	assert_null(rig->w.coming);
	assert_int_equal(generation_number(rig->w.generation), FAKE_POLICY_GENERATION);
}

static void test_refused_keys_are_asked_again(void **state)
{
	struct worker_rig *rig = *state;
	assert_int_equal(reload(rig, 8), SD_OK);
	assert_int_equal(give_keys(rig->signer, 0), 8);
	worker_rig_turn(rig);
	assert_int_equal(give_keys(rig->signer, 3), 0);
	worker_rig_pass(rig, 50);
	worker_rig_turn(rig);
	assert_int_equal(give_keys(rig->signer, 3), 8);
	worker_rig_turn(rig);
	assert_int_equal(told(), 8);
}

/* The first one's generation goes while its signer is being asked for its keys. */
static void test_two_reloads_at_once(void **state)
{
	struct worker_rig *rig = *state;
	int first = hand_over_signer(rig);
	assert_int_equal(reload(rig, 8), SD_OK);
	int second = hand_over_signer(rig);
	assert_int_equal(reload(rig, 9), SD_OK);
	worker_rig_turn(rig);
	assert_int_equal(give_keys(second, 3), 0); /* one question at a time */
	assert_int_equal(give_keys(first, 3), 8);
	worker_rig_turn(rig);
	assert_int_equal(give_keys(second, 3), 9);
	worker_rig_turn(rig);
	assert_int_equal(told(), 9);
	assert_int_equal(told(), 0);
	assert_int_equal(generation_number(rig->w.generation), 9);
	(void)close(first);
	(void)close(second);
}

/* The signer dies with the keys asked for: the next one is asked. */
static void test_a_dead_signer_is_replaced(void **state)
{
	struct worker_rig *rig = *state;
	int first = hand_over_signer(rig);
	assert_int_equal(reload(rig, 8), SD_OK);
	(void)close(first);
	worker_rig_turn(rig);
	assert_false(signer_link_alive(rig->w.coming->signer));
	int second = hand_over_signer(rig);
	assert_null(rig->w.spare_signer);
	assert_int_equal(give_keys(second, 3), 8);
	worker_rig_turn(rig);
	assert_int_equal(told(), 8);
	assert_true(signer_link_alive(rig->w.generation->signer));
	(void)close(second);
}

/* The replacement may come before the death is noticed. */
static void test_a_spare_takes_over(void **state)
{
	struct worker_rig *rig = *state;
	int first = hand_over_signer(rig);
	assert_int_equal(reload(rig, 8), SD_OK);
	assert_int_equal(give_keys(first, 3), 8);
	worker_rig_turn(rig);
	assert_int_equal(told(), 8);
	int spare = hand_over_signer(rig);
	assert_non_null(rig->w.spare_signer);
	(void)close(first);
	worker_rig_turn(rig);
	assert_null(rig->w.spare_signer);
	assert_true(signer_link_alive(rig->w.generation->signer));
	(void)close(spare); /* and if that one dies too, nothing breaks */
	worker_rig_turn(rig);
	assert_false(signer_link_alive(rig->w.generation->signer));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_in_force_with_its_keys),	     TEST(test_connections_leave_descriptors),
	    TEST(test_a_bad_one_changes_nothing),
	    TEST(test_refused_keys_are_asked_again), TEST(test_two_reloads_at_once),
	    TEST(test_a_dead_signer_is_replaced),    TEST(test_a_spare_takes_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
