/* SPDX-License-Identifier: MIT
 * fetcher_sandbox - the fetcher's table of system calls: it looks names up, connects and reads.
 * Owns:      the rows
 * Runs in:   fetcher, at the end of its boot
 * Fails by:  never; sd_sandbox_enter tells
 * Never:     bind, listen, accept, execve, clone, a write to a file, a socket of the AF_UNIX family */
#include "base.h"
#include "fetcher_sandbox.h"

#include <fcntl.h>

#include "sandbox_rows.h"

static const struct sd_sys_rule rules[] = {
    SD_SYS_ALLOW(poll, "the channel, the resolver, libcurl"),
    SD_SYS_ALLOW(ppoll, "the same, as newer C libraries call it"),
    SD_ROWS_CHANNEL,
    SD_SYS_ALLOW(recvfrom, "the issuer, a name server"),
    {.nr = SCMP_SYS(sendto), .argc = 1, .args = {SCMP_CMP(4, SCMP_CMP_EQ, 0)},
     .reason = "the issuer, a name server: to whom it has connected"},
    SD_SYS_ALLOW(sendmmsg, "the resolver asks for both families at once"),
    SD_SYS_ALLOW(writev, "the resolver asks over TCP what did not fit into a datagram"),
    SD_SYS_ALLOW(read, "certificates, hosts, resolv.conf; the resolver over TCP"),
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
    SD_SYS_ALLOW_IF(fcntl, 1, F_GETFL, "sockets that do not block"),
    SD_SYS_ALLOW_IF(fcntl, 1, F_SETFL, "sockets that do not block"),
    SD_SYS_ALLOW_IF(fcntl, 1, F_GETFD, "close-on-exec"),
    SD_SYS_ALLOW_IF(fcntl, 1, F_SETFD, "close-on-exec"),
    SD_SYS_ALLOW_IF(socket, 0, AF_INET, "the issuer, a name server"),
    SD_SYS_ALLOW_IF(socket, 0, AF_INET6, "the issuer, a name server"),
    {.nr = SCMP_SYS(socket), .refuse = EAFNOSUPPORT, .argc = 1, .args = {SD_ARG_IS(0, AF_NETLINK)},
     .reason = "the resolver asks for interfaces and goes on without"},
    {.nr = SCMP_SYS(socket), .refuse = EAFNOSUPPORT, .argc = 1, .args = {SD_ARG_IS(0, AF_UNIX)},
     .reason = "a cache of names (nscd, systemd): the resolver goes on without"},
    /* a datagram socket could be connected to any path */
    {.nr = SCMP_SYS(socketpair), .argc = 2,
     .args = {SD_ARG_IS(0, AF_UNIX),
	      SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)(SOCK_CLOEXEC | SOCK_NONBLOCK),
		       SOCK_STREAM)},
     .reason = "libcurl's wake-up of itself"},
    SD_SYS_ALLOW(eventfd2, "the same, in newer versions of it"),
    SD_SYS_ALLOW(pipe2, "the same, in newer versions of it"),
    SD_SYS_ALLOW(connect, "the issuer, a name server"),
    SD_SYS_ALLOW(getsockopt, "has it connected?"),
    SD_SYS_ALLOW(setsockopt, "TCP_NODELAY, IP_RECVERR"),
    SD_SYS_ALLOW(getsockname, "the resolver, libcurl"),
    SD_SYS_ALLOW(getpeername, "the resolver, libcurl"),
    SD_SYS_ALLOW_IF(ioctl, 1, 0x5421 /* FIONBIO */, "a socket that does not block"),
    SD_SYS_ALLOW_IF(ioctl, 1, 0x541b /* FIONREAD */, "the resolver: how long an answer is"),
    SD_ROWS_HEAP,
    {.nr = SCMP_SYS(mmap), .refuse = EACCES, .argc = 1,
     .args = {SCMP_CMP(3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0)},
     .reason = "the resolver would load a module (nsswitch.conf) and goes on without"},
    {.nr = SCMP_SYS(mmap), .refuse = EACCES, .argc = 1,
     .args = {SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
     .reason = "the same"},
    SD_SYS_ALLOW(getrandom, "TLS"),
    SD_SYS_ALLOW(uname, "the resolver, when resolv.conf has changed"),
    SD_SYS_ALLOW(sysinfo, "qsort asks how much memory there is"),
    SD_ROWS_PROCESS,
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
	size_t n = sd_rows_own(out->rules, rules, SD_ARRAY_LEN(rules));

	out->spec = (struct sd_sandbox_spec){
	    .role = "fetcher",
	    .rules = out->rules,
	    .rule_count = n,
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
