/* SPDX-License-Identifier: MIT
 * policy_proof - the walk over a policy image that policy_view_open makes before anybody may
 * follow an offset of it. Any process. */
#ifndef SD_POLICY_PROOF_H
#define SD_POLICY_PROOF_H

#include "policy_view.h"

/* Magic, version and size are right already. NULL, or the first broken rule (a constant). */
const char *policy_proof_fault(const struct policy_view *v);

/* The order of all sorted arrays of the image: bytewise, the shorter first on a tie. */
static inline int policy_proof_order(struct sd_slice a, struct sd_slice b)
{
	size_t n = SD_MIN(a.n, b.n);
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c != 0)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

#endif
