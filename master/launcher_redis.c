/* SPDX-License-Identifier: MIT
 * launcher_redis - what our own redis-server may do: its folder, its one socket, its calls.
 * Owns:      the rows, the paths
 * Runs in:   launcher, between fork and exec of redis-server
 * Fails by:  returning SD_ERR_*; the child then ends and says why
 * Never:     a folder that the master names: it is the one that the operator's file named at the start */
#include "base.h"
#include "launcher.h"

#include <limits.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "err.h"
#include "log.h"
#include "sandbox_filter.h"

/* Version 2 knows how to let a file be renamed from one folder to another, which it does. */
#define LANDLOCK_LEAST 2

static const struct sd_sys_rule rules[] = {
	SD_SYS_ALLOW(execveat, "redis-server itself; Landlock leaves it no other program"),
	/* it begins */
	SD_SYS_ALLOW(brk, "malloc"),
	SD_SYS_ALLOW(mmap, "libraries, malloc"),
	SD_SYS_ALLOW(mprotect, "libraries are made read-only"),
	SD_SYS_ALLOW(munmap, "malloc"),
	SD_SYS_ALLOW(mremap, "malloc"),
	SD_SYS_ALLOW(madvise, "malloc gives back"),
	SD_SYS_ALLOW(access, "ld.so looks for a preload"),
	SD_SYS_ALLOW(faccessat, "the same, where access is gone"),
	SD_SYS_ALLOW(faccessat2, "the same, as newer C libraries ask"),
	SD_SYS_ALLOW(openat, "libraries; its files"),
	SD_SYS_ALLOW(open, "its memory allocator"),
	SD_SYS_ALLOW(newfstatat, "its files"),
	SD_SYS_ALLOW(fstat, "its files"),
	SD_SYS_ALLOW(statx, "its files, as newer C libraries ask"),
	SD_SYS_ALLOW(pread64, "libraries"),
	SD_SYS_ALLOW(read, "its configuration, its files, commands"),
	SD_SYS_ALLOW(readv, "its files"),
	SD_SYS_ALLOW(lseek, "its files"),
	SD_SYS_ALLOW(readlink, "its memory allocator"),
	SD_SYS_ALLOW(readlinkat, "the same, where readlink is gone"),
	SD_SYS_ALLOW(close, "descriptors"),
	SD_SYS_ALLOW(set_tid_address, "libc begins"),
	SD_SYS_ALLOW(set_robust_list, "libc begins"),
	SD_SYS_ALLOW(rseq, "libc begins"),
	SD_SYS_ALLOW(arch_prctl, "libc begins"),
	SD_SYS_ALLOW(prctl, "names of threads"),
	SD_SYS_ALLOW(prlimit64, "how many descriptors there are"),
	SD_SYS_ALLOW(getrandom, "hash seeds"),
	SD_SYS_ALLOW(sysinfo, "how much memory there is"),
	SD_SYS_ALLOW(uname, "the kernel's version"),
	SD_SYS_ALLOW(sched_getaffinity, "how many processors there are"),
	SD_SYS_ALLOW(sched_yield, "locks of its memory allocator"),
	SD_SYS_ALLOW(umask, "the mode of its socket"),
	SD_SYS_ALLOW(getuid, "libc, OpenSSL: is this a program of another user?"),
	SD_SYS_ALLOW(geteuid, "the same"),
	SD_SYS_ALLOW(getgid, "the same"),
	SD_SYS_ALLOW(getegid, "the same"),
	SD_SYS_ALLOW_IF(ioctl, 1, 0x5401 /* TCGETS */, "is standard output a terminal?"),
	/* threads, signals, a child that writes the file anew */
	SD_SYS_ALLOW(clone, "three threads, the child; the launcher's table refuses a namespace"),
	SD_SYS_REFUSE(clone3, ENOSYS, "libc falls back to clone"),
	SD_SYS_ALLOW(fork, "the child"),
	SD_SYS_ALLOW(vfork, "libc that forks so"),
	SD_SYS_ALLOW(wait4, "the child's end"),
	SD_SYS_ALLOW(kill, "its child; Landlock leaves it nobody else"),
	SD_SYS_ALLOW(tgkill, "abort(), its threads"),
	SD_SYS_ALLOW(futex, "its threads"),
	SD_SYS_ALLOW(getpid, "its own id"),
	SD_SYS_ALLOW(gettid, "abort()"),
	SD_SYS_ALLOW(rt_sigaction, "SIGTERM, and what to say in a crash"),
	SD_SYS_ALLOW(rt_sigprocmask, "its threads take no signals"),
	SD_SYS_ALLOW(rt_sigreturn, "return from a signal"),
	SD_SYS_ALLOW(restart_syscall, "after a stop"),
	SD_SYS_ALLOW(setitimer, "its watchdog"),
	SD_SYS_ALLOW(exit, "a thread ends"),
	SD_SYS_ALLOW(exit_group, "the end"),
	SD_SYS_ALLOW(pipe2, "what the child says"),
	SD_SYS_ALLOW(pipe, "the same, older versions"),
	SD_SYS_ALLOW(eventfd2, "threads of newer versions"),
	SD_SYS_ALLOW(membarrier, "newer memory allocators"),
	SD_SYS_ALLOW(dup2, "its log"),
	SD_SYS_ALLOW(fcntl, "non-blocking, close-on-exec"),
	/* its socket */
	SD_SYS_ALLOW_IF(socket, 0, AF_UNIX, "the one socket on which it listens"),
	{.nr = SCMP_SYS(socket), .refuse = EAFNOSUPPORT, .argc = 1, .args = {SD_ARG_IS(0, AF_INET)},
	 .reason = "it has no port"},
	{.nr = SCMP_SYS(socket), .refuse = EAFNOSUPPORT, .argc = 1, .args = {SD_ARG_IS(0, AF_INET6)},
	 .reason = "it has no port"},
	SD_SYS_ALLOW(bind, "the same"),
	SD_SYS_ALLOW(listen, "the same"),
	SD_SYS_ALLOW(chmod, "the socket's mode"),
	SD_SYS_ALLOW(fchmodat, "the same, where chmod is gone"),
	SD_SYS_ALLOW(accept4, "clients"),
	SD_SYS_ALLOW(accept, "clients, older versions"),
	SD_SYS_ALLOW(getsockopt, "errors of a client"),
	SD_SYS_ALLOW(setsockopt, "buffers, keep-alive"),
	SD_SYS_ALLOW(getsockname, "CLIENT LIST"),
	SD_SYS_ALLOW(getpeername, "CLIENT LIST"),
	SD_SYS_ALLOW(recvfrom, "commands, newer versions"),
	SD_SYS_ALLOW(sendto, "answers, newer versions"),
	SD_SYS_ALLOW(shutdown, "a client that is dropped"),
	SD_SYS_ALLOW(write, "answers, its file, the log"),
	SD_SYS_ALLOW(writev, "answers"),
	SD_SYS_ALLOW(epoll_create, "its loop"),
	SD_SYS_ALLOW(epoll_create1, "its loop, newer versions"),
	SD_SYS_ALLOW(epoll_ctl, "its loop"),
	SD_SYS_ALLOW(epoll_wait, "its loop"),
	SD_SYS_ALLOW(epoll_pwait, "its loop, as newer C libraries call it"),
	SD_SYS_ALLOW(poll, "it waits for one descriptor"),
	SD_SYS_ALLOW(ppoll, "the same, where poll is gone"),
	SD_SYS_ALLOW(select, "the same"),
	SD_SYS_ALLOW(pselect6, "the same, where select is gone"),
	SD_SYS_ALLOW(clock_gettime, "where the machine has no clock in its vDSO"),
	SD_SYS_ALLOW(gettimeofday, "the same"),
	SD_SYS_ALLOW(clock_nanosleep, "it waits for its child"),
	SD_SYS_ALLOW(nanosleep, "the same"),
	SD_SYS_ALLOW(getrusage, "INFO"),
	SD_SYS_ALLOW(times, "INFO"),
	/* its files */
	SD_SYS_ALLOW(chdir, "its folder"),
	SD_SYS_ALLOW(getcwd, "its folder"),
	SD_SYS_ALLOW(mkdir, "its folder"),
	SD_SYS_ALLOW(mkdirat, "its folder, where mkdir is gone"),
	SD_SYS_ALLOW(rename, "its files are replaced in one step"),
	SD_SYS_ALLOW(renameat, "the same, where rename is gone"),
	SD_SYS_ALLOW(renameat2, "the same, as newer C libraries call it"),
	SD_SYS_ALLOW(unlink, "older files"),
	SD_SYS_ALLOW(unlinkat, "older files, where unlink is gone"),
	SD_SYS_ALLOW(getdents64, "its folder"),
	SD_SYS_ALLOW(truncate, "half a command at the end of its file, found at its start"),
	SD_SYS_ALLOW(ftruncate, "half a command at the end of its file, as it fails to write"),
	SD_SYS_ALLOW(pwrite64, "its files"),
	SD_SYS_ALLOW(pwritev, "its files"),
	SD_SYS_ALLOW(fsync, "its files reach the disk"),
	SD_SYS_ALLOW(fdatasync, "its files reach the disk"),
	SD_SYS_ALLOW(sync_file_range, "what it has written leaves the cache"),
	SD_SYS_ALLOW(fadvise64, "what it has written leaves the cache"),
	SD_SYS_REFUSE(io_uring_setup, EPERM, "newer versions try it and go on without"),
	SD_SYS_REFUSE(sched_setaffinity, EPERM, "pinned to processors only if configured"),
	SD_SYS_REFUSE(setpriority, EPERM, "its child is to be nicer: it goes on without"),
	SD_SYS_REFUSE(getpriority, EPERM, "the same"),
};

static int filter(const struct launcher *l, struct sd_diag *diag)
{
	struct launcher_sandbox *s = calloc(1, sizeof(*s));
	struct sd_filter *f = calloc(1, sizeof(*f));
	int err = SD_ERR_MEMORY;

	if (s != NULL && f != NULL) {
		memcpy(s->rules, rules, sizeof(rules));
		s->spec = (struct sd_sandbox_spec){
			.role = "redis-server",
			.rules = s->rules,
			.rule_count = SD_ARRAY_LEN(rules) + launcher_young_rows(s->rules + SD_ARRAY_LEN(rules)),
			.mode = (enum sd_sandbox_mode)l->users.sandbox,
		};
		err = sd_filter_compile(&s->spec, f, diag);
		if (err == SD_OK && s->spec.mode != SD_SANDBOX_OFF)
			err = sd_filter_install(f, diag);
	}
	free(s);
	free(f);
	return err;
}

/* The folder above the program's own: /usr of /usr/bin/redis-server. */
static void prefix_of(int program, char out[PATH_MAX])
{
	char link[32];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", program);
	n = readlink(link, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(out, '/');

		if (slash == NULL || slash == out)
			out[0] = '\0'; /* the root is no prefix */
		else
			*slash = '\0';
	}
}

static int folders(const struct launcher *l, struct sd_diag *diag)
{
	char prefix[PATH_MAX];
	uint32_t abi = 0;

	prefix_of(l->program[ROLE_REDIS], prefix);
	const struct sd_landlock_path paths[] = {
		{l->users.redis_dir, -1, SD_PATH_READ | SD_PATH_WRITE},
		{NULL, l->program[ROLE_REDIS], SD_PATH_READ | SD_PATH_EXEC},
		{"/lib64/ld-linux-x86-64.so.2", -1, SD_PATH_READ | SD_PATH_EXEC},
		{"/lib/ld-linux-aarch64.so.1", -1, SD_PATH_READ | SD_PATH_EXEC},
		{"/lib/ld-musl-x86_64.so.1", -1, SD_PATH_READ | SD_PATH_EXEC},
		{"/lib/ld-musl-aarch64.so.1", -1, SD_PATH_READ | SD_PATH_EXEC},
		{"/lib", -1, SD_PATH_READ},
		{"/lib64", -1, SD_PATH_READ},
		{"/usr/lib", -1, SD_PATH_READ},
		{"/usr/lib64", -1, SD_PATH_READ},
		{"/etc/ld.so.cache", -1, SD_PATH_READ},
		{"/etc/localtime", -1, SD_PATH_READ},
		{"/usr/share/zoneinfo", -1, SD_PATH_READ},
		{"/etc/ssl/openssl.cnf", -1, SD_PATH_READ},
		{"/proc/self", -1, SD_PATH_READ},
		{"/proc/sys", -1, SD_PATH_READ},
		{"/sys/devices/system/cpu", -1, SD_PATH_READ},
		{"/sys/kernel/mm", -1, SD_PATH_READ},
		{"/dev/null", -1, SD_PATH_READ | SD_PATH_WRITE},
		{"/dev/urandom", -1, SD_PATH_READ},
		{prefix[0] != '\0' ? prefix : "/usr/lib", -1, SD_PATH_READ},
	};

	if (l->users.redis_dir[0] == '\0' || sd_landlock_abi() < LANDLOCK_LEAST)
		return SD_OK;
	return sd_landlock_enter(paths, SD_ARRAY_LEN(paths), 0, &abi, diag);
}

int launcher_redis_judge(const struct launcher *l, struct sd_diag *diag)
{
	if (l->users.redis_dir[0] == '\0' || sd_landlock_abi() >= LANDLOCK_LEAST)
		return SD_OK;
	if ((l->users.require & SD_SANDBOX_LANDLOCK) != 0)
		return sd_diag_set(diag, SD_ERR_DENIED,
				   "sandbox of redis-server: Landlock is required and not to be had here");
	sd_log(SD_LOG_WARN, "sandbox-part-missing", SD_FS("sandbox", "redis"), SD_FS("part", "Landlock"));
	return SD_OK;
}

int launcher_redis_confine(const struct launcher *l, struct sd_diag *diag)
{
#ifdef SD_SANITIZERS
	return SD_OK;
#endif
	if (l->users.sandbox == SD_SANDBOX_OFF)
		return SD_OK;
	int err = folders(l, diag);

	return err != SD_OK ? err : filter(l, diag);
}
