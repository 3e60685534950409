/* SPDX-License-Identifier: MIT
 * sandbox_landlock - which part of the file tree a process may still reach.
 * Owns:      the ruleset while it is made
 * Runs in:   every role at the end of its boot; launcher, between fork and exec of redis-server
 * Fails by:  returning SD_ERR_SYSTEM, SD_ERR_DENIED
 * Never:     leave a right unhandled because the build machine's headers do not know it */
#include "base.h"
#include "sandbox_landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "err.h"

/* The interface in our own words: what the headers of the build machine know must not decide what is
 * refused on the machine we run on. */
struct landlock_attr {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};
struct landlock_beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));
#define LL_CREATE 444
#define LL_ADD_RULE 445
#define LL_RESTRICT 446
#define LL_ASK_VERSION 1u
#define LL_RULE_BENEATH 1

#define FS_EXECUTE (1ULL << 0)
#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_REMOVE (3ULL << 4)    /* folders, files */
#define FS_MAKE_DIR (1ULL << 7)
#define FS_MAKE_REG (1ULL << 8)
#define FS_MAKE_SOCK (1ULL << 9)
#define FS_V1 ((1ULL << 13) - 1)
#define FS_REFER (1ULL << 13)    /* version 2: rename from one folder to another */
#define FS_TRUNCATE (1ULL << 14) /* 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* 5 */
#define NET_BIND 1ULL            /* 4 */
#define NET_CONNECT 2ULL
#define SCOPED_ABSTRACT 1ULL     /* 6 */
#define SCOPED_SIGNAL 2ULL

#define OF_A_FILE (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE)

uint32_t sd_landlock_abi(void)
{
	long abi = syscall(LL_CREATE, NULL, (size_t)0, LL_ASK_VERSION);

	return abi > 0 ? (uint32_t)abi : 0;
}

static struct landlock_attr all_of(uint32_t abi, uint32_t but)
{
	struct landlock_attr a = {.fs = FS_V1};

	a.fs |= (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
	if (abi >= 4)
		a.net = (but & SD_LANDLOCK_CONNECT) != 0 ? NET_BIND : NET_BIND | NET_CONNECT;
	if (abi >= 6)
		a.scoped = (but & SD_LANDLOCK_ABSTRACT) != 0 ? SCOPED_SIGNAL
							     : SCOPED_SIGNAL | SCOPED_ABSTRACT;
	return a;
}

static uint64_t rights(uint32_t may)
{
	return ((may & SD_PATH_READ) != 0 ? FS_READ_FILE | FS_READ_DIR : 0) |
	       ((may & SD_PATH_EXEC) != 0 ? FS_EXECUTE | FS_READ_FILE : 0) |
	       ((may & SD_PATH_WRITE) != 0 ? FS_WRITE_FILE | FS_REMOVE | FS_MAKE_DIR | FS_MAKE_REG |
						 FS_MAKE_SOCK | FS_REFER | FS_TRUNCATE
					   : 0);
}

static int path_error(const struct sd_landlock_path *p, struct sd_diag *diag)
{
	return sd_diag_set(diag, SD_ERR_SYSTEM, "Landlock: %s: %s", p->path != NULL ? p->path : "a descriptor",
			   strerror(errno));
}

static int add_rule(int rules, const struct sd_landlock_path *p, int fd, uint64_t handled, struct sd_diag *diag)
{
	struct landlock_beneath b = {.allowed = rights(p->may) & handled, .fd = fd};
	struct stat st;

	if (fstat(fd, &st) != 0)
		return path_error(p, diag);
	if (!S_ISDIR(st.st_mode))
		b.allowed &= OF_A_FILE;
	if (b.allowed != 0 && syscall(LL_ADD_RULE, rules, LL_RULE_BENEATH, &b, 0u) != 0)
		return path_error(p, diag);
	return SD_OK;
}

/* One that is not there, or that this user cannot reach anyway, needs no rule. */
static int add_path(int rules, const struct sd_landlock_path *p, uint64_t handled, struct sd_diag *diag)
{
	int fd, err;

	if (p->path == NULL)
		return add_rule(rules, p, p->fd, handled, diag);
	fd = open(p->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return SD_OK;
	err = add_rule(rules, p, fd, handled, diag);
	(void)close(fd);
	return err;
}

/* The root is no folder that anybody is given, unless it says so. */
static int try_it(const struct sd_landlock_path *paths, size_t n, struct sd_diag *diag)
{
	int fd;

	for (size_t i = 0; i < n; i++)
		if (paths[i].path != NULL && strcmp(paths[i].path, "/") == 0)
			return SD_OK;
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return SD_OK;
	(void)close(fd);
	return sd_diag_set(diag, SD_ERR_DENIED, "Landlock refuses nothing");
}

int sd_landlock_enter(const struct sd_landlock_path *paths, size_t n, uint32_t but, uint32_t *abi_out,
		      struct sd_diag *diag)
{
	uint32_t abi = sd_landlock_abi();
	struct landlock_attr attr = all_of(abi, but);
	int rules, err = SD_OK;

	*abi_out = 0;
	if (abi == 0)
		return SD_OK;
	rules = (int)syscall(LL_CREATE, &attr, sizeof(attr), 0u);
	if (rules < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "landlock_create_ruleset: %s", strerror(errno));
	for (size_t i = 0; i < n && err == SD_OK; i++)
		err = add_path(rules, &paths[i], attr.fs, diag);
	if (err == SD_OK && syscall(LL_RESTRICT, rules, 0u) != 0)
		err = sd_diag_set(diag, SD_ERR_SYSTEM, "landlock_restrict_self: %s", strerror(errno));
	(void)close(rules);
	if (err == SD_OK)
		err = try_it(paths, n, diag);
	if (err == SD_OK)
		*abi_out = abi;
	return err;
}
