/* SPDX-License-Identifier: MIT
 * keyring - the private keys and the master secrets, in the one process that has them. */
#ifndef SD_KEYRING_H
#define SD_KEYRING_H

#include <openssl/evp.h>

#include "diag.h"
#include "policy_view.h"
#include "sign_msg.h"

struct keyring;

struct keyring_in {
	const struct policy_view *view; /* outlives the keyring */
	const char *keys_dir;
	const char *master_key_file;
	int64_t now_s;
};

/* Memory that OpenSSL keeps private keys in: locked, guarded, not dumped. Before any key is
 * loaded, once; keys is how many there may be. SD_ERR_CRYPTO. */
int keyring_secure_heap(size_t keys, struct sd_diag *diag) SD_MUSTCHECK;

/* Reads every secret the policy names, before the lock-down: keys_dir/TENANT/KID.pem for each key
 * that signs now or may still sign (one that is retired never signs again and is not read), the
 * master secret and the previous ones. A file that is missing, not private (mode, owner, kind),
 * or not the other half of the policy's public key: SD_ERR_INVALID, diag names tenant and kid. */
int keyring_load(const struct keyring_in *in, struct keyring **out, struct sd_diag *diag) SD_MUSTCHECK;
/* Wipes. */
void keyring_free(struct keyring **ring);

/* The private half of key `key` of tenant `tenant` (indices of the policy), or NULL. Borrowed. */
EVP_PKEY *keyring_key(const struct keyring *ring, uint32_t tenant, uint32_t key);

/* What workers need of the master secrets for one tenant. SD_ERR_CRYPTO; wipe out after use. */
int keyring_tenant_keys(const struct keyring *ring, uint32_t tenant, struct tenant_keys *out) SD_MUSTCHECK;

#endif
