/* SPDX-License-Identifier: MIT
 * store_data - what may be asked of the store about data: of one session, its lock, what a user's
 * sessions share, and the user's data key. As in store_ask.h; results in the call's `kept` too. */
#ifndef SD_STORE_DATA_H
#define SD_STORE_DATA_H

#include "store_ask.h"
#include "store_life.h" /* the policy's clocks */

/* The session with its data, kept.key: OK, ENDED, ABSENT. */
void store_data_read(struct store *s, struct sd_slice tenant, const struct sid *sid,
		     struct store_call *call);

/* What was read before, so that nobody's change in between is lost. */
struct store_seen {
	bool any;             /* whatever stands there now */
	uint32_t version;     /* shared data: 0 = none */
	struct sd_slice head; /* first bytes of the sealed data, different for any two; "" = none */
};

struct store_update {
	struct sd_slice tenant;
	struct sid sid;
	struct store_user_key key; /* that `data` is sealed under */
	struct store_seen seen;
	struct sd_slice data;      /* sealed */
	struct sd_slice lock_hash; /* of the token presented; empty = none */
	struct store_clocks clocks;
};
/* OK: session without its data, new version. KEY, CONFLICT, LOCKED, ENDED: the session as it is, and
 * kept.key. ABSENT. */
void store_update(struct store *s, const struct store_update *in, struct store_call *call);

struct store_lock {
	struct sd_slice tenant;
	struct sid sid;
	struct sd_slice presented; /* hash of the holder's token; empty = none */
	uint8_t hash[32];          /* of the token of a new lock */
	int64_t ttl_ms;            /* 0: gives it back */
	struct store_clocks clocks;
};
/* OK with kept.fence, lock_until_ms, renewed (given back: was held); session.user alone of the
 * session. LOCKED, ENDED, ABSENT. */
void store_lock(struct store *s, const struct store_lock *in, struct store_call *call);

/* OK with kept: key, data, version, updated_ms. ABSENT: no trace of such a user. */
void store_shared_read(struct store *s, struct sd_slice tenant, struct sd_slice user,
		       struct store_call *call);
struct store_shared {
	struct sd_slice tenant, user;
	struct store_user_key key;
	struct store_seen seen;
	struct sd_slice data;
};
/* OK with the new version; KEY, CONFLICT, RESTRICTED with kept as it is. */
void store_shared_write(struct store *s, const struct store_shared *in, struct store_call *call);

#endif
