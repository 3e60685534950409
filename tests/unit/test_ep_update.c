/* SPDX-License-Identifier: MIT
 * Data through a whole worker and a real Redis: requests that read the same and then both write, a
 * user's first key made twice at once, what an update leaves in the trail, the lock. */
#include "base.h"

#include "worker_store.h"

#define BOTH 2

static int fresh(void **state)
{
	int r = worker_store_fresh(state);
	struct worker_store *s = *state;
	worker_rig_tenant(&s->rig, RIG_A)->data_bytes = 4096;
	worker_rig_adopt(&s->rig, 9);
	return r;
}

/* A session; its path in static memory. */
static const char *session(struct worker_store *s, const char *body)
{
	static char path[4][64];
	static unsigned next;
	char *out = path[next++ % 4];
	assert_int_equal(worker_store_ask(s, "POST /sessions", body), 201);
	(void)snprintf(out, sizeof(path[0]), "/sessions/%s", worker_store_member(s, "session_id"));
	return out;
}

static int ask(struct worker_store *s, const char *method, const char *path, const char *body)
{
	char line[128];
	(void)snprintf(line, sizeof(line), "%s %s", method, path);
	return worker_store_ask(s, line, body);
}

/* Both are under way before either is answered: they read the same, and write one after the other. */
static void at_once(struct worker_store *s, const char *line, const char *const body[BOTH],
		    int want)
{
	int client[BOTH], status;
	for (int i = 0; i < BOTH; i++)
		client[i] = worker_store_begin(s, line, body[i]);
	for (int i = 0; i < BOTH; i++) {
		if (!worker_store_wait(s, client[i], 400, &status))
			fail_msg("%s: no answer", line);
		assert_int_equal(status, want);
	}
}

static void expect_data(struct worker_store *s, const char *path, const char *data)
{
	char want[256];
	(void)snprintf(want, sizeof(want), "\"data\":%s}", data);
	assert_int_equal(ask(s, "GET", path, NULL), 200);
	if (!strstr(s->heard, want))
		fail_msg("no %s in %s", want, s->heard);
}

static void test_patches_at_once_are_both_kept(void **state)
{
	static const char *const body[BOTH] = {"{\"data\":{\"a\":1}}", "{\"data\":{\"b\":2}}"};
	struct worker_store *s = *state;
	const char *path = session(s, "{\"user_id\":\"alice\",\"data\":{\"x\":0}}");
	char line[128];
	(void)snprintf(line, sizeof(line), "PATCH %s", path);
	at_once(s, line, body, 200);
	expect_data(s, path, "{\"x\":0,\"a\":1,\"b\":2}");
	/* The same where the first of them makes the user's key. */
	path = session(s, "{\"user_id\":\"bob\"}");
	(void)snprintf(line, sizeof(line), "PATCH %s", path);
	at_once(s, line, body, 200);
	expect_data(s, path, "{\"a\":1,\"b\":2}");
}

static void test_first_sessions_at_once_share_a_key(void **state)
{
	static const char *const body[BOTH] = {"{\"user_id\":\"carol\",\"data\":{\"n\":1}}",
					       "{\"user_id\":\"carol\",\"data\":{\"n\":2}}"};
	struct worker_store *s = *state;
	at_once(s, "POST /sessions", body, 201);
	assert_int_equal(worker_store_ask(s, "GET /sessions/user/carol", NULL), 200);
	char text[sizeof(s->heard)], path[64];
	memcpy(text, s->heard, sizeof(text));
	const char *at = text;
	int found = 0;
	while ((at = strstr(at, "\"session_id\":\""))) {
		at += strlen("\"session_id\":\"");
		(void)snprintf(path, sizeof(path), "/sessions/%.22s", at);
		assert_int_equal(ask(s, "GET", path, NULL), 200);
		assert_non_null(strstr(s->heard, "\"data\":{\"n\":"));
		found++;
	}
	assert_int_equal(found, BOTH);
}

static void test_an_update_is_recorded(void **state)
{
	struct worker_store *s = *state;
	uint8_t packet[AUDIT_MAX_RECORD];
	struct audit_record record;
	const char *path = session(s, "{\"user_id\":\"alice\",\"data\":{\"secret\":\"words\"}}");
	while (worker_rig_record(&s->rig, packet, &record))
		;
	assert_int_equal(ask(s, "PUT", path, "{\"data\":{\"secret\":\"other words\"}}"), 200);
	assert_true(worker_rig_record(&s->rig, packet, &record));
	assert_int_equal(record.event, AUDIT_SESSION_UPDATED);
	assert_true(sd_slice_is(record.user_id, "alice"));
	assert_true(sd_slice_is(record.session_id, path + strlen("/sessions/")));
	assert_int_equal(record.detail_count, 1);
	assert_true(sd_slice_is(record.detail[0].key, "version"));
	assert_true(sd_slice_is(record.detail[0].value, "2"));
	assert_null(memmem(packet, sizeof(packet), "other words", 11));
	/* What changes nothing leaves none. */
	assert_int_equal(ask(s, "PUT", "/sessions/AAECAwQFBgcICQoLDA0ODw", "{\"data\":{}}"), 404);
	assert_false(worker_rig_record(&s->rig, packet, &record));
}

static void test_a_lock_shuts_out(void **state)
{
	struct worker_store *s = *state;
	char lock[80];
	const char *path = session(s, "{\"user_id\":\"alice\",\"data\":{\"x\":0}}");
	(void)snprintf(lock, sizeof(lock), "%s/lock", path);
	assert_int_equal(ask(s, "POST", lock, "{\"ttl_in\":300}"), 201);
	assert_int_equal(strncmp(worker_store_member(s, "lock_token"), "sdl_", 4), 0);
	assert_int_equal(ask(s, "POST", lock, "{\"ttl_in\":300}"), 423);
	assert_int_equal(ask(s, "PUT", path, "{\"data\":{}}"), 423);
	assert_int_equal(ask(s, "PATCH", path, "{\"data\":{}}"), 423);
	assert_int_equal(ask(s, "DELETE", lock, NULL), 423);
	expect_data(s, path, "{\"x\":0}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_patches_at_once_are_both_kept, fresh),
	    cmocka_unit_test_setup(test_first_sessions_at_once_share_a_key, fresh),
	    cmocka_unit_test_setup(test_an_update_is_recorded, fresh),
	    cmocka_unit_test_setup(test_a_lock_shuts_out, fresh),
	};
	return cmocka_run_group_tests(tests, worker_store_setup, worker_store_teardown);
}
