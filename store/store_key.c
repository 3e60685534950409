/* SPDX-License-Identifier: MIT
 * store_key - names of keys and channels.
 * Owns:      the shape of every name that sessiond uses in Redis
 * Runs in:   master | worker | tools
 * Fails by:  returning SD_ERR_INVALID | sd_bug on a prefix or tenant that nobody checked
 * Never:     make a name from anything that a client chose but a checked id or its hash
 */
#include "base.h"
#include "store_key.h"

#include <openssl/evp.h>

#include "die.h"
#include "err.h"

static const char hex[] = "0123456789abcdef";

int store_key_check_prefix(const char *prefix)
{
	size_t n = prefix ? strlen(prefix) : 0;
	static const char set[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-";

	if (n == 0 || n > STORE_PREFIX_MAX || strspn(prefix, set) != n)
		return SD_ERR_INVALID;
	return SD_OK;
}

void store_key_partition(uint8_t partition, char out[3])
{
	out[0] = hex[partition >> 4];
	out[1] = hex[partition & 15];
	out[2] = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int store_key_partition_parse(struct sd_slice text, uint8_t *out)
{
	*out = 0;
	if (text.n != 2 || digit(text.p[0]) < 0 || digit(text.p[1]) < 0)
		return SD_ERR_INVALID;
	*out = (uint8_t)(digit(text.p[0]) << 4 | digit(text.p[1]));
	return SD_OK;
}

int store_key_log_parse(const char *prefix, struct sd_slice key, uint8_t *out)
{
	static const char tail[] = "}:log";
	size_t n = strlen(prefix), t = sizeof(tail) - 1;

	*out = 0;
	if (key.n != n + 3 + t || memcmp(key.p, prefix, n) != 0 || key.p[n] != '{' ||
	    memcmp(key.p + n + 3, tail, t) != 0)
		return SD_ERR_INVALID;
	return store_key_partition_parse(sd_slice(key.p + n + 1, 2), out);
}

/* PREFIX{pp}:TAIL, and with a tenant PREFIX{pp}:TAIL:TENANT */
static void make(struct store_key *k, const char *prefix, uint8_t partition, const char *tail,
		 struct sd_slice tenant)
{
	int n;

	sd_bug_if(tenant.n > STORE_TENANT_MAX);
	n = snprintf(k->s, sizeof(k->s), "%s{%02x}:%s%s" SD_SLICE_FMT, prefix, partition, tail,
		     tenant.n ? ":" : "", SD_SLICE_ARG(tenant));
	sd_bug_if(n < 0 || (size_t)n >= sizeof(k->s));
}

static void make_base(struct store_key *k, const char *prefix, uint8_t partition, const char *tail,
		      struct sd_slice tenant)
{
	size_t n;

	make(k, prefix, partition, tail, tenant);
	n = strlen(k->s);
	sd_bug_if(n + 1 >= sizeof(k->s));
	k->s[n] = ':';
	k->s[n + 1] = '\0';
}

void store_key_log(struct store_key *k, const char *prefix, uint8_t partition)
{
	make(k, prefix, partition, "log", SD_SLICE(""));
}

void store_key_log_id(struct store_key *k, const char *prefix, uint8_t partition)
{
	make(k, prefix, partition, "log:id", SD_SLICE(""));
}

void store_key_deadlines(struct store_key *k, const char *prefix, uint8_t partition)
{
	make(k, prefix, partition, "d", SD_SLICE(""));
}

void store_key_sweep(struct store_key *k, const char *prefix, uint8_t partition)
{
	make(k, prefix, partition, "sweep", SD_SLICE(""));
}

void store_key_tenant_index(struct store_key *k, const char *prefix, uint8_t partition,
			    struct sd_slice tenant)
{
	make(k, prefix, partition, "t", tenant);
}

void store_key_tally(struct store_key *k, const char *prefix, uint8_t partition, struct sd_slice tenant)
{
	make(k, prefix, partition, "n", tenant);
}

void store_key_session_base(struct store_key *k, const char *prefix, uint8_t partition,
			    struct sd_slice tenant)
{
	make_base(k, prefix, partition, "s", tenant);
}

void store_key_session(struct store_key *k, const char *prefix, struct sd_slice tenant,
		       const struct sid *sid)
{
	size_t n;

	store_key_session_base(k, prefix, sid->b[0], tenant);
	n = strlen(k->s);
	sd_bug_if(n + HANDLE_SID_LEN + 1 > sizeof(k->s));
	sid_text(sid, k->s + n);
}

void store_key_user_base(struct store_key *k, const char *prefix, uint8_t partition,
			 struct sd_slice tenant)
{
	make_base(k, prefix, partition, "u", tenant);
}

void store_key_active_base(struct store_key *k, const char *prefix, uint8_t partition,
			   struct sd_slice tenant)
{
	make_base(k, prefix, partition, "a", tenant);
}

void store_key_data_base(struct store_key *k, const char *prefix, uint8_t partition,
			 struct sd_slice tenant)
{
	make_base(k, prefix, partition, "k", tenant);
}

void store_key_shared_base(struct store_key *k, const char *prefix, uint8_t partition,
			   struct sd_slice tenant)
{
	make_base(k, prefix, partition, "ud", tenant);
}

void store_key_device_base(struct store_key *k, const char *prefix, uint8_t partition,
			   struct sd_slice tenant)
{
	make_base(k, prefix, partition, "dv", tenant);
}

void store_key_idem_base(struct store_key *k, const char *prefix, uint8_t partition,
			 struct sd_slice tenant)
{
	make_base(k, prefix, partition, "i", tenant);
}

int store_key_user_hash(struct sd_slice tenant, struct sd_slice user, char out[33])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t md[EVP_MAX_MD_SIZE];
	bool ok;

	out[0] = '\0';
	ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	     EVP_DigestUpdate(ctx, tenant.p, tenant.n) == 1 && EVP_DigestUpdate(ctx, "", 1) == 1 &&
	     EVP_DigestUpdate(ctx, user.p, user.n) == 1 && EVP_DigestFinal_ex(ctx, md, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return SD_ERR_CRYPTO;
	for (size_t i = 0; i < 16; i++) {
		out[2 * i] = hex[md[i] >> 4];
		out[2 * i + 1] = hex[md[i] & 15];
	}
	out[32] = '\0';
	return SD_OK;
}

uint8_t store_key_tenant_partition(struct sd_slice tenant)
{
	return handle_partition(tenant, SD_SLICE(""));
}

void store_key_tenant_record(struct store_key *k, const char *prefix, struct sd_slice tenant)
{
	make(k, prefix, store_key_tenant_partition(tenant), "T", tenant);
}

void store_key_quota_base(struct store_key *k, const char *prefix, struct sd_slice tenant)
{
	make(k, prefix, store_key_tenant_partition(tenant), "q", tenant);
}

void store_key_events(struct store_key *k, const char *prefix, struct sd_slice tenant)
{
	make(k, prefix, store_key_tenant_partition(tenant), "e", tenant);
}

static void make_of_nodes(struct store_key *k, const char *prefix, const char *tail,
			  struct sd_slice nonce)
{
	int n = snprintf(k->s, sizeof(k->s), "%s{nodes}:%s" SD_SLICE_FMT, prefix, tail,
			 SD_SLICE_ARG(nonce));

	sd_bug_if(n < 0 || (size_t)n >= sizeof(k->s));
}

void store_key_nodes(struct store_key *k, const char *prefix)
{
	make_of_nodes(k, prefix, "live", SD_SLICE(""));
}

void store_key_asks(struct store_key *k, const char *prefix)
{
	make_of_nodes(k, prefix, "asks", SD_SLICE(""));
}

void store_key_acks(struct store_key *k, const char *prefix, struct sd_slice nonce)
{
	make_of_nodes(k, prefix, "acks:", nonce);
}

void store_key_wake(struct store_key *k, const char *prefix)
{
	int n = snprintf(k->s, sizeof(k->s), "%swake", prefix);

	sd_bug_if(n < 0 || (size_t)n >= sizeof(k->s));
}
