/* SPDX-License-Identifier: MIT
 * mint - what a worker asks to be signed, held against the tenant's policy; then signed. */
#ifndef SD_MINT_H
#define SD_MINT_H

#include "arena.h"
#include "buf.h"
#include "keyring.h"

#define MINT_SKEW_S 60          /* how far iat may be from the signer's clock */
#define MINT_MAX_SUB 256
#define MINT_MAX_CLIENT 64
#define MINT_MAX_DEVICE 64
#define MINT_MAX_AUD 512        /* bytes of one audience */
#define MINT_MAX_SCOPE 2048
#define MINT_MAX_ACR 256
#define MINT_MAX_AMR 1024       /* bytes of JSON */
#define MINT_MAX_AMR_ITEMS 16
#define MINT_MAX_EXT 4096
#define MINT_RATE_FACTOR 4      /* tokens a second for each create_per_second: refreshes sign too */

struct mint_bucket {
	int64_t tokens_milli;
	int64_t at_ns;
};

struct mint {
	const struct policy_view *view;
	const struct keyring *ring;
	struct mint_bucket *bucket; /* of each tenant */
	struct sd_arena arena;
	struct sd_buf payload;
};

struct mint_now {
	int64_t wall_s;
	int64_t boot_ns;
};

int mint_init(struct mint *m, const struct policy_view *view, const struct keyring *ring) SD_MUSTCHECK;
void mint_fini(struct mint *m);

/* Signs once with every key there is, so that nothing is set up for the first time under the
 * sandbox. SD_ERR_CRYPTO. */
int mint_warm_up(struct mint *m, struct sd_diag *diag) SD_MUSTCHECK;

/* Every rule first, then the rate, then the signature. The token is appended to out; otherwise
 * *reason_out is a constant text. SIGN_BUSY: the tenant's rate. */
enum sign_status mint_token(struct mint *m, const struct sign_request *r, struct mint_now now,
			    struct sd_buf *out, const char **reason_out) SD_MUSTCHECK;

/* TENANT_KEYS: how many of out are filled in *count_out, from r->tenant on. Wipe out. */
enum sign_status mint_tenant_keys(const struct mint *m, const struct sign_request *r,
				  struct tenant_keys out[SIGN_KEYS_BATCH], uint32_t *count_out,
				  const char **reason_out) SD_MUSTCHECK;

#endif
