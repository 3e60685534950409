/* SPDX-License-Identifier: MIT
 * refusal - callers turned away: the answer of the contract and its record in the audit trail. */
#ifndef SD_REFUSAL_H
#define SD_REFUSAL_H

#include "request.h"

/* 401 caller-unauthenticated. why: a constant word for the record alone (NULL: no or an unknown
 * credential). Who is nobody must not fill the disk: at most REFUSALS_PER_S records a second of
 * each worker. */
#define REFUSALS_PER_S 20
enum step refusal_unauthenticated(struct request *r, const char *why);
/* The same where `why` is told as well: only to who holds a token that we signed. */
enum step refusal_told(struct request *r, const char *why);
/* A token that nobody of ours made, or made for this, was shown for validation: token.refused, from that
 * address; as many a second, with those above, at most. The answer is the caller's. */
void refusal_of_token(struct request *r, const char *why, struct sd_slice ip);
/* 403 permission-missing naming it; always recorded. */
enum step refusal_permission(struct request *r, const char *permission);

#endif
