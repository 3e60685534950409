/* SPDX-License-Identifier: MIT
 * secret - memory for key material and random bytes from the kernel.
 * Owns:      the pages it hands out
 * Runs in:   every process; sd_secret_new and _free before the sandbox (madvise, mlock, munlock)
 * Fails by:  returning NULL; SD_ERR_SYSTEM
 * Never:     fall back to malloc: a secret on the heap is in every core and every neighbour's read */
#include "base.h"
#include "secret.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "die.h"
#include "err.h"

static size_t whole_pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	sd_bug_if(n == 0 || n > SIZE_MAX / 2);
	return (n + page - 1) / page * page;
}

void *sd_secret_new(size_t n)
{
	size_t size = whole_pages(n);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* Both are wanted, not required: small RLIMIT_MEMLOCK is common, and said at start. */
	(void)madvise(p, size, MADV_DONTDUMP);
	(void)mlock(p, size);
	return p;
}

void sd_secret_free(void **p, size_t n)
{
	if (p == NULL || *p == NULL)
		return;
	sd_wipe(*p, n);
	(void)munmap(*p, whole_pages(n));
	*p = NULL;
}

void sd_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

int sd_random(void *p, size_t n)
{
	unsigned char *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return SD_ERR_SYSTEM;
		at += got;
		n -= (size_t)got;
	}
	return SD_OK;
}
