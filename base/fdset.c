/* SPDX-License-Identifier: MIT
 * fdset - closes every descriptor but the named ones.
 * Owns:      nothing
 * Runs in:   every process, before its sandbox (fcntl also after, where its table allows it)
 * Fails by:  returning SD_ERR_SYSTEM
 * Never:     name a descriptor number; those are in shm/heritage.h */
#include "base.h"
#include "fdset.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "err.h"

#define FIRST_OWN_FD (STDERR_FILENO + 1)

/* The smallest kept descriptor >= low, or UINT_MAX. */
static unsigned next_kept(const int *keep, size_t n, unsigned low)
{
	unsigned best = UINT_MAX;

	for (size_t i = 0; i < n; i++)
		if (keep[i] >= 0 && (unsigned)keep[i] >= low && (unsigned)keep[i] < best)
			best = (unsigned)keep[i];
	return best;
}

int sd_fdset_keep_only(const int *keep, size_t n)
{
	unsigned low = FIRST_OWN_FD;

	for (;;) {
		unsigned kept = next_kept(keep, n, low);
		unsigned last = kept == UINT_MAX ? UINT_MAX : kept - 1;

		if (kept != low && syscall(SYS_close_range, low, last, 0u) != 0)
			return SD_ERR_SYSTEM;
		if (kept == UINT_MAX)
			return SD_OK;
		low = kept + 1;
	}
}

int sd_fd_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return SD_ERR_SYSTEM;
	return SD_OK;
}

int sd_fd_cloexec(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) != 0)
		return SD_ERR_SYSTEM;
	return SD_OK;
}

int sd_fd_count(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count - 3; /* ".", "..", and the directory's own descriptor */
}
