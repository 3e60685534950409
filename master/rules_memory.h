/* SPDX-License-Identifier: MIT
 * rules_memory - the rules by time (tenant, client, key) that this master applied, each until the
 * last token it concerns is over. As many as there are slots at most. */
#ifndef SD_RULES_MEMORY_H
#define SD_RULES_MEMORY_H

#include "slice.h"

struct rules_memory_rule {
	struct rules_memory_rule *next;
	int64_t before_s, until_s; /* only rise */
	uint32_t kind, slot;	   /* enum log_kind, slot of that kind */
	uint32_t tenant;	   /* slot */
	uint32_t epoch;		   /* of the last reading (or write-back) that confirmed it */
	size_t id_n;
	char id[];
};

struct rules_memory {
	struct rules_memory_rule *first;
};

/* What is entered: id is borrowed. */
struct rules_memory_in {
	uint32_t kind, slot, tenant, epoch;
	struct sd_slice id;
	int64_t before_s, until_s;
};
/* A higher time replaces a lower one; only the rule in force is confirmed. SD_ERR_MEMORY. */
int rules_memory_put(struct rules_memory *m, const struct rules_memory_in *in) SD_MUSTCHECK;
/* The next after `after` (NULL: from the start) that still concerns somebody and that epoch has not
 * confirmed; NULL = none. */
struct rules_memory_rule *rules_memory_next(const struct rules_memory *m,
					    const struct rules_memory_rule *after, uint32_t epoch,
					    int64_t now_s);
void rules_memory_fini(struct rules_memory *m);

#endif
