/* SPDX-License-Identifier: MIT
 * policy_view - reading a policy image: everything is validated once, then look-ups are O(log n)
 * or O(1) and cannot leave the image. Any process. */
#ifndef SD_POLICY_VIEW_H
#define SD_POLICY_VIEW_H

#include "diag.h"
#include "policy_image.h"
#include "slice.h"

enum permission {
#define PERMISSION(id, name) PERM_BIT_##id,
#include "permissions.def"
#undef PERMISSION
	PERM_BIT_COUNT
};
#define PERM(id) (1u << PERM_BIT_##id)
const char *permission_name(unsigned bit);
/* Bit number, or -1. */
int permission_parse(struct sd_slice name);

struct policy_view {
	const struct policy_image *image;
	size_t size;
};

/* Every offset, count, string, index, sort order and enum of the image is checked. The image must
 * stay mapped as long as the view is used. SD_ERR_VERSION, SD_ERR_INVALID. */
int policy_view_open(const void *image, size_t size, struct policy_view *out, struct sd_diag *diag)
    SD_MUSTCHECK;

static inline uint64_t policy_view_generation(const struct policy_view *v)
{
	return v->image->head.number;
}

static inline const void *policy_view_at(const struct policy_view *v, uint32_t off)
{
	return (const char *)v->image + off;
}

static inline struct sd_slice policy_view_str(const struct policy_view *v, struct pi_str s)
{
	return sd_slice(policy_view_at(v, s.off), s.len);
}

static inline const struct policy_tenant *policy_view_tenant(const struct policy_view *v, uint32_t index)
{
	return (const struct policy_tenant *)policy_view_at(v, v->image->tenants.off) + index;
}

/* Index, or POLICY_NONE. */
uint32_t policy_view_tenant_find(const struct policy_view *v, struct sd_slice name);
uint32_t policy_view_host_find(const struct policy_view *v, struct sd_slice host);
/* Index within the tenant's clients, or POLICY_NONE. */
uint32_t policy_view_client_find(const struct policy_view *v, const struct policy_tenant *t, struct sd_slice id);
/* Index within the tenant's keys, or POLICY_NONE. */
uint32_t policy_view_key_find(const struct policy_view *v, const struct policy_tenant *t, struct sd_slice kid);
/* The number that a list of limits (device_limits, client_limits) gives for this name; 0 = none. */
uint32_t policy_view_limit(const struct policy_view *v, struct pi_list limits, struct sd_slice name);
/* The level that sessions on a device of this trust are of ("" = "none"), or NULL: no level of the policy. */
const struct policy_level *policy_view_level(const struct policy_view *v, const struct policy_tenant *t,
					     struct sd_slice trust);
/* The clients that have this key, at most one of each tenant: the first of them, or NULL when there is none. */
const struct policy_credential *policy_view_credential(const struct policy_view *v, const uint8_t hash[32],
						       uint32_t *count_out);

static inline const struct policy_caller *policy_view_caller(const struct policy_view *v, uint32_t i)
{
	return (const struct policy_caller *)policy_view_at(v, v->image->callers.off) + i;
}
/* Index of the first caller of this issuer, or POLICY_NONE; the others follow it. */
uint32_t policy_view_caller_first(const struct policy_view *v, struct sd_slice issuer);

static inline const struct policy_client *policy_view_client(const struct policy_view *v,
							     const struct policy_tenant *t, uint32_t i)
{
	return (const struct policy_client *)policy_view_at(v, t->clients.off) + i;
}

static inline const struct policy_key *policy_view_key(const struct policy_view *v,
						       const struct policy_tenant *t, uint32_t i)
{
	return (const struct policy_key *)policy_view_at(v, t->keys.off) + i;
}

static inline bool policy_view_shares(const struct policy_view *v, const struct policy_tenant *t,
				      struct sd_slice client)
{
	const struct pi_str *s = policy_view_at(v, t->sharing_clients.off);
	for (uint32_t i = 0; i < t->sharing_clients.count; i++)
		if (sd_slice_eq(policy_view_str(v, s[i]), client))
			return true;
	return false;
}

static inline struct sd_slice policy_view_audience(const struct policy_view *v,
						   const struct policy_tenant *t, uint32_t i)
{
	return policy_view_str(v, ((const struct pi_str *)policy_view_at(v, t->audiences.off))[i]);
}

/* A key's state at now_s: the signing key is the one activated last and not yet retired. */
static inline bool policy_key_verifies(const struct policy_key *k, int64_t now_s)
{
	return now_s >= k->publish_s && now_s < k->remove_s;
}
/* Index of the key that signs at now_s, or POLICY_NONE. */
uint32_t policy_view_signing_key(const struct policy_view *v, const struct policy_tenant *t, int64_t now_s);

#endif
