/* SPDX-License-Identifier: MIT
 * die - the two ways to end: a bug of ours aborts, an unusable environment exits (boot only).
 * The request path never ends on input. */
#ifndef SD_DIE_H
#define SD_DIE_H

#include "base.h"

#define SD_EXIT_CONFIG 78 /* EX_CONFIG: wrong configuration */
#define SD_EXIT_OSERR 71  /* EX_OSERR: the system refuses what we need */

/* Our own bug: writes the text to the panic area (if set) and standard error, then aborts. */
SD_NORETURN void sd_bug(const char *file, int line, const char *fmt, ...) SD_PRINTF(3, 4);

/* The environment: logs and exits with code. Boot only. */
SD_NORETURN void sd_fatal(int code, const char *fmt, ...) SD_PRINTF(2, 3);

/* Where a panic text is left for the master's obituary (in the stats segment); area stays the
 * caller's, size bytes, always NUL-terminated. */
void sd_panic_area(char *area, size_t size);

/* Always compiled in; cond must be free of side effects. */
#define sd_bug_if(cond)                                                                            \
	do {                                                                                       \
		if (SD_UNLIKELY(cond))                                                             \
			sd_bug(__FILE__, __LINE__, "%s", #cond);                                   \
	} while (0)

#endif
