/* SPDX-License-Identifier: MIT
 * user_key - the random data key of one user.
 * Owns:      the form of wrapped keys and of what is sealed under them
 * Runs in:   worker (after the sandbox), tools
 * Fails by:  USER_KEY_BROKEN, USER_KEY_OTHER, SD_ERR_*
 * Never:     keep a key; try another owner than the one that is named
 */
#include "base.h"

#include "user_key.h"

#include "err.h"
#include "seal.h"
#include "secret.h"

#define FORM 1
#define LABEL_SECRET "sessiond data id 1"
#define LABEL_WRAP "sessiond user key 1"
#define LABEL_TEXT "sessiond data 1"
#define AAD_MAX 256

SD_STATIC_ASSERT(USER_KEY_WRAPPED == 1 + 2 * USER_KEY_ID + 32 + SEAL_OVERHEAD, "wrapped form");
SD_STATIC_ASSERT(USER_KEY_OVERHEAD == 1 + USER_KEY_ID + SEAL_OVERHEAD, "sealed form");
SD_STATIC_ASSERT(USER_KEY_HEAD == 1 + USER_KEY_ID + 12, "form, key and nonce");

/* label 0 tenant 0 hash 0 tail: no part can run into the next, for only the last may hold a 0. */
static int make_aad(const char *label, const struct user_key_owner *owner, struct sd_slice tail,
		    char aad[AAD_MAX], struct sd_slice *out)
{
	size_t n = strlen(label), at = n + 1;

	*out = sd_slice(aad, 0);
	if (n + 3 + owner->tenant.n + owner->hash.n + tail.n > AAD_MAX)
		return SD_ERR_TOO_BIG;
	memset(aad, 0, AAD_MAX);
	memcpy(aad, label, n);
	memcpy(aad + at, owner->tenant.p, owner->tenant.n);
	at += owner->tenant.n + 1;
	memcpy(aad + at, owner->hash.p, owner->hash.n);
	at += owner->hash.n + 1;
	if (tail.n)
		memcpy(aad + at, tail.p, tail.n);
	*out = sd_slice(aad, at + tail.n);
	return SD_OK;
}

static struct sd_slice session_of(const struct user_key_owner *owner)
{
	return owner->sid ? sd_slice(owner->sid->b, HANDLE_SID_BYTES) : sd_slice(NULL, 0);
}

/* Names a tenant's data key without telling anything of it. */
static int secret_id(const uint8_t tenant_key[HANDLE_KEY_BYTES], uint8_t out[USER_KEY_ID])
{
	uint8_t whole[32];
	int err = handle_derive(tenant_key, HANDLE_KEY_BYTES, LABEL_SECRET, sd_slice("", 0), whole);

	memcpy(out, whole, USER_KEY_ID);
	return err;
}

int user_key_new(struct user_key *out)
{
	int err = sd_random(out, sizeof(*out));

	if (err != SD_OK)
		sd_wipe(out, sizeof(*out));
	return err;
}

int user_key_wrap(const struct user_key *k, const uint8_t tenant_key[HANDLE_KEY_BYTES],
		  const struct user_key_owner *owner, uint8_t out[USER_KEY_WRAPPED])
{
	char text[AAD_MAX];
	struct sd_slice aad;
	struct sd_buf sealed;
	int err;

	memset(out, 0, USER_KEY_WRAPPED);
	sd_buf_init(&sealed, USER_KEY_WRAPPED);
	err = make_aad(LABEL_WRAP, owner, sd_slice(k->id, USER_KEY_ID), text, &aad);
	if (err == SD_OK)
		err = secret_id(tenant_key, out + 1 + USER_KEY_ID);
	if (err == SD_OK)
		err = seal_close(tenant_key, aad, sd_slice(k->key, sizeof(k->key)), &sealed);
	if (err == SD_OK) {
		out[0] = FORM;
		memcpy(out + 1, k->id, USER_KEY_ID);
		memcpy(out + 1 + 2 * USER_KEY_ID, sealed.p, sealed.len);
	}
	sd_buf_fini(&sealed);
	return err;
}

enum user_key_result user_key_unwrap(struct sd_slice wrapped,
				     const uint8_t (*tenant_keys)[HANDLE_KEY_BYTES], size_t n,
				     const struct user_key_owner *owner, struct user_key *out,
				     size_t *which_out)
{
	char text[AAD_MAX];
	uint8_t id[USER_KEY_ID];
	struct sd_slice aad, sealed;
	struct sd_buf plain;
	bool ok;

	memset(out, 0, sizeof(*out));
	*which_out = 0;
	if (wrapped.n != USER_KEY_WRAPPED || wrapped.p[0] != FORM ||
	    make_aad(LABEL_WRAP, owner, sd_slice(wrapped.p + 1, USER_KEY_ID), text, &aad) != SD_OK)
		return USER_KEY_BROKEN;
	for (; *which_out < n; (*which_out)++)
		if (secret_id(tenant_keys[*which_out], id) == SD_OK &&
		    memcmp(id, wrapped.p + 1 + USER_KEY_ID, USER_KEY_ID) == 0)
			break;
	if (*which_out == n)
		return USER_KEY_OTHER;
	sealed = sd_slice(wrapped.p + 1 + 2 * USER_KEY_ID, 32 + SEAL_OVERHEAD);
	sd_buf_init(&plain, 64);
	ok = seal_open(tenant_keys[*which_out], aad, sealed, &plain) == SD_OK;
	if (ok) {
		memcpy(out->id, wrapped.p + 1, USER_KEY_ID);
		memcpy(out->key, plain.p, sizeof(out->key));
	}
	sd_buf_wipe_fini(&plain);
	return ok ? USER_KEY_OK : USER_KEY_BROKEN;
}

int user_key_seal(const struct user_key *k, const struct user_key_owner *owner,
		  struct sd_slice plain, struct sd_buf *out)
{
	char text[AAD_MAX];
	struct sd_slice aad;
	size_t before = out->len;
	int err = make_aad(LABEL_TEXT, owner, session_of(owner), text, &aad);

	if (err != SD_OK)
		return err;
	sd_buf_char(out, FORM);
	sd_buf_append(out, k->id, USER_KEY_ID);
	if (out->failed)
		return SD_ERR_TOO_BIG;
	err = seal_close(k->key, aad, plain, out);
	if (err != SD_OK)
		out->len = before;
	return err;
}

enum user_key_result user_key_open(const struct user_key *k, const struct user_key_owner *owner,
				   struct sd_slice sealed, struct sd_buf *out)
{
	char text[AAD_MAX];
	struct sd_slice aad;

	if (sealed.n < USER_KEY_OVERHEAD || sealed.p[0] != FORM)
		return USER_KEY_BROKEN;
	if (memcmp(sealed.p + 1, k->id, USER_KEY_ID) != 0)
		return USER_KEY_OTHER;
	sealed = sd_slice(sealed.p + 1 + USER_KEY_ID, sealed.n - 1 - USER_KEY_ID);
	if (make_aad(LABEL_TEXT, owner, session_of(owner), text, &aad) != SD_OK ||
	    seal_open(k->key, aad, sealed, out) != SD_OK)
		return USER_KEY_BROKEN;
	return USER_KEY_OK;
}
