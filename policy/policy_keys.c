/* SPDX-License-Identifier: MIT
 * policy_keys - from keys/TENANT/ (KID.json) to the key list of a tenant.
 * Owns:      nothing; the list lives in the configuration's arena
 * Runs in:   master, tools
 * Fails by:  reporting each sidecar that is wrong; one bad key refuses the configuration
 * Never:     open a .pem: private keys are the signer's
 */
#include "base.h"
#include "policy_keys.h"

#include "err.h"
#include "keyfile.h"
#include "policy_file.h"

struct import {
	struct tenant_conf *t;
	struct sd_arena *arena;
	struct policy_faults *faults;
	char folder[CONF_PATH + 72];
};

static void refuse(struct import *im, const char *file, const char *what)
{
	policy_fault(im->faults, (struct policy_where){file, {0, 0}, ""}, "%s", what);
}

static struct sd_slice keep(struct import *im, struct sd_buf *b)
{
	struct sd_slice s = {0};

	if (!b->failed)
		s = sd_arena_copy(im->arena, sd_buf_slice(b));
	sd_buf_reset(b);
	return s;
}

/* kf into the next place of the list (there is room). */
static bool take(struct import *im, const struct keyfile *kf)
{
	struct conf_key *k = &im->t->keys[im->t->key_count];
	struct sd_buf b;

	sd_buf_init(&b, KEYFILE_TEXT_MAX);
	k->kid = sd_arena_copy(im->arena, sd_slice_str(kf->kid));
	k->alg = kf->alg;
	k->publish_s = kf->publish_at;
	k->activate_s = kf->activate_at;
	k->retire_s = kf->retire_at ? kf->retire_at : INT64_MAX;
	k->remove_s = kf->remove_at ? kf->remove_at : INT64_MAX;
	if (jwk_emit(&kf->jwk, &b) == SD_OK)
		k->jwk = keep(im, &b);
	if (jwk_to_spki(&kf->jwk, &b) == SD_OK)
		k->spki = keep(im, &b);
	sd_buf_fini(&b);
	return k->kid.p && k->jwk.p && k->spki.p;
}

static void import_one(struct import *im, const char *name, const char *kid)
{
	char path[CONF_PATH + 72 + KEYFILE_NAME_MAX];
	struct keyfile kf;
	struct sd_diag diag = {""};
	struct sd_buf text;

	snprintf(path, sizeof(path), "%s/%s", im->folder, name);
	int err = policy_file_read(path, KEYFILE_TEXT_MAX, FILE_OWNER_ANY, &text, im->faults);

	if (err == SD_OK && keyfile_parse(sd_buf_slice(&text), &kf, &diag) == SD_OK) {
		if (strcmp(kf.tenant, im->t->name) != 0)
			refuse(im, path, "is a key of another tenant");
		else if (strcmp(kf.kid, kid) != 0)
			refuse(im, path, "is named after another key");
		else if (take(im, &kf))
			im->t->key_count++;
		else
			refuse(im, path, "cannot be imported: out of memory");
		keyfile_fini(&kf);
	} else if (err == SD_OK) {
		refuse(im, path, diag.text);
	}
	sd_buf_fini(&text);
}

static void import_folder(struct import *im, const struct policy_names *names)
{
	im->t->keys =
	    sd_arena_alloc(im->arena, SD_MAX(names->count, (size_t)1) * sizeof(*im->t->keys));
	if (im->t->keys == NULL) {
		refuse(im, im->folder, "out of memory");
		return;
	}
	for (size_t i = 0; i < names->count; i++) {
		char kid[JWK_THUMBPRINT_LEN + 1];

		if (keyfile_name_parse(names->v[i], ".json", kid))
			import_one(im, names->v[i], kid);
	}
}

static void check_active(struct import *im, int64_t now_s)
{
	const struct tenant_conf *t = im->t;
	const struct conf_key *best = NULL;
	struct policy_where at = {t->file, t->pos[0], "tenant"};

	for (size_t i = 0; i < t->key_count; i++) {
		const struct conf_key *k = &t->keys[i];

		if (now_s >= k->activate_s && now_s < k->retire_s &&
		    (best == NULL || k->activate_s > best->activate_s))
			best = k;
	}
	if (best == NULL)
		policy_fault(im->faults, at,
			     "has no active signing key in %s: run `sessionctl keys new %s`",
			     im->folder, t->name);
	else if ((uint32_t)best->alg != t->p.alg)
		policy_note(im->faults, at,
			    "signs with %s until a key of signing.algorithm %s is active: run "
			    "`sessionctl keys rotate %s`",
			    jose_alg_name(best->alg), jose_alg_name((enum jose_alg)t->p.alg),
			    t->name);
}

void policy_keys_import(struct tenant_conf *t, const char *keys_dir, int64_t now_s,
			struct sd_arena *arena, struct policy_faults *faults)
{
	struct import im = {.t = t, .arena = arena, .faults = faults};
	struct policy_names names;
	size_t before = faults->count;

	snprintf(im.folder, sizeof(im.folder), "%s/%s", keys_dir, t->name);
	int err = policy_file_list(im.folder, &names, faults);

	if (err == SD_OK) {
		import_folder(&im, &names);
		policy_file_list_free(&names);
	}
	if (faults->count == before)
		check_active(&im, now_s);
}
