/* SPDX-License-Identifier: MIT
 * launcher_sandbox - the launcher's table of system calls, which binds all that it starts as well.
 * Owns:      the rows
 * Runs in:   launcher, when its users are known and its capabilities trimmed; inherited by all
 * Fails by:  returning SD_ERR_SYSTEM, SD_ERR_DENIED
 * Never:     a call that none of our programs makes. A filter cannot be taken off, so what a role or
 *            redis-server does stands here too; each has a table of its own on top of this one */
#include "base.h"
#include "launcher.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "err.h"
#include "sandbox_filter.h"

#ifndef AF_ALG
#define AF_ALG 38
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define FAMILY(family, why)                                                                        \
	{.nr = SCMP_SYS(socket), .refuse = EAFNOSUPPORT, .argc = 1,                                \
	 .args = {SD_ARG_IS(0, family)}, .reason = (why)}

static const struct sd_sys_rule rules[] = {
	/* the launcher: loop, channel to the master, children */
	SD_SYS_ALLOW(epoll_create1, "the loop of each program"),
	SD_SYS_ALLOW(epoll_ctl, "the loop"),
	SD_SYS_ALLOW(epoll_wait, "the loop"),
	SD_SYS_ALLOW(epoll_pwait, "the loop, as newer C libraries call it"),
	SD_SYS_ALLOW(signalfd4, "its signals are read"),
	SD_SYS_ALLOW(socketpair, "the channel to a master; a master's to its children"),
	SD_SYS_ALLOW(recvmsg, "messages with a descriptor"),
	SD_SYS_ALLOW(sendmsg, "messages with a descriptor"),
	SD_SYS_ALLOW(getsockopt, "buffer sizes, SO_ERROR, SO_PEERCRED"),
	SD_SYS_ALLOW(setsockopt, "buffer sizes, TCP_NODELAY"),
	SD_SYS_ALLOW(wait4, "dead children; the copy that proved a filter"),
	SD_SYS_ALLOW(kill, "signals to its own children; redis-server ends its own"),
	SD_SYS_ALLOW_BITS(clone, 0, 0xffffffffu & ~(unsigned)NAMESPACES, "fork, and redis-server's threads; no new namespace"),
	SD_SYS_REFUSE(clone3, ENOSYS, "its flags cannot be seen: libc falls back to clone"),
	SD_SYS_ALLOW(fork, "libc that forks so"),
	SD_SYS_ALLOW(vfork, "libc that forks so"),
	SD_SYS_ALLOW(pipe2, "what --users says; redis-server and its child"),
	SD_SYS_ALLOW(close, "descriptors"),
	SD_SYS_ALLOW(read, "files, pipes, sockets"),
	SD_SYS_ALLOW(write, "the log, files, sockets"),

	/* between fork and exec: another user, and nothing left of the launcher */
	SD_SYS_ALLOW(dup2, "descriptors to their fixed numbers"),
	SD_SYS_ALLOW(dup3, "the same, where dup2 is gone"),
	SD_SYS_ALLOW(fcntl, "descriptors: lifted, close-on-exec, non-blocking; seals"),
	SD_SYS_ALLOW(close_range, "all other descriptors"),
	SD_SYS_ALLOW(rt_sigaction, "signals reset"),
	SD_SYS_ALLOW(rt_sigprocmask, "signals reset"),
	SD_SYS_ALLOW(umask, "files of ours are nobody else's"),
	SD_SYS_ALLOW(setsid, "a terminal's signals are for the launcher"),
	SD_SYS_ALLOW(setgroups, "a role has none"),
	SD_SYS_ALLOW(setresgid, "a role's group"),
	SD_SYS_ALLOW(setresuid, "a role's user"),
	SD_SYS_ALLOW(setgid, "the proof that there is no way back"),
	SD_SYS_ALLOW(setuid, "the proof that there is no way back"),
	SD_SYS_ALLOW(getresuid, "the proof that the user has changed"),
	SD_SYS_ALLOW(getresgid, "the proof that the group has changed"),
	SD_SYS_ALLOW(capget, "the proof that no capability is left"),
	SD_SYS_ALLOW(capset, "a role has none"),
	SD_SYS_ALLOW(prctl, "bounding set, parent's death, dumpable, no_new_privs, MDWE"),
	SD_SYS_ALLOW(getppid, "is the parent still there?"),
	SD_SYS_ALLOW_IF(execveat, 4, 0x1000 /* AT_EMPTY_PATH */, "the programs of the roles, by their descriptors"),

	/* a program begins */
	SD_SYS_ALLOW(brk, "malloc"),
	SD_SYS_ALLOW(mmap, "libraries, malloc, segments"),
	SD_SYS_ALLOW(mprotect, "libraries are made read-only"),
	SD_SYS_ALLOW(munmap, "malloc, segments"),
	SD_SYS_ALLOW(mremap, "malloc"),
	SD_SYS_ALLOW(madvise, "malloc gives back"),
	SD_SYS_ALLOW(access, "ld.so looks for a preload"),
	SD_SYS_ALLOW(faccessat, "the same, where access is gone"),
	SD_SYS_ALLOW(faccessat2, "the same, as newer C libraries ask"),
	SD_SYS_ALLOW(openat, "libraries, configuration, keys; each role's own user bounds it"),
	SD_SYS_ALLOW(open, "redis-server's memory allocator"),
	SD_SYS_ALLOW(newfstatat, "files"),
	SD_SYS_ALLOW(fstat, "files"),
	SD_SYS_ALLOW(statx, "files, as newer C libraries ask"),
	SD_SYS_ALLOW(pread64, "libraries"),
	SD_SYS_ALLOW(lseek, "files"),
	SD_SYS_ALLOW(readlink, "redis-server's memory allocator"),
	SD_SYS_ALLOW(readlinkat, "the same, where readlink is gone"),
	SD_SYS_ALLOW(set_tid_address, "libc begins"),
	SD_SYS_ALLOW(set_robust_list, "libc begins"),
	SD_SYS_ALLOW(rseq, "libc begins"),
	SD_SYS_ALLOW(arch_prctl, "libc begins"),
	SD_SYS_ALLOW(prlimit64, "limits of a role"),
	SD_SYS_ALLOW(getrandom, "keys, ids, hash seeds"),
	SD_SYS_ALLOW(futex, "locks of libc and OpenSSL, redis-server's threads"),
	SD_SYS_ALLOW(getpid, "abort(); OpenSSL looks for a fork"),
	SD_SYS_ALLOW(gettid, "abort()"),
	SD_SYS_ALLOW(tgkill, "abort(), redis-server's threads"),
	SD_SYS_ALLOW(getuid, "OpenSSL, libc: is this a program of another user?"),
	SD_SYS_ALLOW(geteuid, "the same"),
	SD_SYS_ALLOW(getgid, "the same"),
	SD_SYS_ALLOW(getegid, "the same"),
	SD_SYS_ALLOW(sysinfo, "how much memory there is"),
	SD_SYS_ALLOW(uname, "the kernel's version, the host's name"),
	SD_SYS_ALLOW(sched_getaffinity, "how many processors there are"),
	SD_SYS_ALLOW(sched_yield, "locks of a memory allocator"),
	SD_SYS_ALLOW(clock_gettime, "where the machine has no clock in its vDSO"),
	SD_SYS_ALLOW(gettimeofday, "the same"),
	SD_SYS_ALLOW(clock_nanosleep, "a redis-server that waits for its child"),
	SD_SYS_ALLOW(nanosleep, "the same"),
	SD_SYS_ALLOW(rt_sigreturn, "return from a signal"),
	SD_SYS_ALLOW(restart_syscall, "after a stop"),
	SD_SYS_ALLOW(exit, "a thread ends"),
	SD_SYS_ALLOW(exit_group, "the end"),
	SD_SYS_ALLOW_IF(ioctl, 1, 0x5401 /* TCGETS */, "is standard output a terminal?"),
	SD_SYS_ALLOW_IF(ioctl, 1, 0x5421 /* FIONBIO */, "a socket that does not block"),
	SD_SYS_ALLOW_IF(ioctl, 1, 0x541b /* FIONREAD */, "the resolver: how long an answer is"),

	/* a role locks itself in */
	SD_SYS_ALLOW(seccomp, "its own table"),
	SD_SYS_ALLOW(landlock_create_ruleset, "its folders"),
	SD_SYS_ALLOW(landlock_add_rule, "its folders"),
	SD_SYS_ALLOW(landlock_restrict_self, "its folders"),
	SD_SYS_ALLOW(memfd_create, "segments; a filter on its way to the kernel"),
	SD_SYS_ALLOW(truncate, "redis-server: half a command at the end of its file"),
	SD_SYS_ALLOW(ftruncate, "size of a segment; half a line of the trail"),
	SD_SYS_ALLOW(fallocate, "pages of a segment"),
	SD_SYS_ALLOW(pwrite64, "what goes into a memfd"),
	SD_SYS_ALLOW(mlock, "secret memory"),
	SD_SYS_ALLOW(mlock2, "secret memory"),
	SD_SYS_ALLOW(mlockall, "the signer's memory"),
	SD_SYS_ALLOW(getdents64, "folders of tenants and keys, redis-server's own"),

	/* what master, worker and auditor do later, each within its own table */
	SD_SYS_ALLOW_IF(socket, 0, AF_UNIX, "the managed store, sessionctl, the service manager"),
	SD_SYS_ALLOW_IF(socket, 0, AF_INET, "the store, a name server, listeners"),
	SD_SYS_ALLOW_IF(socket, 0, AF_INET6, "the store, a name server, listeners"),
	FAMILY(AF_NETLINK, "the resolver asks for interfaces and goes on without"),
	FAMILY(AF_PACKET, "not ours: raw frames"),
	FAMILY(AF_ALG, "not ours: the kernel's cryptography"),
	FAMILY(AF_VSOCK, "not ours: the hypervisor"),
	FAMILY(AF_BLUETOOTH, "not ours"),
	FAMILY(AF_CAN, "not ours"),
	FAMILY(AF_TIPC, "not ours"),
	FAMILY(AF_RDS, "not ours"),
	SD_SYS_ALLOW(connect, "the store, a name server"),
	SD_SYS_ALLOW(bind, "listeners"),
	SD_SYS_ALLOW(listen, "listeners"),
	SD_SYS_ALLOW(accept4, "clients"),
	SD_SYS_ALLOW(accept, "clients of an older redis-server"),
	SD_SYS_ALLOW(recvfrom, "requests, replies"),
	SD_SYS_ALLOW(sendto, "answers, commands"),
	SD_SYS_ALLOW(sendmmsg, "the resolver asks for both families at once"),
	SD_SYS_ALLOW(recvmmsg, "the resolver"),
	SD_SYS_ALLOW(shutdown, "the last answer arrives before the end"),
	SD_SYS_ALLOW(getsockname, "which port was given"),
	SD_SYS_ALLOW(getpeername, "who is there"),
	SD_SYS_ALLOW(poll, "the resolver"),
	SD_SYS_ALLOW(ppoll, "the resolver"),
	SD_SYS_ALLOW(chmod, "a socket's mode"),
	SD_SYS_ALLOW(fchmod, "a socket's mode"),
	SD_SYS_ALLOW(fchmodat, "a socket's mode, where chmod is gone"),
	SD_SYS_ALLOW(mkdir, "the state folder, redis-server's own"),
	SD_SYS_ALLOW(mkdirat, "the same, where mkdir is gone"),
	SD_SYS_ALLOW(unlink, "a socket's path, redis-server's older files"),
	SD_SYS_ALLOW(unlinkat, "the same, where unlink is gone"),
	SD_SYS_ALLOW(flock, "one service for each state folder"),
	SD_SYS_ALLOW(fsync, "redis-server's files reach the disk"),
	SD_SYS_ALLOW(fdatasync, "the trail, redis-server's files reach the disk"),

	/* what is redis-server's alone (launcher_redis.c) */
	SD_SYS_ALLOW(epoll_create, "its loop"),
	SD_SYS_ALLOW(writev, "its answers"),
	SD_SYS_ALLOW(readv, "its files"),
	SD_SYS_ALLOW(pwritev, "its files"),
	SD_SYS_ALLOW(rename, "its files are replaced in one step"),
	SD_SYS_ALLOW(renameat, "the same, where rename is gone"),
	SD_SYS_ALLOW(renameat2, "the same, as newer C libraries call it"),
	SD_SYS_ALLOW(chdir, "its folder"),
	SD_SYS_ALLOW(getcwd, "its folder"),
	SD_SYS_ALLOW(sync_file_range, "what it has written leaves the cache"),
	SD_SYS_ALLOW(fadvise64, "what it has written leaves the cache"),
	SD_SYS_ALLOW(setitimer, "its watchdog"),
	SD_SYS_ALLOW(getrusage, "its figures"),
	SD_SYS_ALLOW(times, "its figures"),
	SD_SYS_ALLOW(membarrier, "newer memory allocators"),
	SD_SYS_ALLOW(select, "it waits for one descriptor"),
	SD_SYS_ALLOW(pselect6, "the same, where select is gone"),
	SD_SYS_ALLOW(eventfd2, "threads of newer versions"),
	SD_SYS_ALLOW(pipe, "it and its child, older versions"),
	SD_SYS_ALLOW(getpriority, "its child is to be nicer"),
	SD_SYS_REFUSE(io_uring_setup, EPERM, "newer versions try it and go on without"),
	SD_SYS_REFUSE(sched_setaffinity, EPERM, "pinned to processors only if configured"),
	SD_SYS_REFUSE(setpriority, EPERM, "its child is to be nicer: it goes on without"),
};

/* Calls of kernels newer than this table: a C library of their time tries them and falls back. The x32
 * calls begin behind them. */
#define YOUNG_FIRST 450
#define YOUNG_LAST 511

SD_STATIC_ASSERT(SD_ARRAY_LEN(rules) + YOUNG_LAST - YOUNG_FIRST < LAUNCHER_SANDBOX_ROWS, "room for all rows");

size_t launcher_young_rows(struct sd_sys_rule *out)
{
	for (int nr = YOUNG_FIRST; nr <= YOUNG_LAST; nr++)
		out[nr - YOUNG_FIRST] = (struct sd_sys_rule){.nr = nr, .refuse = ENOSYS,
							     .reason = "younger than this table"};
	return YOUNG_LAST - YOUNG_FIRST + 1;
}

static void spec_of(const struct launcher_users *users, struct launcher_sandbox *out)
{
	memcpy(out->rules, rules, sizeof(rules));
	out->spec = (struct sd_sandbox_spec){
		.role = "launcher",
		.rules = out->rules,
		.rule_count = SD_ARRAY_LEN(rules) + launcher_young_rows(out->rules + SD_ARRAY_LEN(rules)),
		.mode = (enum sd_sandbox_mode)users->sandbox,
		.may_write_files = true,
	};
}

int launcher_sandbox_enter(const struct launcher_users *users, struct sd_diag *diag)
{
	struct launcher_sandbox *s = calloc(1, sizeof(*s));
	struct sd_filter *filter = calloc(1, sizeof(*filter));
	const struct rlimit none = {0, 0};
	int err = SD_ERR_MEMORY;

	(void)setrlimit(RLIMIT_CORE, &none);
	if (s == NULL || filter == NULL)
		goto out;
	spec_of(users, s);
	err = sd_filter_compile(&s->spec, filter, diag);
	if (err == SD_OK)
		err = sd_sandbox_probe(&s->spec, diag);
	if (err == SD_OK && prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0)
		err = sd_diag_set(diag, SD_ERR_SYSTEM, "sandbox of launcher: no_new_privs: %s", strerror(errno));
#ifndef SD_SANITIZERS /* the leak checker of each role is a ptrace */
	if (err == SD_OK && s->spec.mode != SD_SANDBOX_OFF)
		err = sd_filter_install(filter, diag);
#endif
	if (err == SD_OK && prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) != 1)
		err = sd_diag_set(diag, SD_ERR_DENIED, "sandbox of launcher: no_new_privs is not in force");
out:
	free(s);
	free(filter);
	return err;
}
