/* SPDX-License-Identifier: MIT
 * ctl_keydir - one tenant's folder of key files.
 * Owns:      keys/TENANT while it is open (a lock on the folder)
 * Runs in:   sessionctl
 * Fails by:  SD_ERR_* with a reason that names the file
 * Never:     overwrites or deletes a private key: an operator who wants that has rm */
#include "base.h"

#include "ctl_keydir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl_file.h"
#include "err.h"
#include "jws_sign.h"

#define PEM_TEXT_MAX 16384

/* Private files belong to the signer; only root can give them away. */
static const struct sd_ident *private_owner(const struct ctl_conf *conf)
{
	return conf->signer_known && geteuid() == 0 ? &conf->signer : NULL;
}

/* [a-z0-9-]{1,63}: the configuration's rule, and what keeps a name inside keys_dir. */
static bool tenant_is_name(const char *tenant)
{
	size_t n = strspn(tenant, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= KEYFILE_TENANT_MAX && tenant[n] == '\0';
}

static int folder_open(const struct ctl_conf *conf, const char *tenant, bool make,
		       struct sd_diag *diag)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	bool made;
	int top, fd = -1;

	if (make && mkdir(conf->keys_dir, 0755) != 0 && errno != EEXIST)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", conf->keys_dir, strerror(errno));
	top = open(conf->keys_dir, flags);
	if (top >= 0) {
		made = make && mkdirat(top, tenant, 0755) == 0;
		fd = openat(top, tenant, flags | O_NOFOLLOW);
		if (fd >= 0 && made && fchmod(fd, 0755) != 0) { /* whatever the umask */
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0)
		fd = sd_diag_set(diag, errno == ENOENT ? SD_ERR_NOT_FOUND : SD_ERR_SYSTEM,
				 "%s/%s: %s", conf->keys_dir, tenant, strerror(errno));
	if (top >= 0)
		close(top);
	return fd;
}

static int sidecar_read(struct ctl_keydir *dir, const char *tenant, const char *name,
			const char *kid, struct sd_diag *diag)
{
	struct keyfile *k = &dir->keys[dir->count];
	char *text;
	size_t n;
	int err = ctl_file_read(dir->fd, name, KEYFILE_TEXT_MAX, &text, &n);

	if (err)
		return sd_diag_set(diag, err, "%s: %s", name, sd_err_text(err));
	err = keyfile_parse(sd_slice(text, n), k, diag);
	free(text);
	if (!err) {
		dir->count++;
		if (strcmp(k->kid, kid) != 0 || strcmp(k->tenant, tenant) != 0)
			err = sd_diag_set(diag, SD_ERR_INVALID,
					  "kid or tenant is not that of the file");
	}
	if (err)
		sd_diag_prefix(diag, "%s", name);
	return err;
}

static int by_activation(const void *a, const void *b)
{
	const struct keyfile *x = a, *y = b;

	if (x->activate_at != y->activate_at)
		return x->activate_at < y->activate_at ? -1 : 1;
	return strcmp(x->kid, y->kid);
}

static int folder_read(struct ctl_keydir *dir, const char *tenant, struct sd_diag *diag)
{
	char kid[JWK_THUMBPRINT_LEN + 1];
	int copy = fcntl(dir->fd, F_DUPFD_CLOEXEC, 3), err = 0;
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *e;

	if (!d) {
		if (copy >= 0)
			close(copy);
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", tenant, strerror(errno));
	}
	while (!err && (e = readdir(d)) != NULL) {
		if (!keyfile_name_parse(e->d_name, ".json", kid))
			continue;
		if (dir->count == CTL_KEYDIR_MAX)
			err = sd_diag_set(diag, SD_ERR_FULL,
					  "more than %d keys: move old ones away", CTL_KEYDIR_MAX);
		else
			err = sidecar_read(dir, tenant, e->d_name, kid, diag);
	}
	closedir(d);
	qsort(dir->keys, dir->count, sizeof(dir->keys[0]), by_activation);
	return err;
}

int ctl_keydir_open(const struct ctl_conf *conf, const char *tenant, bool make,
		    struct ctl_keydir **out, struct sd_diag *diag)
{
	struct ctl_keydir *dir;
	int err;

	*out = NULL;
	if (!tenant_is_name(tenant))
		return sd_diag_set(diag, SD_ERR_INVALID, "%s: not a tenant's name", tenant);
	dir = calloc(1, sizeof(*dir));
	if (!dir)
		return SD_ERR_MEMORY;
	dir->fd = folder_open(conf, tenant, make, diag);
	if (dir->fd < 0)
		err = dir->fd;
	else if (flock(dir->fd, LOCK_EX) != 0) /* waits for another sessionctl */
		err = sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", tenant, strerror(errno));
	else
		err = folder_read(dir, tenant, diag);
	if (err)
		ctl_keydir_close(&dir);
	*out = dir;
	return err;
}

void ctl_keydir_close(struct ctl_keydir **dir)
{
	if (!*dir)
		return;
	for (size_t i = 0; i < (*dir)->count; i++)
		keyfile_fini(&(*dir)->keys[i]);
	if ((*dir)->fd >= 0)
		close((*dir)->fd);
	free(*dir);
	*dir = NULL;
}

static int sidecar_write(const struct ctl_keydir *dir, const struct keyfile *k, bool replace,
			 struct sd_diag *diag)
{
	char name[KEYFILE_NAME_MAX];
	struct sd_buf text;
	int err;

	sd_buf_init(&text, KEYFILE_TEXT_MAX);
	err = keyfile_name(k->kid, ".json", name);
	if (!err)
		err = keyfile_emit(k, &text);
	if (!err)
		err = ctl_file_write(
		    dir->fd, &(struct ctl_file){name, sd_buf_slice(&text), 0644, NULL, replace},
		    diag);
	sd_buf_fini(&text);
	return err;
}

int ctl_keydir_update(const struct ctl_keydir *dir, const struct keyfile *k, struct sd_diag *diag)
{
	return sidecar_write(dir, k, true, diag);
}

/* The private key first: a sidecar without its key would make every node wait for it. */
static int pem_write(const struct ctl_keydir *dir, const struct ctl_conf *conf, const char *kid,
		     EVP_PKEY *key, struct sd_diag *diag)
{
	char name[KEYFILE_NAME_MAX];
	struct sd_buf pem;
	int err;

	sd_buf_init(&pem, PEM_TEXT_MAX);
	err = keyfile_name(kid, ".pem", name);
	if (!err)
		err = jws_sign_dump(key, &pem, diag);
	if (!err)
		err = ctl_file_write(
		    dir->fd,
		    &(struct ctl_file){name, sd_buf_slice(&pem), 0600, private_owner(conf), false},
		    diag);
	sd_buf_wipe_fini(&pem);
	return err;
}

int ctl_keydir_add(struct ctl_keydir *dir, const struct ctl_conf *conf, unsigned bits,
		   struct keyfile *k, struct sd_diag *diag)
{
	EVP_PKEY *key;
	int err = jws_sign_keygen(k->alg, bits, &key, diag);

	if (err)
		return err;
	err = jwk_from_pkey(key, k->alg, &k->jwk, diag);
	if (!err)
		err = sd_slice_copy(sd_slice_str(k->jwk.kid), k->kid, sizeof(k->kid));
	if (!err)
		err = pem_write(dir, conf, k->kid, key, diag);
	if (!err)
		err = sidecar_write(dir, k, false, diag);
	EVP_PKEY_free(key);
	return err;
}
