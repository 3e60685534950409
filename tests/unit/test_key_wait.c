/* SPDX-License-Identifier: MIT
 * A token with a key that its issuer may just have made waits for the next generation, and is let in
 * by it; what is none is refused after a moment, and then nobody waits for that issuer; few wait at once. */
#include "base.h"

#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "jws_sign.h"
#include "key_wait.h"
#include "worker_rig.h"

#define ISSUER "https://idp.example"
#define CLIENTS (KEY_WAIT_MOST + 2)

static char heard[4096];

/* brand-a's web calls by this issuer, whose one fetched key has this name. */
static void issuer(struct worker_rig *rig, uint64_t generation, const char *kid)
{
	const struct policy_tenant *a = worker_rig_tenant(rig, RIG_A);
	const struct policy_view *v = &rig->policy.view;
	uint32_t i = policy_view_key_find(v, a, sd_slice_str(rig->policy.kid[0]));
	struct policy_caller_key key = {
	    .kid = worker_rig_text(rig, kid), .spki = policy_view_key(v, a, i)->spki, .alg = JOSE_ES256};
	struct policy_caller row = {.issuer = worker_rig_text(rig, ISSUER), .audience = worker_rig_text(rig, "sessiond"),
				    .party = worker_rig_text(rig, ""), .claim = worker_rig_text(rig, ""),
				    .jwks_url = worker_rig_text(rig, ISSUER "/jwks"),
				    .keys = {worker_rig_append(rig, &key, sizeof(key)), 1},
				    .roles = {worker_rig_append(rig, "", 1), 0},
				    .tenant = RIG_A, .client = 1};
	worker_rig_image(rig)->callers = (struct pi_list){worker_rig_append(rig, &row, sizeof(row)), 1};
	worker_rig_adopt(rig, generation);
}

static void say(struct worker_rig *rig, int client, const char *kid, const char *more)
{
	char payload[256], request[2048];
	struct sd_buf out;
	(void)snprintf(payload, sizeof(payload), "{\"iss\":\"" ISSUER "\",\"aud\":\"sessiond\",\"exp\":%lld}",
		       FAKE_POLICY_NOW + 60);
	sd_buf_init(&out, 8192);
	assert_int_equal(jws_sign_compact(rig->policy.key[0], JOSE_ES256, kid, "JWT", sd_slice_str(payload), &out),
			 SD_OK);
	int n = snprintf(request, sizeof(request),
			 "POST /sessions/validate HTTP/1.1\r\nHost: h\r\n%sContent-Type: application/json\r\n"
			 "Content-Length: 2\r\nAuthorization: Bearer " SD_SLICE_FMT "\r\n\r\n{}",
			 more, SD_SLICE_ARG(sd_buf_slice(&out)));
	sd_buf_fini(&out);
	worker_rig_say(client, request, (size_t)n);
	for (int i = 0; i < 3; i++)
		worker_rig_turn(rig);
}

/* The status that has come; 0: none yet. */
static int status_of(struct worker_rig *rig, int client)
{
	size_t have = 0;
	int status = 0;
	for (int i = 0; i < 3; i++)
		worker_rig_turn(rig);
	heard[0] = 0;
	(void)worker_rig_hear(client, heard, sizeof(heard), &have);
	return sscanf(heard, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static void end(struct worker_rig *rig, int client)
{
	(void)close(client);
	worker_rig_turn(rig);
	assert_int_equal(rig->w.in_flight, 0);
	assert_int_equal(rig->w.generation->refs, 1);
}

static void test_the_new_key_comes(void **state)
{
	struct worker_rig *rig = *state;
	issuer(rig, 8, "old");
	int client = worker_rig_client(rig);
	say(rig, client, "new", "");
	assert_int_equal(status_of(rig, client), 0);
	issuer(rig, 9, "old"); /* a reload of something else */
	key_wait_adopted(&rig->w);
	assert_int_equal(status_of(rig, client), 0);
	issuer(rig, 10, "new");
	key_wait_adopted(&rig->w);
	assert_int_equal(status_of(rig, client), 400); /* let in: the body lacks a token */
	end(rig, client);
}

static void test_it_does_not_come(void **state)
{
	struct worker_rig *rig = *state;
	issuer(rig, 8, "old");
	int client = worker_rig_client(rig);
	say(rig, client, "none", "");
	worker_rig_pass(rig, KEY_WAIT_NS / SD_NS_PER_MS - 1);
	assert_int_equal(status_of(rig, client), 0);
	worker_rig_pass(rig, 1);
	assert_int_equal(status_of(rig, client), 401);
	say(rig, client, "none", ""); /* nobody waits now */
	assert_int_equal(status_of(rig, client), 401);
	worker_rig_pass(rig, KEY_WAIT_VAIN_NS / SD_NS_PER_MS);
	say(rig, client, "none", "");
	assert_int_equal(status_of(rig, client), 0);
	worker_rig_pass(rig, KEY_WAIT_NS / SD_NS_PER_MS);
	assert_int_equal(status_of(rig, client), 401);
	end(rig, client);
}

static void test_few_wait(void **state)
{
	struct worker_rig *rig = *state;
	int client[CLIENTS], refused = 0;
	issuer(rig, 8, "old");
	for (int i = 0; i < CLIENTS; i++) {
		client[i] = worker_rig_client(rig);
		say(rig, client[i], "none", "");
		refused += status_of(rig, client[i]) == 401;
	}
	assert_int_equal(refused, CLIENTS - KEY_WAIT_MOST);
	assert_int_equal(rig->w.key_wait.count, KEY_WAIT_MOST);
	worker_rig_pass(rig, KEY_WAIT_NS / SD_NS_PER_MS);
	worker_rig_turn(rig);
	assert_int_equal(rig->w.key_wait.count, 0);
	for (int i = 0; i < CLIENTS; i++)
		(void)close(client[i]);
	for (int i = 0; i < CLIENTS; i++)
		worker_rig_turn(rig);
	assert_int_equal(rig->w.in_flight, 0);
}

/* "100 Continue" is sent: whether he is let in is seen when the body is there. */
static void test_who_asks_before_he_sends(void **state)
{
	struct worker_rig *rig = *state;
	issuer(rig, 8, "old");
	int client = worker_rig_client(rig);
	say(rig, client, "new", "Expect: 100-continue\r\n");
	(void)status_of(rig, client);
	issuer(rig, 9, "new");
	key_wait_adopted(&rig->w);
	(void)status_of(rig, client);
	assert_non_null(strstr(heard, "HTTP/1.1 400"));
	end(rig, client);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_the_new_key_comes), TEST(test_it_does_not_come),
					   TEST(test_few_wait), TEST(test_who_asks_before_he_sends)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
