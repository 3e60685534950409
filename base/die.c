/* SPDX-License-Identifier: MIT
 * die - ends the process: abort for our own bug, exit for an unusable environment.
 * Owns:      where the panic text goes
 * Runs in:   every process; sd_fatal only at boot
 * Fails by:  never returning
 * Never:     call these because of input; a request ends with an answer, not with the worker */
#include "base.h"
#include "die.h"

#include <unistd.h>

#include "log.h"

/* Process-wide on purpose: a bug may be found where no context reaches. */
static char *panic_area;
static size_t panic_size;

void sd_panic_area(char *area, size_t size)
{
	panic_area = size > 0 ? area : NULL;
	panic_size = size;
	if (panic_area != NULL)
		panic_area[size - 1] = '\0';
}

/* No allocation and no lock: the heap may be what is broken. */
void sd_bug(const char *file, int line, const char *fmt, ...)
{
	char text[512];
	size_t used;
	va_list ap;
	int n;

	n = snprintf(text, sizeof(text), "bug at %s:%d: ", file, line);
	used = n < 0 ? 0 : SD_MIN((size_t)n, sizeof(text) - 1);
	va_start(ap, fmt);
	n = vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	va_end(ap);
	used = n < 0 ? used : SD_MIN(used + (size_t)n, sizeof(text) - 1);
	text[used] = '\0';
	if (panic_area != NULL) {
		size_t keep = SD_MIN(used, panic_size - 1);

		memcpy(panic_area, text, keep);
		panic_area[keep] = '\0';
	}
	sd_log(SD_LOG_ERROR, "bug", SD_FS("text", text));
	abort();
}

void sd_fatal(int code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	sd_log(SD_LOG_ERROR, "fatal", SD_FI("exit", code), SD_FS("text", text));
	exit(code);
}
