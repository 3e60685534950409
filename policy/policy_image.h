/* SPDX-License-Identifier: MIT
 * policy_image - the bytes of a policy segment: one immutable, pointer-free snapshot a generation.
 * Built by the master (policy_build), checked and read by all (policy_view). Times in the unit of
 * the name's ending. Slots are numbers that a tenant, client or key keeps for the life of the
 * master: the arrays of the control segment are indexed by them. */
#ifndef SD_POLICY_IMAGE_H
#define SD_POLICY_IMAGE_H

#include "shm_layout.h"

#define POLICY_IMAGE_VERSION 4
#define POLICY_NONE 0xffffffffu

struct pi_str { /* bytes at off from the start of the image; no NUL counted, one follows */
	uint32_t off, len;
};

struct pi_list { /* count records at off */
	uint32_t off, count;
};

struct policy_cidr {
	uint8_t addr[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint32_t bits;    /* 0..128 */
	uint32_t pad;
};

struct policy_server {
	struct pi_str node, prefix;
	struct pi_list trusted_proxies;   /* policy_cidr */
	struct pi_list previous_keys;     /* pi_str: secrets.previous_key_files */
	uint32_t store_timeout_ms, store_connections, store_mode, durability_replica;
	uint32_t poll_interval_ms;
	uint32_t connections, header_bytes, header_fields, body_bytes;
	uint32_t header_timeout_ms, body_timeout_ms, idle_timeout_ms;
	uint32_t remembered_sessions, remembered_tokens;
	uint32_t log_level, log_format;
	uint32_t workers;                 /* as started: shares of per-node limits */
	uint32_t pad;
};

enum policy_on_limit { ON_LIMIT_REJECT = 0, ON_LIMIT_EVICT_OLDEST, ON_LIMIT_EVICT_LEAST_RECENT, ON_LIMIT_EVICT_SAME_DEVICE };
enum policy_outage { OUTAGE_DENY = 0, OUTAGE_ALLOW_SIGNED };
enum policy_binding { BINDING_OFF = 0, BINDING_SHADOW, BINDING_RECORD, BINDING_STEP_UP, BINDING_REVOKE };
enum policy_privacy { PRIVACY_OFF = 0, PRIVACY_HASH, PRIVACY_TRUNCATE /* user agent: family */, PRIVACY_FULL };
enum policy_same_site { SAME_SITE_STRICT = 0, SAME_SITE_LAX, SAME_SITE_NONE };

struct policy_tenant {
	struct pi_str name, issuer, jwks, jwks_etag; /* jwks: ready-made JSON; etag with quotes */
	struct pi_list hosts;        /* pi_str */
	struct pi_list audiences;    /* pi_str; empty = not demanded */
	struct pi_list clients;      /* policy_client */
	struct pi_list keys;         /* policy_key */
	struct pi_list device_limits; /* policy_device_limit */
	struct pi_list client_limits; /* policy_device_limit: name = client id */
	struct pi_list sharing_clients; /* pi_str */
	struct pi_list levels;       /* policy_level: devices.trust */
	struct pi_str levels_text;   /* the same for scripts, behind a newline each: NAME IDLE ABSOLUTE MAX STEP_UP */
	struct pi_str cookie_name, cookie_path, cookie_domain, login_url;
	uint32_t slot;
	uint32_t alg;                /* enum jose_alg of new tokens */
	uint32_t access_ttl_s, refresh_ttl_s, refresh_grace_ms, clock_skew_s, jitter_permille;
	uint32_t idle_s, absolute_s, remember_idle_s, remember_absolute_s, touch_interval_s;
	uint32_t max_per_user, on_limit, max_total;
	uint32_t data_bytes, require_if_match;
	uint32_t cookie_same_site;
	uint32_t bind_ip, bind_ip_v4, bind_ip_v6, bind_user_agent, bind_device;
	uint32_t max_staleness_ms, on_store_outage, allow_signed_s;
	uint32_t in_flight, create_per_second, validate_failures_per_minute_per_ip;
	uint32_t privacy_ip, privacy_user_agent, retain_sessions_s, retain_events_s;
	uint32_t introspection_max_age_s, assertion;
};

struct policy_device_limit {
	struct pi_str name;
	uint32_t max, pad;
};

struct policy_level { /* a trust level of devices */
	struct pi_str name, step_up; /* the acr that its sessions must have; "" = any */
	uint32_t idle_s, absolute_s; /* 0 = as all sessions */
	uint32_t max_per_user, pad;  /* 0 = no limit of its own */
};

struct policy_client {
	struct pi_str id;
	uint32_t slot;
	uint32_t permissions; /* bits of permissions.def */
};

struct policy_key {
	struct pi_str kid, spki; /* spki: SubjectPublicKeyInfo DER */
	int64_t publish_s, activate_s, retire_s, remove_s; /* INT64_MAX = open */
	uint32_t slot;
	uint32_t alg;
};

struct policy_name { /* sorted by name: tenants, and hosts */
	struct pi_str name;
	uint32_t tenant; /* index */
	uint32_t pad;
};

struct policy_credential { /* sorted by hash, then tenant */
	uint8_t hash[32];  /* SHA-256 of the whole API key */
	uint32_t tenant;   /* index */
	uint32_t client;   /* index within the tenant's clients */
};

struct policy_caller { /* a client by OIDC; sorted by issuer, audience, party */
	struct pi_str issuer, audience, party, claim; /* party, claim: "" = any, none */
	struct pi_str jwks_url;  /* "" = its keys are of a file */
	struct pi_list keys;     /* policy_caller_key */
	struct pi_list roles;    /* policy_role: words of the claim that stand for permissions */
	uint32_t tenant;         /* index */
	uint32_t client;         /* index within the tenant's clients */
};

struct policy_role {
	struct pi_str name;
	uint32_t permissions, pad;
};

struct policy_caller_key {
	struct pi_str kid, spki;
	uint32_t alg, pad;
};

struct policy_image {
	struct shm_head head;      /* kind policy, number = generation */
	uint32_t version;
	uint32_t pad;
	uint8_t digest[32];        /* SHA-256 of the image with generation, created_ms and digest zero */
	struct pi_list tenants;    /* policy_tenant; tenant index = position (sorted by name) */
	struct pi_list names;      /* policy_name */
	struct pi_list hosts;      /* policy_name */
	struct pi_list credentials; /* policy_credential */
	struct pi_list callers;    /* policy_caller */
	struct policy_server server;
};

_Static_assert(sizeof(struct policy_credential) == 40, "credential row");
_Static_assert(sizeof(struct policy_caller) == 64, "caller row");
_Static_assert(sizeof(struct policy_caller_key) == 24, "caller's key row");
_Static_assert(sizeof(struct policy_level) == 32, "level row");
_Static_assert(sizeof(struct policy_key) % 8 == 0, "rows keep 8-byte alignment");
_Static_assert(sizeof(struct policy_client) == 16, "client row");
_Static_assert(offsetof(struct policy_image, tenants) == 104, "image head");

#endif
