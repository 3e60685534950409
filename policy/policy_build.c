/* SPDX-License-Identifier: MIT
 * policy_build - lay a checked configuration out as one immutable image.
 * Owns:      the image until it is handed to the caller
 * Runs in:   master, tools
 * Fails by:  SD_ERR_MEMORY, SD_ERR_TOO_BIG, SD_ERR_FULL (slots), SD_ERR_CRYPTO
 * Never:     put a pointer, a padding byte of chance, or a time of its own into the image: the
 *            same input gives the same bytes on every node
 */
#include "base.h"
#include "policy_config.h"

#include <openssl/evp.h>

#include "buf.h"
#include "err.h"
#include "policy_layout.h"
#include "policy_oidc.h"
#include "policy_slots.h"

static bool is_removed(const struct conf_key *k, int64_t now_s)
{
	return now_s >= k->remove_s;
}

static void note_change(struct policy_layout *l, int64_t at)
{
	if (at > l->in->now_s && at < l->next_change_s)
		l->next_change_s = at;
}

/* {"keys":[...]} of what is published now, and the hash that names this text. */
static int put_jwks(struct policy_layout *l, const struct tenant_conf *t, struct policy_tenant *out)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct sd_buf b;
	size_t n = 0;

	sd_buf_init(&b, 1u << 20);
	sd_buf_str(&b, "{\"keys\":[");
	for (size_t i = 0; i < t->key_count; i++) {
		const struct conf_key *k = &t->keys[i];

		if (l->in->now_s < k->publish_s || is_removed(k, l->in->now_s))
			continue;
		if (n++)
			sd_buf_char(&b, ',');
		sd_buf_put(&b, k->jwk);
	}
	sd_buf_str(&b, "]}");
	int err = b.failed ? SD_ERR_TOO_BIG : SD_OK;

	if (err == SD_OK && EVP_Digest(b.p, b.len, hash, NULL, EVP_sha256(), NULL) != 1)
		err = SD_ERR_CRYPTO;
	if (err == SD_OK) {
		out->jwks = policy_layout_str(l, sd_buf_slice(&b));
		sd_buf_reset(&b);
		sd_buf_char(&b, '"');
		sd_buf_hex(&b, hash, 16);
		sd_buf_char(&b, '"');
		out->jwks_etag = policy_layout_str(l, sd_buf_slice(&b));
	}
	sd_buf_fini(&b);
	return err;
}

static int put_keys(struct policy_layout *l, const struct tenant_conf *t, struct policy_tenant *out)
{
	struct policy_key *v = calloc(t->key_count + 1, sizeof(*v));
	uint32_t n = 0;
	int err = v ? SD_OK : SD_ERR_MEMORY;

	for (size_t i = 0; err == SD_OK && i < t->key_count; i++) {
		const struct conf_key *k = &t->keys[i];

		if (is_removed(k, l->in->now_s))
			continue;
		note_change(l, k->publish_s);
		note_change(l, k->activate_s);
		note_change(l, k->retire_s);
		note_change(l, k->remove_s);
		v[n] = (struct policy_key){.publish_s = k->publish_s,
					   .activate_s = k->activate_s,
					   .retire_s = k->retire_s,
					   .remove_s = k->remove_s,
					   .alg = (uint32_t)k->alg};
		v[n].kid = policy_layout_str(l, k->kid);
		v[n].spki = policy_layout_str(l, k->spki);
		err = policy_slots_assign_key(l->in->slots, sd_slice_str(t->name), k->kid,
					      &v[n].slot);
		n++;
	}
	if (err == SD_OK)
		out->keys = policy_layout_list(l, v, n, sizeof(*v));
	free(v);
	return err;
}

static int by_id(const void *a, const void *b)
{
	return strcmp((*(const struct conf_client *const *)a)->id,
		      (*(const struct conf_client *const *)b)->id);
}

static int add_credentials(struct policy_layout *l, uint32_t tenant, const struct conf_client *c,
			   uint32_t client)
{
	for (size_t i = 0; i < c->hashes.count; i++) {
		struct policy_credential one = {.tenant = tenant, .client = client};

		memcpy(one.hash, c->hashes.v[i], sizeof(one.hash));
		sd_buf_append(&l->credentials, &one, sizeof(one));
	}
	return l->credentials.failed ? SD_ERR_MEMORY : SD_OK;
}

static int put_clients(struct policy_layout *l, uint32_t tenant, const struct tenant_conf *t,
		       struct policy_tenant *out)
{
	size_t n = t->clients.count;
	const struct conf_client **order = calloc(n + 1, sizeof(*order));
	struct policy_client *v = calloc(n + 1, sizeof(*v));
	int err = order && v ? SD_OK : SD_ERR_MEMORY;

	for (size_t i = 0; err == SD_OK && i < n; i++)
		order[i] = &t->clients.v[i];
	if (err == SD_OK)
		qsort(order, n, sizeof(*order), by_id);
	for (size_t i = 0; err == SD_OK && i < n; i++) {
		struct sd_slice id = sd_slice_str(order[i]->id);

		v[i].id = policy_layout_str(l, id);
		v[i].permissions = order[i]->permissions;
		err =
		    policy_slots_assign_client(l->in->slots, sd_slice_str(t->name), id, &v[i].slot);
		if (err == SD_OK)
			err = add_credentials(l, tenant, order[i], (uint32_t)i);
		if (err == SD_OK)
			err = policy_oidc_add(l, tenant, order[i], (uint32_t)i);
	}
	if (err == SD_OK)
		out->clients = policy_layout_list(l, v, (uint32_t)n, sizeof(*v));
	free(order);
	free(v);
	return err;
}

static int add_hosts(struct policy_layout *l, uint32_t tenant, const struct tenant_conf *t)
{
	for (size_t i = 0; i < t->hosts.count; i++) {
		struct policy_name one = {.name = policy_layout_str(l, t->hosts.v[i]),
					  .tenant = tenant};

		sd_buf_append(&l->hosts, &one, sizeof(one));
	}
	return l->hosts.failed ? SD_ERR_MEMORY : SD_OK;
}

static void put_texts(struct policy_layout *l, const struct tenant_conf *t,
		      struct policy_tenant *out)
{
	out->name = policy_layout_str(l, sd_slice_str(t->name));
	out->issuer = policy_layout_str(l, sd_slice_str(t->issuer));
	out->cookie_name = policy_layout_str(l, sd_slice_str(t->cookie_name));
	out->cookie_path = policy_layout_str(l, sd_slice_str(t->cookie_path));
	out->cookie_domain = policy_layout_str(l, sd_slice_str(t->cookie_domain));
	out->login_url = policy_layout_str(l, sd_slice_str(t->login_url));
	out->hosts = policy_layout_strings(l, &t->hosts);
	out->audiences = policy_layout_strings(l, &t->audiences);
	out->sharing_clients = policy_layout_strings(l, &t->sharing_clients);
	out->device_limits = policy_layout_counts(l, &t->device_limits);
	out->client_limits = policy_layout_counts(l, &t->client_limits);
	out->levels = policy_layout_levels(l, &t->levels);
	out->levels_text = policy_layout_levels_text(l, &t->levels);
}

static int put_tenant(struct policy_layout *l, uint32_t index, const struct tenant_conf *t,
		      struct policy_tenant *out)
{
	*out = t->p;
	put_texts(l, t, out);
	int err = policy_slots_assign_tenant(l->in->slots, sd_slice_str(t->name), &out->slot);

	if (err == SD_OK)
		err = put_jwks(l, t, out);
	if (err == SD_OK)
		err = put_keys(l, t, out);
	if (err == SD_OK)
		err = put_clients(l, index, t, out);
	if (err == SD_OK)
		err = add_hosts(l, index, t);
	return err;
}

static int put_tenants(struct policy_layout *l)
{
	size_t n = l->in->config->tenant_count;
	struct policy_tenant *v = calloc(n + 1, sizeof(*v));
	struct policy_name *names = calloc(n + 1, sizeof(*names));
	int err = v && names ? SD_OK : SD_ERR_MEMORY;

	for (size_t i = 0; err == SD_OK && i < n; i++) {
		err = put_tenant(l, (uint32_t)i, l->in->config->tenants[i], &v[i]);
		names[i] = (struct policy_name){.name = v[i].name, .tenant = (uint32_t)i};
	}
	if (err == SD_OK) {
		l->head.tenants = policy_layout_list(l, v, (uint32_t)n, sizeof(*v));
		l->head.names = policy_layout_list(l, names, (uint32_t)n, sizeof(*names));
	}
	free(v);
	free(names);
	return err;
}

/* With what changes from build to build at zero, so that equal policies have equal digests. */
static int put_digest(struct policy_layout *l, uint64_t generation, int64_t now_s)
{
	struct policy_image *im = (void *)l->b.p;
	uint8_t hash[EVP_MAX_MD_SIZE];

	if (EVP_Digest(l->b.p, l->b.len, hash, NULL, EVP_sha256(), NULL) != 1)
		return SD_ERR_CRYPTO;
	memcpy(im->digest, hash, sizeof(im->digest));
	im->head.number = generation;
	im->head.created_ms = (uint64_t)now_s * 1000;
	return SD_OK;
}

int policy_build(const struct policy_build_in *in, void **image_out, size_t *size_out,
		 int64_t *next_change_s, struct sd_diag *diag)
{
	struct policy_layout l;

	*image_out = NULL;
	*size_out = 0;
	*next_change_s = INT64_MAX;
	policy_layout_init(&l, in);
	int err = put_tenants(&l);

	if (err == SD_OK)
		err = policy_layout_finish(&l);
	if (err == SD_OK)
		err = put_digest(&l, in->generation, in->now_s);
	if (err == SD_OK) {
		*next_change_s = l.next_change_s;
		*size_out = l.b.len;
		*image_out = l.b.p;
		l.b = (struct sd_buf){0};
	} else {
		sd_diag_set(diag, err, "the policy image cannot be built: %s", sd_err_text(err));
	}
	policy_layout_fini(&l);
	return err;
}
