/* SPDX-License-Identifier: MIT
 * lookup - is this session still good? The one place where the order remembered -> shared memory
 * -> store is written, and where freshness is judged. */
#ifndef SD_LOOKUP_H
#define SD_LOOKUP_H

#include "request.h"
#include "session_rules.h"
#include "shm_revoke.h"

enum lookup_verdict {
	LOOKUP_ASK = 0,       /* ask the store; `why` says the cause */
	LOOKUP_GONE,          /* the session was ended */
	LOOKUP_REVOKED,       /* tenant, client or key */
	LOOKUP_EXPIRED,
	LOOKUP_IDLE,
	LOOKUP_UNAVAILABLE,   /* the store does not answer and the policy denies */
	LOOKUP_GOOD
};

struct lookup {
	struct shm_query query;
	uint8_t partition;
	struct sid sid;
	int64_t seen_ms;      /* latest activity this worker knows of */
	enum fallback why;
	enum validate_source source;
	int64_t as_of_ns;     /* of lookup_proof(), until lookup_memory() has used it */
	bool proof_read;
	/* after a good answer; of the policy alone when the record is unknown */
	struct session_clocks clocks;
};

/* Reads the proof before anything that it speaks for: to be called before a remembered copy is held
 * against its bucket. Else a master that catches up between the two proves what the copy lacks. */
void lookup_proof(const struct request *r, struct lookup *l);
/* Shared memory alone. The reader's order: proof, table, then the present time. */
enum lookup_verdict lookup_memory(const struct request *r, struct lookup *l) SD_MUSTCHECK;

/* The store's answer to the fallback question (r->call after store_read). is_token: an access
 * token, which may outlive a lost record where the table is fresh. */
enum lookup_verdict lookup_store(const struct request *r, struct lookup *l,
				 bool is_token) SD_MUSTCHECK;

#endif
