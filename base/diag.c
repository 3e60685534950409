/* SPDX-License-Identifier: MIT
 * diag - writes the bounded explanation beside an error code.
 * Owns:      nothing; the caller's struct sd_diag
 * Runs in:   every process, before and after its sandbox
 * Fails by:  never (truncates)
 * Never:     log from here; who receives the diag decides whether it is worth a line */
#include "base.h"
#include "diag.h"

int sd_diag_set(struct sd_diag *diag, int err, const char *fmt, ...)
{
	va_list ap;

	if (diag == NULL)
		return err;
	va_start(ap, fmt);
	if (vsnprintf(diag->text, sizeof(diag->text), fmt, ap) < 0)
		diag->text[0] = '\0';
	va_end(ap);
	return err;
}

void sd_diag_prefix(struct sd_diag *diag, const char *fmt, ...)
{
	char old[sizeof(diag->text)];
	va_list ap;
	size_t used, room;
	int n;

	if (diag == NULL)
		return;
	memcpy(old, diag->text, sizeof(old));
	old[sizeof(old) - 1] = '\0';
	va_start(ap, fmt);
	n = vsnprintf(diag->text, sizeof(diag->text), fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	used = SD_MIN((size_t)n, sizeof(diag->text) - 1);
	room = sizeof(diag->text) - used;
	(void)snprintf(diag->text + used, room, ": %.*s", room > 3 ? (int)room - 3 : 0, old);
}
