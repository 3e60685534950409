/* SPDX-License-Identifier: MIT
 * policy_folder - a folder of its own for a test of policy/ to stand in; tenants and public keys
 * written into it. */
#ifndef SD_TEST_POLICY_FOLDER_H
#define SD_TEST_POLICY_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>

#include "err.h"
#include "keyfile.h"

#define RIG_NOW 1700000000

SD_UNUSED static void rig_folder(char dir[64])
{
	snprintf(dir, 64, "/tmp/sd-policy-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mkdir("tenants.d", 0755), 0);
	assert_int_equal(mkdir("keys", 0755), 0);
}

static int rig_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

SD_UNUSED static void rig_folder_remove(const char *dir)
{
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(nftw(dir, rig_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void rig_write_n(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

static void rig_write(const char *path, const char *text)
{
	rig_write_n(path, text, strlen(text));
}

/* A fresh ES256 key of tenant; times as in the sidecar (0 = open). kid_out may be NULL. */
static void rig_key(const char *tenant, const int64_t times[4], char kid_out[64])
{
	struct keyfile k = {.alg = JOSE_ES256,
			    .publish_at = times[0],
			    .activate_at = times[1],
			    .retire_at = times[2],
			    .remove_at = times[3]};
	char path[400];
	struct sd_buf b;
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	assert_non_null(pkey);
	assert_int_equal(jwk_from_pkey(pkey, JOSE_ES256, &k.jwk, NULL), SD_OK);
	EVP_PKEY_free(pkey);
	snprintf(k.tenant, sizeof(k.tenant), "%s", tenant);
	memcpy(k.kid, k.jwk.kid, JWK_THUMBPRINT_LEN);
	sd_buf_init(&b, KEYFILE_TEXT_MAX);
	assert_int_equal(keyfile_emit(&k, &b), SD_OK);
	snprintf(path, sizeof(path), "keys/%s", tenant);
	(void)!mkdir(path, 0755);
	snprintf(path, sizeof(path), "keys/%s/%s.json", tenant, k.kid);
	rig_write_n(path, b.p, b.len);
	if (kid_out)
		snprintf(kid_out, 64, "%s", k.kid);
	sd_buf_fini(&b);
	keyfile_fini(&k);
}

/* tenants.d/NAME.yaml with the two keys that must be given, then more; and an active key. */
SD_UNUSED static void rig_tenant(const char *name, const char *more)
{
	char path[100], text[8192];

	snprintf(path, sizeof(path), "tenants.d/%s.yaml", name);
	snprintf(text, sizeof(text),
		 "tenant: %s\nissuer: https://%s.example\nsigning: {algorithm: ES256}\n%s", name,
		 name, more);
	rig_write(path, text);
	rig_key(name, (const int64_t[4]){RIG_NOW - 100, RIG_NOW - 50, 0, 0}, NULL);
}

#endif
