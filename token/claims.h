/* SPDX-License-Identifier: MIT
 * claims - the claim set of our access tokens (RFC 9068): read strictly, checked in the fixed
 * order of the contract, written by the signer. */
#ifndef SD_CLAIMS_H
#define SD_CLAIMS_H

#include "arena.h"
#include "buf.h"
#include "json_in.h"

#define CLAIMS_MAX_AUD 16

struct claims {
	struct sd_slice iss, sub, jti, client_id, sid, tid, scope, acr;
	struct sd_slice device_id; /* {NULL,0} when absent */
	struct sd_slice aud[CLAIMS_MAX_AUD];
	uint32_t aud_count;
	int64_t iat, exp, nbf; /* Unix seconds; nbf 0 when absent */
	int64_t auth_time;     /* 0 when absent */
	struct json_value amr; /* array of strings; kind JSON_NONE when absent */
	struct json_value cnf; /* object; JSON_NONE when absent */
	bool remember_me;      /* the session has the longer clocks */
	struct sd_slice extra; /* the "claims" of the create call, raw JSON object text; {NULL,0} when none */
};

enum claims_result {
	CLAIMS_MALFORMED = 0, /* JSON, types, missing required claim: token-malformed */
	CLAIMS_ISSUER, CLAIMS_AUDIENCE, CLAIMS_NOT_YET, CLAIMS_EXPIRED,
	CLAIMS_OK
};

/* Strict payload -> claims. Required: iss sub aud exp iat jti client_id sid tid, each of its type;
 * exp and iat integers in 0..2^53-1, exp > iat; sid 22 characters of the sid alphabet; sub
 * 1..256 bytes. Application claims stand in the one member "ext". Slices point into payload or the
 * arena. CLAIMS_OK or CLAIMS_MALFORMED (reason_out: constant phrase, may be NULL). */
enum claims_result claims_parse(struct sd_slice payload, struct sd_arena *arena, struct claims *out,
				const char **reason_out) SD_MUSTCHECK;

struct claims_expect {
	struct sd_slice issuer;
	struct sd_slice tenant;
	const struct sd_slice *audiences; /* the token must name at least one; NULL/0 = not demanded */
	uint32_t audience_count;
	struct sd_slice audience;         /* and this one too, when p is not NULL (request's) */
	int64_t now_s;                    /* already max(now, floor) */
	int64_t skew_s;                   /* for iat and nbf in the future only; exp is exact */
	int64_t max_lifetime_s;           /* good for so long after iat, or until exp; 0 = until exp */
};

/* When it ends for one who grants it max_lifetime_s: never later than its own exp. */
int64_t claims_end(const struct claims *c, int64_t max_lifetime_s) SD_MUSTCHECK;
/* issuer (and tenant) > audience > not yet valid > expired. */
enum claims_result claims_check(const struct claims *c, const struct claims_expect *e) SD_MUSTCHECK;

/* The payload text, members in a fixed order. c->extra must have passed json_check. */
void claims_emit(struct sd_buf *out, const struct claims *c);

#endif
