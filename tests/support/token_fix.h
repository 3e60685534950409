/* SPDX-License-Identifier: MIT
 * token_fix - keys and tokens for tests: genuine signatures over whatever header and payload. */
#ifndef SD_TOKEN_FIX_H
#define SD_TOKEN_FIX_H

#include "jws.h"

#define FIX_NOW 1800000000LL
#define FIX_SID "AAECAwQFBgcICQoLDA0ODw"

struct fix_key {
	EVP_PKEY *secret;
	struct jwk pub;
};

/* A key pair; fails the test when it cannot. */
void fix_key_new(struct fix_key *k, enum jose_alg alg);
void fix_key_fini(struct fix_key *k);

/* base64url(header).base64url(payload).signature by the key, NUL-terminated in out->p. */
void fix_sign(const struct fix_key *k, struct sd_slice header, struct sd_slice payload,
	      struct sd_buf *out);
/* The signature over a text that already stands in out. */
void fix_sign_text(const struct fix_key *k, struct sd_buf *out);
void fix_b64(struct sd_buf *out, struct sd_slice s);

/* A file of the published vectors, from SHARED_DIR or ../shared beside the sources; false (and a
 * line that says skipped) when it is not there. */
bool fix_vector_path(const char *name, char *out, size_t size);

/* A descriptor at the beginning of these bytes: a key file. */
int fix_fd(struct sd_slice s);

#endif
