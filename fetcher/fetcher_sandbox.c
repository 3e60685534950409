/* SPDX-License-Identifier: MIT
 * fetcher_sandbox - the fetcher's table of system calls: it looks names up, connects and reads.
 * Owns:      the rows
 * Runs in:   fetcher, at the end of its boot
 * Fails by:  never; sd_sandbox_enter tells
 * Never:     bind, listen, accept, execve, clone, a write to a file */
#include "base.h"
#include "fetcher_sandbox.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALLOW_IF(name, arg, value, why)                                                            \
	{.nr = SCMP_SYS(name), .argc = 1,                                                          \
	 .args = {SD_ARG_IS(arg, (uint64_t)(value))}, .reason = (why)}
#define ALLOW_BITS(name, arg, mask, why)                                                           \
	{.nr = SCMP_SYS(name), .argc = 1,                                                          \
	 .args = {SD_ARG_NO_BITS_BUT(arg, mask)}, .reason = (why)}

static const struct sd_sys_rule rules[] = {
    SD_SYS_ALLOW(poll, "the channel, the resolver, libcurl"),
    SD_SYS_ALLOW(ppoll, "the same, as newer C libraries call it"),
    SD_SYS_ALLOW(recvmsg, "the master's messages, the resolver"),
    SD_SYS_ALLOW(sendmsg, "what was fetched, the resolver"),
    SD_SYS_ALLOW(recvfrom, "the issuer, a name server"),
    SD_SYS_ALLOW(sendto, "the issuer, a name server"),
    SD_SYS_ALLOW(sendmmsg, "the resolver asks for both families at once"),
    SD_SYS_ALLOW(read, "certificates, hosts, resolv.conf"),
    SD_SYS_ALLOW(pread64, "certificates handed over"),
    SD_SYS_ALLOW(write, "the log"),
    SD_SYS_ALLOW(close, "connections, files"),
    {.nr = SCMP_SYS(openat), .argc = 1,
     .args = {SD_ARG_NO_BITS_BUT(2, O_CLOEXEC | O_NONBLOCK | O_LARGEFILE | O_NOCTTY | O_DIRECTORY)},
     .reason = "certificates, hosts, resolv.conf: to read only"},
    SD_SYS_ALLOW(fstat, "files"),
    SD_SYS_ALLOW(newfstatat, "files"),
    SD_SYS_ALLOW(statx, "the same, as newer C libraries ask"),
    SD_SYS_ALLOW(lseek, "files"),
    ALLOW_IF(fcntl, 1, F_GETFL, "sockets that do not block"),
    ALLOW_IF(fcntl, 1, F_SETFL, "sockets that do not block"),
    ALLOW_IF(fcntl, 1, F_GETFD, "close-on-exec"),
    ALLOW_IF(fcntl, 1, F_SETFD, "close-on-exec"),
    ALLOW_IF(socket, 0, AF_INET, "the issuer, a name server"),
    ALLOW_IF(socket, 0, AF_INET6, "the issuer, a name server"),
    {.nr = SCMP_SYS(socket), .refuse = EAFNOSUPPORT, .argc = 1,
     .args = {SCMP_CMP(0, SCMP_CMP_MASKED_EQ, 0xffffffffu, AF_NETLINK)},
     .reason = "the resolver asks for interfaces and goes on without"},
    {.nr = SCMP_SYS(socket), .refuse = EAFNOSUPPORT, .argc = 1,
     .args = {SCMP_CMP(0, SCMP_CMP_MASKED_EQ, 0xffffffffu, AF_UNIX)},
     .reason = "a cache of names (nscd, systemd): the resolver goes on without"},
    ALLOW_IF(socketpair, 0, AF_UNIX, "libcurl's wake-up of itself"),
    SD_SYS_ALLOW(connect, "the issuer, a name server"),
    SD_SYS_ALLOW(getsockopt, "has it connected?"),
    SD_SYS_ALLOW(setsockopt, "TCP_NODELAY"),
    SD_SYS_ALLOW(getsockname, "the resolver, libcurl"),
    SD_SYS_ALLOW(getpeername, "libcurl"),
    ALLOW_IF(ioctl, 1, 0x5421 /* FIONBIO */, "a socket that does not block"),
    ALLOW_IF(ioctl, 1, 0x541b /* FIONREAD */, "the resolver: how long an answer is"),
    ALLOW_BITS(mmap, 2, PROT_READ | PROT_WRITE, "malloc, files"),
    {.nr = SCMP_SYS(mmap), .refuse = EACCES, .argc = 1,
     .args = {SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
     .reason = "the resolver would load a module (nsswitch.conf) and goes on without"},
    ALLOW_BITS(mprotect, 2, PROT_READ | PROT_WRITE, "malloc"),
    SD_SYS_ALLOW(munmap, "malloc, files"),
    SD_SYS_ALLOW(mremap, "malloc"),
    SD_SYS_ALLOW(brk, "malloc"),
    SD_SYS_ALLOW(madvise, "malloc gives back"),
    SD_SYS_ALLOW(futex, "locks of libc and OpenSSL"),
    SD_SYS_ALLOW(getrandom, "TLS"),
    SD_SYS_ALLOW(clock_gettime, "where the machine has no clock in its vDSO"),
    SD_SYS_ALLOW(getpid, "OpenSSL looks for a fork; abort()"),
    SD_SYS_ALLOW(gettid, "abort()"),
    SD_SYS_ALLOW(getuid, "libcurl, OpenSSL: is this a program of another user?"),
    SD_SYS_ALLOW(geteuid, "the same"),
    SD_SYS_ALLOW(getgid, "the same"),
    SD_SYS_ALLOW(getegid, "the same"),
    SD_SYS_ALLOW(uname, "the resolver"),
    SD_SYS_ALLOW(sysinfo, "qsort asks how much memory there is"),
    SD_SYS_ALLOW(rt_sigprocmask, "abort()"),
    SD_SYS_ALLOW(rt_sigreturn, "return from a signal"),
    SD_SYS_ALLOW(restart_syscall, "after a stop"),
    SD_SYS_ALLOW(exit_group, "the end"),
    SD_SYS_REFUSE(prlimit64, EPERM, "libc asks for limits"),
};

SD_STATIC_ASSERT(SD_ARRAY_LEN(rules) < FETCHER_SANDBOX_ROWS, "room for the table and one row more");

/* Whole folders: these files are replaced by renaming, and a rule stays with the old one. */
static const struct sd_landlock_path paths[] = {
    {.path = "/etc", .fd = -1, .may = SD_PATH_READ},
    {.path = "/run/systemd/resolve", .fd = -1, .may = SD_PATH_READ},
    {.path = "/run/resolvconf", .fd = -1, .may = SD_PATH_READ},
    {.path = "/run/NetworkManager", .fd = -1, .may = SD_PATH_READ},
    {.path = "/usr/lib/ssl", .fd = -1, .may = SD_PATH_READ},
    {.path = "/usr/share/ca-certificates", .fd = -1, .may = SD_PATH_READ},
};

void fetcher_sandbox_spec(const struct hm_boot *boot, struct fetcher_sandbox *out)
{
	memcpy(out->rules, rules, sizeof(rules));
	out->rules[SD_ARRAY_LEN(rules)] = (struct sd_sys_rule){
	    .nr = SCMP_SYS(tgkill),
	    .argc = 1,
	    .args = {SCMP_CMP(0, SCMP_CMP_EQ, (uint64_t)getpid())},
	    .reason = "abort(), on itself only",
	};
	out->spec = (struct sd_sandbox_spec){
	    .role = "fetcher",
	    .rules = out->rules,
	    .rule_count = SD_ARRAY_LEN(rules) + 1,
	    .mode = (enum sd_sandbox_mode)boot->sandbox_mode,
	    .require = boot->sandbox_require,
	    .nofile = boot->nofile,
	    .landlock = true,
	    .paths = paths,
	    .path_count = SD_ARRAY_LEN(paths),
	    .landlock_but = SD_LANDLOCK_CONNECT,
	    .mdwe = true,
	};
}
