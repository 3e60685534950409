/* SPDX-License-Identifier: MIT
 * revoke_rig - what the tests of the revocation table share: numbered sessions with a fixed end,
 * a control segment in plain memory, a cheap random sequence. */
#ifndef SD_TEST_REVOKE_RIG_H
#define SD_TEST_REVOKE_RIG_H

#include <inttypes.h>

#include "shm_revoke.h"

static const struct sd_siphash_key rig_seed = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static inline uint64_t rig_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void rig_sid(uint64_t n, uint8_t sid[16])
{
	memset(sid, 0xa5, 16);
	memcpy(sid + 1, &n, sizeof(n));
}

static inline struct sd_slice rig_user(uint64_t n, char text[32])
{
	int len = snprintf(text, 32, "user-%" PRIu64, n);

	return sd_slice(text, (size_t)len);
}

/* What a worker would ask about session n of that user and tenant. */
static inline struct shm_query rig_query(uint64_t n, uint32_t tenant, uint64_t user)
{
	struct shm_query q = {
		.tenant_slot = tenant,
		.client_slot = SHM_SLOT_NONE,
		.key_slot = SHM_SLOT_NONE,
		.iat_s = INT64_MAX,
	};
	uint8_t sid[16];
	char text[32];

	rig_sid(n, sid);
	shm_tags(rig_seed, sid, tenant, rig_user(user, text), &q.tags);
	return q;
}

static inline int rig_revoke(struct shm_revoke_w *w, uint64_t n, uint32_t tenant, uint64_t user,
			     int64_t until_s)
{
	uint8_t sid[16];
	char text[32];
	bool grown;

	rig_sid(n, sid);
	return shm_revoke_w_session(w, sid, tenant, rig_user(user, text), until_s, &grown);
}

#endif
