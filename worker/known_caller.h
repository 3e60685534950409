/* SPDX-License-Identifier: MIT
 * known_caller - a client that calls with the token of another issuer (OpenID Connect, RFC 9068):
 * verified strictly (RFC 8725), remembered by SHA-256 of the whole token within its policy
 * generation, whose keys those are. */
#ifndef SD_KNOWN_CALLER_H
#define SD_KNOWN_CALLER_H

#include "request.h"

#define KNOWN_CALLERS 1024 /* remembered by each worker */

/* Fills r->caller, or leaves it unknown with why_not: caller-malformed, caller-issuer (none of
 * ours, another audience or party), caller-key (an unknown kid), caller-signature, caller-times. */
void known_caller_accept(struct request *r, struct sd_slice token);

#endif
