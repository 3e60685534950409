/* SPDX-License-Identifier: MIT
 * cursor - where a list goes on, as opaque text.
 * Owns:      the form of cursors
 * Runs in:   worker
 * Fails by:  false; b->failed
 * Never:     hold a secret: place and MAC alone
 */
#include "base.h"
#include "cursor.h"

#include "b64url.h"
#include "die.h"
#include "err.h"

#define PLACE_BYTES (1 + 8 + HANDLE_SID_BYTES)
#define MAC_BYTES 16
#define CURSOR_BYTES (PLACE_BYTES + MAC_BYTES)
#define CURSOR_FORM 1

static const struct tenant_keys *keys_of(const struct request *r)
{
	return &r->gen->keys[r->tenant_index];
}

/* HKDF with the tenant's key is a MAC as well; its label keeps it apart from all else that the key
 * does. */
static bool mac(const uint8_t key[32], struct sd_slice scope, const uint8_t place[PLACE_BYTES],
		uint8_t out[32])
{
	char info[PLACE_BYTES + CURSOR_SCOPE_MAX];
	sd_bug_if(scope.n > CURSOR_SCOPE_MAX);
	memcpy(info, place, PLACE_BYTES);
	memcpy(info + PLACE_BYTES, scope.p, scope.n);
	return handle_derive(key, 32, "sessiond list cursor",
			     sd_slice(info, PLACE_BYTES + scope.n), out) == SD_OK;
}

void cursor_write(struct request *r, struct sd_slice scope, const struct cursor *c,
		  struct sd_buf *b)
{
	uint8_t bytes[CURSOR_BYTES], made[32];
	char text[B64URL_LEN(CURSOR_BYTES)];
	bytes[0] = CURSOR_FORM;
	for (int i = 0; i < 8; i++)
		bytes[1 + i] = (uint8_t)((uint64_t)c->ms >> (56 - 8 * i));
	memcpy(bytes + 9, c->sid.b, HANDLE_SID_BYTES);
	if (!mac(keys_of(r)->mac[0], scope, bytes, made)) {
		b->failed = true;
		return;
	}
	memcpy(bytes + PLACE_BYTES, made, MAC_BYTES);
	sd_buf_char(b, '"');
	sd_buf_append(b, text, b64url_encode(bytes, sizeof(bytes), text));
	sd_buf_char(b, '"');
}

void cursor_end(struct request *r, struct sd_slice scope, const struct cursor *c)
{
	sd_buf_str(&r->body, "],\"next_cursor\":");
	if (c)
		cursor_write(r, scope, c, &r->body);
	else
		sd_buf_str(&r->body, "null");
	sd_buf_char(&r->body, '}');
}

struct sd_slice cursor_scope(struct request *r, const char *list, struct sd_slice user)
{
	struct sd_slice tenant = policy_view_str(&r->gen->view, r->tenant->name);
	char *at = sd_arena_alloc(&r->arena, CURSOR_SCOPE_MAX);
	int n = at ? snprintf(at, CURSOR_SCOPE_MAX, "%s " SD_SLICE_FMT " " SD_SLICE_FMT, list,
			      SD_SLICE_ARG(tenant), SD_SLICE_ARG(user))
		   : 0;
	return sd_slice(at ? at : "", (size_t)SD_MAX(n, 0));
}

static bool mac_fits(const struct request *r, struct sd_slice scope, const uint8_t *bytes)
{
	const struct tenant_keys *keys = keys_of(r);
	for (uint32_t i = 0; i < SD_MIN(keys->sets, (uint32_t)SIGN_KEYSETS); i++) {
		uint8_t made[32];
		if (mac(keys->mac[i], scope, bytes, made) &&
		    sd_slice_eq_ct(sd_slice(made, MAC_BYTES),
				   sd_slice(bytes + PLACE_BYTES, MAC_BYTES)))
			return true;
	}
	return false;
}

bool cursor_read(struct request *r, struct sd_slice scope, struct sd_slice text,
		 struct cursor *out)
{
	uint8_t bytes[CURSOR_BYTES];
	size_t n = 0;
	uint64_t ms = 0;
	memset(out, 0, sizeof(*out));
	if (b64url_decode(text, bytes, sizeof(bytes), &n) != SD_OK || n != sizeof(bytes) ||
	    bytes[0] != CURSOR_FORM || !mac_fits(r, scope, bytes))
		return false;
	for (int i = 0; i < 8; i++)
		ms = ms << 8 | bytes[1 + i];
	out->ms = (int64_t)ms;
	memcpy(out->sid.b, bytes + 9, HANDLE_SID_BYTES);
	return true;
}
