/* SPDX-License-Identifier: MIT
 * binding - where a session was made, and whether it is used from there: the network of the address,
 * the family of the user agent, the fingerprint of the device. */
#ifndef SD_BINDING_H
#define SD_BINDING_H

#include "request.h"

/* What a caller says of his user now; empty = not said, so not judged. */
struct binding_seen {
	struct sd_slice ip, user_agent, fingerprint;
};

/* What a new session keeps of it, in the arena: keyed hashes of what the policy binds, "" when that
 * is nothing. SD_ERR_CRYPTO, SD_ERR_MEMORY. */
int binding_make(struct request *r, const struct binding_seen *seen,
		 struct sd_slice *out) SD_MUSTCHECK;

/* The network of an address as the user's places are kept by: 16 bytes under each of the tenant's keys, the
 * newest first. "" where privacy keeps nothing of an address, and of what is none. SD_ERR_MEMORY. */
int binding_places(struct request *r, struct sd_slice ip, struct sd_slice *out) SD_MUSTCHECK;

/* Is a record wanted to judge this by, although the session is good without? */
bool binding_wants_record(const struct request *r, const struct binding_seen *seen) SD_MUSTCHECK;
/* May the judgement refuse? Then it must not be left out. */
bool binding_may_refuse(const struct request *r, const struct binding_seen *seen) SD_MUSTCHECK;

/* The strictest rule that is broken (BINDING_OFF: none). Each is counted; recorded once as long as
 * *told remembers. */
enum policy_binding binding_judge(struct request *r, const struct session *s,
				  const struct binding_seen *seen, uint8_t *told) SD_MUSTCHECK;

#endif
