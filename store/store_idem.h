/* SPDX-License-Identifier: MIT
 * store_idem - Idempotency-Key: a claim before a creation, its sealed answer after it. As in
 * store_ask.h; results in session.sid and kept.data. */
#ifndef SD_STORE_IDEM_H
#define SD_STORE_IDEM_H

#include "store.h"

struct store_idem {
	struct sd_slice tenant;
	struct sd_slice name;     /* caller and key: partition and hash come of it */
	uint8_t nonce[16];        /* of this claim, random */
	uint8_t print[32];        /* of the body */
	struct sid sid;           /* of the session to be made */
	int64_t claim_ms, replay_ms, memory_ms;
	struct sd_slice answer;   /* keep: sealed */
};
enum store_idem_op { STORE_IDEM_CLAIM = 1, STORE_IDEM_KEEP, STORE_IDEM_DROP };

/* claim: OK, and has_sid: a claimant never came back whose session that may be. LOCKED: still
 * running. MISMATCH: of another body. SUCCESSOR: kept.data is the answer of session.sid. ENDED: there
 * was one, of session.sid. keep, drop: OK, or LOCKED when the claim was lost. call may be NULL
 * with drop. */
void store_idem(struct store *s, enum store_idem_op how, const struct store_idem *in,
		struct store_call *call);

#endif
