/* SPDX-License-Identifier: MIT
 * Requests and answers over the sockets; peers that misbehave, and what the auditor hears of it. */
#include "base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "fake_policy.h"
#include "fdpass.h"
#include "log.h"
#include "sign_msg.h"
#include "signer_peer.h"

struct fixture {
	struct fake_policy policy;
	struct keyring *ring;
	struct mint mint;
	struct sd_loop *loop;
	struct signer_audit audit;
	struct signer_peers peers;
	int worker, auditor; /* the other ends */
	char packet[SIGN_MAX_ANSWER];
	struct sign_answer answer;
};

static void quiet(enum sd_log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

/* No key is loaded: what is tested here is who answers what, not the signature. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct hm_peer who = {.role = ROLE_WORKER, .index = 2};
	int fds[2];

	assert_non_null(f);
	fake_policy_init(&f->policy);
	((struct policy_tenant *)(void *)(f->policy.base + f->policy.view.image->tenants.off))->keys.count = 0;
	assert_int_equal(sd_loop_new(&f->loop), SD_OK);
	assert_int_equal(mint_init(&f->mint, &f->policy.view, NULL), SD_OK);
	signer_audit_init(&f->audit, f->loop);
	signer_peer_init(&f->peers, f->loop, &f->audit);
	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	f->auditor = fds[0];
	assert_int_equal(signer_audit_connect(&f->audit, fds[1]), SD_OK);
	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	f->worker = fds[0];
	assert_int_equal(signer_peer_add(&f->peers, &who, fds[1]), SD_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	signer_peer_fini(&f->peers);
	signer_audit_fini(&f->audit);
	mint_fini(&f->mint);
	sd_loop_free(&f->loop);
	fake_policy_fini(&f->policy);
	(void)close(f->worker);
	(void)close(f->auditor);
	free(f);
	return 0;
}

static int ask(struct fixture *f, const struct sign_request *r)
{
	size_t n;

	assert_int_equal(sign_request_encode(r, f->packet, sizeof(f->packet), &n), SD_OK);
	return sd_fdpass_send(f->worker, f->packet, n, NULL, 0, -1);
}

static int hear(struct fixture *f)
{
	size_t n;
	int fd;
	int err = sd_fdpass_recv(f->worker, f->packet, sizeof(f->packet), &n, &fd);

	if (err == SD_OK)
		assert_int_equal(sign_answer_decode(sd_slice(f->packet, n), &f->answer), SD_OK);
	return err;
}

static void turn(struct fixture *f)
{
	assert_int_equal(sd_loop_turn(f->loop, 0), SD_OK);
}

static void grant(struct fixture *f, uint32_t granted, uint64_t acked)
{
	struct audit_credit c = {AUDIT_MSG_VERSION, granted, acked};

	assert_int_equal(sd_fdpass_send(f->auditor, &c, sizeof(c), NULL, 0, -1), SD_OK);
	turn(f);
}

static int hear_audit(struct fixture *f, struct audit_record *out)
{
	static char packet[AUDIT_MAX_RECORD];
	size_t n;
	int fd;
	int err = sd_fdpass_recv(f->auditor, packet, sizeof(packet), &n, &fd);

	if (err == SD_OK)
		assert_int_equal(audit_record_decode(sd_slice(packet, n), out), SD_OK);
	return err;
}

static void test_waits_for_the_start(void **state)
{
	struct fixture *f = *state;
	struct sign_request r = {.id = 5, .op = SIGN_OP_ACCESS_TOKEN, .generation = 1};

	assert_int_equal(ask(f, &r), SD_OK);
	turn(f);
	assert_int_equal(hear(f), SD_ERR_AGAIN);
	assert_int_equal(signer_peer_start(&f->peers, &f->mint), SD_OK);
	turn(f);
	assert_int_equal(hear(f), SD_OK);
	assert_int_equal(f->answer.id, 5);
	assert_int_equal(f->answer.status, SIGN_REFUSED);
	assert_true(sd_slice_is(f->answer.payload, "another policy generation"));
}

static void test_refusals_are_audited(void **state)
{
	struct fixture *f = *state;
	struct sign_request r = {.op = SIGN_OP_ACCESS_TOKEN, .generation = FAKE_POLICY_GENERATION,
				 .sub = SD_SLICE("eve\n")};
	struct audit_record rec;
	int heard = 0;

	assert_int_equal(signer_peer_start(&f->peers, &f->mint), SD_OK);
	grant(f, 256, 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(ask(f, &r), SD_OK);
		turn(f);
		assert_int_equal(hear(f), SD_OK);
	}
	while (hear_audit(f, &rec) == SD_OK) {
		heard++;
		assert_int_equal(rec.id, heard);
		assert_int_equal(rec.event, AUDIT_TOKEN_REFUSED);
		assert_int_equal(rec.actor_type, AUDIT_ACTOR_SYSTEM);
		assert_true(sd_slice_is(rec.tenant, "brand-a"));
		assert_true(sd_slice_is(rec.detail[0].value, "worker-2"));
	}
	assert_in_range(heard, SIGNER_AUDIT_PER_SECOND, 2 * SIGNER_AUDIT_PER_SECOND);
	assert_int_equal(f->audit.suppressed + (uint64_t)heard, 200);
}

/* A new auditor gets again what the old one never acknowledged. */
static void test_a_new_auditor(void **state)
{
	struct fixture *f = *state;
	struct sign_request r = {.op = SIGN_OP_ACCESS_TOKEN};
	struct audit_record rec;
	int fds[2];

	assert_int_equal(signer_peer_start(&f->peers, &f->mint), SD_OK);
	grant(f, 256, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(f, &r), SD_OK);
		turn(f);
	}
	grant(f, 256, 1);
	(void)close(f->auditor);
	turn(f);
	assert_int_equal(f->audit.fd, -1);
	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	f->auditor = fds[0];
	assert_int_equal(signer_audit_connect(&f->audit, fds[1]), SD_OK);
	grant(f, 1, 0);
	assert_int_equal(hear_audit(f, &rec), SD_OK);
	assert_int_equal(rec.id, 2);
	assert_int_equal(hear_audit(f, &rec), SD_ERR_AGAIN); /* one slot, one record */
	grant(f, 256, 2);
	assert_int_equal(hear_audit(f, &rec), SD_OK);
	assert_int_equal(rec.id, 3);
}

static void test_garbage_closes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(signer_peer_start(&f->peers, &f->mint), SD_OK);
	assert_int_equal(sd_fdpass_send(f->worker, "x", 1, NULL, 0, -1), SD_OK);
	turn(f);
	assert_int_equal(f->peers.count, 0);
	assert_int_equal(hear(f), SD_ERR_CLOSED);
	assert_int_equal(f->audit.count, 1);
}

static void test_descriptor_closes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(signer_peer_start(&f->peers, &f->mint), SD_OK);
	assert_int_equal(sd_fdpass_send(f->worker, "x", 1, NULL, 0, STDIN_FILENO), SD_OK);
	turn(f);
	assert_int_equal(f->peers.count, 0);
}

static void test_too_long_closes(void **state)
{
	static char big[SIGN_MAX_REQUEST + 1];
	struct fixture *f = *state;

	assert_int_equal(signer_peer_start(&f->peers, &f->mint), SD_OK);
	assert_int_equal(sd_fdpass_send(f->worker, big, sizeof(big), NULL, 0, -1), SD_OK);
	turn(f);
	assert_int_equal(f->peers.count, 0);
}

/* One that does not take its answers is not read; when it does, nothing was lost. */
static void test_slow_peer(void **state)
{
	struct fixture *f = *state;
	struct sign_request r = {.op = SIGN_OP_ACCESS_TOKEN};
	uint32_t asked = 0, heard = 0;

	assert_int_equal(signer_peer_start(&f->peers, &f->mint), SD_OK);
	for (int stuck = 0; stuck < 20; turn(f)) {
		r.id = asked;
		if (ask(f, &r) == SD_OK)
			asked++;
		else
			stuck++;
	}
	for (int idle = 0; idle < 20; turn(f)) {
		while (hear(f) == SD_OK) {
			assert_int_equal(f->answer.id, heard);
			heard++;
			idle = 0;
		}
		idle++;
	}
	assert_true(asked > 10);
	assert_int_equal(heard, asked);
	assert_true(signer_peer_drain(&f->peers));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_waits_for_the_start, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refusals_are_audited, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_new_auditor, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_garbage_closes, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_descriptor_closes, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_too_long_closes, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_slow_peer, setup, teardown),
	};

	sd_log_capture(quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
