/* SPDX-License-Identifier: MIT
 * signer_memory - keeps key material out of swap and of dumps.
 * Owns:      where the heap begins
 * Runs in:   signer, before its sandbox
 * Fails by:  returning SD_ERR_DENIED when locked memory is required
 * Never:     lock what comes later: under a tight limit that would turn malloc into a failure */
#include "base.h"
#include "signer_memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "err.h"
#include "log.h"

#define HEAP_AHEAD (4 << 20) /* bytes the heap grows at once: all it will ever need */

/* Process-wide on purpose: there is one heap. */
static char *heap_start;

void signer_memory_prepare(void)
{
	heap_start = sbrk(0);
	(void)mallopt(M_TOP_PAD, HEAP_AHEAD);
	(void)mallopt(M_TRIM_THRESHOLD, INT32_MAX);
}

int signer_memory_lock(bool required, struct sd_diag *diag)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *start = heap_start - (uintptr_t)heap_start % page;
	char *end = sbrk(0);
	size_t n = end > start ? (size_t)(end - start) : 0;

	if (n > 0 && madvise(start, n, MADV_DONTDUMP) != 0)
		sd_log(SD_LOG_WARN, "memory-dumpable", SD_FS("text", strerror(errno)));
	if (mlockall(MCL_CURRENT) == 0)
		return SD_OK;
	if (required)
		return sd_diag_set(diag, SD_ERR_DENIED, "locked memory is required and refused: %s",
				   strerror(errno));
	if (n > 0 && mlock(start, n) == 0)
		sd_log(SD_LOG_INFO, "memory-heap-locked", SD_FI("bytes", n));
	else
		sd_log(SD_LOG_WARN, "memory-not-locked", SD_FS("text", strerror(errno)));
	return SD_OK;
}
