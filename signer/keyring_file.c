/* SPDX-License-Identifier: MIT
 * keyring_file - opens files of secrets by rules that leave no room for a mistake or a trick.
 * Owns:      descriptors of secret files while they are read
 * Runs in:   signer, before its sandbox
 * Fails by:  returning SD_ERR_NOT_FOUND, SD_ERR_DENIED, SD_ERR_INVALID with a text
 * Never:     follow a link, or judge a path: what was opened is judged */
#include "base.h"
#include "keyring_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "keyfile.h"
#include "secret.h"
#include "slice.h"

/* O_NONBLOCK: a fifo must not hold us; it is refused a moment later. */
#define OPEN_FILE (O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static int open_error(struct sd_diag *diag, const char *what)
{
	if (errno == ENOENT)
		return sd_diag_set(diag, SD_ERR_NOT_FOUND, "%s is missing", what);
	if (errno == ELOOP || errno == ENOTDIR)
		return sd_diag_set(diag, SD_ERR_DENIED, "%s is a symbolic link or no such kind of file", what);
	return sd_diag_set(diag, SD_ERR_DENIED, "%s: %s", what, strerror(errno));
}

static int check_private(int fd, struct sd_diag *diag, const char *what)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", what, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return sd_diag_set(diag, SD_ERR_DENIED, "%s is not a regular file", what);
	if ((st.st_mode & 07777 & ~(mode_t)0600) != 0)
		return sd_diag_set(diag, SD_ERR_DENIED, "%s has mode %04o, must be 0600", what,
				   (unsigned)(st.st_mode & 07777));
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return sd_diag_set(diag, SD_ERR_DENIED, "%s belongs to uid %u, must be ours (%u)", what,
				   (unsigned)st.st_uid, (unsigned)geteuid());
	return SD_OK;
}

static int open_private(int dir, const char *name, const char *what, int *fd_out, struct sd_diag *diag)
{
	int fd = openat(dir, name, OPEN_FILE);
	int err;

	*fd_out = -1;
	if (fd < 0)
		return open_error(diag, what);
	err = check_private(fd, diag, what);
	if (err != SD_OK)
		(void)close(fd);
	else
		*fd_out = fd;
	return err;
}

/* One component of a path, nothing that leads elsewhere. */
static bool is_name(const char *s)
{
	return s[0] != '\0' && s[0] != '.' && strchr(s, '/') == NULL;
}

int keyring_file_open(const char *keys_dir, const char *tenant, const char *kid, int *fd_out,
		      struct sd_diag *diag)
{
	char name[KEYFILE_NAME_MAX];
	int top, dir, err;

	*fd_out = -1;
	if (!is_name(tenant) || keyfile_name(kid, ".pem", name) != SD_OK)
		return sd_diag_set(diag, SD_ERR_INVALID, "not the name of a key");
	top = open(keys_dir, OPEN_DIR);
	if (top < 0)
		return open_error(diag, "keys_dir");
	dir = openat(top, tenant, OPEN_DIR | O_NOFOLLOW);
	err = dir < 0 ? open_error(diag, "the tenant's folder in keys_dir") : SD_OK;
	(void)close(top);
	if (err != SD_OK)
		return err;
	err = open_private(dir, name, "the private key file", fd_out, diag);
	(void)close(dir);
	return err;
}

void keyring_file_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* One byte more than is right, so that a longer file is seen. */
static int read_master(int fd, uint8_t out[KEYRING_MASTER_BYTES])
{
	uint8_t bytes[KEYRING_MASTER_BYTES + 1];
	size_t n = 0;
	ssize_t got = 1;

	while (n < sizeof(bytes) && got != 0) {
		got = read(fd, bytes + n, sizeof(bytes) - n);
		if (got < 0 && errno != EINTR)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	if (n == KEYRING_MASTER_BYTES)
		memcpy(out, bytes, KEYRING_MASTER_BYTES);
	sd_wipe(bytes, sizeof(bytes));
	return n == KEYRING_MASTER_BYTES ? SD_OK : SD_ERR_INVALID;
}

int keyring_file_master(const char *path, uint8_t out[KEYRING_MASTER_BYTES], struct sd_diag *diag)
{
	int fd;
	int err = open_private(AT_FDCWD, path, "the file", &fd, diag);

	if (err == SD_OK) {
		err = read_master(fd, out);
		if (err != SD_OK)
			(void)sd_diag_set(diag, err, "does not hold exactly %d bytes", KEYRING_MASTER_BYTES);
		(void)close(fd);
	}
	if (err != SD_OK)
		sd_diag_prefix(diag, "master secret %s", path);
	return err;
}
