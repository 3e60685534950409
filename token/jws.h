/* SPDX-License-Identifier: MIT
 * jws - compact JWS (RFC 7515): split strictly, header checked, signature verified with a key
 * that the caller chose by kid. RFC 8725: the algorithm is the key's. */
#ifndef SD_JWS_H
#define SD_JWS_H

#include "arena.h"
#include "jwk.h"

#define JWS_MAX_TOKEN 8192

enum jws_result {
	JWS_MALFORMED = 0, /* structure, base64url, JSON, alg, typ, crit, forbidden header member */
	JWS_SIGNATURE,     /* alg differs from the key's, or bad signature */
	JWS_OK
};

struct jws {
	struct sd_slice signed_part; /* header.payload as sent */
	struct sd_slice header;      /* decoded JSON */
	struct sd_slice payload;     /* decoded bytes (not yet checked as JSON) */
	struct sd_slice signature;   /* decoded bytes */
	enum jose_alg alg;           /* of the header; still only a claim */
	struct sd_slice kid;         /* {NULL,0} when absent */
	struct sd_slice typ;         /* {NULL,0} when absent */
};

/* Splits and decodes into the arena; checks everything about the header that needs no key:
 * exactly three parts, header an object of strict JSON whose members are alg, typ, kid, cty only
 * (jku jwk x5u x5c x5t x5t#S256 crit b64 zip and anything else: JWS_MALFORMED), alg one of ours,
 * kid a string of 1..128 bytes [A-Za-z0-9._~-]. reason_out (may be NULL): constant phrase. */
enum jws_result jws_split(struct sd_slice token, struct sd_arena *arena, struct jws *out,
			  const char **reason_out) SD_MUSTCHECK;

/* Like jws_split for published vectors: typ and kid may be anything strict JSON allows,
 * and the payload may be empty. */
enum jws_result jws_split_raw(struct sd_slice token, struct sd_arena *arena, struct jws *out,
			      const char **reason_out) SD_MUSTCHECK;

/* Like jws_split for the tokens of other issuers, whose headers carry more: members that we do not
 * know are ignored but crit, b64, zip, enc, jku, jwk, x5u and x5c, which ask for something that we
 * never do; kid 1..128 bytes of visible ASCII. */
enum jws_result jws_split_foreign(struct sd_slice token, struct sd_arena *arena, struct jws *out,
				  const char **reason_out) SD_MUSTCHECK;

/* SHA-256 of a token as it came: what a verified one is remembered by. SD_ERR_CRYPTO. */
int jws_digest(struct sd_slice token, uint8_t out[32]) SD_MUSTCHECK;

/* One signature check (ES256: 64 bytes r||s, 1 <= r,s < n). Needs no arena. */
enum jws_result jws_verify(const struct jws *jws, const struct jwk *key) SD_MUSTCHECK;

#endif
