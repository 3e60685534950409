/* SPDX-License-Identifier: MIT
 * store_ask - what may be asked of the store about sessions: one function, one round trip, one
 * outcome in the call's status. What the slices point to is copied before a function returns. */
#ifndef SD_STORE_ASK_H
#define SD_STORE_ASK_H

#include "store.h"

/* The user's data key, wrapped: what stood when the data was sealed ("" = none), and what takes
 * its place ("" = it stays). When another one stands the call ends with STORE_KEY. */
struct store_user_key {
	struct sd_slice standing, put;
};

#define STORE_NETWORK_MAX 24
struct store_origin {
	char country[3];                 /* "DE"; "ZZ": in none that is known; "": nobody looked */
	char network[STORE_NETWORK_MAX]; /* "192.0.2.0/24"; "": none is kept */
	const char *browser;             /* constant; NULL: unknown */
};
struct store_create {
	struct sd_slice tenant;
	struct sid sid;
	struct sd_slice user, client, scope, acr, audience, amr, claims, ip, user_agent;
	struct sd_slice device_id, device_name, device_type, device_fingerprint, device_trust, data;
	enum session_mode mode;
	bool remember_me;
	int64_t auth_time_s, idle_s, absolute_s; /* the policy's, for this kind of session */
	int64_t access_ttl_s;         /* jitter already taken off; 0 in cookie mode */
	int64_t refresh_ttl_s, retain_s; /* retain: how long an ended record stays readable */
	uint32_t max_per_user, on_limit; /* 0 = no limit; enum policy_on_limit */
	uint32_t max_per_device_type;    /* of sessions with this device_type; 0 = no limit */
	int64_t touch_interval_s;        /* activity may be recorded so much later than it was */
	uint8_t refresh_hash[32], session_hash[32]; /* zero = none; both tokens have generation 1 */
	bool has_parent;              /* shared: the parent, and the code that it gave out */
	struct handle code;
	bool has_replaces;            /* same partition only; ends with reason replaced */
	struct sid replaces;
	struct store_user_key key;    /* that `data` is sealed under */
	struct store_origin origin;   /* for the counts alone */
	struct sd_slice binding;      /* where it is made, hashed; empty = nowhere */
	struct sd_slice levels;       /* the policy's, of devices: of its device's the script judges */
	struct sd_slice places;       /* its network, hashed under each of the tenant's keys, 16 bytes each; empty: not kept */
};
void store_create(struct store *s, const struct store_create *in, struct store_call *call);

struct store_refresh {
	struct sd_slice tenant;
	struct handle presented;      /* MAC already checked */
	uint8_t new_hash[32];      /* of the successor; next: it, sealed under a key of presented.random */
	struct sd_slice successor;
	int64_t grace_ms, refresh_ttl_s, access_ttl_s;
	int64_t idle_s, absolute_s, remember_idle_s, remember_absolute_s; /* the policy now */
	int64_t retain_s, touch_interval_s;
	struct sd_slice levels;       /* the policy's trust levels */
	int64_t seen_ms;              /* the worker's own last sight of the session; 0 = none */
};
void store_refresh(struct store *s, const struct store_refresh *in, struct store_call *call);

struct store_end {
	struct sd_slice tenant;
	struct sid sid;
	enum end_reason reason;
	int64_t retain_s;
	bool tombstone;               /* write-back: an ended record when there is none, with: */
	int64_t until_s, absolute_s;  /* until at least then; when it would have ended anyway */
	bool by_token;                /* the caller has shown a token: an ended record when there is none, */
	int64_t tokens_until_s;       /* whose until is this: any token of it is over by then */
}; /* OK with ended 0 or 1; ABSENT and ENDED are not errors (ended = 0). */
void store_end(struct store *s, const struct store_end *in, struct store_call *call);

struct store_end_user {
	struct sd_slice tenant, user;
	enum end_reason reason;
	bool has_except;
	struct sid except;
	struct sd_slice device_id;    /* empty = all devices */
	int64_t retain_s;
};
void store_end_user(struct store *s, const struct store_end_user *in, struct store_call *call);

enum store_rule_kind { STORE_RULE_TENANT = 1, STORE_RULE_CLIENT, STORE_RULE_KEY };
struct store_rule {
	struct sd_slice tenant;
	enum store_rule_kind kind;
	struct sd_slice id;           /* client id or kid; empty for the tenant */
	int64_t before_s;             /* <= now; 0 = the store's now; tenant_before_s says what is in force */
	int64_t until_s;              /* end of the last token (tenant: session) it can concern */
	bool write_back;              /* before_s as it was in force; logged only where lost */
};
void store_rule(struct store *s, const struct store_rule *in, struct store_call *call);

/* The session record and the tenant's rules in one pipeline. client and kid may be empty. */
void store_read(struct store *s, struct sd_slice tenant, const struct sid *sid, struct sd_slice client,
		struct sd_slice kid, struct store_call *call);
struct store_list { /* newest first */
	struct sd_slice tenant, user;
	int64_t from_ms;              /* INT64_MAX to begin */
	struct sid from_sid;
	uint32_t limit;               /* 1..STORE_MAX_ROWS */
};
void store_list_user(struct store *s, const struct store_list *in, struct store_call *call);

#endif
