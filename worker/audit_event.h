/* SPDX-License-Identifier: MIT
 * audit_event - what a request leaves in the audit trail: who did what to which session. */
#ifndef SD_AUDIT_EVENT_H
#define SD_AUDIT_EVENT_H

#include "audit_msg.h"
#include "request.h"

/* The slot before any change: STEP_NEXT, or 503 audit-unavailable answered. Given back by
 * request_end() if no record was sent. */
enum step audit_slot_step(struct request *r);

struct audit_note {
	enum audit_event event;
	enum audit_outcome outcome;
	struct sd_slice user, session, ip, reason;
	const char *key;       /* one detail, or NULL */
	struct sd_slice value;
	const char *also[2];   /* further details, that are "true"; or NULL */
	bool by_system;        /* a clock or a limit did it, not the caller */
};

/* The record of the change (spends the slot), or a further one. False when it could not be kept:
 * answer 503, the change was made but is not acknowledged. */
bool audit_event_send(struct request *r, const struct audit_note *note) SD_MUSTCHECK;
/* A refusal: no change; dropped when no slot is free. How many have no record, here or in refusal.c, is said by
 * the next one that has ("suppressed"). */
void audit_event_refused(struct request *r, const struct audit_note *note);

#endif
