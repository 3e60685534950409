/* SPDX-License-Identifier: MIT
 * user_key - the random data key of one user: wrapped by its tenant's data key for the store, and
 * what is sealed under it. Whoever destroys the wrapped key has destroyed all of that.
 * Wrapped: 1 | key id 8 | secret id 8 | sealed key 60. Sealed: 1 | key id 8 | nonce 12 | text | tag. */
#ifndef SD_USER_KEY_H
#define SD_USER_KEY_H

#include "buf.h"
#include "handle.h"

#define USER_KEY_ID 8
#define USER_KEY_WRAPPED 77
#define USER_KEY_OVERHEAD 37 /* of sealed text */
/* The first bytes of sealed text: no two texts ever sealed have them in common. */
#define USER_KEY_HEAD 21

struct user_key {
	uint8_t id[USER_KEY_ID];
	uint8_t key[32];
};

/* Whose it is: to both the key and what it seals are bound. */
struct user_key_owner {
	struct sd_slice tenant;
	struct sd_slice hash;  /* of tenant and user, as the store's keys name him */
	const struct sid *sid; /* what belongs to one session alone; NULL: to the user */
};

enum user_key_result {
	USER_KEY_BROKEN = 0, /* damaged, or another user's, another session's */
	USER_KEY_OTHER,	     /* wrapped under a secret, sealed under a key, that is none of these */
	USER_KEY_OK
};

/* SD_ERR_SYSTEM without random bytes. The caller wipes. */
int user_key_new(struct user_key *out) SD_MUSTCHECK;
int user_key_wrap(const struct user_key *k, const uint8_t tenant_key[HANDLE_KEY_BYTES],
		  const struct user_key_owner *owner, uint8_t out[USER_KEY_WRAPPED]) SD_MUSTCHECK;
/* Under any of n tenant keys; *which_out says which. Zeroed but for USER_KEY_OK. */
enum user_key_result user_key_unwrap(struct sd_slice wrapped,
				     const uint8_t (*tenant_keys)[HANDLE_KEY_BYTES], size_t n,
				     const struct user_key_owner *owner, struct user_key *out,
				     size_t *which_out) SD_MUSTCHECK;

/* Appends to out; SD_ERR_CRYPTO, SD_ERR_MEMORY, SD_ERR_TOO_BIG. */
int user_key_seal(const struct user_key *k, const struct user_key_owner *owner,
		  struct sd_slice plain, struct sd_buf *out) SD_MUSTCHECK;
enum user_key_result user_key_open(const struct user_key *k, const struct user_key_owner *owner,
				   struct sd_slice sealed, struct sd_buf *out) SD_MUSTCHECK;

#endif
