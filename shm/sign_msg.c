/* SPDX-License-Identifier: MIT
 * sign_msg - the packets between a worker and the signer, as bytes.
 * Owns:      the wire form: version, kind, fixed numbers, then length-prefixed strings, no rest
 * Runs in:   worker, signer, master
 * Fails by:  SD_ERR_TOO_BIG when written, SD_ERR_INVALID/VERSION when read
 * Never:     decides whether a claim is allowed: that is the signer's */
#include "base.h"

#include "sign_msg.h"

#include "err.h"
#include "msg_wire.h"

enum { KIND_REQUEST = 1, KIND_ANSWER = 2 };

SD_STATIC_ASSERT(sizeof(struct tenant_keys) == 8 + 2 * 32 * SIGN_KEYSETS, "no padding in the keys");
SD_STATIC_ASSERT(SIGN_KEYS_BATCH * sizeof(struct tenant_keys) + 64 <= SIGN_MAX_ANSWER, "a batch fits");

static void put_head(struct wire_out *w, uint16_t kind, uint32_t id, enum sign_op op)
{
	wire_put_u16(w, SIGN_MSG_VERSION);
	wire_put_u16(w, kind);
	wire_put_u32(w, id);
	wire_put_u32(w, (uint32_t)op);
}

static int get_head(struct wire_in *r, uint16_t kind, uint32_t *id, enum sign_op *op)
{
	uint16_t version = wire_get_u16(r);
	uint16_t found = wire_get_u16(r);
	uint32_t raw;

	if (r->failed)
		return SD_ERR_INVALID;
	if (version != SIGN_MSG_VERSION)
		return SD_ERR_VERSION;
	*id = wire_get_u32(r);
	raw = wire_get_u32(r);
	if (r->failed || found != kind || raw <= SIGN_OP_NONE || raw > SIGN_OP_TENANT_KEYS)
		return SD_ERR_INVALID;
	*op = (enum sign_op)raw;
	return 0;
}

int sign_request_encode(const struct sign_request *r, void *p, size_t size, size_t *n_out)
{
	struct wire_out w = {.p = p, .size = SD_MIN(size, (size_t)SIGN_MAX_REQUEST)};

	*n_out = 0;
	if (r->aud_count > SIGN_MAX_AUD)
		return SD_ERR_TOO_BIG;
	put_head(&w, KIND_REQUEST, r->id, r->op);
	wire_put_u64(&w, r->generation);
	wire_put_u32(&w, r->tenant);
	wire_put_u32(&w, r->count);
	wire_put_u64(&w, (uint64_t)r->iat_s);
	wire_put_u64(&w, (uint64_t)r->exp_s);
	wire_put_u64(&w, (uint64_t)r->auth_time_s);
	wire_put(&w, r->sid, sizeof(r->sid));
	wire_put_slice(&w, r->sub);
	wire_put_slice(&w, r->client_id);
	wire_put_slice(&w, r->device_id);
	wire_put_slice(&w, r->scope);
	wire_put_slice(&w, r->acr);
	wire_put_slice(&w, r->amr);
	wire_put_slice(&w, r->ext);
	wire_put_u32(&w, r->remember_me);
	wire_put_u32(&w, r->aud_count);
	for (uint32_t i = 0; i < r->aud_count; i++)
		wire_put_slice(&w, r->aud[i]);
	if (w.failed)
		return SD_ERR_TOO_BIG;
	*n_out = w.n;
	return 0;
}

static bool get_flag(struct wire_in *r)
{
	uint32_t raw = wire_get_u32(r);

	if (raw > 1)
		r->failed = true;
	return raw == 1;
}

static void get_claims(struct wire_in *r, struct sign_request *out)
{
	const uint8_t *sid = wire_get(r, sizeof(out->sid));

	if (sid)
		memcpy(out->sid, sid, sizeof(out->sid));
	out->sub = wire_get_slice(r, SIGN_MAX_REQUEST);
	out->client_id = wire_get_slice(r, SIGN_MAX_REQUEST);
	out->device_id = wire_get_slice(r, SIGN_MAX_REQUEST);
	out->scope = wire_get_slice(r, SIGN_MAX_REQUEST);
	out->acr = wire_get_slice(r, SIGN_MAX_REQUEST);
	out->amr = wire_get_slice(r, SIGN_MAX_REQUEST);
	out->ext = wire_get_slice(r, SIGN_MAX_REQUEST);
	out->remember_me = get_flag(r);
	out->aud_count = wire_get_u32(r);
	if (out->aud_count > SIGN_MAX_AUD) {
		out->aud_count = 0;
		r->failed = true;
	}
	for (uint32_t i = 0; i < out->aud_count; i++)
		out->aud[i] = wire_get_slice(r, SIGN_MAX_REQUEST);
}

int sign_request_decode(struct sd_slice packet, struct sign_request *out)
{
	struct wire_in r = {.p = (const uint8_t *)packet.p, .n = packet.n};
	int err;

	memset(out, 0, sizeof(*out));
	if (packet.n > SIGN_MAX_REQUEST)
		return SD_ERR_INVALID;
	err = get_head(&r, KIND_REQUEST, &out->id, &out->op);
	if (err == 0) {
		out->generation = wire_get_u64(&r);
		out->tenant = wire_get_u32(&r);
		out->count = wire_get_u32(&r);
		out->iat_s = (int64_t)wire_get_u64(&r);
		out->exp_s = (int64_t)wire_get_u64(&r);
		out->auth_time_s = (int64_t)wire_get_u64(&r);
		get_claims(&r, out);
		if (r.failed || r.n != 0)
			err = SD_ERR_INVALID;
		else if (out->op == SIGN_OP_TENANT_KEYS &&
			 (out->count == 0 || out->count > SIGN_KEYS_BATCH))
			err = SD_ERR_INVALID;
	}
	if (err != 0)
		memset(out, 0, sizeof(*out));
	return err;
}

int sign_answer_encode(const struct sign_answer *a, void *p, size_t size, size_t *n_out)
{
	struct wire_out w = {.p = p, .size = SD_MIN(size, (size_t)SIGN_MAX_ANSWER)};

	*n_out = 0;
	put_head(&w, KIND_ANSWER, a->id, a->op);
	wire_put_u32(&w, (uint32_t)a->status);
	wire_put_u32(&w, a->first);
	wire_put_u32(&w, a->count);
	wire_put_slice(&w, a->payload);
	if (w.failed)
		return SD_ERR_TOO_BIG;
	*n_out = w.n;
	return 0;
}

/* Each set of keys says how many are in it; the bytes are not aligned. */
static bool keys_sane(const struct sign_answer *a)
{
	uint32_t sets;

	if (a->count == 0 || a->count > SIGN_KEYS_BATCH ||
	    a->payload.n != a->count * sizeof(struct tenant_keys))
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		memcpy(&sets, a->payload.p + i * sizeof(struct tenant_keys), sizeof(sets));
		if (sets == 0 || sets > SIGN_KEYSETS)
			return false;
	}
	return true;
}

static bool answer_sane(const struct sign_answer *a)
{
	if (a->status != SIGN_DONE)
		return a->payload.n <= SIGN_MAX_REFUSAL;
	if (a->op == SIGN_OP_TENANT_KEYS)
		return keys_sane(a);
	return a->payload.n > 0 && a->payload.n <= SIGN_MAX_TOKEN;
}

int sign_answer_decode(struct sd_slice packet, struct sign_answer *out)
{
	struct wire_in r = {.p = (const uint8_t *)packet.p, .n = packet.n};
	uint32_t status;
	int err;

	memset(out, 0, sizeof(*out));
	if (packet.n > SIGN_MAX_ANSWER)
		return SD_ERR_INVALID;
	err = get_head(&r, KIND_ANSWER, &out->id, &out->op);
	if (err == 0) {
		status = wire_get_u32(&r);
		out->first = wire_get_u32(&r);
		out->count = wire_get_u32(&r);
		out->payload = wire_get_slice(&r, SIGN_MAX_ANSWER);
		out->status = status <= SIGN_DONE ? (enum sign_status)status : SIGN_REFUSED;
		if (r.failed || r.n != 0 || status > SIGN_DONE || !answer_sane(out))
			err = SD_ERR_INVALID;
	}
	if (err != 0)
		memset(out, 0, sizeof(*out));
	return err;
}
