/* SPDX-License-Identifier: MIT
 * ctl_file - writes a file so that a crash leaves the old one or the new one, never half of it.
 * Owns:      the temporary name while it writes
 * Runs in:   sessionctl
 * Fails by:  SD_ERR_SYSTEM, SD_ERR_DENIED with a reason; nothing is left behind
 * Never:     the final mode or owner after the data: for a moment others could read a key */
#include "base.h"

#include "ctl_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"

#define TEMP_MAX 300

static int data_write(int fd, struct sd_slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		s.p += n;
		s.n -= (size_t)n;
	}
	return 0;
}

/* Mode and owner first, then the data. */
static int content_write(int fd, const struct ctl_file *f)
{
	if (f->owner && fchown(fd, f->owner->uid, f->owner->gid) != 0)
		return -1;
	if (fchmod(fd, f->mode) != 0 || data_write(fd, f->data) != 0)
		return -1;
	return fsync(fd);
}

int ctl_file_write(int dirfd, const struct ctl_file *f, struct sd_diag *diag)
{
	char temp[TEMP_MAX];
	int fd, err;

	if (snprintf(temp, sizeof(temp), ".%s.%ld", f->name, (long)getpid()) >= (int)sizeof(temp))
		return sd_diag_set(diag, SD_ERR_INVALID, "%s: name too long", f->name);
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", temp, strerror(errno));
	err = content_write(fd, f) == 0 ? 0 : errno;
	if (close(fd) != 0 && !err)
		err = errno;
	if (!err && renameat2(dirfd, temp, dirfd, f->name, f->replace ? 0 : RENAME_NOREPLACE) != 0)
		err = errno;
	if (!err)
		return fsync(dirfd) == 0
			   ? 0
			   : sd_diag_set(diag, SD_ERR_SYSTEM, "fsync: %s", strerror(errno));
	(void)unlinkat(dirfd, temp, 0);
	return sd_diag_set(diag, err == EEXIST ? SD_ERR_DENIED : SD_ERR_SYSTEM, "%s: %s", f->name,
			   strerror(err));
}

int ctl_file_read(int dirfd, const char *name, size_t max, char **out, size_t *n_out)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *p = fd >= 0 ? malloc(max + 1) : NULL;
	size_t n = 0;
	ssize_t got = -1;

	*out = NULL;
	*n_out = 0;
	while (p && n <= max && (got = read(fd, p + n, max + 1 - n)) > 0)
		n += (size_t)got;
	if (fd >= 0)
		close(fd);
	if (!p || got < 0 || n > max) {
		int err = n > max ? SD_ERR_TOO_BIG : SD_ERR_SYSTEM;

		free(p);
		return err;
	}
	p[n] = '\0';
	*out = p;
	*n_out = n;
	return 0;
}
