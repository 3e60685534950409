/* SPDX-License-Identifier: MIT
 * grant - a new session id with its tokens: made before the store is asked, handed out when the
 * record, its audit and the ends that came with it are in. What create, regenerate and redeem
 * share; the fields of `in` that describe the session are the endpoint's. */
#ifndef SD_GRANT_H
#define SD_GRANT_H

#include "issue.h"

struct grant {
	struct store_create in;
	struct issue issue;
	struct sd_slice data; /* before it was sealed */
	unsigned sealings;
};

/* The policy's durations and limits; before it: in.mode, in.remember_me,
 * in.device_type. */
void grant_policy(const struct request *r, struct store_create *in);
/* Fresh id in the user's partition and the mode's tokens; only their hashes go into `in`. Before it:
 * in.tenant, in.user, in.mode. */
int grant_tokens(struct request *r, struct grant *g) SD_MUSTCHECK;
/* Makes `in` what a record that was read is (all but id, tokens, data), copied into the arena; false
 * when there is no memory. */
bool grant_from_record(struct request *r, struct grant *g, const struct session *s) SD_MUSTCHECK;
/* Seals data (JSON text; "" or "{}": none) for the new session, under the user's data key as the store
 * has it; "": none, or not known: then the store may say STORE_KEY. After grant_tokens(). */
int grant_seal(struct request *r, struct grant *g, struct sd_slice data,
	       struct sd_slice key) SD_MUSTCHECK;
/* True when the store said STORE_KEY (r->call) and the data is sealed under that one now: ask again. */
bool grant_seal_again(struct request *r, struct grant *g) SD_MUSTCHECK;
/* STORE_LIMIT or STORE_RESTRICTED (r->call): recorded, answered. */
enum step grant_limit_reached(struct request *r, const struct store_create *in);
/* Record of what the script ended beside it (evicted, replaced, run out). */
bool grant_audit_ends(struct request *r, const struct grant *g) SD_MUSTCHECK;
/* Nobody gets these tokens: ends the session aside. */
void grant_undo(struct request *r, const struct grant *g);
/* Has the access token signed, with the times of r->call. */
enum step grant_sign(struct request *r, struct grant *g);
/* Location of a session. */
void grant_location(struct request *r, struct sd_slice tenant, const struct sid *sid);
/* Body and headers of the 201: Location, tokens, evicted (of r->call); STEP_DONE: 503 when the signer
 * did not sign (the session is ended). */
enum step grant_render(struct request *r, struct grant *g);
/* The same, and answers. */
enum step grant_answer(struct request *r, struct grant *g);

#endif
