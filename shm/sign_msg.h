/* SPDX-License-Identifier: MIT
 * sign_msg - what a worker asks of the signer: claims for an access token, or the tenant keys of
 * a policy generation. SOCK_SEQPACKET, one request or answer a packet. The signer decides issuer,
 * type, kid, jti and algorithm itself and checks all else against its own policy segment. */
#ifndef SD_SIGN_MSG_H
#define SD_SIGN_MSG_H

#include "slice.h"

#define SIGN_MSG_VERSION 3
#define SIGN_MAX_REQUEST 12288
#define SIGN_MAX_TOKEN 8192
#define SIGN_MAX_AUD 16
#define SIGN_KEYSETS 4     /* current master secret and at most three previous */
#define SIGN_KEYS_BATCH 32 /* tenants in one answer */
#define SIGN_MAX_ANSWER 12288
#define SIGN_MAX_REFUSAL 256 /* bytes of a refusal's text */

enum sign_op { SIGN_OP_NONE = 0, SIGN_OP_ACCESS_TOKEN, SIGN_OP_TENANT_KEYS };
enum sign_status { SIGN_REFUSED = 0, SIGN_BUSY, SIGN_NO_KEY, SIGN_FAILED, SIGN_DONE };

struct sign_request {
	uint32_t id;         /* given back */
	enum sign_op op;
	uint64_t generation; /* of the policy the worker pinned */
	uint32_t tenant;     /* index in that policy */
	uint32_t count;      /* TENANT_KEYS: how many tenants from `tenant` on */
	int64_t iat_s, exp_s, auth_time_s;
	uint8_t sid[16];
	struct sd_slice sub, client_id, device_id, scope, acr; /* all but the first two may be empty */
	struct sd_slice amr; /* JSON array text, or empty */
	struct sd_slice ext; /* JSON object text, or empty */
	bool remember_me;
	struct sd_slice aud[SIGN_MAX_AUD];
	uint32_t aud_count;
};

struct sign_answer {
	uint32_t id;
	enum sign_op op;
	enum sign_status status;
	uint32_t first, count;   /* TENANT_KEYS */
	struct sd_slice payload; /* the token's text; or count struct tenant_keys; or a refusal's constant text */
};

/* Derived from the master secret(s) by HKDF for one tenant. Order: current, then previous ones. */
struct tenant_keys {
	uint32_t sets;
	uint32_t tenant;
	uint8_t mac[SIGN_KEYSETS][32];  /* session and refresh tokens */
	uint8_t data[SIGN_KEYSETS][32]; /* wraps users' data keys */
};

/* Encode into p (size bytes): bytes written in *n_out; SD_ERR_TOO_BIG. */
int sign_request_encode(const struct sign_request *r, void *p, size_t size, size_t *n_out) SD_MUSTCHECK;
int sign_answer_encode(const struct sign_answer *a, void *p, size_t size, size_t *n_out) SD_MUSTCHECK;
/* Strict; every length checked; slices point into the packet. SD_ERR_INVALID, SD_ERR_VERSION. */
int sign_request_decode(struct sd_slice packet, struct sign_request *out) SD_MUSTCHECK;
int sign_answer_decode(struct sd_slice packet, struct sign_answer *out) SD_MUSTCHECK;

#endif
