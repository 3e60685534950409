/* SPDX-License-Identifier: MIT
 * authn - which client is calling: the API key of a request, looked up by its hash, or a
 * token of another issuer (known_caller). */
#ifndef SD_AUTHN_H
#define SD_AUTHN_H

#include "request.h"

/* Fills r->caller when the credential is good; PROBLEM_NONE also when there is none at all or a
 * wrong one (caller.known stays false). Two credentials or a doubled field:
 * PROBLEM_HEADER_INVALID. */
enum problem authn_caller(struct request *r) SD_MUSTCHECK;

/* The caller is this client, with all of its permissions. */
void authn_accept(struct request *r, uint32_t tenant, uint32_t client);
/* The credential as it was sent, {NULL,0} for none. PROBLEM_HEADER_INVALID as above. */
enum problem authn_credential(const struct http_msg *msg, struct sd_slice *out) SD_MUSTCHECK;

#endif
