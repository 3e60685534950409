/* SPDX-License-Identifier: MIT
 * token_check - an access token judged whole: signature, claims, revocation, freshness, clocks, and
 * the store where memory cannot tell. /sessions/validate and the users' own routes ask here. */
#ifndef SD_TOKEN_CHECK_H
#define SD_TOKEN_CHECK_H

#include "known_token.h"
#include "lookup.h"

struct token_check {
	struct sd_slice token, audience; /* in; audience may be {NULL,0} */
	struct lookup lookup;
	int64_t idle_s;                  /* of its session, as far as we know it */
	struct known_token *known;       /* after RESULT_VALID; of this turn only */
};

/* From memory. RESULT_NONE: the store has been asked (r->call): park, then token_check_store(). */
enum validate_result token_check_begin(struct request *r, struct token_check *c) SD_MUSTCHECK;
/* After RESULT_VALID: asks the store all the same (why in c->lookup), for the record; then park. */
void token_check_ask(struct request *r, struct token_check *c);
/* The store has answered (or not). Never RESULT_NONE. */
enum validate_result token_check_store(struct request *r, struct token_check *c) SD_MUSTCHECK;
/* The token was accepted: that is activity, told to the store at most once per touch_interval. */
void token_check_seen(struct request *r, struct token_check *c);

/* The same of a session; recorded_ms: what the store is known to have recorded. */
void token_check_touch(struct request *r, const struct sid *sid, int64_t recorded_ms);
/* Uses that no later one has told: when their interval is over; all of them when the worker drains. */
void token_check_tell_late(struct worker *w);
/* The latest activity of it that this worker knows of. */
int64_t token_check_seen_ms(const struct request *r, const struct sid *sid, int64_t recorded_ms);

/* RESULT_UNAVAILABLE for what is not a verdict. */
enum validate_result token_check_result(enum lookup_verdict verdict) SD_MUSTCHECK;
enum problem token_check_problem(enum validate_result result);

#endif
