/* SPDX-License-Identifier: MIT
 * sealed - data at rest: opened and sealed under the data key of its user, which the store keeps
 * wrapped under the tenant's. Nothing of it is remembered between requests: a key that the store
 * has destroyed opens nothing any more. */
#ifndef SD_SEALED_H
#define SD_SEALED_H

#include "request.h"
#include "user_key.h"

#define SEALED_ETAG_MAX 32

/* Whose data, and the key as the store has it ("" = none). Borrows. */
struct sealed_of {
	struct sd_slice user;
	const struct sid *sid; /* NULL: what the user's sessions share */
	struct sd_slice key;
};

enum sealed_result {
	SEALED_UNREADABLE = 0, /* damaged, or under a master secret that this node has not got */
	SEALED_GONE,           /* its key was destroyed: the user was erased */
	SEALED_OK
};
/* The JSON text of sealed ("{}" when sealed is empty), in the arena; empty unless OK. */
enum sealed_result sealed_open(struct request *r, const struct sealed_of *of, struct sd_slice sealed,
			       struct sd_slice *plain_out) SD_MUSTCHECK;

/* What goes to the store; all in the arena. */
struct sealed {
	struct sd_slice data;
	struct store_user_key key;
};
/* Seals plain under of->key, or under a new one where there is none; a key wrapped under a previous
 * master secret is wrapped anew. SD_ERR_INVALID: of->key cannot be opened, so nothing can be sealed
 * that the other sessions of the user could be read with. */
int sealed_close(struct request *r, const struct sealed_of *of, struct sd_slice plain,
		 struct sealed *out) SD_MUSTCHECK;

/* The entity tag of a version: never the same for two contents, even where the store lost some. */
void sealed_etag(uint32_t version, struct sd_slice data, char out[SEALED_ETAG_MAX]);
/* What tells sealed data from any other: its first bytes. */
struct sd_slice sealed_head(struct sd_slice data);

#endif
