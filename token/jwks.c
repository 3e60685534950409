/* SPDX-License-Identifier: MIT
 * jwks - a set of public keys, all or nothing.
 * Owns:      the bound on keys in a set
 * Runs in:   master (import), tools
 * Fails by:  SD_ERR_INVALID with the key's index, SD_ERR_TOO_BIG, SD_ERR_MEMORY
 * Never:     a set from which the bad key was quietly left out: its owner believes it is there */
#include "base.h"

#include "err.h"
#include "json_in.h"
#include "jwk.h"

#define KEYS_MAX 64

static int kid_unique(const struct jwk *keys, size_t n, struct sd_diag *diag)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(keys[i].kid, keys[n].kid) == 0)
			return sd_diag_set(diag, SD_ERR_INVALID, "keys[%zu]: same kid as keys[%zu]",
					   n, i);
	return 0;
}

static int keys_read(const struct json_value *list, struct jwk *keys, size_t *n,
		     struct sd_diag *diag)
{
	struct json_value item;
	size_t pos = 0;
	int err;

	while (json_array_next(list, &pos, &item)) {
		if (*n == KEYS_MAX)
			return sd_diag_set(diag, SD_ERR_TOO_BIG, "more than %d keys", KEYS_MAX);
		if (item.kind != JSON_OBJECT)
			return sd_diag_set(diag, SD_ERR_INVALID, "keys[%zu] is not an object", *n);
		err = jwk_parse(item.raw, JOSE_ALG_NONE_VALID, &keys[*n], diag);
		if (err) {
			sd_diag_prefix(diag, "keys[%zu]", *n);
			return err;
		}
		err = kid_unique(keys, *n, diag);
		++*n; /* counted first, so that the caller frees it too */
		if (err)
			return err;
	}
	return *n ? 0 : sd_diag_set(diag, SD_ERR_INVALID, "a set without keys");
}

/* One key of another issuer's set into the next place; false when it is not for us. */
static bool foreign_key(const struct json_value *item, struct jwk *keys, size_t n)
{
	struct sd_diag why = {{0}};

	if (item->kind != JSON_OBJECT ||
	    jwk_parse(item->raw, JOSE_ALG_NONE_VALID, &keys[n], &why) != 0)
		return false;
	if (keys[n].kid[0] != '\0' && kid_unique(keys, n, &why) == 0)
		return true;
	jwk_fini(&keys[n]);
	return false;
}

/* Room for what is read of the array of keys (*list; o is the object that holds it); NULL with *err. */
static struct jwk *list_open(struct sd_slice text, struct json_flat *o, const struct json_value **list,
			     int *err, struct sd_diag *diag)
{
	struct json_error where;
	struct jwk *keys = NULL;

	*list = NULL;
	*err = json_flat_scan(text, o, &where);
	if (*err) {
		(void)sd_diag_set(diag, *err, "byte %zu: %s", where.offset, where.reason);
		return NULL;
	}
	*list = json_flat_find(o, "keys");
	if (*list && (*list)->kind == JSON_ARRAY)
		keys = calloc(KEYS_MAX, sizeof(*keys));
	else
		*err = sd_diag_set(diag, SD_ERR_INVALID, "no \"keys\" array");
	if (!keys && !*err)
		*err = SD_ERR_MEMORY;
	return keys;
}

int jwks_parse_foreign(struct sd_slice text, struct jwk **keys_out, size_t *n_out,
		       size_t *left_out_out, struct sd_diag *diag)
{
	struct json_flat o;
	struct json_value item;
	const struct json_value *list;
	size_t n = 0, seen = 0, pos = 0;

	*keys_out = NULL;
	*n_out = *left_out_out = 0;
	int err;
	struct jwk *keys = list_open(text, &o, &list, &err, diag);
	if (!keys)
		return err;
	for (; seen <= KEYS_MAX && json_array_next(list, &pos, &item); seen++)
		if (seen < KEYS_MAX && foreign_key(&item, keys, n))
			n++;
	if (seen > KEYS_MAX)
		err = sd_diag_set(diag, SD_ERR_TOO_BIG, "more than %d keys", KEYS_MAX);
	else if (n == 0)
		err = sd_diag_set(diag, SD_ERR_INVALID, "no key that could verify anything for us");
	if (err) {
		jwks_free(&keys, n);
		return err;
	}
	*keys_out = keys;
	*n_out = n;
	*left_out_out = seen - n;
	return 0;
}

int jwks_parse(struct sd_slice text, struct jwk **keys_out, size_t *n_out, struct sd_diag *diag)
{
	struct json_flat o;
	const struct json_value *list;
	size_t n = 0;
	int err;

	*keys_out = NULL;
	*n_out = 0;
	struct jwk *keys = list_open(text, &o, &list, &err, diag);
	if (!keys)
		return err;
	err = keys_read(list, keys, &n, diag);
	if (err) {
		jwks_free(&keys, n);
		return err;
	}
	*keys_out = keys;
	*n_out = n;
	return 0;
}

void jwks_free(struct jwk **keys, size_t n)
{
	if (!keys || !*keys)
		return;
	for (size_t i = 0; i < n; i++)
		jwk_fini(&(*keys)[i]);
	free(*keys);
	*keys = NULL;
}
