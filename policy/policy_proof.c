/* SPDX-License-Identifier: MIT
 * policy_proof - prove that no offset, count or index of a policy image leads outside it.
 * Owns:      nothing; it reads memory that someone else mapped
 * Runs in:   master, signer, worker, tools (worker: also inside its sandbox)
 * Fails by:  naming the first broken rule
 * Never:     allocate, write, or follow an offset before it was checked
 */
#include "base.h"
#include "policy_proof.h"

#include "jose_alg.h"

#define order policy_proof_order

struct proof {
	struct policy_view view;
	const char *why;
};

static bool wrong(struct proof *p, const char *why)
{
	if (p->why == NULL)
		p->why = why;
	return false;
}

static bool str_ok(struct proof *p, struct pi_str s)
{
	if (s.off < sizeof(struct policy_image) || s.off >= p->view.size)
		return wrong(p, "a string starts outside the image");
	if (s.len >= p->view.size - s.off) /* the NUL needs a byte too */
		return wrong(p, "a string ends outside the image");
	if (((const char *)policy_view_at(&p->view, s.off))[s.len] != '\0')
		return wrong(p, "a string without its NUL");
	return true;
}

/* The bytes of a list lie in the image, aligned; an empty one needs a sane offset all the same. */
static bool list_ok(struct proof *p, struct pi_list l, size_t each, uint32_t most)
{
	if (l.count > most)
		return wrong(p, "a list with too many entries");
	if (l.off % 8 != 0 || l.off < sizeof(struct policy_image) || l.off > p->view.size)
		return wrong(p, "a list starts outside the image");
	if (l.count > (p->view.size - l.off) / each)
		return wrong(p, "a list ends outside the image");
	return true;
}

static bool strings_ok(struct proof *p, struct pi_list l, uint32_t most)
{
	if (!list_ok(p, l, sizeof(struct pi_str), most))
		return false;
	const struct pi_str *s = policy_view_at(&p->view, l.off);

	for (uint32_t i = 0; i < l.count; i++) {
		if (!str_ok(p, s[i]))
			return false;
	}
	return true;
}

static bool limits_ok(struct proof *p, struct pi_list l)
{
	if (!list_ok(p, l, sizeof(struct policy_device_limit), SHM_CLIENTS))
		return false;
	const struct policy_device_limit *d = policy_view_at(&p->view, l.off);

	for (uint32_t i = 0; i < l.count; i++) {
		if (!str_ok(p, d[i].name))
			return false;
	}
	return true;
}

static bool levels_ok(struct proof *p, struct pi_list l)
{
	if (!list_ok(p, l, sizeof(struct policy_level), 16))
		return false;
	const struct policy_level *d = policy_view_at(&p->view, l.off);

	for (uint32_t i = 0; i < l.count; i++) {
		if (!str_ok(p, d[i].name) || !str_ok(p, d[i].step_up))
			return false;
	}
	return true;
}

static bool names_ok(struct proof *p, struct pi_list l, uint32_t most)
{
	if (!list_ok(p, l, sizeof(struct policy_name), most))
		return false;
	const struct policy_name *n = policy_view_at(&p->view, l.off);

	for (uint32_t i = 0; i < l.count; i++) {
		if (!str_ok(p, n[i].name))
			return false;
		if (n[i].tenant >= p->view.image->tenants.count)
			return wrong(p, "a name of a tenant that is not there");
		if (i && order(policy_view_str(&p->view, n[i - 1].name),
			       policy_view_str(&p->view, n[i].name)) >= 0)
			return wrong(p, "names out of order");
	}
	return true;
}

static bool clients_ok(struct proof *p, const struct policy_tenant *t)
{
	if (!list_ok(p, t->clients, sizeof(struct policy_client), SHM_CLIENTS))
		return false;
	for (uint32_t i = 0; i < t->clients.count; i++) {
		const struct policy_client *c = policy_view_client(&p->view, t, i);

		if (!str_ok(p, c->id))
			return false;
		if (c->slot >= SHM_CLIENTS)
			return wrong(p, "a client's slot out of range");
		if (c->permissions >> PERM_BIT_COUNT)
			return wrong(p, "a permission that does not exist");
		if (i &&
		    order(policy_view_str(&p->view, policy_view_client(&p->view, t, i - 1)->id),
			  policy_view_str(&p->view, c->id)) >= 0)
			return wrong(p, "clients out of order");
	}
	return true;
}

static bool keys_ok(struct proof *p, const struct policy_tenant *t)
{
	if (!list_ok(p, t->keys, sizeof(struct policy_key), SHM_KEYS))
		return false;
	for (uint32_t i = 0; i < t->keys.count; i++) {
		const struct policy_key *k = policy_view_key(&p->view, t, i);

		if (!str_ok(p, k->kid) || !str_ok(p, k->spki))
			return false;
		if (k->slot >= SHM_KEYS)
			return wrong(p, "a key's slot out of range");
		if (k->alg == JOSE_ALG_NONE_VALID || k->alg >= JOSE_ALG_COUNT)
			return wrong(p, "a key of an unknown algorithm");
		if (k->publish_s > k->activate_s || k->activate_s > k->retire_s ||
		    k->retire_s > k->remove_s)
			return wrong(p, "a key's times out of order");
		if (i && order(policy_view_str(&p->view, policy_view_key(&p->view, t, i - 1)->kid),
			       policy_view_str(&p->view, k->kid)) >= 0)
			return wrong(p, "keys out of order");
	}
	return true;
}

static bool tenant_numbers_ok(struct proof *p, const struct policy_tenant *t)
{
	if (t->slot >= SHM_TENANTS)
		return wrong(p, "a tenant's slot out of range");
	if (t->alg == JOSE_ALG_NONE_VALID || t->alg >= JOSE_ALG_COUNT)
		return wrong(p, "a tenant of an unknown algorithm");
	if (t->on_limit > ON_LIMIT_EVICT_SAME_DEVICE || t->on_store_outage > OUTAGE_ALLOW_SIGNED ||
	    t->cookie_same_site > SAME_SITE_NONE)
		return wrong(p, "a rule that does not exist");
	if (t->bind_ip > BINDING_REVOKE || t->bind_user_agent > BINDING_REVOKE ||
	    t->bind_device > BINDING_REVOKE || t->bind_ip_v4 > 32 || t->bind_ip_v6 > 128)
		return wrong(p, "a binding that does not exist");
	if (t->privacy_ip > PRIVACY_FULL || t->privacy_user_agent > PRIVACY_FULL)
		return wrong(p, "a privacy mode that does not exist");
	if (t->jitter_permille > 1000 || t->require_if_match > 1 || t->assertion > 1)
		return wrong(p, "a number of a tenant out of range");
	return true;
}

static bool tenant_ok(struct proof *p, uint32_t index)
{
	const struct policy_tenant *t = policy_view_tenant(&p->view, index);
	const struct pi_str strings[] = {t->name,	   t->issuer,	   t->jwks,
					 t->jwks_etag,	   t->cookie_name, t->cookie_path,
					 t->cookie_domain, t->login_url,  t->levels_text};

	for (size_t i = 0; i < SD_ARRAY_LEN(strings); i++) {
		if (!str_ok(p, strings[i]))
			return false;
	}
	if (!strings_ok(p, t->hosts, SHM_TENANTS) || !strings_ok(p, t->audiences, SHM_TENANTS) ||
	    !strings_ok(p, t->sharing_clients, SHM_CLIENTS))
		return false;
	if (!limits_ok(p, t->device_limits) || !limits_ok(p, t->client_limits) ||
	    !levels_ok(p, t->levels))
		return false;
	if (!clients_ok(p, t) || !keys_ok(p, t) || !tenant_numbers_ok(p, t))
		return false;
	if (index && order(policy_view_str(&p->view, policy_view_tenant(&p->view, index - 1)->name),
			   policy_view_str(&p->view, t->name)) >= 0)
		return wrong(p, "tenants out of order");
	return true;
}

static bool credentials_ok(struct proof *p)
{
	struct pi_list l = p->view.image->credentials;

	if (!list_ok(p, l, sizeof(struct policy_credential), UINT32_MAX))
		return false;
	const struct policy_credential *c = policy_view_at(&p->view, l.off);

	for (uint32_t i = 0; i < l.count; i++) {
		if (c[i].tenant >= p->view.image->tenants.count)
			return wrong(p, "a credential of a tenant that is not there");
		if (c[i].client >= policy_view_tenant(&p->view, c[i].tenant)->clients.count)
			return wrong(p, "a credential of a client that is not there");
		int d = i ? memcmp(c[i - 1].hash, c[i].hash, sizeof(c[i].hash)) : -1;

		if (d > 0 || (d == 0 && c[i - 1].tenant >= c[i].tenant))
			return wrong(p, "credentials out of order");
	}
	return true;
}

static bool caller_keys_ok(struct proof *p, struct pi_list l)
{
	if (!list_ok(p, l, sizeof(struct policy_caller_key), 64))
		return false;
	const struct policy_caller_key *k = policy_view_at(&p->view, l.off);

	for (uint32_t i = 0; i < l.count; i++) {
		if (!str_ok(p, k[i].kid) || !str_ok(p, k[i].spki))
			return false;
		if (k[i].alg == JOSE_ALG_NONE_VALID || k[i].alg >= JOSE_ALG_COUNT)
			return wrong(p, "a caller's key of an unknown algorithm");
	}
	return true;
}

static bool roles_ok(struct proof *p, struct pi_list l)
{
	if (!list_ok(p, l, sizeof(struct policy_role), 64))
		return false;
	const struct policy_role *r = policy_view_at(&p->view, l.off);

	for (uint32_t i = 0; i < l.count; i++) {
		if (!str_ok(p, r[i].name))
			return false;
		if (r[i].permissions >> PERM_BIT_COUNT)
			return wrong(p, "a role with a permission that does not exist");
	}
	return true;
}

static bool callers_ok(struct proof *p)
{
	struct pi_list l = p->view.image->callers;

	if (!list_ok(p, l, sizeof(struct policy_caller), SHM_CLIENTS))
		return false;
	const struct policy_caller *c = policy_view_at(&p->view, l.off);

	for (uint32_t i = 0; i < l.count; i++) {
		if (!str_ok(p, c[i].issuer) || !str_ok(p, c[i].audience) ||
		    !str_ok(p, c[i].party) || !str_ok(p, c[i].claim) ||
		    !str_ok(p, c[i].jwks_url) || !caller_keys_ok(p, c[i].keys) ||
		    !roles_ok(p, c[i].roles))
			return false;
		if (c[i].tenant >= p->view.image->tenants.count)
			return wrong(p, "a caller of a tenant that is not there");
		if (c[i].client >= policy_view_tenant(&p->view, c[i].tenant)->clients.count)
			return wrong(p, "a caller of a client that is not there");
		if (i && order(policy_view_str(&p->view, c[i - 1].issuer),
			       policy_view_str(&p->view, c[i].issuer)) > 0)
			return wrong(p, "callers out of order");
	}
	return true;
}

static bool server_ok(struct proof *p)
{
	const struct policy_server *s = &p->view.image->server;

	if (!str_ok(p, s->node) || !str_ok(p, s->prefix) || !strings_ok(p, s->previous_keys, 16))
		return false;
	if (!list_ok(p, s->trusted_proxies, sizeof(struct policy_cidr), 1024))
		return false;
	const struct policy_cidr *c = policy_view_at(&p->view, s->trusted_proxies.off);

	for (uint32_t i = 0; i < s->trusted_proxies.count; i++) {
		if (c[i].bits > 128)
			return wrong(p, "a network longer than an address");
	}
	if (s->log_level > 3 || s->log_format > 1 || s->store_mode > 3 || s->durability_replica > 1)
		return wrong(p, "a server setting that does not exist");
	return true;
}

static bool names_match_tenants(struct proof *p)
{
	const struct policy_image *im = p->view.image;
	const struct policy_name *n = policy_view_at(&p->view, im->names.off);

	if (im->names.count != im->tenants.count)
		return wrong(p, "not one name for each tenant");
	for (uint32_t i = 0; i < im->names.count; i++) {
		if (n[i].tenant != i ||
		    !sd_slice_eq(policy_view_str(&p->view, n[i].name),
				 policy_view_str(&p->view, policy_view_tenant(&p->view, i)->name)))
			return wrong(p, "a name that is not its tenant's");
	}
	return true;
}

static bool image_ok(struct proof *p)
{
	const struct policy_image *im = p->view.image;

	if (!list_ok(p, im->tenants, sizeof(struct policy_tenant), SHM_TENANTS))
		return false;
	for (uint32_t i = 0; i < im->tenants.count; i++) {
		if (!tenant_ok(p, i))
			return false;
	}
	return names_ok(p, im->names, SHM_TENANTS) && names_match_tenants(p) &&
	       names_ok(p, im->hosts, UINT32_MAX) && credentials_ok(p) && callers_ok(p) && server_ok(p);
}

const char *policy_proof_fault(const struct policy_view *v)
{
	struct proof p = {.view = *v};

	return image_ok(&p) ? NULL : p.why;
}
