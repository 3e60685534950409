/* SPDX-License-Identifier: MIT
 * policy_view - look things up in a policy image that was proven once.
 * Owns:      nothing; it reads memory that someone else mapped
 * Runs in:   master, signer, worker, tools (worker: also inside its sandbox)
 * Fails by:  SD_ERR_VERSION, SD_ERR_INVALID with the first broken rule in the diag; look-ups by
 *            POLICY_NONE or NULL
 * Never:     allocate, write, or trust a number of the image before policy_view_open saw it
 */
#include "base.h"
#include "policy_view.h"

#include "err.h"
#include "policy_proof.h"

static const char *const permission_names[] = {
#define PERMISSION(id, name) name,
#include "permissions.def"
#undef PERMISSION
};
SD_STATIC_ASSERT(SD_ARRAY_LEN(permission_names) == PERM_BIT_COUNT, "a name for each permission");
SD_STATIC_ASSERT(PERM_BIT_COUNT <= 32, "permissions are bits of 32");

const char *permission_name(unsigned bit)
{
	return bit < PERM_BIT_COUNT ? permission_names[bit] : "";
}

int permission_parse(struct sd_slice name)
{
	for (unsigned i = 0; i < PERM_BIT_COUNT; i++) {
		if (sd_slice_is(name, permission_names[i]))
			return (int)i;
	}
	return -1;
}

int policy_view_open(const void *image, size_t size, struct policy_view *out, struct sd_diag *diag)
{
	const struct policy_image *im = image;
	struct policy_view v = {im, size};

	*out = (struct policy_view){0};
	if (size < sizeof(*im) || size > UINT32_MAX || (uintptr_t)image % 8 != 0)
		return sd_diag_set(diag, SD_ERR_INVALID, "policy image: %zu bytes are no image",
				   size);
	if (im->head.magic != SHM_MAGIC || im->head.major != SHM_MAJOR ||
	    im->head.kind != SHM_KIND_POLICY || im->version != POLICY_IMAGE_VERSION)
		return sd_diag_set(diag, SD_ERR_VERSION, "policy image: not of this version");
	if (im->head.size != size)
		return sd_diag_set(diag, SD_ERR_INVALID, "policy image: says it has another size");
	const char *why = policy_proof_fault(&v);

	if (why)
		return sd_diag_set(diag, SD_ERR_INVALID, "policy image: %s", why);
	*out = v;
	return SD_OK;
}

/* Position of key among records of each bytes that begin with their name, or POLICY_NONE. */
static uint32_t find_named(const struct policy_view *v, struct pi_list l, size_t each,
			   struct sd_slice key)
{
	uint32_t lo = 0, hi = l.count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct pi_str *name =
		    (const void *)((const char *)policy_view_at(v, l.off) + mid * each);
		int c = policy_proof_order(policy_view_str(v, *name), key);

		if (c == 0)
			return mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return POLICY_NONE;
}

SD_STATIC_ASSERT(offsetof(struct policy_name, name) == 0, "find_named reads the name first");
SD_STATIC_ASSERT(offsetof(struct policy_client, id) == 0, "find_named reads the id first");
SD_STATIC_ASSERT(offsetof(struct policy_key, kid) == 0, "find_named reads the kid first");

uint32_t policy_view_tenant_find(const struct policy_view *v, struct sd_slice name)
{
	return find_named(v, v->image->names, sizeof(struct policy_name), name);
}

uint32_t policy_view_host_find(const struct policy_view *v, struct sd_slice host)
{
	uint32_t i = find_named(v, v->image->hosts, sizeof(struct policy_name), host);

	if (i == POLICY_NONE)
		return POLICY_NONE;
	return ((const struct policy_name *)policy_view_at(v, v->image->hosts.off))[i].tenant;
}

uint32_t policy_view_client_find(const struct policy_view *v, const struct policy_tenant *t,
				 struct sd_slice id)
{
	return find_named(v, t->clients, sizeof(struct policy_client), id);
}

uint32_t policy_view_key_find(const struct policy_view *v, const struct policy_tenant *t,
			      struct sd_slice kid)
{
	return find_named(v, t->keys, sizeof(struct policy_key), kid);
}

uint32_t policy_view_limit(const struct policy_view *v, struct pi_list limits, struct sd_slice name)
{
	const struct policy_device_limit *l = policy_view_at(v, limits.off);

	for (uint32_t i = 0; i < limits.count; i++)
		if (sd_slice_eq(policy_view_str(v, l[i].name), name))
			return l[i].max;
	return 0;
}

const struct policy_level *policy_view_level(const struct policy_view *v,
					     const struct policy_tenant *t, struct sd_slice trust)
{
	if (t->levels.count == 0)
		return NULL;
	const struct policy_level *l = policy_view_at(v, t->levels.off);

	trust = trust.n ? trust : SD_SLICE("none");
	for (uint32_t i = 0; i < t->levels.count; i++)
		if (sd_slice_eq(policy_view_str(v, l[i].name), trust))
			return &l[i];
	return NULL;
}

const struct policy_credential *policy_view_credential(const struct policy_view *v,
						       const uint8_t hash[32], uint32_t *count_out)
{
	const struct policy_credential *c = policy_view_at(v, v->image->credentials.off);
	uint32_t lo = 0, hi = v->image->credentials.count;

	*count_out = 0;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (memcmp(c[mid].hash, hash, sizeof(c[mid].hash)) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + *count_out < v->image->credentials.count &&
	       memcmp(c[lo + *count_out].hash, hash, sizeof(c[lo].hash)) == 0)
		(*count_out)++;
	return *count_out ? &c[lo] : NULL;
}

uint32_t policy_view_caller_first(const struct policy_view *v, struct sd_slice issuer)
{
	uint32_t lo = 0, hi = v->image->callers.count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		struct sd_slice at = policy_view_str(v, policy_view_caller(v, mid)->issuer);

		if (policy_proof_order(at, issuer) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == v->image->callers.count ||
	    !sd_slice_eq(policy_view_str(v, policy_view_caller(v, lo)->issuer), issuer))
		return POLICY_NONE;
	return lo;
}

uint32_t policy_view_signing_key(const struct policy_view *v, const struct policy_tenant *t,
				 int64_t now_s)
{
	uint32_t best = POLICY_NONE;
	int64_t since = INT64_MIN;

	for (uint32_t i = 0; i < t->keys.count; i++) {
		const struct policy_key *k = policy_view_key(v, t, i);

		if (now_s < k->activate_s || now_s >= k->retire_s || k->activate_s < since)
			continue;
		/* Two activated in the same second: the first by kid, on every node alike. */
		if (best != POLICY_NONE && k->activate_s == since)
			continue;
		best = i;
		since = k->activate_s;
	}
	return best;
}
