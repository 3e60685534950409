/* SPDX-License-Identifier: MIT
 * state_dir - the folder this node keeps things in.
 * Owns:      its lock and the file "node"
 * Runs in:   master (before the sandbox)
 * Fails by:  returning SD_ERR_SYSTEM, SD_ERR_DENIED with the path and the remedy
 * Never:     repairs ownership: the operator (or the unit's StateDirectory=) gives the folder */
#include "base.h"
#include "state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "secret.h"

#define PATH_SIZE 512

static int join(const char *dir, const char *name, char out[PATH_SIZE], struct sd_diag *diag)
{
	if (snprintf(out, PATH_SIZE, "%s/%s", dir, name) >= PATH_SIZE)
		return sd_diag_set(diag, SD_ERR_TOO_BIG, "%s: path too long", dir);
	return SD_OK;
}

static int make_dir(const char *path, struct sd_diag *diag)
{
	struct stat st;

	if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
		return sd_diag_set(diag, SD_ERR_SYSTEM,
				   "%s: %s (the user of the master, uid %u, must be able to make it)",
				   path, strerror(errno), (unsigned)geteuid());
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return sd_diag_set(diag, SD_ERR_INVALID, "%s: not a folder", path);
	if (access(path, R_OK | W_OK | X_OK) != 0)
		return sd_diag_set(diag, SD_ERR_DENIED, "%s: uid %u may not write there (%s)", path,
				   (unsigned)geteuid(), strerror(errno));
	return SD_OK;
}

static int lock(const char *path, struct sd_diag *diag)
{
	char name[PATH_SIZE];
	int fd, err = join(path, "lock", name, diag);

	if (err != SD_OK)
		return err;
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", name, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return sd_diag_set(diag, SD_ERR_DENIED, "%s: another sessiond uses this folder", name);
	return SD_OK;
}

int state_dir_open(const char *path, struct sd_diag *diag)
{
	char redis[PATH_SIZE];
	int err = make_dir(path, diag);

	if (err == SD_OK)
		err = join(path, "redis", redis, diag);
	if (err == SD_OK)
		err = make_dir(redis, diag);
	return err != SD_OK ? err : lock(path, diag);
}

static bool is_node_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

	return n > 0 && name[n] == '\0';
}

static void make_node_name(char *out, size_t size)
{
	char host[64] = "node";
	uint8_t r[2] = {0};

	(void)gethostname(host, sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	host[strcspn(host, ".")] = '\0';
	(void)!sd_random(r, sizeof(r));
	(void)snprintf(out, size, "%.48s-%02x%02x", is_node_name(host) ? host : "node", r[0], r[1]);
}

int state_dir_node(const char *path, char *out, size_t size, struct sd_diag *diag)
{
	char name[PATH_SIZE];
	ssize_t n;
	int fd, err = join(path, "node", name, diag);

	if (err != SD_OK)
		return err;
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", name, strerror(errno));
	n = read(fd, out, size - 1);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (!is_node_name(out)) {
		make_node_name(out, size);
		if (ftruncate(fd, 0) != 0 || pwrite(fd, out, strlen(out), 0) != (ssize_t)strlen(out))
			err = sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", name, strerror(errno));
	}
	(void)close(fd);
	return err;
}
