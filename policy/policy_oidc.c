/* SPDX-License-Identifier: MIT
 * policy_oidc - clients that call with the token of another issuer.
 * Owns:      nothing; texts live in the configuration's arena
 * Runs in:   master, tools
 * Fails by:  reporting each fault; SD_ERR_* when the image cannot hold it
 * Never:     fetch anything: what has been fetched is asked for by its URL
 */
#include "base.h"
#include "policy_oidc.h"

#include "err.h"
#include "jwk.h"
#include "policy_file.h"
#include "policy_proof.h"

#define CA_MAX (512u << 10)

/* --- settings ------------------------------------------------------------------ */

static bool is_given(const struct conf_oidc *o)
{
	return o->issuer[0] || o->audience[0] || o->party[0] || o->claim[0] || o->jwks_file[0] ||
	       o->jwks_url[0] || o->ca_file[0] || o->roles.count;
}

void policy_oidc_check(const struct tenant_conf *t, size_t i, struct policy_faults *faults)
{
	const struct conf_oidc *o = &t->clients.v[i].oidc;
	char path[48];
	struct policy_where at = {t->file, t->clients.v[i].pos, path};

	snprintf(path, sizeof(path), "clients[%zu].oidc", i);
	if (!is_given(o))
		return;
	if (!o->issuer[0] || !o->audience[0])
		policy_fault(faults, at, "issuer and audience must be given");
	if (!o->jwks_file[0] == !o->jwks_url[0])
		policy_fault(faults, at, "one of jwks_file and jwks_url must be given");
	if (o->roles.count && !o->claim[0])
		policy_fault(faults, at, "roles are words of permissions_claim: set it");
	if (o->ca_file[0] && !o->jwks_url[0])
		policy_fault(faults, at, "ca_file is for jwks_url");
#ifndef HAVE_CURL
	if (o->jwks_url[0])
		policy_fault(faults, at, "sessiond was built without libcurl: use jwks_file");
#endif
}

static void import_one(struct tenant_conf *t, size_t i, struct sd_arena *arena,
		       struct policy_faults *faults)
{
	struct conf_oidc *o = &t->clients.v[i].oidc;
	struct jwk *keys = NULL;
	size_t n = 0, left_out = 0;
	struct sd_diag why = {{0}};
	struct sd_buf text;
	int err =
	    policy_file_read(o->jwks_file, POLICY_JWKS_MAX, FILE_OWNER_STRICT, &text, faults);

	if (err == SD_OK) {
		err = jwks_parse_foreign(sd_buf_slice(&text), &keys, &n, &left_out, &why);
		if (err)
			policy_fault(faults, (struct policy_where){o->jwks_file, {0, 0}, ""},
				     "no set of keys: %s", why.text);
		o->jwks = err ? sd_slice(NULL, 0) : sd_arena_copy(arena, sd_buf_slice(&text));
	}
	jwks_free(&keys, n);
	sd_buf_fini(&text);
}

static void import_ca(struct tenant_conf *t, size_t i, struct sd_arena *arena,
		      struct policy_faults *faults)
{
	struct conf_oidc *o = &t->clients.v[i].oidc;
	struct sd_buf text;

	if (policy_file_read(o->ca_file, CA_MAX, FILE_OWNER_STRICT, &text, faults) == SD_OK)
		o->ca = sd_arena_copy(arena, sd_buf_slice(&text));
	sd_buf_fini(&text);
}

void policy_oidc_import(struct tenant_conf *t, struct sd_arena *arena, struct policy_faults *faults)
{
	for (size_t i = 0; i < t->clients.count; i++) {
		if (t->clients.v[i].oidc.jwks_file[0])
			import_one(t, i, arena, faults);
		if (t->clients.v[i].oidc.ca_file[0])
			import_ca(t, i, arena, faults);
	}
}

void policy_oidc_each_url(const struct policy_config *c,
			  void (*fn)(void *arg, const char *url, struct sd_slice ca), void *arg)
{
	for (size_t i = 0; i < c->tenant_count; i++) {
		for (size_t k = 0; k < c->tenants[i]->clients.count; k++) {
			const struct conf_oidc *o = &c->tenants[i]->clients.v[k].oidc;

			if (o->issuer[0] && o->jwks_url[0])
				fn(arg, o->jwks_url, o->ca);
		}
	}
}

/* --- between clients ------------------------------------------------------------- */

struct named {
	const struct tenant_conf *t;
	size_t client;
};

static const struct conf_oidc *oidc_of(const struct named *n)
{
	return &n->t->clients.v[n->client].oidc;
}

static int by_token(const void *a, const void *b)
{
	const struct conf_oidc *x = oidc_of(a), *y = oidc_of(b);
	int c = strcmp(x->issuer, y->issuer);

	if (c == 0)
		c = strcmp(x->audience, y->audience);
	return c ? c : strcmp(x->party, y->party);
}

/* Each URL with one set of certificates, and no more of them than are looked after. */
static void check_urls(const struct policy_config *c, const struct named *v, size_t n,
		       struct policy_faults *faults)
{
	const struct named *first[POLICY_URLS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		const struct conf_oidc *o = oidc_of(&v[i]);
		size_t k = 0;

		while (k < count && strcmp(oidc_of(first[k])->jwks_url, o->jwks_url) != 0)
			k++;
		if (o->jwks_url[0] && k == POLICY_URLS_MAX)
			policy_fault(faults, (struct policy_where){c->server.file, {0, 0}, "tenants_dir"},
				     "more than %d different oidc.jwks_url", POLICY_URLS_MAX);
		if (!o->jwks_url[0] || k == POLICY_URLS_MAX)
			continue;
		if (k == count)
			first[count++] = &v[i];
		else if (strcmp(oidc_of(first[k])->ca_file, o->ca_file) != 0)
			policy_fault(faults,
				     (struct policy_where){v[i].t->file,
							   v[i].t->clients.v[v[i].client].pos, "oidc.ca_file"},
				     "is another one for the same jwks_url in client %s of tenant %s",
				     first[k]->t->clients.v[first[k]->client].id, first[k]->t->name);
	}
}

void policy_oidc_cross(const struct policy_config *c, struct policy_faults *faults)
{
	size_t n = 0, all = 1;

	for (size_t i = 0; i < c->tenant_count; i++)
		all += c->tenants[i]->clients.count;
	struct named *v = calloc(all, sizeof(*v));

	for (size_t i = 0; v && i < c->tenant_count; i++) {
		for (size_t k = 0; k < c->tenants[i]->clients.count; k++) {
			v[n] = (struct named){c->tenants[i], k};
			n += oidc_of(&v[n])->issuer[0] != '\0';
		}
	}
	if (v == NULL)
		policy_fault(faults, (struct policy_where){c->server.file, {0, 0}, ""},
			     "out of memory");
	else
		qsort(v, n, sizeof(*v), by_token);
	check_urls(c, v, v ? n : 0, faults);
	for (size_t i = 1; v && i < n; i++) {
		char path[48];
		struct policy_where at = {v[i].t->file, v[i].t->clients.v[v[i].client].pos, path};

		snprintf(path, sizeof(path), "clients[%zu].oidc", v[i].client);
		if (by_token(&v[i - 1], &v[i]) == 0)
			policy_fault(faults, at,
				     "the tokens of client %s of tenant %s too: set authorized_party",
				     v[i - 1].t->clients.v[v[i - 1].client].id, v[i - 1].t->name);
	}
	free(v);
}

/* --- the image --------------------------------------------------------------------- */

static struct sd_slice set_of(const struct policy_layout *l, const struct conf_oidc *o)
{
	if (o->jwks_file[0])
		return o->jwks;
	return l->in->jwks_of ? l->in->jwks_of(l->in->jwks_arg, o->jwks_url) : sd_slice(NULL, 0);
}

static int put_keys(struct policy_layout *l, const struct jwk *keys, size_t n, struct pi_list *out)
{
	struct policy_caller_key *v = calloc(n + 1, sizeof(*v));
	struct sd_buf spki;
	int err = v ? SD_OK : SD_ERR_MEMORY;

	sd_buf_init(&spki, 8192);
	for (size_t i = 0; err == SD_OK && i < n; i++) {
		sd_buf_reset(&spki);
		err = jwk_to_spki(&keys[i], &spki);
		if (err)
			break;
		v[i].kid = policy_layout_str(l, sd_slice_str(keys[i].kid));
		v[i].spki = policy_layout_str(l, sd_buf_slice(&spki));
		v[i].alg = (uint32_t)keys[i].alg;
	}
	if (err == SD_OK)
		*out = policy_layout_list(l, v, (uint32_t)n, sizeof(*v));
	sd_buf_fini(&spki);
	free(v);
	return err;
}

static int put_roles(struct policy_layout *l, const struct conf_roles *roles, struct pi_list *out)
{
	struct policy_role *v = calloc(roles->count + 1, sizeof(*v));

	if (v == NULL)
		return SD_ERR_MEMORY;
	for (size_t i = 0; i < roles->count; i++) {
		v[i].name = policy_layout_str(l, roles->v[i].name);
		v[i].permissions = roles->v[i].permissions;
	}
	*out = policy_layout_list(l, v, (uint32_t)roles->count, sizeof(*v));
	free(v);
	return SD_OK;
}

int policy_oidc_add(struct policy_layout *l, uint32_t tenant, const struct conf_client *c,
		    uint32_t client)
{
	const struct conf_oidc *o = &c->oidc;
	struct sd_slice set = set_of(l, o);
	struct sd_diag why = {{0}};
	struct jwk *keys = NULL;
	size_t n = 0, left_out = 0;

	if (!o->issuer[0])
		return SD_OK;
	/* What cannot be read any more is no key: its callers are refused, nobody else is. */
	if (set.p && jwks_parse_foreign(set, &keys, &n, &left_out, &why) != SD_OK)
		n = 0;
	struct policy_caller one = {
	    .issuer = policy_layout_str(l, sd_slice_str(o->issuer)),
	    .audience = policy_layout_str(l, sd_slice_str(o->audience)),
	    .party = policy_layout_str(l, sd_slice_str(o->party)),
	    .claim = policy_layout_str(l, sd_slice_str(o->claim)),
	    .jwks_url = policy_layout_str(l, sd_slice_str(o->jwks_url)),
	    .tenant = tenant,
	    .client = client,
	};
	int err = put_keys(l, keys, n, &one.keys);

	if (err == SD_OK)
		err = put_roles(l, &o->roles, &one.roles);

	jwks_free(&keys, n);
	if (err == SD_OK)
		sd_buf_append(&l->callers, &one, sizeof(one));
	return err ? err : l->callers.failed ? SD_ERR_MEMORY : SD_OK;
}

/* qsort passes no argument for the strings' base: each row is sorted beside its issuer. */
struct caller_ref {
	struct sd_slice issuer;
	struct policy_caller row;
};

static int by_issuer(const void *a, const void *b)
{
	const struct caller_ref *x = a, *y = b;
	int c = policy_proof_order(x->issuer, y->issuer);

	if (c == 0) /* the order in which they came, which is that of the names */
		c = (x->row.issuer.off > y->row.issuer.off) - (x->row.issuer.off < y->row.issuer.off);
	return c;
}

int policy_oidc_finish(struct policy_layout *l)
{
	const struct policy_caller *rows = (const void *)l->callers.p;
	size_t n = l->callers.len / sizeof(*rows);
	struct caller_ref *v = calloc(n + 1, sizeof(*v));

	if (v == NULL || l->b.failed || l->callers.failed) {
		free(v);
		return SD_ERR_MEMORY;
	}
	for (size_t i = 0; i < n; i++)
		v[i] = (struct caller_ref){
		    sd_slice(l->b.p + rows[i].issuer.off, rows[i].issuer.len), rows[i]};
	qsort(v, n, sizeof(*v), by_issuer);
	sd_buf_reset(&l->callers);
	for (size_t i = 0; i < n; i++)
		sd_buf_append(&l->callers, &v[i].row, sizeof(v[i].row));
	free(v);
	l->head.callers =
	    policy_layout_list(l, l->callers.p, (uint32_t)n, sizeof(struct policy_caller));
	return l->callers.failed ? SD_ERR_MEMORY : SD_OK;
}
