/* SPDX-License-Identifier: MIT
 * pseudonym - keyed hashes in the place of personal data, and what privacy keeps of such data.
 * Owns:      the form of a pseudonym
 * Runs in:   worker
 * Fails by:  SD_ERR_CRYPTO; then nothing is kept
 * Never:     keep more than the policy says because a hash could not be made
 */
#include "base.h"
#include "pseudonym.h"

#include "b64url.h"
#include "err.h"
#include "secret.h"
#include "session_rules.h"
#include "ua_family.h"

#define BYTES 16

static const struct tenant_keys *keys_of(const struct request *r)
{
	return &r->gen->keys[r->tenant_index];
}

uint32_t pseudonym_sets(const struct request *r)
{
	return SD_MIN(keys_of(r)->sets, (uint32_t)SIGN_KEYSETS);
}

/* HKDF as a MAC: of the text first, which may be longer than its context may be. */
int pseudonym_make(const struct request *r, enum pseudonym_kind kind, uint32_t set,
		   struct sd_slice text, char out[PSEUDONYM_LEN + 1])
{
	uint8_t digest[33], made[32];
	size_t n = 0;
	out[0] = '\0';
	if (text.n == 0)
		return SD_OK;
	digest[32] = (uint8_t)kind;
	if (set >= pseudonym_sets(r) ||
	    handle_derive(text.p, text.n, "sessiond pseudonym text 1", sd_slice("", 0), digest) != SD_OK ||
	    handle_derive(keys_of(r)->data[set], 32, "sessiond pseudonym 1",
			  sd_slice(digest, sizeof(digest)), made) != SD_OK)
		return SD_ERR_CRYPTO;
	out[n++] = 'h';
	out[n++] = ':';
	n += b64url_encode(made, BYTES, out + n);
	out[n] = '\0';
	sd_wipe(digest, sizeof(digest));
	sd_wipe(made, sizeof(made));
	return SD_OK;
}

static struct sd_slice hashed(struct request *r, enum pseudonym_kind kind, struct sd_slice text)
{
	char *out = sd_arena_alloc(&r->arena, PSEUDONYM_LEN + 1);
	if (!out || pseudonym_make(r, kind, 0, text, out) != SD_OK)
		return sd_slice("", 0);
	return sd_slice_str(out);
}

struct sd_slice pseudonym_keep_ip(struct request *r, struct sd_slice ip)
{
	enum policy_privacy mode = (enum policy_privacy)r->tenant->privacy_ip;
	char canonical[64];
	char *kept = sd_arena_alloc(&r->arena, sizeof(canonical));
	if (mode == PRIVACY_HASH)
		return hashed(r, PSEUDONYM_IP, session_plain_ip(ip, canonical));
	return kept ? session_keep_ip(mode, ip, kept) : sd_slice("", 0);
}

struct sd_slice pseudonym_keep_agent(struct request *r, struct sd_slice agent)
{
	enum policy_privacy mode = (enum policy_privacy)r->tenant->privacy_user_agent;
	char *family;
	switch (mode) {
	case PRIVACY_FULL:
		return agent;
	case PRIVACY_TRUNCATE:
		family = sd_arena_alloc(&r->arena, UA_FAMILY_MAX);
		return family && agent.n ? ua_family(agent, family) : sd_slice("", 0);
	case PRIVACY_HASH:
		return hashed(r, PSEUDONYM_USER_AGENT, agent);
	case PRIVACY_OFF:
		break;
	}
	return sd_slice("", 0);
}
