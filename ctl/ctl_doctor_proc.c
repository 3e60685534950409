/* SPDX-License-Identifier: MIT
 * ctl_doctor_proc - reads /proc/PID/status and holds it against the promise.
 * Owns:      what "locked in" means of a process
 * Runs in:   sessionctl
 * Fails by:  -1 when a line is missing
 * Never:     take a missing line for a good one */
#include "base.h"
#include "ctl_doctor_proc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_MAX 16384
#define CAP_EFFECTIVE 2 /* places in caps */
#define CAP_BOUNDING 3
#define CAPS_OF_LAUNCHER 0xe0 /* CAP_KILL, CAP_SETGID, CAP_SETUID */

/* The rest of the line that begins with name; NULL when there is none. text ends in NUL. */
static const char *line_of(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = text; p != NULL && *p != '\0';) {
		if (strncmp(p, name, n) == 0)
			return p + n;
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	return NULL;
}

static int numbers(const char *text, const char *name, int base, uint64_t *out, size_t count)
{
	const char *p = line_of(text, name);

	for (size_t i = 0; i < count; i++) {
		char *end = NULL;

		if (p == NULL)
			return -1;
		out[i] = strtoull(p, &end, base);
		if (end == p)
			return -1;
		p = end;
	}
	return 0;
}

static int parse_ids(const char *text, struct ctl_doctor_proc *out)
{
	uint64_t v[4];
	const char *p;

	if (numbers(text, "Uid:", 10, v, 4) != 0)
		return -1;
	for (int i = 0; i < 4; i++)
		out->uid[i] = (unsigned)v[i];
	if (numbers(text, "Gid:", 10, v, 4) != 0)
		return -1;
	for (int i = 0; i < 4; i++)
		out->gid[i] = (unsigned)v[i];
	p = line_of(text, "Groups:");
	if (p == NULL)
		return -1;
	for (; *p != '\0' && *p != '\n'; p++)
		if (*p >= '0' && *p <= '9' && (p[1] < '0' || p[1] > '9'))
			out->groups++;
	return 0;
}

int ctl_doctor_proc_parse(struct sd_slice text, struct ctl_doctor_proc *out)
{
	static const char *const names[] = {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
	char copy[STATUS_MAX];
	uint64_t v;

	*out = (struct ctl_doctor_proc){0};
	if (sd_slice_copy(text, copy, sizeof(copy)) != 0 || parse_ids(copy, out) != 0)
		return -1;
	for (size_t i = 0; i < SD_ARRAY_LEN(names); i++)
		if (numbers(copy, names[i], 16, &out->caps[i], 1) != 0)
			return -1;
	if (numbers(copy, "Seccomp:", 10, &v, 1) != 0)
		return -1;
	out->seccomp = (unsigned)v;
	if (numbers(copy, "NoNewPrivs:", 10, &v, 1) != 0)
		return -1;
	out->no_new_privs = (unsigned)v;
	if (numbers(copy, "PPid:", 10, &v, 1) != 0)
		return -1;
	out->parent = (int)v;
	return 0;
}

/* The kernel gives the files (not the folder) of a process that is not dumpable to root. */
static void read_dumpable(int fd, struct ctl_doctor_proc *out)
{
	struct stat st;

	out->dumpable_known = out->uid[1] != 0 && fstat(fd, &st) == 0;
	out->dumpable = out->dumpable_known && st.st_uid != 0;
}

int ctl_doctor_proc_read(int pid, struct ctl_doctor_proc *out)
{
	char path[64], text[STATUS_MAX];
	ssize_t n;
	int fd, err = 0;

	*out = (struct ctl_doctor_proc){0};
	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text));
	if (n <= 0 || ctl_doctor_proc_parse(sd_slice(text, (size_t)n), out) != 0)
		err = -1;
	else
		read_dumpable(fd, out);
	(void)close(fd);
	return err;
}

static void add(char *detail, size_t size, const char *what)
{
	size_t n = strlen(detail);

	(void)snprintf(detail + n, size - n, "%s%s", n > 0 ? ", " : "", what);
}

/* The bounding set gives nothing to who has no_new_privs and may not be root. */
static bool no_more_caps(const struct ctl_doctor_proc *p, uint64_t than)
{
	for (size_t i = 0; i < SD_ARRAY_LEN(p->caps); i++)
		if (i != CAP_BOUNDING && (p->caps[i] & ~than) != 0)
			return false;
	return true;
}

static void say_good(const struct ctl_doctor_proc *p, enum ctl_doctor_kind kind, char *detail, size_t size)
{
	bool keeps = kind == CTL_DOCTOR_LAUNCHER && p->caps[CAP_EFFECTIVE] != 0;

	(void)snprintf(detail, size, "uid %u, filter, no_new_privs, %s%s%s", p->uid[0],
		       keeps ? "capabilities SETUID, SETGID, KILL" : "no capabilities",
		       p->dumpable_known && !p->dumpable ? ", not dumpable" : "",
		       p->groups > 1 ? ", extra groups" : "");
}

bool ctl_doctor_proc_judge(const struct ctl_doctor_proc *p, enum ctl_doctor_kind kind, char *detail,
			   size_t size)
{
	bool launcher = kind == CTL_DOCTOR_LAUNCHER, one_user = true;

	detail[0] = '\0';
	for (int i = 1; i < 4; i++)
		one_user = one_user && p->uid[i] == p->uid[0] && p->gid[i] == p->gid[0];
	if (p->seccomp != 2)
		add(detail, size, "no system call filter");
	if (p->no_new_privs != 1)
		add(detail, size, "may gain privileges");
	if (!no_more_caps(p, launcher ? CAPS_OF_LAUNCHER : 0))
		add(detail, size, launcher ? "has more capabilities than SETUID, SETGID, KILL"
					   : "has capabilities");
	if (!one_user)
		add(detail, size, "has more than one user");
	if (p->uid[0] == 0 && !launcher)
		add(detail, size, "runs as root");
	if (p->dumpable && kind == CTL_DOCTOR_ROLE)
		add(detail, size, "may be traced by its own user");
	if (detail[0] != '\0')
		return false;
	say_good(p, kind, detail, size);
	return true;
}
