/* SPDX-License-Identifier: MIT
 * precondition - what a conditional write says of the state that it changes.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  400 header-invalid, 412 etag-mismatch, 428 precondition-required
 * Never:     take a condition that it cannot read for one that holds
 */
#include "base.h"
#include "precondition.h"

#include <openssl/evp.h>

#include "err.h"
#include "http_etag.h"
#include "http_field.h"
#include "respond.h"

#define LOCK_LABEL "sessiond lock 1"

static enum step invalid(struct request *r, const char *what)
{
	return respond_problem(r, PROBLEM_HEADER_INVALID, what, NULL);
}

enum step precondition_read(struct request *r, struct precondition *out)
{
	enum http_found match = http_field_get(r->msg, "if-match", &out->if_match);
	enum http_found none = http_field_get(r->msg, "if-none-match", &out->if_none_match);
	if (match == HTTP_FOUND_MANY || none == HTTP_FOUND_MANY)
		return invalid(r, "If-Match or If-None-Match is sent more than once");
	out->any = match == HTTP_FOUND_NONE && none == HTTP_FOUND_NONE;
	if (match == HTTP_FOUND_ONE &&
	    http_etag_find(out->if_match, SD_SLICE("\"\""), true) == HTTP_ETAG_MALFORMED)
		return invalid(r, "If-Match is no list of entity tags");
	if (none == HTTP_FOUND_ONE &&
	    http_etag_find(out->if_none_match, SD_SLICE("\"\""), false) == HTTP_ETAG_MALFORMED)
		return invalid(r, "If-None-Match is no list of entity tags");
	if (out->any && r->tenant->require_if_match)
		return respond_problem(r, PROBLEM_PRECONDITION_REQUIRED, NULL, NULL);
	return STEP_NEXT;
}

static bool holds(const struct precondition *p, struct sd_slice etag, bool exists)
{
	enum http_etag found;
	if (p->if_match.p) {
		found = http_etag_find(p->if_match, etag, true);
		if (found != HTTP_ETAG_LISTED && !(found == HTTP_ETAG_ANY && exists))
			return false;
	}
	if (!p->if_none_match.p)
		return true;
	found = http_etag_find(p->if_none_match, etag, false);
	return found == HTTP_ETAG_NONE || (found == HTTP_ETAG_ANY && !exists);
}

enum step precondition_check(struct request *r, const struct precondition *p, const char *etag,
			     bool exists)
{
	if (p->any || holds(p, sd_slice_str(etag), exists))
		return STEP_NEXT;
	return respond_problem(r, PROBLEM_ETAG_MISMATCH, NULL, NULL);
}

int precondition_lock_hash(struct sd_slice token, uint8_t out[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, LOCK_LABEL, sizeof(LOCK_LABEL)) == 1 &&
		  EVP_DigestUpdate(ctx, token.p, token.n) == 1 &&
		  EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? SD_OK : SD_ERR_CRYPTO;
}

enum step precondition_lock(struct request *r, struct sd_slice *hash_out, struct sd_slice *token_out)
{
	struct sd_slice token;
	uint8_t hash[32];
	enum http_found found = http_field_get(r->msg, "x-lock-token", &token);
	*hash_out = sd_slice("", 0);
	if (token_out)
		*token_out = token;
	if (found == HTTP_FOUND_NONE)
		return STEP_NEXT;
	if (found == HTTP_FOUND_MANY || token.n == 0 || token.n > 128)
		return invalid(r, "X-Lock-Token is malformed");
	if (precondition_lock_hash(token, hash) == SD_OK)
		*hash_out = sd_arena_copy(&r->arena, sd_slice(hash, sizeof(hash)));
	if (!hash_out->n || !hash_out->p)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	return STEP_NEXT;
}
