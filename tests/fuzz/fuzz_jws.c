/* SPDX-License-Identifier: MIT
 * fuzz_jws - any token: strict is stricter than raw, and no key of ours has signed it. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "jws.h"

#define JWK                                                                                        \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"                              \
	"7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
/* RFC 8037 A.4: the one text that this key has signed. */
#define SIGNED "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"

static struct jwk key;

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct sd_slice token = sd_slice(data, size);
	const char *why;
	struct sd_arena arena;
	struct jws strict, raw;
	enum jws_result s, r;

	if (!key.pkey && jwk_parse(SD_SLICE(JWK), JOSE_EDDSA, &key, NULL) != 0)
		sd_bug(__FILE__, __LINE__, "key");
	sd_arena_init(&arena, 65536);
	s = jws_split(token, &arena, &strict, &why);
	sd_bug_if((s == JWS_OK) == (why != NULL));
	r = jws_split_raw(token, &arena, &raw, NULL);
	sd_bug_if(s == JWS_OK && r != JWS_OK);
	sd_bug_if(r == JWS_OK && (size > JWS_MAX_TOKEN || raw.alg == JOSE_ALG_NONE_VALID));
	if (r == JWS_OK)
		sd_bug_if(jws_verify(&raw, &key) == JWS_OK &&
			  !sd_slice_is(raw.signed_part, SIGNED));
	sd_arena_fini(&arena);
}
