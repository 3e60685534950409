/* SPDX-License-Identifier: MIT
 * keyring - loads the private keys a policy names, and the master secrets.
 * Owns:      all private key material of the installation
 * Runs in:   signer; loads before its sandbox, answers after it
 * Fails by:  returning SD_ERR_INVALID with tenant and kid named, SD_ERR_CRYPTO, SD_ERR_MEMORY
 * Never:     open a file after the lock-down, log or copy a byte of what it holds */
#include "base.h"
#include "keyring.h"

#include <openssl/crypto.h>

#include "err.h"
#include "handle.h"
#include "jwk.h"
#include "jws_sign.h"
#include "keyring_file.h"
#include "secret.h"

#define LABEL_MAC "sessiond mac 1"
#define LABEL_DATA "sessiond data 1"
#define HEAP_PER_KEY 16384u      /* an RSA key of 4096 bits, and its parts in use */
#define HEAP_LEAST (1u << 20)    /* room to work */
#define HEAP_MOST (256u << 20)

struct masters { /* in memory of its own: sd_secret_new */
	uint32_t count;
	uint8_t secret[SIGN_KEYSETS][KEYRING_MASTER_BYTES];
};

struct keyring {
	const struct policy_view *view;
	struct masters *masters;
	uint32_t *first; /* of each tenant, in keys */
	EVP_PKEY **keys; /* NULL: not read, it never signs */
	size_t count;
};

int keyring_secure_heap(size_t keys, struct sd_diag *diag)
{
	size_t want = HEAP_LEAST;

	while (want < HEAP_MOST && want / 2 < keys * HEAP_PER_KEY)
		want *= 2;
	if (CRYPTO_secure_malloc_initialized() == 1)
		return SD_OK;
	if (CRYPTO_secure_malloc_init(want, 32) == 0)
		return sd_diag_set(diag, SD_ERR_CRYPTO, "no secure heap of %zu bytes", want);
	return SD_OK;
}

/* --- private keys --- */

static const char *str_at(const struct policy_view *v, struct pi_str s)
{
	return policy_view_at(v, s.off); /* a NUL follows each string of the image */
}

/* The other half, by the bytes that verifiers have. */
static int check_half(const struct policy_view *v, const struct policy_key *k, EVP_PKEY *key,
		      struct sd_diag *diag)
{
	struct jwk jwk;
	struct sd_buf spki;
	int err = jwk_from_pkey(key, (enum jose_alg)k->alg, &jwk, diag);

	if (err != SD_OK)
		return SD_ERR_INVALID;
	sd_buf_init(&spki, 8192);
	err = jwk_to_spki(&jwk, &spki);
	if (err == SD_OK && !sd_slice_eq(sd_buf_slice(&spki), policy_view_str(v, k->spki)))
		err = sd_diag_set(diag, SD_ERR_INVALID,
				  "is not the private half of the public key beside it");
	else if (err != SD_OK)
		err = sd_diag_set(diag, err, "%s", sd_err_text(err));
	sd_buf_fini(&spki);
	jwk_fini(&jwk);
	return err;
}

static int load_key(const struct keyring_in *in, const struct policy_tenant *t,
		    const struct policy_key *k, EVP_PKEY **out, struct sd_diag *diag)
{
	const char *tenant = str_at(in->view, t->name), *kid = str_at(in->view, k->kid);
	int fd = -1;
	int err = keyring_file_open(in->keys_dir, tenant, kid, &fd, diag);

	if (err == SD_OK) {
		err = jws_sign_load(fd, out, diag);
		keyring_file_close(&fd);
	}
	if (err == SD_OK)
		err = check_half(in->view, k, *out, diag);
	if (err != SD_OK)
		sd_diag_prefix(diag, "tenant %s, key %s", tenant, kid);
	return err;
}

static int load_tenant(const struct keyring_in *in, struct keyring *ring, uint32_t tenant,
		       struct sd_diag *diag)
{
	const struct policy_tenant *t = policy_view_tenant(in->view, tenant);

	for (uint32_t i = 0; i < t->keys.count; i++) {
		const struct policy_key *k = policy_view_key(in->view, t, i);
		int err;

		if (k->retire_s <= in->now_s || k->remove_s <= in->now_s)
			continue;
		err = load_key(in, t, k, &ring->keys[ring->first[tenant] + i], diag);
		if (err != SD_OK)
			return err;
	}
	return SD_OK;
}

static int make_room(const struct policy_view *v, struct keyring *ring)
{
	uint32_t tenants = v->image->tenants.count;

	ring->view = v;
	ring->masters = sd_secret_new(sizeof(*ring->masters));
	ring->first = calloc((size_t)tenants + 1, sizeof(*ring->first));
	if (ring->masters == NULL || ring->first == NULL)
		return SD_ERR_MEMORY;
	for (uint32_t t = 0; t < tenants; t++) {
		ring->first[t] = (uint32_t)ring->count;
		ring->count += policy_view_tenant(v, t)->keys.count;
	}
	ring->keys = calloc(ring->count + 1, sizeof(EVP_PKEY *));
	return ring->keys == NULL ? SD_ERR_MEMORY : SD_OK;
}

/* --- master secrets --- */

static int load_masters(const struct keyring_in *in, struct masters *m, struct sd_diag *diag)
{
	const struct policy_server *s = &in->view->image->server;
	const struct pi_str *previous = policy_view_at(in->view, s->previous_keys.off);
	int err = keyring_file_master(in->master_key_file, m->secret[0], diag);

	m->count = 1;
	if (err == SD_OK && s->previous_keys.count > SIGN_KEYSETS - 1)
		err = sd_diag_set(diag, SD_ERR_INVALID, "more than %d previous master secrets",
				  SIGN_KEYSETS - 1);
	for (uint32_t i = 0; err == SD_OK && i < s->previous_keys.count; i++)
		err = keyring_file_master(str_at(in->view, previous[i]), m->secret[m->count++], diag);
	return err;
}

/* --- the ring --- */

int keyring_load(const struct keyring_in *in, struct keyring **out, struct sd_diag *diag)
{
	struct keyring *ring = calloc(1, sizeof(*ring));
	int err;

	*out = NULL;
	if (ring == NULL)
		return sd_diag_set(diag, SD_ERR_MEMORY, "no memory for the keys");
	err = make_room(in->view, ring);
	if (err != SD_OK)
		(void)sd_diag_set(diag, err, "no memory for the keys");
	else
		err = load_masters(in, ring->masters, diag);
	for (uint32_t t = 0; err == SD_OK && t < in->view->image->tenants.count; t++)
		err = load_tenant(in, ring, t, diag);
	if (err != SD_OK)
		keyring_free(&ring);
	*out = ring;
	return err;
}

void keyring_free(struct keyring **ring)
{
	struct keyring *r = ring == NULL ? NULL : *ring;

	if (r == NULL)
		return;
	for (size_t i = 0; r->keys != NULL && i < r->count; i++)
		EVP_PKEY_free(r->keys[i]);
	if (r->masters != NULL) {
		void *p = r->masters;

		sd_secret_free(&p, sizeof(*r->masters));
	}
	free(r->first);
	free(r->keys);
	free(r);
	*ring = NULL;
}

EVP_PKEY *keyring_key(const struct keyring *ring, uint32_t tenant, uint32_t key)
{
	if (tenant >= ring->view->image->tenants.count ||
	    key >= policy_view_tenant(ring->view, tenant)->keys.count)
		return NULL;
	return ring->keys[ring->first[tenant] + key];
}

int keyring_tenant_keys(const struct keyring *ring, uint32_t tenant, struct tenant_keys *out)
{
	struct sd_slice name = policy_view_str(ring->view, policy_view_tenant(ring->view, tenant)->name);
	const struct masters *m = ring->masters;
	int err = SD_OK;

	memset(out, 0, sizeof(*out));
	out->sets = m->count;
	out->tenant = tenant;
	for (uint32_t i = 0; err == SD_OK && i < m->count; i++) {
		err = handle_derive(m->secret[i], KEYRING_MASTER_BYTES, LABEL_MAC, name, out->mac[i]);
		if (err == SD_OK)
			err = handle_derive(m->secret[i], KEYRING_MASTER_BYTES, LABEL_DATA, name,
					    out->data[i]);
	}
	if (err != SD_OK)
		sd_wipe(out, sizeof(*out));
	return err;
}
