/* SPDX-License-Identifier: MIT
 * pseudonym - a name in the place of an address, a user agent or a user: the same for the same one within
 * a tenant, different in another tenant, and of no use to who has not got the tenant's key. */
#ifndef SD_PSEUDONYM_H
#define SD_PSEUDONYM_H

#include "request.h"

#define PSEUDONYM_LEN 24 /* "h:" and 16 bytes as base64url */

/* A namespace of its own each. */
enum pseudonym_kind { PSEUDONYM_IP = 1, PSEUDONYM_USER_AGENT, PSEUDONYM_USER };

/* Under the set-th of the tenant's keys (0: the current one). Empty text: empty. SD_ERR_CRYPTO: out is empty. */
int pseudonym_make(const struct request *r, enum pseudonym_kind kind, uint32_t set,
		   struct sd_slice text, char out[PSEUDONYM_LEN + 1]) SD_MUSTCHECK;
/* Keys that the tenant has. */
uint32_t pseudonym_sets(const struct request *r);

/* What privacy keeps, in the arena; empty where nothing is kept, or could not be made. ip: well-formed. */
struct sd_slice pseudonym_keep_ip(struct request *r, struct sd_slice ip);
struct sd_slice pseudonym_keep_agent(struct request *r, struct sd_slice agent);

#endif
