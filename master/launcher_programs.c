/* SPDX-License-Identifier: MIT
 * launcher_programs - finds the programs of the roles once, before any user is changed: beside
 * this program (a checkout, any --prefix), else where the build installs them.
 * Owns:      the O_PATH descriptors of the programs
 * Runs in:   launcher (start)
 * Fails by:  returning SD_ERR_NOT_FOUND, SD_ERR_SYSTEM
 * Never:     looks along $PATH: the environment does not choose what runs */
#include "base.h"
#include "launcher.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "err.h"

static const char *const program_names[ROLE_COUNT] = {
	[ROLE_MASTER] = "sessiond-master",
	[ROLE_SIGNER] = "sessiond-signer",
	[ROLE_WORKER] = "sessiond-worker",
	[ROLE_AUDITOR] = "sessiond-auditor",
	[ROLE_FETCHER] = "sessiond-fetcher",
	[ROLE_GEO] = "sessiond-geo",
};

static const char *const redis_places[] = {
	REDIS_SERVER,
	"/usr/bin/redis-server",
	"/usr/local/bin/redis-server",
	"/usr/bin/valkey-server",
	"/usr/local/bin/valkey-server",
};

static int open_beside_us(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;
	int dir, probe;

	if (n <= 0)
		return -1;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return -1;
	*slash = '\0';
	dir = open(path[0] != '\0' ? path : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	probe = openat(dir, program_names[ROLE_MASTER], O_PATH | O_CLOEXEC);
	if (probe < 0) {
		(void)close(dir);
		return -1;
	}
	(void)close(probe);
	return dir;
}

static void open_redis(struct launcher *l)
{
	for (size_t i = 0; i < SD_ARRAY_LEN(redis_places) && l->program[ROLE_REDIS] < 0; i++)
		if (redis_places[i][0] == '/')
			l->program[ROLE_REDIS] = open(redis_places[i], O_PATH | O_CLOEXEC);
}

int launcher_programs_open(struct launcher *l, struct sd_diag *diag)
{
	int dir = open_beside_us();
	int err = SD_OK;

	for (int r = 0; r < ROLE_COUNT; r++)
		l->program[r] = -1;
	if (dir < 0)
		dir = open(PKGLIBEXECDIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return sd_diag_set(diag, SD_ERR_NOT_FOUND, "%s: %s", PKGLIBEXECDIR, strerror(errno));
	for (int r = 0; r < ROLE_COUNT && err == SD_OK; r++) {
		if (program_names[r] == NULL)
			continue;
		l->program[r] = openat(dir, program_names[r], O_PATH | O_CLOEXEC);
		/* Not built where there was no libcurl, no libmaxminddb; then no configuration wants it. */
		if (l->program[r] < 0 && ((r != ROLE_FETCHER && r != ROLE_GEO) || errno != ENOENT))
			err = sd_diag_set(diag, SD_ERR_NOT_FOUND, "%s: %s", program_names[r],
					  strerror(errno));
	}
	(void)close(dir);
	open_redis(l);
	return err;
}
