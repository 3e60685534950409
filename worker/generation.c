/* SPDX-License-Identifier: MIT
 * generation - one policy snapshot as a worker uses it.
 * Owns:      the mapping of the image, tenant keys, public key objects, a reference to a signer
 * Runs in:   worker
 * Fails by:  SD_ERR_*; a missing key is NULL
 * Never:     change anything that a request may have seen: a new policy is a new generation */
#include "base.h"
#include "generation.h"

#include "die.h"
#include "err.h"
#include "handle.h"
#include "secret.h"
#include "shm_map.h"
#include "starved.h"

static size_t keys_size(const struct generation *g)
{
	return sizeof(struct tenant_keys) * SD_MAX(g->view.image->tenants.count, 1u);
}

static void generation_free(struct generation *g)
{
	uint32_t tenants = g->view.image ? g->view.image->tenants.count : 0;
	for (uint32_t t = 0; g->jwk && t < tenants; t++) {
		if (!g->jwk[t])
			continue;
		uint32_t n = policy_view_tenant(&g->view, t)->keys.count;
		for (uint32_t k = 0; k < n; k++)
			jwk_fini(&g->jwk[t][k]);
		free(g->jwk[t]);
	}
	free(g->jwk);
	free(g->partition);
	if (g->keys) {
		void *keys = g->keys;
		sd_secret_free(&keys, keys_size(g));
	}
	signer_link_unref(&g->signer);
	shm_unmap(&g->map, g->map_size);
	free(g);
}

int generation_new(int fd, struct signer_link *signer, struct generation **out,
		   struct sd_diag *diag)
{
	struct generation *g = calloc(1, sizeof(*g));
	*out = NULL;
	if (!g)
		return SD_ERR_MEMORY;
	g->refs = 1;
	int r = shm_map(fd, SHM_KIND_POLICY, sizeof(struct policy_image), &g->map, &g->map_size,
			diag);
	if (r == SD_OK)
		r = policy_view_open(g->map, g->map_size, &g->view, diag);
	if (r == SD_OK) {
		g->keys = sd_secret_new(keys_size(g));
		g->jwk = calloc(SD_MAX(g->view.image->tenants.count, 1u), sizeof(*g->jwk));
		g->partition = calloc(SD_MAX(g->view.image->tenants.count, 1u), 1);
		if (!g->keys || !g->jwk || !g->partition)
			r = SD_ERR_MEMORY;
	}
	for (uint32_t t = 0; r == SD_OK && t < g->view.image->tenants.count; t++) {
		struct sd_slice name =
		    policy_view_str(&g->view, policy_view_tenant(&g->view, t)->name);
		g->partition[t] = handle_partition(name, sd_slice("", 0));
	}
	g->signer = signer_link_ref(signer);
	if (r != SD_OK) {
		generation_free(g);
		return r;
	}
	*out = g;
	return SD_OK;
}

struct generation *generation_ref(struct generation *g)
{
	g->refs++;
	return g;
}

void generation_unref(struct generation **pg)
{
	struct generation *g = *pg;
	*pg = NULL;
	if (g && --g->refs == 0)
		generation_free(g);
}

/* Each for the tenant it says, with a number of sets that its arrays can hold. */
static bool keys_sane(const struct tenant_keys *keys, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (keys[i].tenant != first + i || keys[i].sets < 1 || keys[i].sets > SIGN_KEYSETS)
			return false;
	return true;
}

bool generation_keys(struct generation *g, const struct sign_answer *answer)
{
	uint32_t tenants = g->view.image->tenants.count;
	bool fits = answer->op == SIGN_OP_TENANT_KEYS && answer->status == SIGN_DONE &&
		    answer->first == g->keys_have && answer->count <= tenants - g->keys_have &&
		    answer->payload.n == answer->count * sizeof(struct tenant_keys);
	if (fits) {
		memcpy(&g->keys[g->keys_have], answer->payload.p, answer->payload.n);
		if (keys_sane(&g->keys[g->keys_have], answer->first, answer->count))
			g->keys_have += answer->count;
	}
	return g->keys_have == tenants;
}

const struct jwk *generation_jwk(struct generation *g, uint32_t tenant, struct sd_slice kid,
				 int64_t now_s, uint32_t *index_out)
{
	const struct policy_tenant *t = policy_view_tenant(&g->view, tenant);
	uint32_t i = policy_view_key_find(&g->view, t, kid);
	*index_out = i;
	if (i == POLICY_NONE)
		return NULL;
	const struct policy_key *key = policy_view_key(&g->view, t, i);
	if (!policy_key_verifies(key, now_s))
		return NULL;
	if (!g->jwk[tenant])
		g->jwk[tenant] = sd_starved_note(calloc(t->keys.count, sizeof(struct jwk)));
	if (!g->jwk[tenant])
		return NULL;
	struct jwk *jwk = &g->jwk[tenant][i];
	if (!jwk->pkey && jwk_from_spki(policy_view_str(&g->view, key->spki),
					(enum jose_alg)key->alg, kid, jwk) != SD_OK)
		return NULL;
	return jwk;
}
