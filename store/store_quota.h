/* SPDX-License-Identifier: MIT
 * store_quota - places of a tenant's sessions, in all and of each client, counted in the tenant's own
 * partition: taken before a session is made, confirmed once it exists, released after its end.
 * The one round trip beside create's own (docs/STORE.md). */
#ifndef SD_STORE_QUOTA_H
#define SD_STORE_QUOTA_H

#include "store.h"

struct store_quota {
	struct sd_slice tenant, client;
	struct sid sid;
	uint32_t max_total, max_client; /* 0 = no limit */
	int64_t absolute_s;             /* a place is held at most this long */
	bool has_replaces;              /* the place of a session that this one ends does not count */
	struct sid replaces;
};

/* OK: the place is taken. LIMIT: it is not. With both, call->evicted names places that were never
 * confirmed: look whether their sessions exist, then confirm or release. */
void store_quota_take(struct store *s, const struct store_quota *in, struct store_call *call);

enum store_quota_end { STORE_QUOTA_CONFIRM = 1, STORE_QUOTA_RELEASE };
/* No answer is waited for: what is lost is asked about later. Idempotent. */
void store_quota_end(struct store *s, struct sd_slice tenant, const struct sid *sid,
		     enum store_quota_end how);

#endif
