/* SPDX-License-Identifier: MIT
 * master_sandbox - the master's table of system calls: it opens, listens and connects, but it
 * starts no program, changes no user and touches no other process.
 * Owns:      the rows
 * Runs in:   master, at the end of its boot
 * Fails by:  returning what sd_sandbox_enter says
 * Never:     execve, fork, kill, ptrace, mount, chmod, set*id, seccomp, bpf, io_uring */
#include "base.h"
#include "master.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "err.h"
#include "sandbox_rows.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#endif

#define NOFILE 8192 /* sockets of a node's children pass through, few stay */

static const struct sd_sys_rule rules[] = {
	SD_SYS_ALLOW(epoll_wait, "the loop"),
	SD_SYS_ALLOW(epoll_pwait, "the loop, as newer C libraries call it"),
	SD_SYS_ALLOW(epoll_ctl, "the loop"),
	SD_SYS_ALLOW(recvmsg, "messages of launcher and children, with a descriptor"),
	SD_SYS_ALLOW(sendmsg, "messages to them"),
	SD_SYS_ALLOW(recvfrom, "store, auditor, sessionctl"),
	SD_SYS_ALLOW(sendto, "store, auditor, service manager"),
	SD_SYS_ALLOW(sendmmsg, "the resolver asks for both families at once"),
	SD_SYS_ALLOW(writev, "the resolver asks over TCP what did not fit into a datagram"),
	SD_SYS_ALLOW(read, "configuration files at a reload; the store"),
	SD_SYS_ALLOW(write, "the log; the store; the ready line"),
	SD_SYS_ALLOW(pwrite64, "the configuration of redis-server, into a memfd"),
	SD_SYS_ALLOW(close, "descriptors handed over"),
	SD_SYS_ALLOW(openat, "configuration at a reload, the audit file; by the master's own user"),
	SD_SYS_ALLOW(fstat, "configuration files at a reload"),
	SD_SYS_ALLOW(newfstatat, "configuration files at a reload"),
	SD_SYS_ALLOW(statx, "the same, as newer C libraries ask"),
	SD_SYS_ALLOW(lseek, "configuration files at a reload"),
	SD_SYS_ALLOW(getdents64, "tenants.d and keys at a reload"),
	SD_SYS_ALLOW(unlink, "its own sockets' paths at the end"),
	SD_SYS_ALLOW_IF(fcntl, 1, F_GETFL, "fdopendir; non-blocking sockets"),
	SD_SYS_ALLOW_IF(fcntl, 1, F_SETFL, "non-blocking sockets"),
	SD_SYS_ALLOW_IF(fcntl, 1, F_GETFD, "close-on-exec"),
	SD_SYS_ALLOW_IF(fcntl, 1, F_SETFD, "close-on-exec"),
	SD_SYS_ALLOW_IF(fcntl, 1, F_DUPFD_CLOEXEC, "a descriptor in a queue"),
	SD_SYS_ALLOW_IF(fcntl, 1, F_ADD_SEALS, "segments: sealed before they are handed out"),
	SD_SYS_ALLOW_IF(fcntl, 1, F_GET_SEALS, "segments: checked when mapped"),
	SD_SYS_ALLOW(memfd_create, "a policy, a bigger table, statistics of a new child, metrics"),
	SD_SYS_ALLOW(ftruncate, "size of a segment"),
	SD_SYS_ALLOW(fallocate, "pages of a segment"),
	SD_SYS_ALLOW_IF(socket, 0, AF_UNIX, "the managed store"),
	SD_SYS_ALLOW_IF(socket, 0, AF_INET, "the store, a name server"),
	SD_SYS_ALLOW_IF(socket, 0, AF_INET6, "the store, a name server"),
	{.nr = SCMP_SYS(socket), .refuse = EAFNOSUPPORT, .argc = 1,
	 .args = {SCMP_CMP(0, SCMP_CMP_MASKED_EQ, 0xffffffffu, AF_NETLINK)},
	 .reason = "the resolver asks for interfaces and goes on without"},
	SD_SYS_ALLOW(socketpair, "channels of new children"),
	SD_SYS_ALLOW(connect, "the store"),
	SD_SYS_ALLOW(bind, "the resolver's source port"),
	SD_SYS_ALLOW(accept4, "sessionctl"),
	SD_SYS_ALLOW(getsockopt, "SO_ERROR, SO_PEERCRED, buffer sizes"),
	SD_SYS_ALLOW(setsockopt, "buffer sizes, TCP_NODELAY"),
	SD_SYS_ALLOW(getsockname, "the resolver"),
	SD_SYS_ALLOW(getpeername, "the resolver"),
	SD_SYS_ALLOW(poll, "the resolver"),
	SD_SYS_ALLOW(ppoll, "the resolver"),
	SD_SYS_ALLOW_BITS(mmap, 2, PROT_READ | PROT_WRITE, "malloc, segments"),
	{.nr = SCMP_SYS(mmap), .refuse = EACCES, .argc = 1,
	 .args = {SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
	 .reason = "the resolver would load a module (nsswitch.conf) and goes on without"},
	SD_SYS_ALLOW_BITS(mprotect, 2, PROT_READ | PROT_WRITE, "malloc"),
	SD_SYS_ALLOW(munmap, "malloc, segments"),
	SD_SYS_ALLOW(mremap, "malloc"),
	SD_SYS_ALLOW(brk, "malloc"),
	SD_SYS_ALLOW(madvise, "malloc gives back; segments are not inherited"),
	SD_SYS_ALLOW(mlock, "secret memory"),
	SD_SYS_ALLOW(getrandom, "passwords, seeds, jitter"),
	SD_SYS_ALLOW(getuid, "whom sessionctl must be; owner of files"),
	SD_SYS_ALLOW(geteuid, "whom sessionctl must be; owner of files"),
	SD_SYS_ALLOW(uname, "the resolver"),
	SD_SYS_ALLOW(sysinfo, "qsort asks how much memory there is"),
	SD_ROWS_PROCESS,
	SD_SYS_REFUSE(ioctl, ENOTTY, "standard output: is it a terminal?"),
	SD_SYS_REFUSE(prlimit64, EPERM, "libc asks for limits"),
	SD_SYS_REFUSE(faccessat2, ENOSYS, "libc falls back"),
};

int master_sandbox_enter(const struct server_conf *server, bool own_users,
			 struct sd_sandbox_report *out, struct sd_diag *diag)
{
	struct sd_sys_rule all[SD_ARRAY_LEN(rules) + 1];
	struct rlimit have;
	struct sd_sandbox_spec spec = {
		.role = "master",
		.rules = all,
		.rule_count = sd_rows_own(all, rules, SD_ARRAY_LEN(rules)),
		.mode = (enum sd_sandbox_mode)server->sandbox,
		.require = server->sandbox_require & ~SD_SANDBOX_USERS,
		.may_write_files = true, /* RLIMIT_FSIZE would forbid segments as well */
		.mdwe = true,
		.landlock = true,
		/* the store may be elsewhere; a service manager may listen on an abstract socket */
		.landlock_but = SD_LANDLOCK_CONNECT | SD_LANDLOCK_ABSTRACT,
	};
	struct master_paths paths;
	int err;

	if ((server->sandbox_require & SD_SANDBOX_USERS) != 0 && !own_users)
		return sd_diag_set(diag, SD_ERR_DENIED, "sandbox_require: users: all roles share one "
				   "user (start as root, or with CAP_SETUID and CAP_SETGID)");
	if (getrlimit(RLIMIT_NOFILE, &have) != 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "getrlimit: %s", strerror(errno));
	master_paths_of(server, &paths);
	spec.paths = paths.path;
	spec.path_count = paths.count;
	spec.nofile = (uint32_t)SD_MIN(have.rlim_max, (rlim_t)NOFILE);
	err = sd_sandbox_probe(&spec, diag);
	if (err == SD_OK)
		err = sd_sandbox_enter(&spec, out, diag);
	out->own_user = own_users;
	return err;
}
