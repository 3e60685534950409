/* SPDX-License-Identifier: MIT
 * binding - a session's place and device, kept as keyed hashes and compared.
 * Owns:      the form of what a record keeps: 1, prefix_v4, prefix_v6, then 16 bytes of each kind
 * Runs in:   worker
 * Fails by:  SD_ERR_*; what cannot be compared is not judged
 * Never:     keep an address or agent that privacy does not allow; judge what was not said
 */
#include "base.h"
#include "binding.h"

#include <arpa/inet.h>

#include "audit_event.h"
#include "err.h"
#include "pseudonym.h"
#include "shm_board.h"
#include "token_ossl.h"
#include "ua_family.h"

#define HEAD 3
#define HASH 16
#define KINDS (BINDING_KIND_COUNT - 1)
#define BYTES (HEAD + HASH * KINDS)

static enum policy_binding mode_of(const struct policy_tenant *t, enum binding_kind kind)
{
	uint32_t mode = kind == BINDING_KIND_IP		  ? t->bind_ip
			: kind == BINDING_KIND_USER_AGENT ? t->bind_user_agent
							  : t->bind_device;
	return (enum policy_binding)mode;
}

static struct sd_slice said(const struct binding_seen *seen, enum binding_kind kind)
{
	return kind == BINDING_KIND_IP		 ? seen->ip
	       : kind == BINDING_KIND_USER_AGENT ? seen->user_agent
						 : seen->fingerprint;
}

/* 4 or 6, then the address with all but its first bits zero; a mapped one is what it maps. */
static size_t network(struct sd_slice ip, uint8_t prefix_v4, uint8_t prefix_v6, uint8_t out[17])
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
	uint8_t a[16];
	char text[64];
	size_t n = 16, bits = prefix_v6;
	if (sd_slice_copy(ip, text, sizeof(text)) != SD_OK)
		return 0;
	if (inet_pton(AF_INET, text, a) == 1)
		n = 4;
	else if (inet_pton(AF_INET6, text, a) != 1)
		return 0;
	else if (memcmp(a, mapped, sizeof(mapped)) == 0)
		memmove(a, a + 12, n = 4);
	if (n == 4)
		bits = prefix_v4;
	out[0] = n == 4 ? 4 : 6;
	for (size_t i = 0; i < n; i++) {
		size_t left = bits > 8 * i ? bits - 8 * i : 0;
		out[1 + i] = left >= 8 ? a[i] : (uint8_t)(a[i] & (0xff00u >> left));
	}
	return 1 + n;
}

/* False when there is nothing to compare. head: the prefixes to use. No kind: a place of the user. */
static bool hash_of(const uint8_t key[HANDLE_KEY_BYTES], enum binding_kind kind,
		    struct sd_slice value, const uint8_t head[HEAD], uint8_t out[HASH])
{
	static const char *const domain[BINDING_KIND_COUNT] = {
	    "place ip", "binding ip", "binding user agent", "binding device"};
	uint8_t net[17], mac[32];
	char family[UA_FAMILY_MAX];
	if (kind == BINDING_KIND_IP || kind == BINDING_KIND_NONE)
		value = sd_slice(net, network(value, head[1], head[2], net));
	else if (kind == BINDING_KIND_USER_AGENT && value.n)
		value = ua_family(value, family);
	if (value.n == 0 || token_ossl_hmac(key, HANDLE_KEY_BYTES, sd_slice_str(domain[kind]),
					    value, mac) != SD_OK)
		return false;
	memcpy(out, mac, HASH);
	return true;
}

static size_t place_of(enum binding_kind kind)
{
	return HEAD + HASH * ((size_t)kind - 1);
}

int binding_make(struct request *r, const struct binding_seen *seen, struct sd_slice *out)
{
	const struct policy_tenant *t = r->tenant;
	uint8_t kept[BYTES] = {1, (uint8_t)t->bind_ip_v4, (uint8_t)t->bind_ip_v6};
	bool any = false;
	*out = sd_slice("", 0);
	for (enum binding_kind k = BINDING_KIND_IP; k < BINDING_KIND_COUNT; k++)
		if (mode_of(t, k) != BINDING_OFF && said(seen, k).n)
			any |= hash_of(r->gen->keys[r->tenant_index].mac[0], k, said(seen, k), kept,
				       kept + place_of(k));
	if (any)
		*out = sd_arena_copy(&r->arena, sd_slice(kept, sizeof(kept)));
	return out->p ? SD_OK : SD_ERR_MEMORY;
}

int binding_places(struct request *r, struct sd_slice ip, struct sd_slice *out)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	const uint8_t head[HEAD] = {1, (uint8_t)r->tenant->bind_ip_v4, (uint8_t)r->tenant->bind_ip_v6};
	uint8_t all[sizeof(keys->mac) / sizeof(keys->mac[0])][HASH];
	size_t n = 0;
	if (r->tenant->privacy_ip != PRIVACY_OFF && ip.n)
		while (n < keys->sets && hash_of(keys->mac[n], BINDING_KIND_NONE, ip, head, all[n]))
			n++;
	*out = n ? sd_arena_copy(&r->arena, sd_slice(all, n * HASH)) : sd_slice("", 0);
	return out->p ? SD_OK : SD_ERR_MEMORY;
}

static bool is_said_under(const struct request *r, const struct binding_seen *seen,
			  enum policy_binding least)
{
	for (enum binding_kind k = BINDING_KIND_IP; k < BINDING_KIND_COUNT; k++) {
		if (said(seen, k).n && mode_of(r->tenant, k) >= least)
			return true;
	}
	return false;
}

bool binding_wants_record(const struct request *r, const struct binding_seen *seen)
{
	return is_said_under(r, seen, BINDING_SHADOW);
}

bool binding_may_refuse(const struct request *r, const struct binding_seen *seen)
{
	return is_said_under(r, seen, BINDING_STEP_UP);
}

/* Under any of the tenant's keys: the session may be older than the newest. */
static bool differs(const struct request *r, const uint8_t kept[BYTES], enum binding_kind kind,
		    struct sd_slice value)
{
	static const uint8_t none[HASH];
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	const uint8_t *was = kept + place_of(kind);
	uint8_t now[HASH];
	if (value.n == 0 || memcmp(was, none, HASH) == 0)
		return false;
	for (size_t i = 0; i < keys->sets; i++)
		if (!hash_of(keys->mac[i], kind, value, kept, now) || memcmp(now, was, HASH) == 0)
			return false;
	return true;
}

static void record(struct request *r, const struct session *s, const struct binding_seen *seen,
		   enum binding_kind kind)
{
	enum policy_binding mode = mode_of(r->tenant, kind);
	char sid[HANDLE_SID_LEN + 1];
	uint8_t net[17];
	struct sd_slice from = sd_slice("", 0);
	sid_text(&s->sid, sid);
	if (network(seen->ip, 32, 128, net))
		from = pseudonym_keep_ip(r, seen->ip);
	struct audit_note note = {
	    .event = AUDIT_BINDING_MISMATCH,
	    .outcome = mode == BINDING_RECORD ? AUDIT_OK : AUDIT_REFUSED,
	    .user = s->user,
	    .session = sd_slice_str(sid),
	    .ip = from,
	    .reason = sd_slice_str(binding_mode_text(mode)),
	    .key = "kind",
	    .value = sd_slice_str(binding_kind_text(kind))};
	audit_event_refused(r, &note);
}

enum policy_binding binding_judge(struct request *r, const struct session *s,
				  const struct binding_seen *seen, uint8_t *told)
{
	const uint8_t *kept = (const uint8_t *)s->binding.p;
	enum policy_binding worst = BINDING_OFF;
	if (s->binding.n != BYTES || kept[0] != 1 || kept[1] > 32 || kept[2] > 128)
		return BINDING_OFF;
	for (enum binding_kind k = BINDING_KIND_IP; k < BINDING_KIND_COUNT; k++) {
		enum policy_binding mode = mode_of(r->tenant, k);
		if (mode == BINDING_OFF || !differs(r, kept, k, said(seen, k)))
			continue;
		board_count(r->w->stats, METRIC_BINDING, r->tenant->slot, (uint16_t)k,
			    (uint16_t)mode, 1);
		if (mode != BINDING_SHADOW && !(*told & 1u << k))
			record(r, s, seen, k);
		*told |= (uint8_t)(1u << k);
		worst = SD_MAX(worst, mode);
	}
	return worst;
}
