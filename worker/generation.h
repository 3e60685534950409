/* SPDX-License-Identifier: MIT
 * generation - one policy snapshot as a worker uses it: the mapped image, the public keys made
 * from it on first use, the tenant keys the signer handed over, and the signer that belongs to
 * it. Counted: a request keeps the one it began with. */
#ifndef SD_GENERATION_H
#define SD_GENERATION_H

#include "jwk.h"
#include "policy_view.h"
#include "sign_msg.h"
#include "signer_client.h"

struct generation {
	uint32_t refs;
	struct policy_view view;
	const void *map;
	size_t map_size;
	struct tenant_keys *keys;   /* one per tenant, in secret memory */
	uint32_t keys_have;         /* tenants 0..keys_have-1 have theirs */
	struct jwk **jwk;           /* per tenant: array per key, NULL until first used */
	uint8_t *partition;         /* per tenant: where its rules live, handle_partition() */
	struct signer_link *signer; /* counted */
};

/* Maps and checks the image; takes a reference on signer (may be NULL). The fd stays the
 * caller's. */
int generation_new(int fd, struct signer_link *signer, struct generation **out,
		   struct sd_diag *diag) SD_MUSTCHECK;
struct generation *generation_ref(struct generation *g);
/* Drops one reference and nulls the pointer; the last one wipes and unmaps. NULL is fine. */
void generation_unref(struct generation **g);

static inline uint64_t generation_number(const struct generation *g)
{
	return policy_view_generation(&g->view);
}

/* Enters a batch of tenant keys; true when all tenants have theirs. */
bool generation_keys(struct generation *g, const struct sign_answer *answer);

/* The tenant's key with this kid if it verifies at now_s; NULL otherwise. *index_out its number
 * within the tenant. Borrowed. */
const struct jwk *generation_jwk(struct generation *g, uint32_t tenant, struct sd_slice kid,
				 int64_t now_s, uint32_t *index_out);

#endif
