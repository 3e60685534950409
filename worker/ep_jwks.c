/* SPDX-License-Identifier: MIT
 * ep_jwks - GET /tenants/{tenant}/jwks: the tenant's public keys, ready-made in policy memory.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  404 tenant-unknown
 * Never:     build the set per request
 */
#include "base.h"
#include "ep.h"

#include "http_etag.h"
#include "http_field.h"
#include "respond.h"

static enum step answer(struct request *r)
{
	const struct policy_view *v = &r->gen->view;
	struct sd_slice etag = policy_view_str(v, r->tenant->jwks_etag), held;
	respond_header(r, "ETag", etag);
	respond_header(r, "Cache-Control", SD_SLICE("public, max-age=300"));
	if (http_field_get(r->msg, "if-none-match", &held) == HTTP_FOUND_ONE) {
		enum http_etag found = http_etag_find(held, etag, false);
		if (found == HTTP_ETAG_LISTED || found == HTTP_ETAG_ANY)
			return respond_empty(r, 304);
	}
	return respond_text(r, 200, "application/jwk-set+json",
			    policy_view_str(v, r->tenant->jwks));
}

const request_step ep_jwks_steps[] = {answer, NULL};
