/* SPDX-License-Identifier: MIT
 * obituary - why a process died, in one line of text.
 * Owns:      the words
 * Runs in:   master
 * Fails by:  never; what does not fit is cut
 * Never:     trusts what the dead process wrote: it may have been taken over */
#include "base.h"
#include "obituary.h"

#include <signal.h>
#include <sys/wait.h>

#include "die.h"

static const struct {
	int number;
	const char *name, *meaning;
} signals[] = {
	{SIGSEGV, "SIGSEGV", "bad memory access"},
	{SIGBUS, "SIGBUS", "bad memory access"},
	{SIGABRT, "SIGABRT", "a bug check of its own"},
	{SIGSYS, "SIGSYS", "a system call that its filter forbids"},
	{SIGKILL, "SIGKILL", "killed from outside, or out of memory"},
	{SIGTERM, "SIGTERM", "asked to end"},
	{SIGILL, "SIGILL", "bad instruction"},
	{SIGFPE, "SIGFPE", "bad arithmetic"},
	{SIGXCPU, "SIGXCPU", "processor time used up"},
};

const char *obituary_signal(int number)
{
	for (size_t i = 0; i < SD_ARRAY_LEN(signals); i++)
		if (signals[i].number == number)
			return signals[i].name;
	return NULL;
}

static const char *meaning(int number)
{
	for (size_t i = 0; i < SD_ARRAY_LEN(signals); i++)
		if (signals[i].number == number)
			return signals[i].meaning;
	return "a signal";
}

static const char *exit_meaning(int code)
{
	if (code == 0)
		return "by itself";
	if (code == SD_EXIT_OSERR)
		return "the system refused what it needs";
	if (code == SD_EXIT_CONFIG)
		return "wrong configuration";
	return "an error of its own";
}

static void cause(const struct obituary *o, char *out, size_t size)
{
	if (WIFSIGNALED(o->status)) {
		int number = WTERMSIG(o->status);
		const char *name = obituary_signal(number);

		if (o->reason != NULL)
			(void)snprintf(out, size, "ended by the master: %s", o->reason);
		else if (name != NULL)
			(void)snprintf(out, size, "%s (%s)", name, meaning(number));
		else
			(void)snprintf(out, size, "signal %d", number);
	} else {
		int code = WEXITSTATUS(o->status);

		(void)snprintf(out, size, "exit %d (%s)", code,
			       o->reason != NULL ? o->reason : exit_meaning(code));
	}
}

void obituary_write(const struct obituary *o, char *out, size_t size)
{
	char why[256];
	int n;

	cause(o, why, sizeof(why));
	n = snprintf(out, size, "%s after %lld.%03lld s", why, (long long)(o->uptime_ms / 1000),
		     (long long)(o->uptime_ms % 1000));
	if (n > 0 && (size_t)n < size && o->told[0] != '\0')
		n += snprintf(out + n, size - (size_t)n, "; it said: %.400s", o->told);
	if (n > 0 && (size_t)n < size && o->panic[0] != '\0')
		n += snprintf(out + n, size - (size_t)n, "; panic: %.400s", o->panic);
	if (n > 0 && (size_t)n < size && o->route[0] != '\0')
		(void)snprintf(out + n, size - (size_t)n, "; last route: %.48s", o->route);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
}
