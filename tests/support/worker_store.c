/* SPDX-License-Identifier: MIT
 * worker_store - worker_rig with a real Redis and a signer that signs.
 * Owns:      the server, the rig
 * Runs in:   unit tests
 * Fails by:  cmocka; 77 without a redis-server
 * Never:     be linked by a program of ours */
#include "base.h"
#include "worker_store.h"

#include <sys/socket.h>
#include <unistd.h>

#include "claims.h"
#include "clock.h"
#include "err.h"
#include "jws_sign.h"
#include "shm_fresh.h"

static void real_time(struct worker_rig *rig)
{
	sd_clock_test_off();
	rig->boot_ns = sd_clock_boot_ns();
	rig->wall_ms = sd_clock_wall_ms();
	atomic_store(&rig->control->store_offset_ms, rig->wall_ms - rig->boot_ns / SD_NS_PER_MS);
}

static void keys_valid_now(struct worker_rig *rig)
{
	struct policy_tenant *t = worker_rig_tenant(rig, RIG_A);
	struct policy_key *key = (struct policy_key *)(void *)(rig->policy.base + t->keys.off);
	for (uint32_t i = 0; i < t->keys.count; i++) {
		key[i].publish_s = key[i].activate_s = 1;
		key[i].retire_s = key[i].remove_s = INT64_MAX;
	}
	t->max_staleness_ms = 20000;
	t->create_per_second = 0;
}

static void rig_open(struct worker_store *s)
{
	struct worker_rig *rig = &s->rig;
	worker_rig_init(rig);
	real_time(rig);
	keys_valid_now(rig);
	worker_rig_adopt(rig, 8);
	assert_int_equal(store_connection(rig->w.store, 0, real_redis_fd(&s->redis)), SD_OK);
	worker_rig_fresh(rig);
}

int worker_store_setup(void **state)
{
	struct worker_store *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	if (!real_redis_start(&s->redis, NULL))
		exit(77);
	rig_open(s);
	*state = s;
	return 0;
}

int worker_store_teardown(void **state)
{
	struct worker_store *s = *state;
	worker_rig_fini(&s->rig);
	real_redis_stop(&s->redis);
	free(s);
	return 0;
}

int worker_store_fresh(void **state)
{
	struct worker_store *s = *state;
	worker_rig_fini(&s->rig);
	(void)real_redis_str(&s->redis, "FLUSHALL");
	s->refuse_to_sign = false;
	rig_open(s);
	return 0;
}

/* The signer's part: the claims as asked for, signed with brand-a's key. */
static void sign_one(struct worker_store *s, const struct sign_request *q)
{
	char sid[HANDLE_SID_LEN + 1];
	struct sid id;
	memcpy(id.b, q->sid, sizeof(id.b));
	sid_text(&id, sid);
	struct claims c = {.iss = SD_SLICE("https://id.brand-a.example"),
			   .sub = q->sub,
			   .jti = SD_SLICE("j"),
			   .client_id = q->client_id,
			   .sid = sd_slice_str(sid),
			   .tid = SD_SLICE("brand-a"),
			   .scope = q->scope,
			   .iat = q->iat_s,
			   .exp = q->exp_s,
			   .aud_count = q->aud_count};
	memcpy(c.aud, q->aud, sizeof(c.aud));
	struct sd_buf payload, token;
	uint8_t packet[SIGN_MAX_ANSWER];
	size_t n;
	sd_buf_init(&payload, 8192);
	sd_buf_init(&token, 8192);
	claims_emit(&payload, &c);
	assert_int_equal(jws_sign_compact(s->rig.policy.key[0], JOSE_ES256, s->rig.policy.kid[0],
					  "at+jwt", sd_buf_slice(&payload), &token),
			 SD_OK);
	struct sign_answer a = {.id = q->id,
				.op = q->op,
				.status = s->refuse_to_sign ? SIGN_REFUSED : SIGN_DONE,
				.payload =
				    s->refuse_to_sign ? SD_SLICE("no") : sd_buf_slice(&token)};
	assert_int_equal(sign_answer_encode(&a, packet, sizeof(packet), &n), SD_OK);
	assert_int_equal(send(s->rig.signer, packet, n, 0), n);
	sd_buf_fini(&payload);
	sd_buf_fini(&token);
}

static void play_signer(struct worker_store *s)
{
	uint8_t packet[SIGN_MAX_REQUEST];
	struct sign_request q;
	for (;;) {
		ssize_t n = recv(s->rig.signer, packet, sizeof(packet), MSG_DONTWAIT);
		if (n <= 0)
			return;
		assert_int_equal(sign_request_decode(sd_slice(packet, (size_t)n), &q), SD_OK);
		sign_one(s, &q);
	}
}

int worker_store_begin(struct worker_store *s, const char *line, const char *body)
{
	char text[8192], fields[128] = "";
	int client = worker_rig_client(&s->rig);
	if (body)
		(void)snprintf(fields, sizeof(fields),
			       "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			       strlen(body));
	int n = snprintf(text, sizeof(text),
			 "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-API-Key: " RIG_KEY_A
			 "\r\n%s\r\n%s",
			 line, fields, body ? body : "");
	worker_rig_say(client, text, (size_t)n);
	return client;
}

bool worker_store_wait(struct worker_store *s, int client, int turns, int *status_out)
{
	*status_out = 0;
	s->have = 0;
	for (int i = 0; i < turns; i++) {
		assert_int_equal(sd_loop_turn(s->rig.w.loop, 5), SD_OK);
		play_signer(s);
		if (worker_rig_hear(client, s->heard, sizeof(s->heard), &s->have))
			continue;
		(void)close(client);
		assert_int_equal(sscanf(s->heard, "HTTP/1.1 %d", status_out), 1);
		return true;
	}
	return false;
}

int worker_store_ask(struct worker_store *s, const char *line, const char *body)
{
	int client = worker_store_begin(s, line, body), status;
	if (!worker_store_wait(s, client, 400, &status))
		fail_msg("%s: no answer", line);
	return status;
}

const char *worker_store_member(const struct worker_store *s, const char *name)
{
	static char out[4096];
	char want[64];
	(void)snprintf(want, sizeof(want), "\"%s\":\"", name);
	const char *at = strstr(s->heard, want);
	if (!at)
		fail_msg("no %s in %s", name, s->heard);
	at += strlen(want);
	(void)snprintf(out, sizeof(out), "%.*s", (int)strcspn(at, "\""), at);
	return out;
}

bool worker_store_code(const struct worker_store *s, const char *code)
{
	return strcmp(worker_store_member(s, "code"), code) == 0;
}
