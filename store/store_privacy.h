/* SPDX-License-Identifier: MIT
 * store_privacy - what a user may ask to be done with all that is kept of him: erased, restricted. As in
 * store_ask.h; results in the call's `privacy`. */
#ifndef SD_STORE_PRIVACY_H
#define SD_STORE_PRIVACY_H

#include "store_ask.h"

struct store_erase {
	struct sd_slice tenant, user;
	int64_t retain_s;
	uint32_t limit; /* records at once */
};
/* OK: all his sessions are ended (`ended` by this call), his data key, his shared data, his `devices`
 * and his restriction are gone; records: how many were stripped, left: how many are to be, by asking again. */
void store_erase(struct store *s, const struct store_erase *in, struct store_call *call);

/* What the copy of the audit records says of him, a piece of it with each call. */
struct store_erase_events {
	struct sd_slice tenant, user;
	struct sd_slice actor; /* how he stands in a record in which he acted (record_json.h) */
	int64_t retain_s;
	uint32_t limit;        /* entries looked at in one script */
	struct sd_slice owner; /* who asks, the same for each piece: one at a time works on a stream */
	int64_t lease_ms;      /* so long nobody else may, after a piece */
};
/* OK: records: how many of his there were so far; left: 1 while there is more to do, by asking again.
 * LOCKED: another is at work. */
void store_erase_events(struct store *s, const struct store_erase_events *in, struct store_call *call);

enum store_restriction { STORE_RESTRICTION_ASK = 0, STORE_RESTRICT, STORE_LIFT };
struct store_restrict {
	struct sd_slice tenant, user;
	enum store_restriction how;
	int64_t retain_s;
};
/* OK: restricted_ms since when (0 = not), changed; `ended` sessions. */
void store_restrict(struct store *s, const struct store_restrict *in, struct store_call *call);

#endif
