/* SPDX-License-Identifier: MIT
 * mint - signs access tokens that the tenant's policy allows, at the tenant's rate.
 * Owns:      the rate of each tenant, the claim set while it is made
 * Runs in:   signer, after its sandbox (warms up before it)
 * Fails by:  a status and a constant text
 * Never:     sign bytes that a worker wrote: the claim set is built here and read back */
#include "base.h"
#include "mint.h"

#include "b64url.h"
#include "claims.h"
#include "die.h"
#include "err.h"
#include "handle.h"
#include "jws_sign.h"
#include "mint_check.h"
#include "secret.h"

#define JTI_BYTES 16
#define ARENA_BYTES (64 * 1024)
#define TYPE "at+jwt"
#define MILLI 1000

struct draft { /* texts of ours that a claim set points to */
	char sid[HANDLE_SID_LEN + 1];
	char jti[B64URL_LEN(JTI_BYTES)];
	struct claims claims;
};

int mint_init(struct mint *m, const struct policy_view *view, const struct keyring *ring)
{
	*m = (struct mint){.view = view, .ring = ring};
	sd_arena_init(&m->arena, ARENA_BYTES);
	sd_buf_init(&m->payload, SIGN_MAX_TOKEN);
	m->bucket = calloc((size_t)view->image->tenants.count + 1, sizeof(*m->bucket));
	return m->bucket == NULL ? SD_ERR_MEMORY : SD_OK;
}

void mint_fini(struct mint *m)
{
	free(m->bucket);
	m->bucket = NULL;
	sd_arena_fini(&m->arena);
	sd_buf_fini(&m->payload);
}

/* --- rate --- */

static bool take_rate(struct mint *m, uint32_t tenant, int64_t now_ns)
{
	int64_t rate = policy_view_tenant(m->view, tenant)->create_per_second;
	struct mint_bucket *b = &m->bucket[tenant];
	int64_t full, gained;

	rate = SD_MAX(rate, 1) * MINT_RATE_FACTOR;
	full = rate * MILLI; /* one second's worth at once */
	gained = b->at_ns == 0 ? full : SD_MIN((now_ns - b->at_ns) / 1000, 1000000LL) * rate / MILLI;
	if (gained > 0) { /* else the rest of a thousandth is kept for the next time */
		b->tokens_milli = SD_MIN(b->tokens_milli + gained, full);
		b->at_ns = now_ns;
	}
	if (b->tokens_milli < MILLI)
		return false;
	b->tokens_milli -= MILLI;
	return true;
}

/* --- the claim set --- */

static struct sd_slice absent_if_empty(struct sd_slice s)
{
	return s.n == 0 ? sd_slice(NULL, 0) : s;
}

/* A token names an audience (RFC 9068 3): the request's, else all of the tenant's, else the issuer. */
static void put_audiences(const struct mint *m, const struct policy_tenant *t,
			  const struct sign_request *r, struct claims *c)
{
	c->aud_count = r->aud_count;
	memcpy(c->aud, r->aud, r->aud_count * sizeof(c->aud[0]));
	for (uint32_t i = 0; r->aud_count == 0 && i < SD_MIN(t->audiences.count, (uint32_t)CLAIMS_MAX_AUD); i++)
		c->aud[c->aud_count++] = policy_view_audience(m->view, t, i);
	if (c->aud_count == 0)
		c->aud[c->aud_count++] = policy_view_str(m->view, t->issuer);
}

static int make_draft(const struct mint *m, const struct sign_request *r, struct draft *d)
{
	const struct policy_tenant *t = policy_view_tenant(m->view, r->tenant);
	uint8_t random[JTI_BYTES];
	struct sid sid;

	memset(d, 0, sizeof(*d));
	if (sd_random(random, sizeof(random)) != SD_OK)
		return SD_ERR_SYSTEM;
	memcpy(sid.b, r->sid, sizeof(sid.b));
	sid_text(&sid, d->sid);
	d->claims = (struct claims){
	    .iss = policy_view_str(m->view, t->issuer),
	    .sub = r->sub,
	    .jti = sd_slice(d->jti, b64url_encode(random, sizeof(random), d->jti)),
	    .client_id = r->client_id,
	    .sid = sd_slice(d->sid, HANDLE_SID_LEN),
	    .tid = policy_view_str(m->view, t->name),
	    .device_id = absent_if_empty(r->device_id),
	    .scope = absent_if_empty(r->scope),
	    .acr = absent_if_empty(r->acr),
	    .iat = r->iat_s,
	    .exp = r->exp_s,
	    .auth_time = r->auth_time_s,
	    .remember_me = r->remember_me,
	    .extra = absent_if_empty(r->ext),
	};
	if (r->amr.n > 0)
		d->claims.amr = (struct json_value){.kind = JSON_ARRAY, .raw = r->amr};
	put_audiences(m, t, r, &d->claims);
	return SD_OK;
}

/* What a verifier will read is what was meant: bytes that are not UTF-8, for one, would have
 * become others on the way. */
static bool reads_back(struct mint *m, const struct claims *meant)
{
	struct claims got;
	bool same;

	sd_arena_reset(&m->arena);
	if (claims_parse(sd_buf_slice(&m->payload), &m->arena, &got, NULL) != CLAIMS_OK)
		return false;
	same = sd_slice_eq(got.iss, meant->iss) && sd_slice_eq(got.sub, meant->sub) &&
	       sd_slice_eq(got.client_id, meant->client_id) && sd_slice_eq(got.sid, meant->sid) &&
	       sd_slice_eq(got.tid, meant->tid) && sd_slice_eq(got.device_id, meant->device_id) &&
	       sd_slice_eq(got.scope, meant->scope) &&
	       sd_slice_eq(got.acr, meant->acr) && sd_slice_eq(got.jti, meant->jti) &&
	       got.remember_me == meant->remember_me &&
	       got.iat == meant->iat && got.exp == meant->exp && got.auth_time == meant->auth_time &&
	       got.aud_count == meant->aud_count;
	for (uint32_t i = 0; same && i < got.aud_count; i++)
		same = sd_slice_eq(got.aud[i], meant->aud[i]);
	return same;
}

/* --- signing --- */

static enum sign_status sign(struct mint *m, const struct sign_request *r, int64_t now_s,
			     struct sd_buf *out, const char **reason_out)
{
	const struct policy_tenant *t = policy_view_tenant(m->view, r->tenant);
	uint32_t index = policy_view_signing_key(m->view, t, now_s);
	EVP_PKEY *key = index == POLICY_NONE ? NULL : keyring_key(m->ring, r->tenant, index);
	const struct policy_key *row;
	int err;

	*reason_out = "no key signs for this tenant now";
	if (key == NULL)
		return SIGN_NO_KEY;
	row = policy_view_key(m->view, t, index);
	*reason_out = "could not be signed";
	err = jws_sign_compact(key, (enum jose_alg)row->alg, policy_view_at(m->view, row->kid.off), TYPE,
			       sd_buf_slice(&m->payload), out);
	if (err == SD_ERR_DENIED) /* a fresh one reads the key anew */
		sd_fatal(SD_EXIT_OSERR, "signer: a signature does not verify with its own key");
	if (err != SD_OK)
		return SIGN_FAILED;
	*reason_out = NULL;
	return SIGN_DONE;
}

enum sign_status mint_token(struct mint *m, const struct sign_request *r, struct mint_now now,
			    struct sd_buf *out, const char **reason_out)
{
	struct draft draft;

	*reason_out = mint_check(m->view, r, now.wall_s);
	if (*reason_out != NULL)
		return SIGN_REFUSED;
	*reason_out = "more tokens a second than the tenant may have";
	if (!take_rate(m, r->tenant, now.boot_ns))
		return SIGN_BUSY;
	*reason_out = "no random bytes";
	if (make_draft(m, r, &draft) != SD_OK)
		return SIGN_FAILED;
	sd_buf_reset(&m->payload);
	claims_emit(&m->payload, &draft.claims);
	*reason_out = "claims that would not read back as they are";
	if (m->payload.failed || !reads_back(m, &draft.claims))
		return SIGN_REFUSED;
	return sign(m, r, now.wall_s, out, reason_out);
}

int mint_warm_up(struct mint *m, struct sd_diag *diag)
{
	struct sd_buf out;
	int err = SD_OK;

	sd_buf_init(&out, SIGN_MAX_TOKEN);
	for (uint32_t i = 0; err == SD_OK && i < m->view->image->tenants.count; i++) {
		const struct policy_tenant *t = policy_view_tenant(m->view, i);

		for (uint32_t k = 0; err == SD_OK && k < t->keys.count; k++) {
			const struct policy_key *row = policy_view_key(m->view, t, k);
			EVP_PKEY *key = keyring_key(m->ring, i, k);

			sd_buf_reset(&out);
			if (key != NULL &&
			    jws_sign_compact(key, (enum jose_alg)row->alg, "", "warm-up",
					     SD_SLICE("{}"), &out) != SD_OK)
				err = sd_diag_set(diag, SD_ERR_CRYPTO, "tenant %s: key %s does not sign",
						  (const char *)policy_view_at(m->view, t->name.off),
						  (const char *)policy_view_at(m->view, row->kid.off));
		}
	}
	sd_buf_wipe_fini(&out);
	return err;
}

enum sign_status mint_tenant_keys(const struct mint *m, const struct sign_request *r,
				  struct tenant_keys out[SIGN_KEYS_BATCH], uint32_t *count_out,
				  const char **reason_out)
{
	uint32_t left;

	*count_out = 0;
	*reason_out = mint_check_place(m->view, r);
	if (*reason_out != NULL)
		return SIGN_REFUSED;
	left = SD_MIN(m->view->image->tenants.count - r->tenant, SD_MIN(r->count, (uint32_t)SIGN_KEYS_BATCH));
	for (uint32_t i = 0; i < left; i++) {
		*reason_out = "could not be derived";
		if (keyring_tenant_keys(m->ring, r->tenant + i, &out[i]) != SD_OK)
			return SIGN_FAILED;
	}
	*reason_out = NULL;
	*count_out = left;
	return SIGN_DONE;
}
