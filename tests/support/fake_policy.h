/* SPDX-License-Identifier: MIT
 * fake_policy - a small valid policy image with real keys, built by hand: generation 7; brand-a
 * (audiences api-a and api-b, clients mobile and web, one ES256 key that signs and one that is
 * retired), brand-b (no audiences, client web, one EdDSA key), brand-c (no key). */
#ifndef SD_FAKE_POLICY_H
#define SD_FAKE_POLICY_H

#include <openssl/evp.h>

#include "policy_view.h"

#define FAKE_POLICY_GENERATION 7
#define FAKE_POLICY_NOW 1800000000LL
#define FAKE_POLICY_TTL 900
#define FAKE_POLICY_RATE 50
#define FAKE_POLICY_KEYS 3 /* active of a, retired of a, active of b */

struct fake_policy {
	char *base;
	size_t at, size;
	int64_t now_s; /* what the keys' times are around */
	struct policy_view view;
	EVP_PKEY *key[FAKE_POLICY_KEYS];
	char kid[FAKE_POLICY_KEYS][44];
};

/* Around FAKE_POLICY_NOW, or another moment. Fails the test when it cannot. */
void fake_policy_init(struct fake_policy *f);
void fake_policy_init_at(struct fake_policy *f, int64_t now_s);
void fake_policy_fini(struct fake_policy *f);

/* Writes keys_dir/TENANT/KID.pem (0600) of the keys that sign, and keys_dir/master (32 bytes). */
void fake_policy_write_keys(const struct fake_policy *f, const char *keys_dir);

/* Writes key i's file. */
void fake_policy_write_key(const struct fake_policy *f, int i, const char *keys_dir);

/* The path of key i's file. */
void fake_policy_key_path(const struct fake_policy *f, int i, const char *keys_dir, char out[256]);

#endif
