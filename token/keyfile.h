/* SPDX-License-Identifier: MIT
 * keyfile - the public sidecar of a signing key, keys/TENANT/KID.json: read strictly, written,
 * and the state that its times give at a moment. Nodes with the same files always agree. */
#ifndef SD_KEYFILE_H
#define SD_KEYFILE_H

#include "jwk.h"

#define KEYFILE_TENANT_MAX 63
#define KEYFILE_TEXT_MAX 8192
#define KEYFILE_NAME_MAX 64 /* "KID.json", "KID.pem" with its NUL */

struct keyfile {
	char kid[JWK_THUMBPRINT_LEN + 1];
	char tenant[KEYFILE_TENANT_MAX + 1];
	enum jose_alg alg;
	int64_t publish_at, activate_at; /* Unix seconds */
	int64_t retire_at, remove_at;	 /* 0 = open (null in the file) */
	struct jwk jwk;
};

enum key_state { KEY_REMOVED = 0, KEY_PENDING, KEY_PUBLISHED, KEY_ACTIVE, KEY_RETIRED };

/* The sidecar's text; unknown or missing members, a kid that is not the RFC 7638 thumbprint of
 * jwk, another algorithm than jwk's, times out of order (publish <= activate < retire <= remove;
 * remove only with retire): SD_ERR_INVALID, *out zeroed. */
int keyfile_parse(struct sd_slice text, struct keyfile *out, struct sd_diag *diag) SD_MUSTCHECK;
void keyfile_fini(struct keyfile *k);

/* Appends the text, with a newline at its end. SD_ERR_CRYPTO, SD_ERR_TOO_BIG. */
int keyfile_emit(const struct keyfile *k, struct sd_buf *out) SD_MUSTCHECK;

/* [publish, activate) PUBLISHED, [activate, retire) ACTIVE, [retire, remove) RETIRED; before all
 * of it PENDING, after it REMOVED. PUBLISHED, ACTIVE and RETIRED keys verify; ACTIVE ones sign
 * (of several the one with the latest activate_at). */
enum key_state keyfile_state(const struct keyfile *k, int64_t now_s) SD_PURE;
/* "pending", "published", "active", "retired", "removed". */
const char *keyfile_state_name(enum key_state state);

/* "KID.json" / "KID.pem"; suffix is ".json" or ".pem". SD_ERR_INVALID when kid is no thumbprint. */
int keyfile_name(const char *kid, const char *suffix, char out[KEYFILE_NAME_MAX]) SD_MUSTCHECK;
/* Is this directory entry named like a key's file with that suffix? kid_out gets its kid. */
bool keyfile_name_parse(const char *name, const char *suffix, char kid_out[JWK_THUMBPRINT_LEN + 1]);

#endif
