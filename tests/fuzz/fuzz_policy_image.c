/* SPDX-License-Identifier: MIT
 * Any bytes as a policy image: refused, or every look-up stays inside. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "err.h"
#include "policy_view.h"

static void use_tenant(const struct policy_view *v, const struct policy_tenant *t)
{
	struct sd_slice jwks = policy_view_str(v, t->jwks);

	sd_bug_if(jwks.p[jwks.n] != '\0');
	const struct policy_level *level = policy_view_level(v, t, SD_SLICE("low"));

	if (level)
		sd_bug_if(policy_view_str(v, level->step_up).p[level->step_up.len] != '\0');
	for (uint32_t i = 0; i < t->audiences.count; i++)
		(void)policy_view_audience(v, t, i);
	(void)policy_view_client_find(v, t, SD_SLICE("web"));
	(void)policy_view_key_find(v, t, SD_SLICE("kid"));
	uint32_t k = policy_view_signing_key(v, t, 1700000000);

	sd_bug_if(k != POLICY_NONE && k >= t->keys.count);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct policy_view v;
	uint8_t hash[32];
	void *image = malloc(size ? size : 1);

	sd_bug_if(image == NULL);
	memcpy(image, data, size);
	/* A good size of its own, so that mutations of other fields get past it. */
	if (size >= sizeof(struct policy_image))
		((struct policy_image *)image)->head.size = size;
	memset(hash, 0x22, sizeof(hash));
	if (policy_view_open(image, size, &v, NULL) == SD_OK) {
		for (uint32_t i = 0; i < v.image->tenants.count; i++)
			use_tenant(&v, policy_view_tenant(&v, i));
		(void)policy_view_tenant_find(&v, SD_SLICE("a"));
		(void)policy_view_host_find(&v, SD_SLICE("a.example"));
		uint32_t count;
		const struct policy_credential *c = policy_view_credential(&v, hash, &count);

		for (uint32_t i = 0; i < count; i++)
			(void)policy_view_client(&v, policy_view_tenant(&v, c[i].tenant),
						 c[i].client)->slot;
	}
	free(image);
}
