/* SPDX-License-Identifier: MIT
 * precondition - what a conditional write says of the state that it changes: If-Match,
 * If-None-Match, X-Lock-Token. */
#ifndef SD_PRECONDITION_H
#define SD_PRECONDITION_H

#include "request.h"

struct precondition {
	struct sd_slice if_match, if_none_match; /* p NULL: not sent */
	bool any;       /* neither: write whatever stands there */
};

/* STEP_NEXT; or answered: 400 header-invalid, 428 where the policy demands one and none is sent. */
enum step precondition_read(struct request *r, struct precondition *out);
/* STEP_NEXT, or 412 etag-mismatch answered. etag: of what stands there now; `exists`: "*" means it. */
enum step precondition_check(struct request *r, const struct precondition *p, const char *etag,
			     bool exists);

/* SHA-256 of the lock's token as it was sent, in the arena; empty when none was. STEP_DONE: 400
 * header-invalid answered. token_out (may be NULL): the token itself. */
enum step precondition_lock(struct request *r, struct sd_slice *hash_out, struct sd_slice *token_out);
int precondition_lock_hash(struct sd_slice token, uint8_t out[32]) SD_MUSTCHECK;

#endif
