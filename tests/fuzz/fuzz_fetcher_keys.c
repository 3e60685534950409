/* SPDX-License-Identifier: MIT
 * fuzz_fetcher_keys - any document of an issuer: refused, or made into a set that the master takes whole
 * and that comes out the same when it goes in once more. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "err.h"
#include "fetcher_keys.h"
#include "jwk.h"

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct sd_buf out, again;
	struct sd_diag why = {{0}};
	struct jwk *keys;
	size_t n;

	sd_buf_init(&out, 1 << 20);
	sd_buf_init(&again, 1 << 20);
	if (size <= 1 << 18 && fetcher_keys(sd_slice(data, size), &out, &why) == SD_OK) {
		sd_bug_if(jwks_parse(sd_buf_slice(&out), &keys, &n, NULL) != 0 || n == 0);
		jwks_free(&keys, n);
		sd_bug_if(fetcher_keys(sd_buf_slice(&out), &again, &why) != SD_OK);
		sd_bug_if(again.len != out.len || memcmp(again.p, out.p, out.len) != 0);
	}
	sd_buf_fini(&out);
	sd_buf_fini(&again);
}
