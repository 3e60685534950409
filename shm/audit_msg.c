/* SPDX-License-Identifier: MIT
 * audit_msg - an audit record as bytes on its way to the auditor.
 * Owns:      the wire form: version, fixed numbers, then length-prefixed strings, no rest
 * Runs in:   worker, master, signer (write); auditor (read)
 * Fails by:  SD_ERR_TOO_BIG when written, SD_ERR_INVALID/VERSION when read
 * Never:     JSON: the auditor alone writes text */
#include "base.h"

#include "audit_msg.h"

#include "err.h"
#include "msg_wire.h"

#define MAX_KEY 32

static const char *const event_names[AUDIT_EVENT_COUNT] = {
	"",
#define AUDIT_EVENT(id, name) name,
#include "audit.def"
#undef AUDIT_EVENT
};

SD_STATIC_ASSERT(sizeof(struct audit_credit) == 16, "the credit has no padding");

const char *audit_event_name(enum audit_event event)
{
	return (unsigned)event < AUDIT_EVENT_COUNT ? event_names[event] : "";
}

static bool key_ok(struct sd_slice key)
{
	if (key.n == 0 || key.n > MAX_KEY)
		return false;
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] != '_' && (key.p[i] < 'a' || key.p[i] > 'z'))
			return false;
	return true;
}

int audit_record_encode(const struct audit_record *r, void *p, size_t size, size_t *n_out)
{
	struct wire_out w = {.p = p, .size = SD_MIN(size, (size_t)AUDIT_MAX_RECORD)};

	*n_out = 0;
	if (r->detail_count > AUDIT_MAX_DETAIL)
		return SD_ERR_TOO_BIG;
	wire_put_u32(&w, AUDIT_MSG_VERSION);
	wire_put_u16(&w, (uint16_t)r->event);
	wire_put_u16(&w, (uint16_t)r->outcome);
	wire_put_u16(&w, (uint16_t)r->actor_type);
	wire_put_u16(&w, (uint16_t)r->detail_count);
	wire_put_u64(&w, r->id);
	wire_put_u64(&w, (uint64_t)r->ts_ms);
	wire_put_u64(&w, r->gen);
	wire_put_slice(&w, r->tenant);
	wire_put_slice(&w, r->actor_id);
	wire_put_slice(&w, r->user_id);
	wire_put_slice(&w, r->session_id);
	wire_put_slice(&w, r->ip);
	wire_put_slice(&w, r->reason);
	wire_put_slice(&w, r->request_id);
	for (uint32_t i = 0; i < r->detail_count; i++) {
		if (!key_ok(r->detail[i].key))
			return SD_ERR_INVALID;
		wire_put_slice(&w, r->detail[i].key);
		wire_put_slice(&w, r->detail[i].value);
	}
	if (w.failed)
		return SD_ERR_TOO_BIG;
	*n_out = w.n;
	return 0;
}

static bool get_enums(struct wire_in *r, struct audit_record *out)
{
	unsigned event = wire_get_u16(r);
	unsigned outcome = wire_get_u16(r);
	unsigned actor = wire_get_u16(r);

	out->detail_count = wire_get_u16(r);
	if (r->failed || event == AUDIT_EVENT_NONE || event >= AUDIT_EVENT_COUNT ||
	    outcome > AUDIT_OK || actor > AUDIT_ACTOR_SYSTEM || out->detail_count > AUDIT_MAX_DETAIL)
		return false;
	out->event = (enum audit_event)event;
	out->outcome = (enum audit_outcome)outcome;
	out->actor_type = (enum audit_actor)actor;
	return true;
}

static bool get_body(struct wire_in *r, struct audit_record *out)
{
	if (!get_enums(r, out))
		return false;
	out->id = wire_get_u64(r);
	out->ts_ms = (int64_t)wire_get_u64(r);
	out->gen = wire_get_u64(r);
	out->tenant = wire_get_slice(r, AUDIT_MAX_RECORD);
	out->actor_id = wire_get_slice(r, AUDIT_MAX_RECORD);
	out->user_id = wire_get_slice(r, AUDIT_MAX_RECORD);
	out->session_id = wire_get_slice(r, AUDIT_MAX_RECORD);
	out->ip = wire_get_slice(r, AUDIT_MAX_RECORD);
	out->reason = wire_get_slice(r, AUDIT_MAX_RECORD);
	out->request_id = wire_get_slice(r, AUDIT_MAX_RECORD);
	for (uint32_t i = 0; i < out->detail_count; i++) {
		out->detail[i].key = wire_get_slice(r, MAX_KEY);
		out->detail[i].value = wire_get_slice(r, AUDIT_MAX_RECORD);
		if (!key_ok(out->detail[i].key))
			return false;
	}
	return !r->failed && r->n == 0;
}

int audit_record_decode(struct sd_slice packet, struct audit_record *out)
{
	struct wire_in r = {.p = (const uint8_t *)packet.p, .n = packet.n};
	uint32_t version;
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (packet.n > AUDIT_MAX_RECORD)
		return SD_ERR_INVALID;
	version = wire_get_u32(&r);
	if (r.failed)
		return SD_ERR_INVALID;
	if (version != AUDIT_MSG_VERSION)
		return SD_ERR_VERSION;
	if (!get_body(&r, out))
		err = SD_ERR_INVALID;
	if (err != 0)
		memset(out, 0, sizeof(*out));
	return err;
}
