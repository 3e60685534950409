/* SPDX-License-Identifier: MIT
 * policy_suggest - the word that was probably meant. Pure. Master and tools only. */
#ifndef SD_POLICY_SUGGEST_H
#define SD_POLICY_SUGGEST_H

#include "slice.h"

#define POLICY_SUGGEST_WORD 48

struct policy_suggest {
	struct sd_slice got;
	char best[POLICY_SUGGEST_WORD];
	size_t distance;
};

/* Start with what was written, offer each word that would be right, take the nearest. */
void policy_suggest_init(struct policy_suggest *s, struct sd_slice got);
void policy_suggest_offer(struct policy_suggest *s, struct sd_slice word);
/* NULL when nothing offered is near enough to be a slip of the finger. */
const char *policy_suggest_best(const struct policy_suggest *s);

#endif
