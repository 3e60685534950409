/* SPDX-License-Identifier: MIT
 * idempotency - Idempotency-Key: the steps of a creation around its own, so that a repeated request
 * gets the answer of the first. The claim stands before the session is made; only who still holds it
 * hands out tokens. Nothing is asked without the header. */
#ifndef SD_IDEMPOTENCY_H
#define SD_IDEMPOTENCY_H

#include "grant.h"
#include "store_idem.h"

struct idempotency {
	bool on;
	bool asked;             /* r->call is an answer to us */
	bool replay;            /* the answer of another request: held back until its session is read */
	struct sd_slice answer; /* of it, opened */
	struct sid sid;         /* of it, or of a claimant who never came back */
	struct store_idem in;
};

/* The header: 400 header-invalid, or STEP_NEXT. */
enum step idempotency_read(struct request *r, struct idempotency *i);
/* After the new id is made; before anything is changed. */
enum step idempotency_claim(struct request *r, struct idempotency *i, const struct grant *g);
/* 409, 422, 503; or on to the next. */
enum step idempotency_claimed(struct request *r, struct idempotency *i);
/* STEP_DONE: the answer of before, or 409 idempotency-expired; STEP_NEXT: make the session. */
enum step idempotency_decide(struct request *r, struct idempotency *i);
/* Nothing was made, for certain: the key is free again. */
void idempotency_drop(struct request *r, const struct idempotency *i);
/* The whole answer stands in r->body and the headers: kept before it leaves. */
enum step idempotency_keep(struct request *r, struct idempotency *i);
/* STEP_NEXT: it may leave. */
enum step idempotency_kept(struct request *r, struct idempotency *i, const struct grant *g);

#endif
