/* SPDX-License-Identifier: MIT
 * session_rules - what a policy, a session and a time decide together. Pure. */
#ifndef SD_SESSION_RULES_H
#define SD_SESSION_RULES_H

#include "policy_view.h"
#include "session.h"
#include "store_life.h"

enum session_fate { FATE_ENDED = 0, FATE_EXPIRED, FATE_IDLE, FATE_ACTIVE };

struct session_clocks {
	int64_t idle_at_s;     /* seen + min(idle at creation, idle now, its trust level's) */
	int64_t absolute_at_s; /* created + min(absolute at creation, absolute now, its level's) */
};

/* A policy as it is now: a tenant of an image. */
struct session_policy {
	const struct policy_view *view;
	const struct policy_tenant *t;
};

/* What the policy says of sessions on devices that are trusted like this one's, or NULL. */
const struct policy_level *session_level(struct session_policy p, const struct session *s);
/* Must its user authenticate otherwise before it is good on such a device? Then acr_out says how. */
bool session_must_step_up(struct session_policy p, const struct session *s,
			  struct sd_slice *acr_out) SD_MUSTCHECK;
/* May that be asked of any session? */
bool session_may_step_up(struct session_policy p) SD_MUSTCHECK;

/* seen_ms: the latest activity anybody knows of. */
void session_clocks(struct session_policy p, const struct session *s, int64_t seen_ms,
		    struct session_clocks *out);
/* Ended beats expired beats idle. Idle only touch_interval after the clock of what is known: another
 * worker may have seen the session and not have told the store yet. */
enum session_fate session_fate(struct session_policy p, const struct session *s,
			       int64_t seen_ms, int64_t now_ms,
			       struct session_clocks *clocks_out) SD_MUSTCHECK;

/* Ended longer ago than the policy keeps a record of it, or its user was erased: as if it were not
 * there. */
bool session_is_forgotten(struct session_policy p, const struct session *s, int64_t now_ms);

/* The policy's durations for a new session, its device apart. */
int64_t session_idle_s(const struct policy_tenant *t, bool remember_me);
int64_t session_absolute_s(const struct policy_tenant *t, bool remember_me);
/* The shortest of that kind, whatever its device. */
int64_t session_least_idle_s(struct session_policy p, bool remember_me);
/* The policy's durations for this session. */
int64_t session_policy_idle_s(struct session_policy p, const struct session *s);
int64_t session_policy_absolute_s(struct session_policy p, const struct session *s);

/* All of them, for a script that has the record. */
struct store_clocks session_clocks_now(struct session_policy p);

/* access_ttl less up to `jitter` of it; random is any 32 bits. Never below 1. */
int64_t session_access_ttl_s(const struct policy_tenant *t, uint32_t random);

/* The first word of wanted (space-separated) that does not stand in granted; n 0: all do. */
struct sd_slice session_scope_lacks(struct sd_slice granted, struct sd_slice wanted);

/* An address in its one written form; writes into out (64 bytes), returns the slice. Empty when it is
 * none. */
struct sd_slice session_plain_ip(struct sd_slice ip, char out[64]);
/* What may be kept of an address by policy: writes into out (64 bytes), returns the slice. full: as
 * it is; truncate: /24 or /48; hash needs a key (pseudonym.h; here empty); off: empty. */
struct sd_slice session_keep_ip(enum policy_privacy mode, struct sd_slice ip, char out[64]);

#endif
