/* SPDX-License-Identifier: MIT
 * known_token - an access token whose signature this worker has verified: its claims, where they
 * lead in shared memory, and the activity seen. Remembered by SHA-256 of the whole token; never
 * used beyond its policy generation (keys, issuer and audiences are those of the generation). */
#ifndef SD_KNOWN_TOKEN_H
#define SD_KNOWN_TOKEN_H

#include "claims.h"
#include "remember.h"
#include "request.h"
#include "shm_revoke.h"

struct known_token {
	struct remember_head head;
	uint64_t generation;
	uint32_t tenant, key;     /* indexes in that generation */
	struct shm_query query;
	struct sid sid;
	int64_t recorded_ms;      /* activity that the store has recorded: iat, or what it said since */
	struct claims claims;     /* slices point into text or `strings` */
	struct sd_slice common;   /* the answer's fixed members, ready-made */
	char text[];              /* payload, then unescaped strings, then `common` */
};

/* Structure, signature, claim types: from memory, or verified now and remembered. RESULT_VALID and
 * *out (borrowed until the next put), or the first refusal of the contract's order. Times, issuer
 * and audience are judged by known_token_check(). */
enum validate_result known_token_get(struct request *r, struct sd_slice token,
				     struct known_token **out) SD_MUSTCHECK;
/* signature (its key's time is over) > issuer > audience > not yet > expired > revoked (its client
 * is gone). audience may be {NULL,0}. */
enum validate_result known_token_check(const struct request *r, const struct known_token *k,
				       struct sd_slice audience) SD_MUSTCHECK;

#endif
