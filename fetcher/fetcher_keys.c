/* SPDX-License-Identifier: MIT
 * fetcher_keys - an issuer's document into a strict set of keys.
 * Owns:      nothing
 * Runs in:   fetcher (within its sandbox)
 * Fails by:  SD_ERR_* with the reason
 * Never:     pass a byte of the document on: what leaves is written anew */
#include "base.h"
#include "fetcher_keys.h"

#include "err.h"
#include "jwk.h"

static int by_kid(const void *a, const void *b)
{
	return strcmp(((const struct jwk *)a)->kid, ((const struct jwk *)b)->kid);
}

int fetcher_keys(struct sd_slice document, struct sd_buf *out, struct sd_diag *diag)
{
	struct jwk *keys = NULL;
	size_t n = 0, left_out = 0;
	int err = jwks_parse_foreign(document, &keys, &n, &left_out, diag);

	if (err != SD_OK)
		return err;
	qsort(keys, n, sizeof(*keys), by_kid);
	sd_buf_str(out, "{\"keys\":[");
	for (size_t i = 0; i < n && err == SD_OK; i++) {
		sd_buf_str(out, i ? "," : "");
		err = jwk_emit(&keys[i], out);
	}
	sd_buf_str(out, "]}");
	jwks_free(&keys, n);
	return err == SD_OK && out->failed ? SD_ERR_TOO_BIG : err;
}
