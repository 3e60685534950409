/* SPDX-License-Identifier: MIT
 * sealed - data at rest, opened and sealed under the data key of its user.
 * Owns:      nothing: keys are unwrapped for one use and wiped
 * Runs in:   worker
 * Fails by:  SEALED_UNREADABLE, SEALED_GONE, SD_ERR_*
 * Never:     make a new key where one stands that cannot be opened: it may be another node's to open
 */
#include "base.h"
#include "sealed.h"

#include "clock.h"
#include "err.h"
#include "log.h"
#include "secret.h"
#include "store_key.h"

#define SAY_EVERY_NS (10 * SD_NS_PER_S)

static int owner_of(const struct request *r, const struct sealed_of *of, char hash[33],
		    struct user_key_owner *out)
{
	struct sd_slice tenant = policy_view_str(&r->gen->view, r->tenant->name);
	int err = store_key_user_hash(tenant, of->user, hash);
	*out = (struct user_key_owner){tenant, sd_slice(hash, 32), of->sid};
	return err;
}

static enum user_key_result unwrap(const struct request *r, struct sd_slice wrapped,
				   const struct user_key_owner *owner, struct user_key *out,
				   size_t *which)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	return user_key_unwrap(wrapped, keys->data, keys->sets, owner, out, which);
}

/* Whoever reads such a session again and again must not fill the log. */
static void say_unreadable(const struct request *r, const char *what)
{
	struct worker *w = r->w;
	if (w->unreadable_said_ns != 0 && r->now_ns - w->unreadable_said_ns < SAY_EVERY_NS) {
		w->unreadable_untold++;
		return;
	}
	sd_log(SD_LOG_WARN, "data-unreadable", SD_FS("text", what),
	       SD_FL("tenant", policy_view_str(&r->gen->view, r->tenant->name)),
	       SD_FL("request_id", r->request_id), SD_FI("untold", w->unreadable_untold));
	w->unreadable_said_ns = r->now_ns;
	w->unreadable_untold = 0;
}

static enum sealed_result open_it(struct request *r, const struct user_key *key,
				  const struct user_key_owner *owner, struct sd_slice sealed,
				  struct sd_slice *plain_out)
{
	struct sd_buf plain;
	sd_buf_init(&plain, SD_MAX(sealed.n, 1u));
	enum user_key_result result = user_key_open(key, owner, sealed, &plain);
	if (result == USER_KEY_OK)
		*plain_out = sd_arena_copy(&r->arena, sd_buf_slice(&plain));
	sd_buf_wipe_fini(&plain);
	if (result == USER_KEY_OTHER) /* of a key before this one, which was destroyed */
		return SEALED_GONE;
	return result == USER_KEY_OK && plain_out->p ? SEALED_OK : SEALED_UNREADABLE;
}

enum sealed_result sealed_open(struct request *r, const struct sealed_of *of, struct sd_slice sealed,
			       struct sd_slice *plain_out)
{
	struct user_key_owner owner;
	struct user_key key;
	char hash[33];
	size_t which;
	*plain_out = sd_slice("", 0);
	if (sealed.n == 0) {
		*plain_out = SD_SLICE("{}");
		return SEALED_OK;
	}
	if (of->key.n == 0)
		return SEALED_GONE;
	if (owner_of(r, of, hash, &owner) != SD_OK)
		return SEALED_UNREADABLE;
	enum user_key_result unwrapped = unwrap(r, of->key, &owner, &key, &which);
	enum sealed_result result = SEALED_UNREADABLE;
	if (unwrapped == USER_KEY_OK)
		result = open_it(r, &key, &owner, sealed, plain_out);
	sd_wipe(&key, sizeof(key));
	if (result == SEALED_UNREADABLE)
		say_unreadable(r, unwrapped == USER_KEY_OTHER
				      ? "the user's data key is wrapped under another master secret"
				      : "sealed data or its key is damaged");
	return result;
}

/* The key to seal under, and what to say of it to the store. */
static int key_for(struct request *r, const struct sealed_of *of, const struct user_key_owner *owner,
		   struct user_key *key, struct store_user_key *out)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	uint8_t wrapped[USER_KEY_WRAPPED];
	size_t which = 0;
	int e = SD_OK;
	out->standing = out->put = sd_slice("", 0);
	if (of->key.n == 0) {
		e = user_key_new(key);
	} else if (unwrap(r, of->key, owner, key, &which) != USER_KEY_OK) {
		say_unreadable(r, "the user's data key cannot be opened");
		return SD_ERR_INVALID;
	} else {
		out->standing = sd_arena_copy(&r->arena, of->key);
	}
	if (e == SD_OK && (of->key.n == 0 || which > 0)) {
		e = user_key_wrap(key, keys->data[0], owner, wrapped);
		out->put = sd_arena_copy(&r->arena, sd_slice(wrapped, sizeof(wrapped)));
	}
	if (e == SD_OK && (!out->standing.p || !out->put.p))
		e = SD_ERR_MEMORY;
	return e;
}

int sealed_close(struct request *r, const struct sealed_of *of, struct sd_slice plain,
		 struct sealed *out)
{
	struct user_key_owner owner;
	struct user_key key = {{0}, {0}};
	struct sd_buf sealed;
	char hash[33];
	*out = (struct sealed){.data = sd_slice("", 0)};
	int e = owner_of(r, of, hash, &owner);
	if (e == SD_OK)
		e = key_for(r, of, &owner, &key, &out->key);
	sd_buf_init(&sealed, plain.n + USER_KEY_OVERHEAD + 1);
	if (e == SD_OK)
		e = user_key_seal(&key, &owner, plain, &sealed);
	sd_wipe(&key, sizeof(key));
	if (e == SD_OK) {
		out->data = sd_arena_copy(&r->arena, sd_buf_slice(&sealed));
		e = out->data.p ? SD_OK : SD_ERR_MEMORY;
	}
	sd_buf_fini(&sealed);
	return e;
}

struct sd_slice sealed_head(struct sd_slice data)
{
	return sd_slice(data.p ? data.p : "", SD_MIN(data.n, (size_t)USER_KEY_HEAD));
}

void sealed_etag(uint32_t version, struct sd_slice data, char out[SEALED_ETAG_MAX])
{
	const uint8_t *nonce = (const uint8_t *)data.p + 1 + USER_KEY_ID;
	if (data.n < USER_KEY_HEAD)
		(void)snprintf(out, SEALED_ETAG_MAX, "\"%u\"", version);
	else
		(void)snprintf(out, SEALED_ETAG_MAX, "\"%u-%02x%02x%02x%02x%02x%02x\"", version,
			       nonce[0], nonce[1], nonce[2], nonce[3], nonce[4], nonce[5]);
}
