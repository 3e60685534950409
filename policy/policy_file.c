/* SPDX-License-Identifier: MIT
 * policy_file - read small files of which owner and mode were looked at, list folders.
 * Owns:      its descriptors, for the time of a call
 * Runs in:   master, tools
 * Fails by:  one fault that says what to change (chmod, chown)
 * Never:     follow a symbolic link at the end of a path, wait on a pipe or device
 */
#include "base.h"
#include "policy_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"

static int refuse(struct policy_faults *faults, const char *path, int err, const char *what)
{
	policy_fault(faults, (struct policy_where){path, {0, 0}, ""}, "%s", what);
	return err;
}

static int refuse_errno(struct policy_faults *faults, const char *path, const char *what)
{
	policy_fault(faults, (struct policy_where){path, {0, 0}, ""}, "%s: %s", what,
		     errno == ELOOP ? "it is a symbolic link" : strerror(errno));
	return SD_ERR_SYSTEM;
}

static int check_trust(const char *path, const struct stat *st, enum policy_file_owner owner,
		       struct policy_faults *faults)
{
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return refuse(faults, path, SD_ERR_DENIED,
			      "writable by group or others: chmod go-w");
	if (owner == FILE_OWNER_STRICT && st->st_uid != 0 && st->st_uid != geteuid()) {
		policy_fault(faults, (struct policy_where){path, {0, 0}, ""},
			     "belongs to user %u: must be root's or the user's that reads it (%u)",
			     (unsigned)st->st_uid, (unsigned)geteuid());
		return SD_ERR_DENIED;
	}
	return SD_OK;
}

static int read_all(int fd, size_t max, struct sd_buf *out)
{
	for (;;) {
		if (sd_buf_reserve(out, 16384) != SD_OK && sd_buf_reserve(out, 1) != SD_OK)
			return SD_ERR_TOO_BIG;
		ssize_t n = read(fd, out->p + out->len, out->cap - out->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SD_ERR_SYSTEM;
		if (n == 0)
			return out->len > max ? SD_ERR_TOO_BIG : SD_OK;
		out->len += (size_t)n;
		if (out->len > max)
			return SD_ERR_TOO_BIG;
	}
}

static int read_checked(int fd, const char *path, size_t max, enum policy_file_owner owner,
			struct sd_buf *out, struct policy_faults *faults)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return refuse_errno(faults, path, "cannot be looked at");
	if (!S_ISREG(st.st_mode))
		return refuse(faults, path, SD_ERR_DENIED, "not a regular file");
	int err = check_trust(path, &st, owner, faults);

	if (err)
		return err;
	err = read_all(fd, max, out);
	if (err == SD_ERR_SYSTEM)
		return refuse_errno(faults, path, "cannot be read");
	if (err)
		policy_fault(faults, (struct policy_where){path, {0, 0}, ""}, "larger than %zu KiB",
			     max / 1024);
	return err;
}

int policy_file_read(const char *path, size_t max, enum policy_file_owner owner, struct sd_buf *out,
		     struct policy_faults *faults)
{
	sd_buf_init(out, max + 65536);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return refuse_errno(faults, path, "cannot be opened");
	int err = read_checked(fd, path, max, owner, out, faults);

	close(fd);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(struct policy_names *n, const char *name)
{
	if ((n->count & (n->count - 1)) == 0) { /* 0, 1, 2, 4, 8 ...: full */
		char **v = realloc(n->v, (n->count ? n->count * 2 : 1) * sizeof(*v));

		if (v == NULL)
			return SD_ERR_MEMORY;
		n->v = v;
	}
	n->v[n->count] = strdup(name);
	if (n->v[n->count] == NULL)
		return SD_ERR_MEMORY;
	n->count++;
	return SD_OK;
}

static int list_checked(DIR *d, const char *folder, struct policy_names *out,
			struct policy_faults *faults)
{
	struct stat st;
	struct dirent *e;

	if (fstat(dirfd(d), &st) < 0)
		return refuse_errno(faults, folder, "cannot be looked at");
	int err = check_trust(folder, &st, FILE_OWNER_ANY, faults);

	while (err == SD_OK && (errno = 0, e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.')
			err = add_name(out, e->d_name);
	}
	if (err == SD_ERR_MEMORY)
		return refuse(faults, folder, err, "out of memory");
	if (err == SD_OK && errno)
		return refuse_errno(faults, folder, "cannot be listed");
	if (out->count)
		qsort(out->v, out->count, sizeof(*out->v), by_name);
	return err;
}

int policy_file_list(const char *folder, struct policy_names *out, struct policy_faults *faults)
{
	*out = (struct policy_names){0};
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? SD_ERR_NOT_FOUND
				       : refuse_errno(faults, folder, "cannot be opened");
	DIR *d = fdopendir(fd);

	if (d == NULL) {
		close(fd);
		return refuse_errno(faults, folder, "cannot be opened");
	}
	int err = list_checked(d, folder, out, faults);

	closedir(d);
	if (err)
		policy_file_list_free(out);
	return err;
}

void policy_file_list_free(struct policy_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->v[i]);
	free(n->v);
	*n = (struct policy_names){0};
}
