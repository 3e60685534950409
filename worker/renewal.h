/* SPDX-License-Identifier: MIT
 * renewal - a session token (cookie) gets a successor once it has been in use as long as an access token
 * may live. Who presents it is offered the successor; who presents the successor puts it to use, and
 * its predecessor is accepted for refresh_grace more. Who ignores the offer loses nothing. */
#ifndef SD_RENEWAL_H
#define SD_RENEWAL_H

#include "known_session.h"

enum renewal_fit {
	RENEWAL_FOREIGN = 0, /* not a token of this record */
	RENEWAL_NEWER,       /* of a later record than this copy */
	RENEWAL_OLD,         /* the predecessor, within the overlap */
	RENEWAL_CURRENT,
	RENEWAL_NEXT         /* the successor, for the first time */
};
enum renewal_fit renewal_fits(const struct request *r, const struct session *s,
			      const struct handle *h) SD_MUSTCHECK;

struct renewal {
	struct handle presented;
	bool confirms;
	char token[HANDLE_TOKEN_LEN + 1]; /* the successor to hand out; "" = none */
	int64_t max_age_s;
};
/* STEP_PARKED: the store is asked; STEP_NEXT: there is nothing to do, or nobody to ask just now. */
enum step renewal_begin(struct request *r, struct renewal *n, struct known_session *k,
			enum renewal_fit fit);
/* After it: token and Set-Cookie, as it came out. Validity is not touched by it. */
void renewal_end(struct request *r, struct renewal *n);

#endif
