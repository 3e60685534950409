/* SPDX-License-Identifier: MIT
 * jose_alg - the closed list of signature algorithms.
 * Owns:      the names of the algorithms
 * Runs in:   master, signer, worker, tools
 * Fails by:  JOSE_ALG_NONE_VALID
 * Never:     a match by prefix or without case: "none" and HMAC must stay unrepresentable */
#include "base.h"

#include "jose_alg.h"

static const char *const names[] = {
    [JOSE_ALG_NONE_VALID] = "", [JOSE_RS256] = "RS256", [JOSE_PS256] = "PS256",
    [JOSE_ES256] = "ES256",	[JOSE_EDDSA] = "EdDSA",
};
SD_STATIC_ASSERT(SD_ARRAY_LEN(names) == JOSE_ALG_COUNT, "one name for each algorithm");

enum jose_alg jose_alg_parse(struct sd_slice name)
{
	for (int i = JOSE_ALG_NONE_VALID + 1; i < JOSE_ALG_COUNT; i++)
		if (sd_slice_is(name, names[i]))
			return (enum jose_alg)i;
	return JOSE_ALG_NONE_VALID;
}

const char *jose_alg_name(enum jose_alg alg)
{
	return (unsigned)alg < JOSE_ALG_COUNT ? names[alg] : "";
}
