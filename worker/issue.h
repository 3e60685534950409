/* SPDX-License-Identifier: MIT
 * issue - the tokens of an answer: has the signer make the access token of a session, and writes
 * the token members that create and refresh share. */
#ifndef SD_ISSUE_H
#define SD_ISSUE_H

#include "request.h"

struct issue {
	struct sid sid;
	enum session_mode mode;
	struct sd_slice user, client, device_id, scope, acr, amr, claims;
	struct sd_slice audience;        /* JSON array text */
	int64_t auth_time_s, iat_s, exp_s;
	int64_t created_s, absolute_at_s, refresh_expires_s, now_s;
	char refresh_token[HANDLE_TOKEN_LEN + 1]; /* "" = none */
	char session_token[HANDLE_TOKEN_LEN + 1];
	struct sd_slice access_token;    /* in the arena, after signing */
	bool remember_me;
};

/* False: the session was made for audiences of which the policy lists none any more. */
bool issue_has_audience(struct request *r, const struct issue *i) SD_MUSTCHECK;
/* Asks the signer; STEP_PARKED, STEP_NEXT when this mode has no access token, or 503 answered. */
enum step issue_sign(struct request *r, struct issue *i);
/* After issue_sign: false when the signer did not sign (nothing answered yet). */
bool issue_signed(struct request *r, struct issue *i) SD_MUSTCHECK;
/* {"session_id":...,...  without the closing brace; Set-Cookie in cookie mode. */
void issue_render(struct request *r, const struct issue *i);

#endif
