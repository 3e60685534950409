/* SPDX-License-Identifier: MIT
 * The signer's real program under its real filter: reads keys, signs, refuses, ends; a key that is
 * missing is named. */
#include "base.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "clock.h"
#include "fake_policy.h"
#include "handle.h"
#include "role_rig.h"
#include "sign_msg.h"

#define PROGRAM "./sessiond-signer"

struct fixture {
	struct role_rig rig;
	struct fake_policy policy;
	char dir[64];
	char packet[SIGN_MAX_ANSWER];
	struct sign_answer answer;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	fake_policy_init_at(&f->policy, sd_clock_wall_ms() / 1000);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/signer-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	fake_policy_write_keys(&f->policy, f->dir);
	role_rig_start(&f->rig, PROGRAM);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[256];

	for (int i = 0; i < FAKE_POLICY_KEYS; i++) {
		fake_policy_key_path(&f->policy, i, f->dir, path);
		(void)unlink(path);
	}
	for (char t = 'a'; t <= 'c'; t++) {
		(void)snprintf(path, sizeof(path), "%s/brand-%c", f->dir, t);
		(void)rmdir(path);
	}
	(void)snprintf(path, sizeof(path), "%s/master", f->dir);
	(void)unlink(path);
	assert_int_equal(rmdir(f->dir), 0);
	fake_policy_fini(&f->policy);
	free(f);
	return 0;
}

static void send_policy(struct fixture *f)
{
	struct hm_generation g = {FAKE_POLICY_GENERATION};
	struct sd_diag diag = {{0}};
	void *p = NULL;
	int fd = -1;

	assert_int_equal(shm_create(SHM_KIND_POLICY, FAKE_POLICY_GENERATION, f->policy.size, &fd, &p, &diag), SD_OK);
	memcpy((char *)p + sizeof(struct shm_head), f->policy.base + sizeof(struct shm_head),
	       f->policy.size - sizeof(struct shm_head));
	assert_int_equal(shm_seal_final(fd, &p, f->policy.size), SD_OK);
	role_rig_send(&f->rig, HM_POLICY, &g, sizeof(g), fd);
	(void)close(fd);
}

static enum hm_type go(struct fixture *f, struct hm_msg *m)
{
	struct hm_boot boot = {.role = ROLE_SIGNER};

	(void)snprintf(boot.keys_dir, sizeof(boot.keys_dir), "%s", f->dir);
	(void)snprintf(boot.master_key_file, sizeof(boot.master_key_file), "%s/master", f->dir);
	role_rig_boot(&f->rig, &boot);
	send_policy(f);
	role_rig_send(&f->rig, HM_GO, NULL, 0, -1);
	return role_rig_hear(&f->rig, m);
}

static void ask(struct fixture *f, int peer, const struct sign_request *r)
{
	size_t n;
	int fd;

	assert_int_equal(sign_request_encode(r, f->packet, sizeof(f->packet), &n), SD_OK);
	assert_int_equal(sd_fdpass_send(peer, f->packet, n, NULL, 0, -1), SD_OK);
	role_rig_wait_for(peer);
	assert_int_equal(sd_fdpass_recv(peer, f->packet, sizeof(f->packet), &n, &fd), SD_OK);
	assert_int_equal(sign_answer_decode(sd_slice(f->packet, n), &f->answer), SD_OK);
	assert_int_equal(f->answer.id, r->id);
}

static struct sign_request good(uint32_t tenant, uint32_t id)
{
	int64_t now_s = sd_clock_wall_ms() / 1000;
	struct sign_request r = {
	    .id = id,
	    .op = SIGN_OP_ACCESS_TOKEN,
	    .generation = FAKE_POLICY_GENERATION,
	    .tenant = tenant,
	    .iat_s = now_s,
	    .exp_s = now_s + FAKE_POLICY_TTL,
	    .sub = SD_SLICE("u1"),
	    .client_id = SD_SLICE("web"),
	};

	r.sid[0] = handle_partition(tenant == 0 ? SD_SLICE("brand-a") : SD_SLICE("brand-b"), r.sub);
	return r;
}

static void test_signs_and_ends(void **state)
{
	struct fixture *f = *state;
	int early = role_rig_peer(&f->rig, ROLE_WORKER), late;
	struct shm_stats *stats = role_rig_stats(&f->rig);
	struct sign_request r;
	struct hm_msg m;

	if (go(f, &m) != HM_READY)
		fail_msg("%.*s", (int)m.head.body, (const char *)m.u.bytes);
	assert_int_equal(m.u.ready.generation, FAKE_POLICY_GENERATION);
#ifndef SD_SANITIZERS
	assert_int_equal(m.u.ready.sandbox.seccomp, 2);
	assert_in_range(m.u.ready.sandbox.rules, 1, 36);
#endif
	late = role_rig_peer(&f->rig, ROLE_WORKER);
	for (uint32_t i = 0; i < 100; i++) { /* both algorithms, both peers, long after the boot */
		r = good(i % 2, i);
		ask(f, i % 4 < 2 ? early : late, &r);
		assert_int_equal(f->answer.status, SIGN_DONE);
		assert_true(f->answer.payload.n > 100);
	}
	r.op = SIGN_OP_TENANT_KEYS;
	r.tenant = 0;
	r.count = 3;
	ask(f, late, &r);
	assert_int_equal(f->answer.status, SIGN_DONE);
	assert_int_equal(f->answer.count, 3);
	assert_int_equal(f->answer.payload.n, 3 * sizeof(struct tenant_keys));
	r = good(0, 1000);
	r.exp_s += 3600;
	ask(f, late, &r);
	assert_int_equal(f->answer.status, SIGN_REFUSED);
	assert_true(atomic_load(&stats->heartbeat_ns) > 0);
	for (int sig = SIGHUP; sig <= SIGTERM; sig += SIGTERM - SIGHUP)
		assert_int_equal(kill(f->rig.pid, sig), 0);
	role_rig_send(&f->rig, HM_DRAIN, NULL, 0, -1);
	assert_int_equal(role_rig_end(&f->rig), 0);
	(void)close(early);
	(void)close(late);
}

static void test_missing_key_is_named(void **state)
{
	struct fixture *f = *state;
	struct hm_msg m;
	char path[256], text[HERITAGE_MAX_BODY + 1] = "";

	fake_policy_key_path(&f->policy, 2, f->dir, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(go(f, &m), HM_FAILED);
	memcpy(text, m.u.bytes, m.head.body);
	assert_non_null(strstr(text, "brand-b"));
	assert_non_null(strstr(text, f->policy.kid[2]));
	assert_int_equal(role_rig_end(&f->rig), 71);
}

static void test_master_gone(void **state)
{
	struct fixture *f = *state;
	struct hm_msg m;

	assert_int_equal(go(f, &m), HM_READY);
	assert_int_equal(role_rig_end(&f->rig), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_signs_and_ends, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_missing_key_is_named, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_master_gone, setup, teardown),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
