/* SPDX-License-Identifier: MIT
 * shm_revoke_slot - the bits of one slot and the way a probe goes: what reader, writer and
 * verifier of the revocation table must agree on. Private to shm/. */
#ifndef SD_SHM_REVOKE_SLOT_H
#define SD_SHM_REVOKE_SLOT_H

#include "shm_revoke.h"

#define REVOKE_EMPTY 0u
#define REVOKE_TOMB 1u
#define REVOKE_FIRST_TAG 2u
/* Buckets on an entry's way at most, its home included. A reader that comes so far says UNKNOWN. */
#define REVOKE_MAX_PROBES 64u
#define REVOKE_MIN_BUCKETS 16u
#define REVOKE_MAX_UNTIL ((1ll << 34) - 1)
#define REVOKE_NO_TENANT 0xffffu

enum revoke_kind { REVOKE_NONE = 0, REVOKE_SESSION, REVOKE_USER };

#define REVOKE_IDENTITY_MASK 0x3fff0000ull /* kind and check: with the tag, what an entry is */

static inline uint64_t revoke_identity(enum revoke_kind kind, uint64_t check)
{
	return ((uint64_t)kind << 28) | ((check & 0xfff) << 16);
}

static inline uint64_t revoke_word(int64_t until_s, uint64_t identity, uint32_t tenant_slot)
{
	uint64_t until = (uint64_t)(until_s < 0 ? 0 : SD_MIN(until_s, REVOKE_MAX_UNTIL));
	uint64_t tenant = tenant_slot < SHM_TENANTS ? tenant_slot : REVOKE_NO_TENANT;

	return (until << 30) | identity | tenant;
}

static inline int64_t revoke_until(uint64_t word)
{
	return (int64_t)(word >> 30);
}

static inline enum revoke_kind revoke_kind(uint64_t word)
{
	switch ((word >> 28) & 3) {
	case REVOKE_SESSION:
		return REVOKE_SESSION;
	case REVOKE_USER:
		return REVOKE_USER;
	default:
		return REVOKE_NONE;
	}
}

/* SHM_TENANTS stands for "no slot". */
static inline uint32_t revoke_group(uint64_t word)
{
	uint32_t tenant = (uint32_t)(word & 0xffff);

	return tenant < SHM_TENANTS ? tenant : SHM_TENANTS;
}

/* The first slot of the i-th bucket on tag's way. */
static inline uint64_t revoke_bucket(uint64_t buckets, uint64_t tag, uint64_t i)
{
	return ((tag + i) & (buckets - 1)) * SHM_REVOKE_SLOTS;
}

static inline uint64_t revoke_way(uint64_t buckets)
{
	return SD_MIN(buckets, (uint64_t)REVOKE_MAX_PROBES);
}

#endif
