/* SPDX-License-Identifier: MIT
 * store_life - what a session may go through between its creation and its end: reported activity, a
 * new id, sharing. One round trip each, as in store_ask.h. */
#ifndef SD_STORE_LIFE_H
#define SD_STORE_LIFE_H

#include "store_ask.h"

/* The policy's durations as they are now; the shorter of these and creation's counts. */
struct store_clocks {
	int64_t idle_s, absolute_s, remember_idle_s, remember_absolute_s;
	int64_t touch_interval_s; /* activity may be recorded so much later than it was */
	struct sd_slice levels;   /* policy_tenant's levels_text */
};

/* Activity: seen (wall ms, only rises), requests since the last flush. No answer is waited for. */
struct store_touch {
	struct sd_slice tenant;
	struct sid sid;
	int64_t seen_ms;
	uint32_t requests;
	struct store_clocks now;
};
void store_touch(struct store *s, const struct store_touch *in);

struct store_touch_now {
	struct sd_slice tenant;
	struct sid sid;
	struct store_clocks now;
	int64_t retain_s;
};
/* OK: idle_at_s, absolute_at_s, the record. EXPIRED: it ended by this call. ENDED, ABSENT. */
void store_touch_now(struct store *s, const struct store_touch_now *in, struct store_call *call);

struct store_regenerate {
	struct sd_slice tenant;
	struct sid old, sid;          /* of one partition */
	uint32_t version;             /* of the record that was read */
	struct sd_slice data;         /* sealed for the new id, under `key`; empty when none */
	struct store_user_key key;
	uint8_t refresh_hash[32], session_hash[32]; /* zero = none */
	int64_t access_ttl_s, refresh_ttl_s, retain_s;
	struct store_clocks now;
};
/* OK: the new record and its times. MISMATCH: its data, or the key of it, changed since it was read; nothing changed
 * now. EXPIRED: a clock had run out, it ended by this call. ENDED, ABSENT. */
void store_regenerate(struct store *s, const struct store_regenerate *in, struct store_call *call);

struct store_renew {
	struct sd_slice tenant;
	struct handle presented;      /* the session token in use, or the next one */
	uint8_t new_hash[32];
	struct sd_slice sealed;       /* the new one, sealed under a key of presented.random */
	int64_t retain_s;
};
/* OK; SUCCESSOR: `successor` is the sealed one given out before. MISMATCH: neither of the two. ENDED,
 * ABSENT. */
void store_renew(struct store *s, const struct store_renew *in, struct store_call *call);

struct store_share {
	struct sd_slice tenant;
	struct handle code;           /* HANDLE_CODE: of the session, its number any 32 bits */
	struct sd_slice client;       /* who may redeem it */
	int64_t ttl_ms, retain_s;
	struct store_clocks now;
};
/* OK: exp_s is the code's end; the record. MISMATCH: the client is the session's own. EXPIRED, ENDED,
 * ABSENT as above. */
void store_share(struct store *s, const struct store_share *in, struct store_call *call);

#endif
