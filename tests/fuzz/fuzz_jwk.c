/* SPDX-License-Identifier: MIT
 * fuzz_jwk - any key, set or sidecar: what is taken has a thumbprint and survives its own text. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "keyfile.h"

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct sd_slice text = sd_slice(data, size);
	char thumb[JWK_THUMBPRINT_LEN + 1], same[JWK_THUMBPRINT_LEN + 1];
	struct keyfile file;
	struct jwk k, again, *set;
	struct sd_buf out;
	size_t n;

	sd_buf_init(&out, 65536);
	if (jwk_parse(text, JOSE_ALG_NONE_VALID, &k, NULL) == 0) {
		sd_bug_if(jwk_thumbprint(&k, thumb) != 0 || jwk_emit(&k, &out) != 0);
		sd_bug_if(jwk_parse(sd_buf_slice(&out), k.alg, &again, NULL) != 0);
		sd_bug_if(jwk_thumbprint(&again, same) != 0 || strcmp(thumb, same) != 0);
		jwk_fini(&again);
	}
	jwk_fini(&k);
	sd_bug_if((jwks_parse(text, &set, &n, NULL) == 0) != (set != NULL && n > 0));
	jwks_free(&set, n);
	if (keyfile_parse(text, &file, NULL) == 0)
		sd_bug_if(keyfile_state(&file, file.activate_at) != KEY_ACTIVE);
	keyfile_fini(&file);
	sd_buf_fini(&out);
}
