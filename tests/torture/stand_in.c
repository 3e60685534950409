/* SPDX-License-Identifier: MIT
 * stand_in - takes a role's place and becomes the real program, with failing_calls.so before libc.
 * Owns:      nothing; the folder it lies in: real/NAME, NAME.page, failing_calls.so
 * Runs in:   a test's folder, between the launcher's exec and the role's
 * Fails by:  exit 71
 * Never:     installed; a call that the launcher's filter does not know: execveat, as it does */
#include "base.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc SD_UNUSED, char **argv)
{
	char self[PATH_MAX], preload[PATH_MAX + 64], page[PATH_MAX + 64], real[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *name;

	if (n <= 0)
		return 71;
	self[n] = '\0';
	name = strrchr(self, '/');
	*name++ = '\0';
	(void)snprintf(preload, sizeof(preload), "%s/failing_calls.so", self);
	(void)snprintf(page, sizeof(page), "%s/%s.page", self, name);
	(void)snprintf(real, sizeof(real), "%s/real/%s", self, name);
	if (setenv("LD_PRELOAD", preload, 1) == 0 && setenv("TORTURE_PAGE", page, 1) == 0)
		(void)syscall(SYS_execveat, open(real, O_PATH | O_CLOEXEC), "", argv, environ, AT_EMPTY_PATH);
	(void)fprintf(stderr, "stand_in: %s: %s\n", real, strerror(errno));
	return 71;
}
