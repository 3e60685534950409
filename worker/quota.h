/* SPDX-License-Identifier: MIT
 * quota - places of a tenant's sessions, in all and of one client: the steps of an endpoint that makes
 * a session, around its create. Nothing is asked where the policy sets no such limit. */
#ifndef SD_QUOTA_H
#define SD_QUOTA_H

#include "request.h"

/* in: the session to be made, with its id, client, durations, and what it replaces. */
enum step quota_take(struct request *r, const struct store_create *in);
/* 409 session-limit where the limit is reached, 503 where the store did not say. */
enum step quota_taken(struct request *r, const struct store_create *in);
/* The create's outcome: the place is confirmed, or given back; in doubt it stays taken, and is
 * looked into when somebody takes one later. */
void quota_made(struct request *r, const struct store_create *in, enum store_status made);

#endif
