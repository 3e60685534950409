/* SPDX-License-Identifier: MIT
 * caller_claims - the claims of another issuer's token that say who calls: read strictly, whatever
 * else the token carries is let be. */
#ifndef SD_CALLER_CLAIMS_H
#define SD_CALLER_CLAIMS_H

#include "arena.h"
#include "json_in.h"

struct caller_claims {
	struct sd_slice iss;
	struct sd_slice party;  /* azp, else client_id, else {NULL,0} */
	struct json_value aud;  /* a string or an array of strings */
	int64_t exp, nbf, iat;  /* Unix seconds; nbf, iat 0 when absent */
};

/* Required: iss, aud, exp of their types. Slices point into payload or the arena. SD_ERR_INVALID. */
int caller_claims_parse(struct sd_slice payload, struct sd_arena *arena, struct caller_claims *out)
    SD_MUSTCHECK;
/* Is it for this audience? */
bool caller_claims_for(const struct caller_claims *c, struct sd_arena *arena,
		       struct sd_slice audience) SD_MUSTCHECK;

/* The words of one claim: a string of words parted by spaces, or an array of strings. path is the
 * claim's name, or, where none has that name, names of nested objects with dots between them
 * ("realm_access.roles"). Calls fn for each; nothing when there is no such claim. */
void caller_claims_words(struct sd_slice payload, struct sd_slice path, struct sd_arena *arena,
			 void (*fn)(struct sd_slice word, void *arg), void *arg);

#endif
