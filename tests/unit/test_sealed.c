/* SPDX-License-Identifier: MIT
 * Data at rest in a worker: first key, standing key, another secret, a destroyed key, a foreign one. */
#include "base.h"

#include "clock.h"
#include "err.h"
#include "log.h"
#include "sealed.h"
#include "worker_rig.h"

static const struct sid sid = {{7, 1}}, other_sid = {{7, 2}};

static struct sealed_of of(const char *user, const struct sid *s, struct sd_slice key)
{
	return (struct sealed_of){sd_slice_str(user), s, key};
}

static struct sealed seal(struct request *r, const struct sealed_of *o, const char *plain)
{
	struct sealed out;
	assert_int_equal(sealed_close(r, o, sd_slice_str(plain), &out), SD_OK);
	return out;
}

static void expect(struct request *r, const struct sealed_of *o, struct sd_slice data,
		   enum sealed_result want, const char *plain)
{
	struct sd_slice got;
	assert_int_equal(sealed_open(r, o, data, &got), want);
	assert_true(sd_slice_is(got, plain));
}

static void test_the_first_key_and_the_standing_one(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct sealed_of none = of("alice", &sid, sd_slice(NULL, 0));
	struct sealed first = seal(r, &none, "{\"a\":1}");
	assert_int_equal(first.key.standing.n, 0);
	assert_int_equal(first.key.put.n, USER_KEY_WRAPPED);
	struct sealed_of has = of("alice", &sid, first.key.put);
	expect(r, &has, first.data, SEALED_OK, "{\"a\":1}");
	struct sealed second = seal(r, &has, "{}");
	assert_true(sd_slice_eq(second.key.standing, first.key.put));
	assert_int_equal(second.key.put.n, 0);
	expect(r, &has, second.data, SEALED_OK, "{}");
	expect(r, &none, sd_slice(NULL, 0), SEALED_OK, "{}"); /* never had any */
	/* The session's alone; the user's own likewise. */
	struct sealed_of elsewhere = of("alice", &other_sid, first.key.put);
	struct sealed_of own = of("alice", NULL, first.key.put);
	expect(r, &elsewhere, first.data, SEALED_UNREADABLE, "");
	expect(r, &own, first.data, SEALED_UNREADABLE, "");
	expect(r, &own, seal(r, &own, "{\"o\":1}").data, SEALED_OK, "{\"o\":1}");
}

static void test_a_destroyed_key(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct sealed_of none = of("alice", &sid, sd_slice("", 0));
	struct sealed old = seal(r, &none, "{\"a\":1}");
	expect(r, &none, old.data, SEALED_GONE, "");
	struct sealed fresh = seal(r, &none, "{}");
	struct sealed_of has = of("alice", &sid, fresh.key.put);
	expect(r, &has, old.data, SEALED_GONE, "");
}

static void test_keys_of_others(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct sealed_of none = of("alice", &sid, sd_slice("", 0));
	struct sealed alice = seal(r, &none, "{\"a\":1}");
	struct sealed_of bob = of("bob", &sid, alice.key.put);
	struct sealed out;
	expect(r, &bob, alice.data, SEALED_UNREADABLE, "");
	assert_int_equal(sealed_close(r, &bob, SD_SLICE("{}"), &out), SD_ERR_INVALID);
	char wrapped[USER_KEY_WRAPPED], data[64];
	memcpy(wrapped, alice.key.put.p, sizeof(wrapped));
	memcpy(data, alice.data.p, alice.data.n);
	size_t n = alice.data.n;
	r = worker_rig_request(rig, RIG_B);
	struct sealed_of tenant = of("alice", &sid, sd_slice(wrapped, sizeof(wrapped)));
	expect(r, &tenant, sd_slice(data, n), SEALED_UNREADABLE, "");
	/* Where a key stands that cannot be opened no other is made. */
	assert_int_equal(sealed_close(r, &tenant, SD_SLICE("{}"), &out), SD_ERR_INVALID);
}

static void test_another_master_secret(void **state)
{
	struct worker_rig *rig = *state;
	struct request *r = worker_rig_request(rig, RIG_A);
	struct tenant_keys *keys = &rig->w.generation->keys[RIG_A];
	uint8_t first[32];
	struct sealed_of none = of("alice", &sid, sd_slice("", 0));
	struct sealed was = seal(r, &none, "{\"a\":1}");
	struct sealed_of has = of("alice", &sid, was.key.put);
	/* Ours becomes the previous one. */
	memcpy(first, keys->data[0], 32);
	memset(keys->data[0], 0xee, 32);
	memcpy(keys->data[1], first, 32);
	expect(r, &has, was.data, SEALED_OK, "{\"a\":1}");
	struct sealed now = seal(r, &has, "{\"a\":2}");
	assert_true(sd_slice_eq(now.key.standing, was.key.put));
	assert_int_equal(now.key.put.n, USER_KEY_WRAPPED); /* wrapped anew */
	/* The old one is withdrawn. */
	keys->sets = 1;
	expect(r, &has, was.data, SEALED_UNREADABLE, "");
	struct sealed_of anew = of("alice", &sid, now.key.put);
	expect(r, &anew, was.data, SEALED_OK, "{\"a\":1}");
	expect(r, &anew, now.data, SEALED_OK, "{\"a\":2}");
}

static void test_tags_differ(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct sealed_of none = of("alice", &sid, sd_slice("", 0));
	char a[SEALED_ETAG_MAX], b[SEALED_ETAG_MAX];
	sealed_etag(1, sd_slice("", 0), a);
	assert_string_equal(a, "\"1\"");
	sealed_etag(UINT32_MAX, seal(r, &none, "{}").data, a);
	sealed_etag(UINT32_MAX, seal(r, &none, "{}").data, b);
	assert_int_equal(strlen(a), 2 + 10 + 1 + 12);
	assert_string_not_equal(a, b);
	assert_int_equal(sealed_head(sd_slice(NULL, 0)).n, 0);
	assert_int_equal(sealed_head(seal(r, &none, "{}").data).n, USER_KEY_HEAD);
}

struct said {
	int lines;
	char last[1024];
};

static void note(enum sd_log_level level, const char *line, void *arg)
{
	struct said *s = arg;
	(void)level;
	s->lines += strstr(line, "data-unreadable") != NULL;
	(void)snprintf(s->last, sizeof(s->last), "%s", line);
}

static void test_said_now_and_then(void **state)
{
	struct request *r = worker_rig_request(*state, RIG_A);
	struct sealed_of none = of("alice", &sid, sd_slice("", 0));
	struct sealed alice = seal(r, &none, "{}");
	struct sealed_of elsewhere = of("alice", &other_sid, alice.key.put);
	struct said said = {0};
	sd_log_capture(note, &said);
	r->now_ns = SD_NS_PER_S;
	for (int i = 0; i < 5; i++, r->now_ns += 2 * SD_NS_PER_S - 1)
		expect(r, &elsewhere, alice.data, SEALED_UNREADABLE, "");
	assert_int_equal(said.lines, 1);
	r->now_ns = 11 * SD_NS_PER_S;
	expect(r, &elsewhere, alice.data, SEALED_UNREADABLE, "");
	sd_log_capture(NULL, NULL);
	assert_int_equal(said.lines, 2);
	assert_non_null(strstr(said.last, "\"untold\":4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, worker_rig_setup, worker_rig_teardown)
	    T(test_the_first_key_and_the_standing_one),
	    T(test_a_destroyed_key),
	    T(test_keys_of_others),
	    T(test_another_master_secret),
	    T(test_tags_differ),
	    T(test_said_now_and_then),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
