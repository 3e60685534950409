/* SPDX-License-Identifier: MIT
 * signer_memory - keeps key material out of swap and of dumps.
 * Owns:      what becomes of each writable mapping
 * Runs in:   signer, before its sandbox
 * Fails by:  returning SD_ERR_DENIED when locked memory is required
 * Never:     lock what comes later: under a tight limit that would turn malloc into a failure */
#include "base.h"
#include "signer_memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include "err.h"
#include "log.h"

#define HEAP_AHEAD (4 << 20) /* bytes the heap grows at once: all it will ever need */

void signer_memory_prepare(void)
{
	(void)mallopt(M_TOP_PAD, HEAP_AHEAD);
	(void)mallopt(M_TRIM_THRESHOLD, INT32_MAX);
}

struct tally {
	size_t locked, not_locked, dumped; /* bytes */
};

static void one_mapping(uintptr_t start, uintptr_t end, bool lock, struct tally *t)
{
	void *p = (void *)start; /* NOLINT(performance-no-int-to-ptr): the kernel says it in digits */
	size_t n = end - start;

	if (madvise(p, n, MADV_DONTDUMP) != 0)
		t->dumped += n;
	if (!lock)
		return;
	if (mlock(p, n) == 0)
		t->locked += n;
	else
		t->not_locked += n;
}

/* All that is private and writable: heap, stack, data. */
static int each_mapping(bool lock, struct tally *t)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], mode[5];
	unsigned long start, end;

	if (f == NULL)
		return SD_ERR_SYSTEM;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%lx-%lx %4s", &start, &end, mode) == 3 && mode[1] == 'w' && mode[3] == 'p')
			one_mapping(start, end, lock, t);
	(void)fclose(f);
	return SD_OK;
}

int signer_memory_lock(bool required, struct sd_diag *diag)
{
	bool all = mlockall(MCL_CURRENT) == 0;
	struct tally t = {0};

	if (!all && required)
		return sd_diag_set(diag, SD_ERR_DENIED, "locked memory is required and refused: %s",
				   strerror(errno));
	if (each_mapping(!all, &t) != SD_OK || t.dumped > 0)
		sd_log(SD_LOG_WARN, "memory-dumpable", SD_FI("bytes", t.dumped), SD_FS("text", strerror(errno)));
	if (t.not_locked > 0)
		sd_log(SD_LOG_WARN, "memory-not-locked", SD_FI("bytes", t.not_locked));
	else if (!all)
		sd_log(SD_LOG_INFO, "memory-heap-locked", SD_FI("bytes", t.locked));
	return SD_OK;
}
