/* SPDX-License-Identifier: MIT
 * ending - what all ends of sessions have in common: their audit record, their count, and the end
 * that nobody waits for. */
#ifndef SD_ENDING_H
#define SD_ENDING_H

#include "request.h"

/* Counts the end and records session.ended; by_system when a limit or clock did it. False when the
 * record could not be kept. */
bool ending_audit(struct request *r, const struct sid *sid, struct sd_slice user,
		  enum end_reason reason, bool by_system) SD_MUSTCHECK;

/* The same for the sessions that were shared from what r->call ended, and ended with it; user is
 * theirs as well. */
bool ending_audit_children(struct request *r, struct sd_slice user) SD_MUSTCHECK;

/* What r->call has just ended, if anything: it and its children. STEP_NEXT, or 503 audit-unavailable. */
enum step ending_recorded(struct request *r, const struct sid *sid, struct sd_slice user,
			  enum end_reason reason, bool by_system);

/* What r->call ended of a user, for a reason that was given: a record for each, for the children too;
 * of very many the last ones in one, by their number. Nothing when nothing ended. */
bool ending_audit_user(struct request *r, struct sd_slice user, enum end_reason reason) SD_MUSTCHECK;

/* Ends a session aside, after this request is answered (its tokens were never handed out). */
void ending_detached(struct request *r, const struct sid *sid, struct sd_slice user,
		     enum end_reason reason);

/* True when the store gave no usable answer to a write: 503. */
bool ending_failed(const struct store_call *call) SD_MUSTCHECK;

#endif
