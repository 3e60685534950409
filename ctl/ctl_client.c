/* SPDX-License-Identifier: MIT
 * ctl_client - makes the API key of a client and says what to put into the tenant's file.
 * Owns:      the key, until it is printed and wiped
 * Runs in:   sessionctl
 * Fails by:  exit code 1 or 2 with a line on standard error
 * Never:     write the key to a file, or change a tenant's file: the operator puts the hash there
 */
#include "base.h"
#include "ctl_client.h"

#include <openssl/evp.h>

#include "b64url.h"
#include "buf.h"
#include "err.h"
#include "policy_suggest.h"
#include "policy_view.h"
#include "policy_word.h"
#include "secret.h"

#define KEY_BYTES 32
#define KEY_PREFIX "sdk_"
#define KEY_TEXT (sizeof(KEY_PREFIX) - 1 + B64URL_LEN(KEY_BYTES))

struct client {
	const char *tenant, *id;
	uint32_t permissions;
	char key[KEY_TEXT + 1];
	struct sd_buf hash; /* "sha256:..." */
};

static int usage(void)
{
	fputs("usage: sessionctl client new TENANT ID --permissions "
	      "sessions:create,sessions:validate\n",
	      stderr);
	return CTL_USAGE;
}

static bool name_ok(enum policy_type type, const char *name)
{
	const char *why = policy_word_fault(type, sd_slice_str(name));

	if (why)
		fprintf(stderr, "sessionctl: \"%s\": %s\n", name, why);
	return why == NULL;
}

static bool permission_take(struct sd_slice word, uint32_t *bits)
{
	struct policy_suggest s;
	int bit = permission_parse(word);

	if (bit >= 0) {
		*bits |= 1u << bit;
		return true;
	}
	policy_suggest_init(&s, word);
	for (unsigned i = 0; i < PERM_BIT_COUNT; i++)
		policy_suggest_offer(&s, sd_slice_str(permission_name(i)));
	const char *best = policy_suggest_best(&s);

	fprintf(stderr, "sessionctl: no permission is called \"%.*s\"%s%s%s\n", SD_SLICE_ARG(word),
		best ? " (did you mean \"" : "", best ? best : "", best ? "\"?)" : "");
	return false;
}

static bool permissions_read(const char *list, uint32_t *bits)
{
	bool ok = true;

	*bits = 0;
	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		ok = permission_take(sd_slice(p, strcspn(p, ",")), bits) && ok;
	return ok;
}

static int key_make(struct client *c)
{
	uint8_t random[KEY_BYTES], hash[EVP_MAX_MD_SIZE];
	int err = sd_random(random, sizeof(random));

	if (err)
		return err;
	memcpy(c->key, KEY_PREFIX, sizeof(KEY_PREFIX) - 1);
	(void)b64url_encode(random, sizeof(random), c->key + sizeof(KEY_PREFIX) - 1);
	c->key[KEY_TEXT] = '\0';
	sd_wipe(random, sizeof(random));
	if (EVP_Digest(c->key, KEY_TEXT, hash, NULL, EVP_sha256(), NULL) != 1)
		return SD_ERR_CRYPTO;
	sd_buf_init(&c->hash, 128);
	sd_buf_str(&c->hash, "sha256:");
	sd_buf_hex(&c->hash, hash, 32);
	sd_buf_char(&c->hash, '\0');
	return c->hash.failed ? SD_ERR_MEMORY : SD_OK;
}

static void print_text(const struct client *c)
{
	const char *comma = "";

	printf("The key (shown once, stored nowhere):\n\n  %s\n\n", c->key);
	printf("Put this into tenants.d/%s.yaml and run `sessionctl reload`:\n\n", c->tenant);
	printf("clients:\n  - id: %s\n    key_hashes: [\"%s\"]\n    permissions: [", c->id,
	       c->hash.p);
	for (unsigned i = 0; i < PERM_BIT_COUNT; i++) {
		if (!(c->permissions & (1u << i)))
			continue;
		printf("%s%s", comma, permission_name(i));
		comma = ", ";
	}
	puts("]");
}

static int client_new(const struct ctl *ctl, struct client *c)
{
	int err = key_make(c);

	if (err)
		fprintf(stderr, "sessionctl: no key: %s\n", sd_err_text(err));
	else if (ctl->json)
		printf("{\"key\": \"%s\", \"key_hash\": \"%s\"}\n", c->key, c->hash.p);
	else
		print_text(c);
	sd_wipe(c->key, sizeof(c->key));
	sd_buf_fini(&c->hash);
	return err ? CTL_FAILED : CTL_DONE;
}

int ctl_client(const struct ctl *ctl, int argc, char **argv)
{
	struct client c = {.tenant = NULL};

	if (argc != 5 || strcmp(argv[0], "new") != 0 || strcmp(argv[3], "--permissions") != 0)
		return usage();
	c.tenant = argv[1];
	c.id = argv[2];
	bool ok = name_ok(TYPE_TENANT_NAME, c.tenant);

	ok = name_ok(TYPE_CLIENT_ID, c.id) && ok;
	ok = permissions_read(argv[4], &c.permissions) && ok;
	return ok ? client_new(ctl, &c) : CTL_USAGE;
}
