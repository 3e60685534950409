/* SPDX-License-Identifier: MIT
 * caller_claims - who calls, by the token of another issuer.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  SD_ERR_INVALID
 * Never:     judge: whether issuer, audience and times are right is known_caller's to say */
#include "base.h"
#include "caller_claims.h"

#include "err.h"

#define PATH_MAX_BYTES 128

static int text_of(const struct json_flat *o, const char *name, struct sd_arena *arena,
		   struct sd_slice *out)
{
	const struct json_value *v = json_flat_find(o, name);

	*out = sd_slice(NULL, 0);
	return v ? json_get_str(v, arena, out) : SD_OK;
}

static int time_of(const struct json_flat *o, const char *name, int64_t *out)
{
	const struct json_value *v = json_flat_find(o, name);

	*out = 0;
	if (!v)
		return SD_OK;
	return json_get_i64(v, out) == SD_OK && *out > 0 ? SD_OK : SD_ERR_INVALID;
}

static bool strings_only(const struct json_value *v)
{
	struct json_value item;
	size_t pos = 0;

	if (v->kind == JSON_STRING)
		return true;
	if (v->kind != JSON_ARRAY)
		return false;
	while (json_array_next(v, &pos, &item))
		if (item.kind != JSON_STRING)
			return false;
	return true;
}

int caller_claims_parse(struct sd_slice payload, struct sd_arena *arena, struct caller_claims *out)
{
	struct json_flat o;
	struct sd_slice client, unused;

	memset(out, 0, sizeof(*out));
	if (json_flat_scan(payload, &o, NULL) != SD_OK)
		return SD_ERR_INVALID;
	const struct json_value *aud = json_flat_find(&o, "aud");

	if (!aud || !strings_only(aud) || text_of(&o, "iss", arena, &out->iss) != SD_OK ||
	    text_of(&o, "azp", arena, &out->party) != SD_OK ||
	    text_of(&o, "client_id", arena, &client) != SD_OK ||
	    text_of(&o, "sub", arena, &unused) != SD_OK || /* what no issuer of sense writes */
	    text_of(&o, "jti", arena, &unused) != SD_OK ||
	    time_of(&o, "exp", &out->exp) != SD_OK || time_of(&o, "nbf", &out->nbf) != SD_OK ||
	    time_of(&o, "iat", &out->iat) != SD_OK || !out->iss.p || out->exp == 0)
		return SD_ERR_INVALID;
	out->aud = *aud;
	if (!out->party.p)
		out->party = client;
	return SD_OK;
}

static bool is_text(const struct json_value *v, struct sd_arena *arena, struct sd_slice want)
{
	struct sd_slice text;

	return json_get_str(v, arena, &text) == SD_OK && sd_slice_eq(text, want);
}

bool caller_claims_for(const struct caller_claims *c, struct sd_arena *arena,
		       struct sd_slice audience)
{
	struct json_value item;
	size_t pos = 0;

	if (c->aud.kind == JSON_STRING)
		return is_text(&c->aud, arena, audience);
	while (json_array_next(&c->aud, &pos, &item))
		if (is_text(&item, arena, audience))
			return true;
	return false;
}

/* The member called by all of path, else the one along its dots; false when there is none. */
static bool find(struct sd_slice payload, const char *path, struct json_value *out)
{
	struct json_flat o;
	char name[PATH_MAX_BYTES];
	const struct json_value *v;

	if (json_flat_scan(payload, &o, NULL) != SD_OK)
		return false;
	v = json_flat_find(&o, path);
	while (!v) {
		size_t n = strcspn(path, ".");

		if (path[n] != '.')
			return false;
		memcpy(name, path, n);
		name[n] = '\0';
		v = json_flat_find(&o, name);
		if (!v || v->kind != JSON_OBJECT)
			return false;
		*out = *v; /* what follows overwrites o */
		if (json_flat_nested(out, &o) != SD_OK)
			return false;
		path += n + 1;
		v = json_flat_find(&o, path);
	}
	*out = *v;
	return true;
}

static void each_word(struct sd_slice text, void (*fn)(struct sd_slice, void *), void *arg)
{
	size_t from = 0;

	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] != ' ')
			continue;
		if (i > from)
			fn(sd_slice(text.p + from, i - from), arg);
		from = i + 1;
	}
}

void caller_claims_words(struct sd_slice payload, struct sd_slice path, struct sd_arena *arena,
			 void (*fn)(struct sd_slice word, void *arg), void *arg)
{
	struct json_value v, item;
	struct sd_slice text;
	char name[PATH_MAX_BYTES];
	size_t pos = 0;

	if (sd_slice_copy(path, name, sizeof(name)) != SD_OK || !find(payload, name, &v))
		return;
	if (v.kind == JSON_STRING && json_get_str(&v, arena, &text) == SD_OK)
		each_word(text, fn, arg);
	if (v.kind != JSON_ARRAY)
		return;
	while (json_array_next(&v, &pos, &item))
		if (item.kind == JSON_STRING && json_get_str(&item, arena, &text) == SD_OK)
			fn(text, arg);
}
