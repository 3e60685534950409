/* SPDX-License-Identifier: MIT
 * known_session - a session record read from the store, kept for session tokens: true while its
 * bucket counter is what it was before the store was asked. */
#ifndef SD_KNOWN_SESSION_H
#define SD_KNOWN_SESSION_H

#include "remember.h"
#include "request.h"
#include "shm_revoke.h"

struct known_session {
	struct remember_head head;
	uint64_t generation, bucket_value;
	uint32_t bucket;
	uint8_t told;            /* of binding_judge(): for as long as it is remembered */
	struct shm_query query;
	struct session session;   /* slices point into text */
	int64_t offered_ms;      /* when this worker last offered a successor */
	char text[];
};

/* NULL when there is none or it may be stale. */
struct known_session *known_session_find(const struct request *r, const struct sid *sid);
/* Bucket of a session, and its counter: note both before asking the store. */
uint32_t known_session_bucket(const struct request *r, const struct sid *sid);
/* Keeps a copy of s (of r->call); NULL when there is no memory. */
struct known_session *known_session_keep(const struct request *r, const struct session *s,
					 uint32_t bucket, uint64_t bucket_value);

#endif
