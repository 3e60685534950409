/* SPDX-License-Identifier: MIT
 * policy_slots - numbers for tenants, clients and keys that outlive a generation.
 * Owns:      struct policy_slots; the master keeps one for its life
 * Runs in:   master, tools
 * Fails by:  SD_ERR_FULL when the arrays of control memory have no place left
 * Never:     give a number to another name: rules of the old one would hit the new
 */
#include "base.h"
#include "policy_slots.h"

#include "err.h"
#include "shm_layout.h"

struct entry {
	char *name; /* "tenant", "tenant/client", "tenant/kid": '/' is in no name */
	uint32_t slot;
};

struct family {
	struct entry *v; /* sorted by name */
	size_t count, cap;
	uint32_t most;
};

struct policy_slots {
	struct family tenants, clients, keys;
};

int policy_slots_new(struct policy_slots **out)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return SD_ERR_MEMORY;
	(*out)->tenants.most = SHM_TENANTS;
	(*out)->clients.most = SHM_CLIENTS;
	(*out)->keys.most = SHM_KEYS;
	return SD_OK;
}

static void family_free(struct family *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->v[i].name);
	free(f->v);
}

void policy_slots_free(struct policy_slots **slots)
{
	if (slots == NULL || *slots == NULL)
		return;
	family_free(&(*slots)->tenants);
	family_free(&(*slots)->clients);
	family_free(&(*slots)->keys);
	free(*slots);
	*slots = NULL;
}

/* Where name is or would be; *found says which. */
static size_t position(const struct family *f, const char *name, bool *found)
{
	size_t lo = 0, hi = f->count;

	*found = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(f->v[mid].name, name);

		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int insert(struct family *f, size_t at, const char *name, uint32_t *out)
{
	if (f->count == f->most)
		return SD_ERR_FULL;
	if (f->count == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 16;
		struct entry *v = realloc(f->v, cap * sizeof(*v));

		if (v == NULL)
			return SD_ERR_MEMORY;
		f->v = v;
		f->cap = cap;
	}
	char *copy = strdup(name);

	if (copy == NULL)
		return SD_ERR_MEMORY;
	memmove(f->v + at + 1, f->v + at, (f->count - at) * sizeof(*f->v));
	*out = (uint32_t)f->count;
	f->v[at] = (struct entry){copy, *out};
	f->count++;
	return SD_OK;
}

/* "tenant/name" (or "tenant") into out; false when longer than any name of ours. */
static bool join(char out[256], struct sd_slice tenant, struct sd_slice name)
{
	if (tenant.n + name.n > 250 || (tenant.n && memchr(tenant.p, '/', tenant.n)))
		return false;
	snprintf(out, 256, "%.*s%s%.*s", SD_SLICE_ARG(tenant), name.p ? "/" : "",
		 SD_SLICE_ARG(name));
	return true;
}

static uint32_t look_up(const struct family *f, struct sd_slice tenant, struct sd_slice name)
{
	char key[256];
	bool found = false;

	if (!join(key, tenant, name))
		return SHM_SLOT_NONE;
	size_t at = position(f, key, &found);

	return found ? f->v[at].slot : SHM_SLOT_NONE;
}

static int assign(struct family *f, struct sd_slice tenant, struct sd_slice name, uint32_t *out)
{
	char key[256];
	bool found = false;

	*out = SHM_SLOT_NONE;
	if (!join(key, tenant, name))
		return SD_ERR_TOO_BIG;
	size_t at = position(f, key, &found);

	if (!found)
		return insert(f, at, key, out);
	*out = f->v[at].slot;
	return SD_OK;
}

uint32_t policy_slots_tenant(const struct policy_slots *s, struct sd_slice tenant)
{
	return look_up(&s->tenants, tenant, (struct sd_slice){0});
}

uint32_t policy_slots_client(const struct policy_slots *s, struct sd_slice tenant,
			     struct sd_slice client)
{
	return look_up(&s->clients, tenant, client);
}

uint32_t policy_slots_key(const struct policy_slots *s, struct sd_slice tenant, struct sd_slice kid)
{
	return look_up(&s->keys, tenant, kid);
}

int policy_slots_assign_tenant(struct policy_slots *s, struct sd_slice tenant, uint32_t *out)
{
	return assign(&s->tenants, tenant, (struct sd_slice){0}, out);
}

int policy_slots_assign_client(struct policy_slots *s, struct sd_slice tenant,
			       struct sd_slice client, uint32_t *out)
{
	return assign(&s->clients, tenant, client, out);
}

int policy_slots_assign_key(struct policy_slots *s, struct sd_slice tenant, struct sd_slice kid,
			    uint32_t *out)
{
	return assign(&s->keys, tenant, kid, out);
}
