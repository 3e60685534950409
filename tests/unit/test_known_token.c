/* SPDX-License-Identifier: MIT
 * A signature is checked once and remembered for its generation; times, keys, audiences and clients
 * are judged each time; activity survives a change of generation. */
#include "base.h"

#include "claims.h"
#include "err.h"
#include "jws_sign.h"
#include "known_token.h"
#include "worker_rig.h"

#define SID_TEXT "IQECAwQFBgcICQoLDA0ODw"

static struct claims claims_of_a(void)
{
	return (struct claims){
	    .iss = SD_SLICE("https://id.brand-a.example"),
	    .sub = SD_SLICE("alice"),
	    .jti = SD_SLICE("j1"),
	    .client_id = SD_SLICE("mobile"),
	    .sid = SD_SLICE(SID_TEXT),
	    .tid = SD_SLICE("brand-a"),
	    .scope = SD_SLICE("read write"),
	    .aud = {SD_SLICE("api-a"), SD_SLICE("other")},
	    .aud_count = 2,
	    .iat = FAKE_POLICY_NOW - 10,
	    .exp = FAKE_POLICY_NOW + 890,
	};
}

/* The token's text lives in the request's arena. */
static struct sd_slice sign_with(struct worker_rig *rig, const struct claims *c, int key,
				 const char *kid)
{
	struct sd_buf payload, token;
	sd_buf_init(&payload, 8192);
	sd_buf_init(&token, 8192);
	claims_emit(&payload, c);
	assert_int_equal(jws_sign_compact(rig->policy.key[key], key == 2 ? JOSE_EDDSA : JOSE_ES256,
					  kid, "at+jwt", sd_buf_slice(&payload), &token),
			 SD_OK);
	struct sd_slice kept = sd_arena_copy(&rig->r.arena, sd_buf_slice(&token));
	assert_non_null(kept.p);
	sd_buf_fini(&payload);
	sd_buf_fini(&token);
	return kept;
}

static struct sd_slice sign(struct worker_rig *rig, const struct claims *c)
{
	return sign_with(rig, c, 0, rig->policy.kid[0]);
}

static enum validate_result get(struct worker_rig *rig, struct sd_slice token)
{
	struct known_token *k;
	enum validate_result result = known_token_get(&rig->r, token, &k);
	assert_int_equal(result == RESULT_VALID, k != NULL);
	return result == RESULT_VALID ? known_token_check(&rig->r, k, sd_slice(NULL, 0)) : result;
}

static void test_remembered_after_the_first(void **state)
{
	struct worker_rig *rig = *state;
	struct claims c = claims_of_a();
	struct known_token *first, *second;
	worker_rig_request(rig, RIG_A);
	struct sd_slice token = sign(rig, &c);
	assert_int_equal(known_token_get(&rig->r, token, &first), RESULT_VALID);
	assert_int_equal(known_token_get(&rig->r, token, &second), RESULT_VALID);
	assert_ptr_equal(first, second);
	assert_int_equal(remember_count(rig->w.tokens), 1);
	assert_int_equal(first->recorded_ms, c.iat * 1000);
	assert_int_equal(first->query.client_slot, 0);
	assert_true(sd_slice_is(first->claims.scope, "read write"));
	assert_true(sd_slice_is(first->common,
				"\"session_id\":\"" SID_TEXT
				"\",\"user_id\":\"alice\",\"tenant_id\":\"brand-a\","
				"\"client_id\":\"mobile\",\"scope\":\"read write\""));
	/* nothing of it points into the request */
	worker_rig_request(rig, RIG_A);
	assert_true(sd_slice_is(first->claims.iss, "https://id.brand-a.example"));
}

static void test_refusals_in_the_contracts_order(void **state)
{
	struct worker_rig *rig = *state;
	const struct claims good = claims_of_a();
	worker_rig_request(rig, RIG_A);
	assert_int_equal(get(rig, sign(rig, &good)), RESULT_VALID);
	assert_int_equal(get(rig, SD_SLICE("nonsense")), RESULT_MALFORMED);
	assert_int_equal(get(rig, sign_with(rig, &good, 0, "unknown")), RESULT_SIGNATURE);
	assert_int_equal(get(rig, sign_with(rig, &good, 1, rig->policy.kid[0])),
			 RESULT_SIGNATURE); /* another key signed */
	assert_int_equal(get(rig, sign_with(rig, &good, 2, rig->policy.kid[2])),
			 RESULT_SIGNATURE); /* another tenant's */
	struct claims c = good;
	c.iss = SD_SLICE("https://id.brand-b.example");
	c.aud_count = 1;
	c.aud[0] = SD_SLICE("elsewhere");
	c.exp = FAKE_POLICY_NOW;
	assert_int_equal(get(rig, sign(rig, &c)), RESULT_ISSUER);
	c.iss = good.iss;
	c.tid = SD_SLICE("brand-b");
	assert_int_equal(get(rig, sign(rig, &c)), RESULT_ISSUER);
	c.tid = good.tid;
	assert_int_equal(get(rig, sign(rig, &c)), RESULT_AUDIENCE);
	c.aud[0] = SD_SLICE("api-b");
	assert_int_equal(get(rig, sign(rig, &c)), RESULT_EXPIRED);
	c.iat = FAKE_POLICY_NOW + 6;
	c.exp = FAKE_POLICY_NOW + 7;
	assert_int_equal(get(rig, sign(rig, &c)), RESULT_NOT_YET);
	c.iat = FAKE_POLICY_NOW + 5; /* within the skew */
	assert_int_equal(get(rig, sign(rig, &c)), RESULT_VALID);
	c.client_id = SD_SLICE("gone");
	assert_int_equal(get(rig, sign(rig, &c)), RESULT_REVOKED);
}

static void test_the_requests_audience(void **state)
{
	struct worker_rig *rig = *state;
	struct claims c = claims_of_a();
	struct known_token *k;
	worker_rig_request(rig, RIG_A);
	assert_int_equal(known_token_get(&rig->r, sign(rig, &c), &k), RESULT_VALID);
	assert_int_equal(known_token_check(&rig->r, k, SD_SLICE("other")), RESULT_VALID);
	assert_int_equal(known_token_check(&rig->r, k, SD_SLICE("api-b")), RESULT_AUDIENCE);
}

static void test_expires_while_remembered(void **state)
{
	struct worker_rig *rig = *state;
	struct claims c = claims_of_a();
	worker_rig_request(rig, RIG_A);
	struct sd_slice token = sign(rig, &c);
	assert_int_equal(get(rig, token), RESULT_VALID);
	rig->r.now_ms = c.exp * 1000 - 1;
	assert_int_equal(get(rig, token), RESULT_VALID);
	rig->r.now_ms = c.exp * 1000;
	assert_int_equal(get(rig, token), RESULT_EXPIRED);
}

static struct policy_key *key_row(struct worker_rig *rig, const char *kid)
{
	struct policy_key *row =
	    (struct policy_key *)(void *)(rig->policy.base +
					  worker_rig_tenant(rig, RIG_A)->keys.off);
	return sd_slice_is(policy_view_str(&rig->policy.view, row[0].kid), kid) ? &row[0] : &row[1];
}

static void test_a_removed_key_ends_its_tokens(void **state)
{
	struct worker_rig *rig = *state;
	struct claims c = claims_of_a();
	key_row(rig, rig->policy.kid[0])->retire_s = FAKE_POLICY_NOW + 1;
	key_row(rig, rig->policy.kid[0])->remove_s = FAKE_POLICY_NOW + 2;
	worker_rig_adopt(rig, 8);
	worker_rig_request(rig, RIG_A);
	struct sd_slice token = sign(rig, &c);
	assert_int_equal(get(rig, token), RESULT_VALID);
	rig->r.now_ms = (FAKE_POLICY_NOW + 1) * 1000; /* retired: still verifies */
	assert_int_equal(get(rig, token), RESULT_VALID);
	rig->r.now_ms = (FAKE_POLICY_NOW + 2) * 1000; /* removed, though remembered */
	assert_int_equal(get(rig, token), RESULT_SIGNATURE);
	rig->r.now_ms = (FAKE_POLICY_NOW + 5000) * 1000; /* before anything else is said of it */
	assert_int_equal(get(rig, token), RESULT_SIGNATURE);
}

/* Keys, issuer and audiences are those of a generation: a new one verifies again. */
static void test_a_new_generation_verifies_again(void **state)
{
	struct worker_rig *rig = *state;
	struct claims c = claims_of_a();
	struct known_token *k;
	char text[2048];
	worker_rig_request(rig, RIG_A);
	struct sd_slice token = sign(rig, &c);
	assert_int_equal(sd_slice_copy(token, text, sizeof(text)), SD_OK);
	token = sd_slice_str(text);
	assert_int_equal(known_token_get(&rig->r, token, &k), RESULT_VALID);
	k->recorded_ms = RIG_WALL_MS + 5;
	worker_rig_adopt(rig, 8);
	worker_rig_request(rig, RIG_A);
	assert_int_equal(known_token_get(&rig->r, token, &k), RESULT_VALID);
	assert_int_equal(k->generation, 8);
	assert_int_equal(k->recorded_ms, RIG_WALL_MS + 5);
	assert_int_equal(remember_count(rig->w.tokens), 1);
	key_row(rig, rig->policy.kid[0])->retire_s = FAKE_POLICY_NOW - 2;
	key_row(rig, rig->policy.kid[0])->remove_s = FAKE_POLICY_NOW - 1;
	worker_rig_adopt(rig, 9);
	worker_rig_request(rig, RIG_A);
	assert_int_equal(get(rig, token), RESULT_SIGNATURE);
}

/* Of the life it was made for and the one that the policy grants now the shorter; though remembered. */
static void test_a_shorter_life_by_policy(void **state)
{
	struct worker_rig *rig = *state;
	struct claims c = claims_of_a();
	char text[2048];
	worker_rig_request(rig, RIG_A);
	assert_int_equal(sd_slice_copy(sign(rig, &c), text, sizeof(text)), SD_OK);
	struct sd_slice token = sd_slice_str(text);
	assert_int_equal(get(rig, token), RESULT_VALID);
	worker_rig_tenant(rig, RIG_A)->access_ttl_s = 60;
	worker_rig_adopt(rig, 8);
	worker_rig_request(rig, RIG_A);
	rig->r.now_ms = (c.iat + 60) * 1000 - 1;
	assert_int_equal(get(rig, token), RESULT_VALID);
	rig->r.now_ms = (c.iat + 60) * 1000;
	assert_int_equal(get(rig, token), RESULT_EXPIRED);
	worker_rig_tenant(rig, RIG_A)->access_ttl_s = 86400;
	worker_rig_adopt(rig, 9);
	worker_rig_request(rig, RIG_A);
	rig->r.now_ms = c.exp * 1000 - 1;
	assert_int_equal(get(rig, token), RESULT_VALID);
	rig->r.now_ms = c.exp * 1000;
	assert_int_equal(get(rig, token), RESULT_EXPIRED);
}

/* The same token shown to another tenant is that tenant's question. */
static void test_tenants_do_not_share(void **state)
{
	struct worker_rig *rig = *state;
	struct claims c = claims_of_a();
	struct known_token *k;
	char text[2048];
	worker_rig_request(rig, RIG_A);
	assert_int_equal(sd_slice_copy(sign(rig, &c), text, sizeof(text)), SD_OK);
	assert_int_equal(get(rig, sd_slice_str(text)), RESULT_VALID);
	worker_rig_request(rig, RIG_B);
	assert_int_equal(known_token_get(&rig->r, sd_slice_str(text), &k), RESULT_SIGNATURE);
	assert_null(k);
	worker_rig_request(rig, RIG_A);
	assert_int_equal(get(rig, sd_slice_str(text)), RESULT_VALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_remembered_after_the_first),    TEST(test_refusals_in_the_contracts_order),
	    TEST(test_the_requests_audience),	      TEST(test_expires_while_remembered),
	    TEST(test_a_removed_key_ends_its_tokens), TEST(test_a_new_generation_verifies_again),
	    TEST(test_a_shorter_life_by_policy),      TEST(test_tenants_do_not_share),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
