/* SPDX-License-Identifier: MIT
 * handle - session ids and opaque tokens: made, parsed, MAC'd.
 * Owns:      the byte layout of the tokens
 * Runs in:   worker, signer (derivation), tools
 * Fails by:  SD_ERR_SYSTEM, SD_ERR_CRYPTO, SD_ERR_INVALID; HANDLE_MALFORMED, HANDLE_BAD_MAC;
 *            sd_bug when SHA-256 itself fails (it allocates nothing after the warm-up)
 * Never:     an answer about a token whose MAC was not checked: Redis is not asked for garbage */
#include "base.h"

#include "handle.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "b64url.h"
#include "die.h"
#include "err.h"
#include "secret.h"
#include "token_ossl.h"

#define PREFIX_LEN 4
#define BODY_BYTES                                                                                 \
	(HANDLE_SID_BYTES + 4 + HANDLE_RANDOM_BYTES) /* what the MAC covers, behind the prefix */

SD_STATIC_ASSERT(BODY_BYTES + HANDLE_MAC_BYTES == HANDLE_TOKEN_BYTES, "a token's layout");
SD_STATIC_ASSERT(PREFIX_LEN + B64URL_LEN(HANDLE_TOKEN_BYTES) == HANDLE_TOKEN_LEN,
		 "a token's length");
SD_STATIC_ASSERT(B64URL_LEN(HANDLE_SID_BYTES) == HANDLE_SID_LEN, "a session id's length");

static const char *prefix(enum handle_kind kind)
{
	return kind == HANDLE_SESSION ? "sds_" : kind == HANDLE_CODE ? "sdc_" : "sdr_";
}

uint8_t handle_partition(struct sd_slice tenant, struct sd_slice user)
{
	uint8_t hash[32];
	char head[256];

	sd_bug_if(tenant.n >= sizeof(head)); /* names of the configuration: at most 63 bytes */
	if (tenant.n)
		memcpy(head, tenant.p, tenant.n);
	head[tenant.n] = '\0';
	if (token_ossl_digest(sd_slice(head, tenant.n + 1), user, hash) != 0)
		sd_bug(__FILE__, __LINE__,
		       "SHA-256 fails"); /* a wrong partition would be for ever */
	return hash[0];
}

int sid_new(uint8_t partition, struct sid *out)
{
	out->b[0] = partition;
	if (sd_random(out->b + 1, HANDLE_SID_BYTES - 1) == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	return SD_ERR_SYSTEM;
}

void sid_text(const struct sid *sid, char out[HANDLE_SID_LEN + 1])
{
	b64url_encode(sid->b, HANDLE_SID_BYTES, out);
	out[HANDLE_SID_LEN] = '\0';
}

int sid_parse(struct sd_slice text, struct sid *out)
{
	size_t n;

	if (text.n == HANDLE_SID_LEN && b64url_decode(text, out->b, HANDLE_SID_BYTES, &n) == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	return SD_ERR_INVALID;
}

int handle_new(enum handle_kind kind, const struct sid *sid, uint32_t generation,
	       struct handle *out)
{
	*out = (struct handle){.kind = kind, .sid = *sid, .generation = generation};
	if (sd_random(out->random, sizeof(out->random)) == 0)
		return 0;
	memset(out, 0, sizeof(*out));
	return SD_ERR_SYSTEM;
}

static void body_write(const struct handle *h, uint8_t body[BODY_BYTES])
{
	uint8_t *g = body + HANDLE_SID_BYTES;

	memcpy(body, h->sid.b, HANDLE_SID_BYTES);
	g[0] = (uint8_t)(h->generation >> 24);
	g[1] = (uint8_t)(h->generation >> 16);
	g[2] = (uint8_t)(h->generation >> 8);
	g[3] = (uint8_t)h->generation;
	memcpy(g + 4, h->random, HANDLE_RANDOM_BYTES);
}

static void body_read(const uint8_t body[BODY_BYTES], struct handle *h)
{
	const uint8_t *g = body + HANDLE_SID_BYTES;

	memcpy(h->sid.b, body, HANDLE_SID_BYTES);
	h->generation = (uint32_t)g[0] << 24 | (uint32_t)g[1] << 16 | (uint32_t)g[2] << 8 | g[3];
	memcpy(h->random, g + 4, HANDLE_RANDOM_BYTES);
}

int handle_text(const struct handle *h, const uint8_t mac_key[HANDLE_KEY_BYTES],
		char out[HANDLE_TOKEN_LEN + 1])
{
	uint8_t all[HANDLE_TOKEN_BYTES], mac[32];
	int err;

	body_write(h, all);
	err = token_ossl_hmac(mac_key, HANDLE_KEY_BYTES, sd_slice(prefix(h->kind), PREFIX_LEN),
			      sd_slice(all, BODY_BYTES), mac);
	if (err) {
		memset(out, 0, HANDLE_TOKEN_LEN + 1);
	} else {
		memcpy(all + BODY_BYTES, mac, HANDLE_MAC_BYTES);
		memcpy(out, prefix(h->kind), PREFIX_LEN);
		b64url_encode(all, sizeof(all), out + PREFIX_LEN);
		out[HANDLE_TOKEN_LEN] = '\0';
	}
	sd_wipe(all, sizeof(all));
	sd_wipe(mac, sizeof(mac));
	return err;
}

/* All keys are tried, whichever fits: the time does not tell which. */
static bool mac_fits(struct sd_slice pre, const uint8_t all[HANDLE_TOKEN_BYTES],
		     const uint8_t (*keys)[HANDLE_KEY_BYTES], size_t n)
{
	uint8_t mac[32];
	int fits = 0;

	for (size_t i = 0; i < n; i++) {
		int ok = token_ossl_hmac(keys[i], HANDLE_KEY_BYTES, pre, sd_slice(all, BODY_BYTES),
					 mac) == 0;

		fits |= ok & (CRYPTO_memcmp(mac, all + BODY_BYTES, HANDLE_MAC_BYTES) == 0);
	}
	sd_wipe(mac, sizeof(mac));
	return fits;
}

enum handle_result handle_parse(struct sd_slice text, enum handle_kind kind,
				const uint8_t (*keys)[HANDLE_KEY_BYTES], size_t n,
				struct handle *out)
{
	uint8_t all[HANDLE_TOKEN_BYTES];
	enum handle_result result = HANDLE_MALFORMED;
	struct sd_slice pre = sd_slice(prefix(kind), PREFIX_LEN);
	size_t len;

	memset(out, 0, sizeof(*out));
	if (text.n != HANDLE_TOKEN_LEN || memcmp(text.p, pre.p, PREFIX_LEN) != 0)
		return HANDLE_MALFORMED;
	if (b64url_decode(sd_slice(text.p + PREFIX_LEN, text.n - PREFIX_LEN), all, sizeof(all),
			  &len) == 0) {
		result = mac_fits(pre, all, keys, n) ? HANDLE_OK : HANDLE_BAD_MAC;
		if (result == HANDLE_OK) {
			out->kind = kind;
			body_read(all, out);
		}
	}
	sd_wipe(all, sizeof(all));
	return result;
}

void handle_hash(const struct handle *h, uint8_t out[32])
{
	uint8_t kind = (uint8_t)h->kind;

	if (token_ossl_digest(sd_slice(&kind, 1), sd_slice(h->random, HANDLE_RANDOM_BYTES), out) !=
	    0)
		sd_bug(__FILE__, __LINE__, "SHA-256 fails"); /* equal hashes would mix two tokens */
}

int handle_derive(const void *secret, size_t n, const char *label, struct sd_slice info,
		  uint8_t out[32])
{
	static const uint8_t zero;
	char digest[] = "SHA256";
	union {
		const void *in;
		void *out;
	} key = {secret}, lab = {label}, sep = {&zero}, inf = {info.p};
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.out, n),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, lab.out, strlen(label)),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, sep.out, 1),
	    info.n ? OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, inf.out, info.n)
		   : OSSL_PARAM_construct_end(),
	    OSSL_PARAM_construct_end(),
	};
	EVP_KDF_CTX *ctx = token_ossl_hkdf() ? EVP_KDF_CTX_new(token_ossl_hkdf()) : NULL;
	int err = 0;

	if (!ctx || EVP_KDF_derive(ctx, out, 32, params) != 1) {
		memset(out, 0, 32);
		ERR_clear_error();
		err = SD_ERR_CRYPTO;
	}
	EVP_KDF_CTX_free(ctx);
	return err;
}
