/* SPDX-License-Identifier: MIT
 * sandbox - puts a role's spec into force, in the one order that holds, and probes it.
 * Owns:      the order
 * Runs in:   every role, once, at the end of its boot
 * Fails by:  returning SD_ERR_SYSTEM, SD_ERR_DENIED, SD_ERR_INVALID; the role then ends
 * Never:     go on with less than spec requires; name a call here, tables live with their roles */
#include "base.h"
#include "sandbox.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "err.h"
#include "log.h"
#include "sandbox_filter.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

/* Of Linux 6.3; older headers lack them. */
#define MDWE_SET 65
#define MDWE_GET 66
#define MDWE_REFUSE_EXEC_GAIN 1UL

#define PROBE_CPU_S 5

/* A sanitizer's runtime needs what we forbid: its own calls, threads, /proc, ptrace on itself. */
#ifdef SD_SANITIZERS
#define SANITIZED true
#else
#define SANITIZED false
#endif

static int sys_error(const struct sd_sandbox_spec *spec, struct sd_diag *diag, const char *what)
{
	return sd_diag_set(diag, SD_ERR_SYSTEM, "sandbox of %s: %s: %s", spec->role, what,
			   strerror(errno));
}

/* --- limits --- */

/* Standard error in a regular file (sessiond 2>log): RLIMIT_FSIZE 0 would end the first line. */
static bool log_is_a_file(void)
{
	struct stat st;

	return fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
}

static int limit(const struct sd_sandbox_spec *spec, struct sd_diag *diag, int what, rlim_t value,
		 const char *name)
{
	struct rlimit set = {value, value}, got;

	if (setrlimit((__rlimit_resource_t)what, &set) != 0)
		return sys_error(spec, diag, name);
	if (getrlimit((__rlimit_resource_t)what, &got) != 0 || got.rlim_cur != value ||
	    got.rlim_max != value)
		return sd_diag_set(diag, SD_ERR_DENIED, "sandbox of %s: %s is not in force", spec->role,
				   name);
	return SD_OK;
}

/* Processes last: once they are at zero no other limit may need a helper. Root is not bound by
 * it (the filter refuses clone anyway). */
static int set_limits(const struct sd_sandbox_spec *spec, struct sd_diag *diag)
{
	int err = limit(spec, diag, RLIMIT_CORE, 0, "RLIMIT_CORE 0");

	if (err == SD_OK && spec->nofile > 0)
		err = limit(spec, diag, RLIMIT_NOFILE, spec->nofile, "RLIMIT_NOFILE");
	if (err == SD_OK && !spec->may_write_files && !log_is_a_file())
		err = limit(spec, diag, RLIMIT_FSIZE, 0, "RLIMIT_FSIZE 0");
	if (err == SD_OK && !SANITIZED && geteuid() != 0)
		err = limit(spec, diag, RLIMIT_NPROC, 0, "RLIMIT_NPROC 0");
	return err;
}

/* --- wanted parts --- */

static int landlock(const struct sd_sandbox_spec *spec, uint32_t *abi_out, struct sd_diag *diag)
{
	struct sd_diag why = {{0}};
	int err = sd_landlock_enter(spec->paths, spec->path_count, spec->landlock_but, abi_out, &why);

	return err == SD_OK ? SD_OK
			    : sd_diag_set(diag, err, "sandbox of %s: %s", spec->role, why.text);
}

static uint32_t mdwe_on(void)
{
	if (prctl(MDWE_SET, MDWE_REFUSE_EXEC_GAIN, 0UL, 0UL, 0UL) != 0)
		return 0;
	return prctl(MDWE_GET, 0UL, 0UL, 0UL, 0UL) == (int)MDWE_REFUSE_EXEC_GAIN ? 1 : 0;
}

static bool can_lock_memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool ok;

	if (p == MAP_FAILED)
		return false;
	ok = mlock(p, page) == 0;
	(void)munmap(p, page);
	return ok;
}

static int lacking(const struct sd_sandbox_spec *spec, uint32_t part, const char *name, bool quiet,
		   struct sd_diag *diag)
{
	if ((spec->require & part) != 0 && !SANITIZED)
		return sd_diag_set(diag, SD_ERR_DENIED,
				   "sandbox of %s: %s is required and not to be had here", spec->role,
				   name);
	if (!quiet)
		sd_log(SD_LOG_WARN, "sandbox-part-missing", SD_FS("sandbox", spec->role),
		       SD_FS("part", name));
	return SD_OK;
}

static int enter_wanted(const struct sd_sandbox_spec *spec, struct sd_sandbox_report *out, bool quiet,
			struct sd_diag *diag)
{
	int err = SD_OK;

	/* before Landlock and the filter, which might refuse the question */
	if ((spec->require & SD_SANDBOX_MLOCK) != 0 && !can_lock_memory())
		err = lacking(spec, SD_SANDBOX_MLOCK, "locked memory", quiet, diag);
	if (err == SD_OK && spec->landlock && !SANITIZED)
		err = landlock(spec, &out->landlock_abi, diag);
	if (err == SD_OK && spec->landlock && out->landlock_abi == 0)
		err = lacking(spec, SD_SANDBOX_LANDLOCK, "Landlock", quiet, diag);
	if (err == SD_OK && spec->mdwe && !SANITIZED)
		out->mdwe = mdwe_on();
	if (err == SD_OK && spec->mdwe && out->mdwe == 0)
		err = lacking(spec, SD_SANDBOX_MDWE, "MDWE", quiet, diag);
	return err;
}

/* --- the order --- */

static enum sd_sandbox_mode mode_in_force(const struct sd_sandbox_spec *spec)
{
	return SANITIZED ? SD_SANDBOX_OFF : spec->mode;
}

static void say_weak(const struct sd_sandbox_spec *spec)
{
	const char *what = NULL;

	if (SANITIZED)
		what = "a build with sanitizers: no system call filter, no Landlock, no MDWE";
	else if (spec->mode == SD_SANDBOX_OFF)
		what = "the system call filter is off";
	else if (spec->mode == SD_SANDBOX_LOG)
		what = "the system call filter only logs";
	if (what != NULL)
		sd_log(SD_LOG_WARN, "sandbox-weak", SD_FS("sandbox", spec->role), SD_FS("text", what));
}

static int enter_base(const struct sd_sandbox_spec *spec, struct sd_sandbox_report *out,
		      struct sd_diag *diag)
{
	int err;

	if (!SANITIZED && prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0)
		return sys_error(spec, diag, "PR_SET_DUMPABLE");
	out->dumpable = (uint32_t)prctl(PR_GET_DUMPABLE, 0UL, 0UL, 0UL, 0UL);
	if (!SANITIZED && out->dumpable != 0)
		return sd_diag_set(diag, SD_ERR_DENIED, "sandbox of %s: still dumpable", spec->role);
	/* Nothing here executes a program; whoever made one do so would find no descriptor. */
	if (syscall(SYS_close_range, 0u, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
		return sys_error(spec, diag, "close_range");
	err = set_limits(spec, diag);
	if (err != SD_OK)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0)
		return sys_error(spec, diag, "PR_SET_NO_NEW_PRIVS");
	out->no_new_privs = (uint32_t)prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL);
	if (out->no_new_privs != 1)
		return sd_diag_set(diag, SD_ERR_DENIED, "sandbox of %s: no_new_privs is not in force",
				   spec->role);
	return SD_OK;
}

/* Compiled first, installed last: the rows are found wrong before anything has been given up,
 * and after the filter is in force nothing has to be freed, read or written. */
static int enter(const struct sd_sandbox_spec *spec, struct sd_sandbox_report *out, bool quiet,
		 struct sd_diag *diag)
{
	struct sd_filter filter = {0};
	enum sd_sandbox_mode mode = mode_in_force(spec);
	int err;

	*out = (struct sd_sandbox_report){.mode = (uint32_t)mode};
	err = spec->mode == SD_SANDBOX_OFF ? SD_OK : sd_filter_compile(spec, &filter, diag);
	if (err != SD_OK)
		return err;
	if (!quiet)
		say_weak(spec);
	err = enter_base(spec, out, diag);
	if (err == SD_OK)
		err = enter_wanted(spec, out, quiet, diag);
	if (err != SD_OK || mode == SD_SANDBOX_OFF)
		return err;
	err = sd_filter_install(&filter, diag);
	if (err != SD_OK)
		return err;
	out->seccomp = 2;
	out->rules = filter.calls;
	return SD_OK;
}

int sd_sandbox_enter(const struct sd_sandbox_spec *spec, struct sd_sandbox_report *out,
		     struct sd_diag *diag)
{
	return enter(spec, out, false, diag);
}

/* --- the probe --- */

/* What the probe's child says; shared, because after the filter it may have no call left to say
 * it with: not even _exit is sure to be allowed. */
struct probe {
	volatile int stage; /* 0 began, 1 inside, 2 the forbidden call came back */
	int err;
	struct sd_diag diag;
};

/* The first of these that the table does not mention. */
static int forbidden_call(const struct sd_sandbox_spec *spec)
{
	static const int candidates[] = {SYS_socket, SYS_execve, SYS_ptrace, SYS_acct};

	for (size_t c = 0; c < SD_ARRAY_LEN(candidates); c++) {
		size_t i = 0;

		while (i < spec->rule_count && spec->rules[i].nr != candidates[c])
			i++;
		if (i == spec->rule_count)
			return candidates[c];
	}
	return -1;
}

/* Whatever goes wrong in it (a library that turns for ever where memory ran out), it ends: with the one
 * that made it, or after so much work. */
static int bound_probe(pid_t maker)
{
	const struct rlimit work = {PROBE_CPU_S, PROBE_CPU_S};

	if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL) != 0 ||
	    setrlimit(RLIMIT_CPU, &work) != 0)
		return SD_ERR_SYSTEM;
	return getppid() == maker ? SD_OK : SD_ERR_CLOSED;
}

SD_NORETURN static void probe_child(const struct sd_sandbox_spec *spec, struct probe *p, int call,
				    pid_t maker)
{
	struct sd_sandbox_report report;

	p->err = bound_probe(maker);
	if (p->err == SD_OK)
		p->err = enter(spec, &report, true, &p->diag);
	if (p->err == SD_OK) {
		p->stage = 1;
		/* arguments that are wrong for each candidate: it does nothing even where allowed */
		(void)syscall(call, -1L, -1L, -1L, 0L);
		p->stage = 2;
	}
	_exit(0);
}

static int judge(const struct sd_sandbox_spec *spec, const struct probe *p, int call, int status,
		 struct sd_diag *diag)
{
	char name[32];

	if (p->stage == 0)
		return sd_diag_set(diag, p->err != SD_OK ? p->err : SD_ERR_DENIED, "%s",
				   p->err != SD_OK ? p->diag.text : "the probe died before its sandbox");
	if (mode_in_force(spec) != SD_SANDBOX_ENFORCE)
		return SD_OK;
	if (p->stage == 1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return SD_OK;
	sd_filter_call_name(call, name);
	return sd_diag_set(diag, SD_ERR_DENIED, "sandbox of %s: %s was not refused", spec->role, name);
}

int sd_sandbox_probe(const struct sd_sandbox_spec *spec, struct sd_diag *diag)
{
	struct probe *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			       -1, 0);
	int call = forbidden_call(spec), status = 0, err;
	pid_t maker = getpid(), pid, got;

	if (p == MAP_FAILED)
		return sys_error(spec, diag, "mmap");
	if (call < 0) {
		err = sd_diag_set(diag, SD_ERR_INVALID, "sandbox of %s: allows all a probe could try",
				  spec->role);
		goto out;
	}
	pid = fork();
	if (pid == 0)
		probe_child(spec, p, call, maker);
	do
		got = pid < 0 ? -1 : waitpid(pid, &status, 0);
	while (got < 0 && pid > 0 && errno == EINTR);
	err = got < 0 ? sys_error(spec, diag, "probe") : judge(spec, p, call, status, diag);
out:
	(void)munmap(p, sizeof(*p));
	return err;
}
