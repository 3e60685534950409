/* SPDX-License-Identifier: MIT
 * standing - does a session whose record the store gave stand before what its partition does not hold:
 * the rules by time of its tenant and client, an end that the store has lost? */
#ifndef SD_STANDING_H
#define SD_STANDING_H

#include "request.h"
#include "session_rules.h"

struct standing {
	struct sid sid;          /* these four are given; the texts live as long as the request */
	int64_t created_s;
	struct sd_slice user, client;
	bool gone;               /* it was ended */
	enum end_reason refused; /* by a rule; 0 = not */
	bool asked;              /* r->call is the store's answer to our question */
};

/* For a reader: what this node's memory knows of the rules; END_NONE when it stands. Nothing is asked. */
enum end_reason standing_shown(const struct request *r, const struct session *session);
/* The same with the record's own end and its clocks: why it counts as ended, END_NONE while it is active. */
enum end_reason standing_end(const struct request *r, const struct session *session,
			     struct session_clocks *clocks_out);
/* The four of a record of r->call, copied; false: no memory. */
bool standing_keep(struct request *r, const struct session *session, struct standing *out) SD_MUSTCHECK;
/* STEP_NEXT: decided; STEP_PARKED: the store is asked (r->call is another one then). */
enum step standing_check(struct request *r, struct standing *s);
/* The step after it: false when nobody could say (503). */
bool standing_told(struct request *r, struct standing *s) SD_MUSTCHECK;
/* The same for who has nothing else to do about it: STEP_NEXT, or answered (503, 409 session-ended). */
enum step standing_step(struct request *r, struct standing *s);

#endif
