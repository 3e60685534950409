/* SPDX-License-Identifier: MIT
 * keyfile - the public sidecar of a signing key, and its state at a moment.
 * Owns:      the members of keys/TENANT/KID.json
 * Runs in:   master (import), signer (file names), tools
 * Fails by:  SD_ERR_INVALID with a reason, SD_ERR_CRYPTO, SD_ERR_TOO_BIG; *out zeroed
 * Never:     a stored state: it would be right on one node and late on another */
#include "base.h"

#include "keyfile.h"

#include "b64url.h"
#include "err.h"
#include "json_in.h"

#define MEMBERS 8
#define TIME_MAX 9007199254740991LL
#define TEXT_ARENA 1024

struct source {
	struct json_flat o;
	struct sd_arena arena;
	struct sd_diag *diag;
};

static const struct json_value *member(struct source *s, const char *name)
{
	const struct json_value *v = json_flat_find(&s->o, name);

	if (!v)
		(void)sd_diag_set(s->diag, SD_ERR_INVALID, "%s is missing", name);
	return v;
}

static int text_get(struct source *s, const char *name, char *out, size_t size)
{
	const struct json_value *v = member(s, name);
	struct sd_slice text;

	if (!v)
		return SD_ERR_INVALID;
	if (json_get_str(v, &s->arena, &text) != 0 || text.n == 0 ||
	    sd_slice_copy(text, out, size) != 0)
		return sd_diag_set(s->diag, SD_ERR_INVALID, "%s is not a string of 1 to %zu bytes",
				   name, size - 1);
	return 0;
}

/* open: null is allowed, and read as 0. */
static int time_get(struct source *s, const char *name, bool open, int64_t *out)
{
	const struct json_value *v = member(s, name);

	*out = 0;
	if (!v)
		return SD_ERR_INVALID;
	if (open && v->kind == JSON_NULL)
		return 0;
	if (json_get_i64(v, out) == 0 && *out > 0 && *out <= TIME_MAX)
		return 0;
	return sd_diag_set(s->diag, SD_ERR_INVALID, "%s is not a time in Unix seconds%s", name,
			   open ? " or null" : "");
}

static int order_check(const struct keyfile *k, struct sd_diag *diag)
{
	if (k->publish_at > k->activate_at)
		return sd_diag_set(diag, SD_ERR_INVALID, "activate_at is before publish_at");
	if (k->retire_at && k->retire_at <= k->activate_at)
		return sd_diag_set(diag, SD_ERR_INVALID, "retire_at is not after activate_at");
	if (k->remove_at && !k->retire_at)
		return sd_diag_set(diag, SD_ERR_INVALID, "remove_at without retire_at");
	if (k->remove_at && k->remove_at < k->retire_at)
		return sd_diag_set(diag, SD_ERR_INVALID, "remove_at is before retire_at");
	return 0;
}

/* The key itself, and that kid and algorithm are its own. */
static int key_get(struct source *s, struct keyfile *k)
{
	const struct json_value *v = member(s, "jwk");
	char thumb[JWK_THUMBPRINT_LEN + 1];
	int err;

	if (!v)
		return SD_ERR_INVALID;
	if (v->kind != JSON_OBJECT)
		return sd_diag_set(s->diag, SD_ERR_INVALID, "jwk is not an object");
	err = jwk_parse(v->raw, k->alg, &k->jwk, s->diag);
	if (err) {
		sd_diag_prefix(s->diag, "jwk");
		return err;
	}
	if (k->jwk.alg != k->alg)
		return sd_diag_set(s->diag, SD_ERR_INVALID, "algorithm is not that of jwk");
	err = jwk_thumbprint(&k->jwk, thumb);
	if (err)
		return err;
	if (strcmp(thumb, k->kid) != 0 || (k->jwk.kid[0] && strcmp(k->jwk.kid, thumb) != 0))
		return sd_diag_set(s->diag, SD_ERR_INVALID, "kid is not the thumbprint of jwk (%s)",
				   thumb);
	return sd_slice_copy(sd_slice_str(thumb), k->jwk.kid, sizeof(k->jwk.kid));
}

static int members_read(struct source *s, struct keyfile *k)
{
	char alg[16];
	int err;

	if ((err = text_get(s, "kid", k->kid, sizeof(k->kid))) != 0 ||
	    (err = text_get(s, "tenant", k->tenant, sizeof(k->tenant))) != 0 ||
	    (err = text_get(s, "algorithm", alg, sizeof(alg))) != 0 ||
	    (err = time_get(s, "publish_at", false, &k->publish_at)) != 0 ||
	    (err = time_get(s, "activate_at", false, &k->activate_at)) != 0 ||
	    (err = time_get(s, "retire_at", true, &k->retire_at)) != 0 ||
	    (err = time_get(s, "remove_at", true, &k->remove_at)) != 0)
		return err;
	k->alg = jose_alg_parse(sd_slice_str(alg));
	if (k->alg == JOSE_ALG_NONE_VALID)
		return sd_diag_set(s->diag, SD_ERR_INVALID,
				   "algorithm is not one of RS256 PS256 ES256 EdDSA");
	if ((err = key_get(s, k)) != 0 || (err = order_check(k, s->diag)) != 0)
		return err;
	if (s->o.count != MEMBERS) /* all eight are there, so one more is one we do not know */
		return sd_diag_set(s->diag, SD_ERR_INVALID, "a member that does not belong there");
	return 0;
}

int keyfile_parse(struct sd_slice text, struct keyfile *out, struct sd_diag *diag)
{
	struct source s = {.diag = diag};
	struct json_error where;
	int err;

	memset(out, 0, sizeof(*out));
	err = json_flat_scan(text, &s.o, &where);
	if (err)
		return sd_diag_set(diag, err, "byte %zu: %s", where.offset, where.reason);
	sd_arena_init(&s.arena, TEXT_ARENA);
	err = members_read(&s, out);
	sd_arena_fini(&s.arena);
	if (err)
		keyfile_fini(out);
	return err;
}

void keyfile_fini(struct keyfile *k)
{
	if (!k)
		return;
	jwk_fini(&k->jwk);
	memset(k, 0, sizeof(*k));
}

static void time_put(struct sd_buf *out, const char *name, int64_t t)
{
	sd_buf_printf(out, "  \"%s\": ", name);
	if (t)
		sd_buf_i64(out, t);
	else
		sd_buf_str(out, "null");
	sd_buf_str(out, ",\n");
}

int keyfile_emit(const struct keyfile *k, struct sd_buf *out)
{
	int err;

	sd_buf_printf(out,
		      "{\n  \"kid\": \"%s\",\n  \"tenant\": \"%s\",\n  \"algorithm\": \"%s\",\n",
		      k->kid, k->tenant, jose_alg_name(k->alg));
	time_put(out, "publish_at", k->publish_at);
	time_put(out, "activate_at", k->activate_at);
	time_put(out, "retire_at", k->retire_at);
	time_put(out, "remove_at", k->remove_at);
	sd_buf_str(out, "  \"jwk\": ");
	err = jwk_emit(&k->jwk, out);
	sd_buf_str(out, "\n}\n");
	return err ? err : out->failed ? SD_ERR_TOO_BIG : 0;
}

enum key_state keyfile_state(const struct keyfile *k, int64_t now_s)
{
	if (now_s < k->publish_at)
		return KEY_PENDING;
	if (k->remove_at && now_s >= k->remove_at)
		return KEY_REMOVED;
	if (k->retire_at && now_s >= k->retire_at)
		return KEY_RETIRED;
	return now_s < k->activate_at ? KEY_PUBLISHED : KEY_ACTIVE;
}

const char *keyfile_state_name(enum key_state state)
{
	switch (state) {
	case KEY_REMOVED:
		return "removed";
	case KEY_PENDING:
		return "pending";
	case KEY_PUBLISHED:
		return "published";
	case KEY_ACTIVE:
		return "active";
	case KEY_RETIRED:
		return "retired";
	}
	return "";
}

/* A SHA-256 hash in canonical base64url: never a path, never another spelling. */
static bool kid_is_thumbprint(const char *kid, size_t n)
{
	uint8_t hash[32];
	size_t len;

	return n == JWK_THUMBPRINT_LEN &&
	       b64url_decode(sd_slice(kid, n), hash, sizeof(hash), &len) == 0;
}

int keyfile_name(const char *kid, const char *suffix, char out[KEYFILE_NAME_MAX])
{
	out[0] = '\0';
	if (!kid_is_thumbprint(kid, strlen(kid)) || strlen(suffix) > 16)
		return SD_ERR_INVALID;
	snprintf(out, KEYFILE_NAME_MAX, "%s%s", kid, suffix);
	return 0;
}

bool keyfile_name_parse(const char *name, const char *suffix, char kid_out[JWK_THUMBPRINT_LEN + 1])
{
	memset(kid_out, 0, JWK_THUMBPRINT_LEN + 1);
	if (strlen(name) != JWK_THUMBPRINT_LEN + strlen(suffix) ||
	    strcmp(name + JWK_THUMBPRINT_LEN, suffix) != 0 ||
	    !kid_is_thumbprint(name, JWK_THUMBPRINT_LEN))
		return false;
	memcpy(kid_out, name, JWK_THUMBPRINT_LEN);
	return true;
}
