/* SPDX-License-Identifier: MIT
 * Callers by the token of another issuer: verified once within a generation, judged in time at each use,
 * bounded by the client; a key, an issuer, an audience or a party that is not theirs lets nobody in. */
#include "base.h"

#include "err.h"
#include "jws_sign.h"
#include "known_caller.h"
#include "worker_rig.h"

#define ISSUER "https://idp.example"

/* brand-a's web (may validate) calls by this issuer: whoever (by claim), and the party "batch". Its one
 * key is kid "k", in truth brand-a's active one. */
static void callers(struct worker_rig *rig, uint64_t generation, const char *kid)
{
	const struct policy_tenant *a = worker_rig_tenant(rig, RIG_A);
	const struct policy_view *v = &rig->policy.view;
	uint32_t i = policy_view_key_find(v, a, sd_slice_str(rig->policy.kid[0]));
	struct policy_caller_key key = {.kid = worker_rig_text(rig, kid),
					.spki = policy_view_key(v, a, i)->spki,
					.alg = JOSE_ES256};
	struct pi_list keys = {worker_rig_append(rig, &key, sizeof(key)), 1};
	struct policy_role role = {.name = worker_rig_text(rig, "support"), .permissions = PERM(SESSIONS_VALIDATE) | PERM(ADMIN)};
	struct pi_list roles = {worker_rig_append(rig, &role, sizeof(role)), 1};
	struct policy_caller rows[2] = {
	    {.issuer = worker_rig_text(rig, ISSUER), .audience = worker_rig_text(rig, "sessiond"), .party = worker_rig_text(rig, ""),
	     .claim = worker_rig_text(rig, "scope"), .jwks_url = worker_rig_text(rig, ""), .keys = keys, .roles = roles,
	     .tenant = RIG_A, .client = 1},
	    {.issuer = worker_rig_text(rig, ISSUER), .audience = worker_rig_text(rig, "sessiond"),
	     .party = worker_rig_text(rig, "batch"), .claim = worker_rig_text(rig, ""), .jwks_url = worker_rig_text(rig, ""),
	     .keys = keys, .roles = roles, .tenant = RIG_A, .client = 1},
	};
	worker_rig_image(rig)->callers = (struct pi_list){worker_rig_append(rig, rows, sizeof(rows)), 2};
	worker_rig_adopt(rig, generation);
	worker_rig_request(rig, RIG_A);
}

static struct sd_slice token(struct worker_rig *rig, int key, const char *kid, const char *claims)
{
	char payload[512];
	struct sd_buf out;
	(void)snprintf(payload, sizeof(payload), "{\"exp\":%lld,%s}", FAKE_POLICY_NOW + 60, claims);
	sd_buf_init(&out, 8192);
	assert_int_equal(jws_sign_compact(rig->policy.key[key], JOSE_ES256, kid, "JWT",
					  sd_slice_str(payload), &out),
			 SD_OK);
	struct sd_slice kept = sd_arena_copy(&rig->r.arena, sd_buf_slice(&out));
	assert_non_null(kept.p);
	sd_buf_fini(&out);
	return kept;
}

#define GOOD "\"iss\":\"" ISSUER "\",\"aud\":\"sessiond\""

/* NULL when it is let in; else why not. */
static const char *why(struct worker_rig *rig, struct sd_slice t)
{
	rig->r.caller = (struct caller){0};
	known_caller_accept(&rig->r, t);
	return rig->r.caller.known ? NULL : rig->r.caller.why_not;
}

static void test_once_within_a_generation(void **state)
{
	struct worker_rig *rig = *state;
	callers(rig, 8, "k");
	struct sd_slice t = token(rig, 0, "k", GOOD ",\"scope\":\"sessions:validate\"");
	for (int i = 0; i < 3; i++)
		assert_null(why(rig, t));
	assert_int_equal(remember_count(rig->w.callers), 1);
	assert_int_equal(remember_count(rig->w.tokens), 0); /* never among the users' */
	assert_true(sd_slice_is(rig->r.caller.id, "web"));
	assert_int_equal(rig->r.caller.client_tenant, RIG_A);
	char kept[1024];
	assert_true(t.n < sizeof(kept));
	memcpy(kept, t.p, t.n);
	callers(rig, 9, "other"); /* the issuer's key has changed its name */
	assert_string_equal(why(rig, sd_slice(kept, t.n)), "caller-key");
}

static void test_never_more_than_the_client_may(void **state)
{
	struct worker_rig *rig = *state;
	callers(rig, 8, "k");
	assert_null(why(rig, token(rig, 0, "k", GOOD ",\"scope\":\"admin sessions:create sessions:validate\"")));
	assert_int_equal(rig->r.caller.permissions, PERM(SESSIONS_VALIDATE));
	assert_null(why(rig, token(rig, 0, "k", GOOD ",\"scope\":\"sessions:create\"")));
	assert_int_equal(rig->r.caller.permissions, 0);
	assert_null(why(rig, token(rig, 0, "k", GOOD)));
	assert_int_equal(rig->r.caller.permissions, 0);
	assert_null(why(rig, token(rig, 0, "k", GOOD ",\"azp\":\"batch\",\"scope\":\"admin\"")));
	assert_int_equal(rig->r.caller.permissions, PERM(SESSIONS_VALIDATE)); /* its row has no claim */
	assert_null(why(rig, token(rig, 0, "k", GOOD ",\"scope\":\"supporter support\"")));
	assert_int_equal(rig->r.caller.permissions, PERM(SESSIONS_VALIDATE)); /* a role, bounded too */
}

static void test_whose_it_is_not(void **state)
{
	struct worker_rig *rig = *state;
	callers(rig, 8, "k");
	assert_string_equal(why(rig, token(rig, 1, "k", GOOD)), "caller-signature");
	assert_string_equal(why(rig, token(rig, 0, "x", GOOD)), "caller-key");
	assert_string_equal(why(rig, token(rig, 0, "k", "\"iss\":\"" ISSUER "/\",\"aud\":\"sessiond\"")),
			    "caller-issuer");
	assert_string_equal(why(rig, token(rig, 0, "k", "\"iss\":\"" ISSUER "\",\"aud\":[\"session\"]")),
			    "caller-issuer");
	assert_string_equal(why(rig, token(rig, 0, "k", "\"aud\":\"sessiond\"")), "caller-malformed");
	assert_string_equal(why(rig, SD_SLICE("a.b.c")), "caller-malformed");
	assert_int_equal(remember_count(rig->w.callers), 0);
}

static void test_in_time_at_each_use(void **state)
{
	struct worker_rig *rig = *state;
	callers(rig, 8, "k");
	struct sd_slice t = token(rig, 0, "k", GOOD);
	assert_null(why(rig, t));
	rig->r.now_ms = (FAKE_POLICY_NOW + 60) * 1000 - 1;
	assert_null(why(rig, t));
	rig->r.now_ms = (FAKE_POLICY_NOW + 60) * 1000;
	assert_string_equal(why(rig, t), "caller-times");
	rig->r.now_ms = FAKE_POLICY_NOW * 1000;
	assert_string_equal(why(rig, token(rig, 0, "k", GOOD ",\"nbf\":1800003600")), "caller-times");
}

static void test_nobody_calls_so(void **state)
{
	struct worker_rig *rig = *state;
	worker_rig_request(rig, RIG_A);
	assert_null(why(rig, token(rig, 0, "k", GOOD))); /* no reason: nobody may */
	assert_false(rig->r.caller.known);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_once_within_a_generation),
	    TEST(test_never_more_than_the_client_may),
	    TEST(test_whose_it_is_not),
	    TEST(test_in_time_at_each_use),
	    TEST(test_nobody_calls_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
