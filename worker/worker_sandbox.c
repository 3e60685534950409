/* SPDX-License-Identifier: MIT
 * worker_sandbox - the worker's table of system calls.
 * Owns:      the rows
 * Runs in:   worker, at the end of its boot
 * Fails by:  never; sd_sandbox_enter tells
 * Never:     open, connect, execute, map anything executable; a row without its reason
 */
#include "base.h"
#include "worker_sandbox.h"

#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct sd_sys_rule rules[] = {
    SD_SYS_ALLOW(epoll_wait, "the loop"),
    SD_SYS_ALLOW(epoll_pwait, "the loop, as newer C libraries call it"),
    SD_SYS_ALLOW(epoll_ctl, "connections come and go"),
    {.nr = SCMP_SYS(accept4), .argc = 1, .args = {SD_ARG_IS(3, SOCK_NONBLOCK | SOCK_CLOEXEC)},
     .reason = "connections, always non-blocking and close-on-exec"},
    {.nr = SCMP_SYS(recvfrom), .argc = 1, .args = {SCMP_CMP(4, SCMP_CMP_EQ, 0)},
     .reason = "requests, replies of the store, signer and auditor"},
    {.nr = SCMP_SYS(sendto), .argc = 1, .args = {SCMP_CMP(4, SCMP_CMP_EQ, 0)},
     .reason = "answers, commands; never to an address of its own choice"},
    {.nr = SCMP_SYS(recvmsg), .argc = 1,
     .args = {SD_ARG_NO_BITS_BUT(2, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | MSG_TRUNC)},
     .reason = "the master's messages with a descriptor"},
    {.nr = SCMP_SYS(sendmsg), .argc = 1,
     .args = {SD_ARG_NO_BITS_BUT(2, MSG_NOSIGNAL | MSG_DONTWAIT)},
     .reason = "messages to the master"},
    SD_SYS_ALLOW(read, "hiredis' descriptor, where a read takes the place of recv"),
    SD_SYS_ALLOW(write, "the log; the store's commands"),
    SD_SYS_ALLOW(close, "connections end"),
    {.nr = SCMP_SYS(shutdown), .argc = 1, .args = {SD_ARG_IS(1, SHUT_WR)},
     .reason = "the last answer arrives before the end"},
    {.nr = SCMP_SYS(setsockopt), .argc = 2,
     .args = {SD_ARG_IS(1, IPPROTO_TCP), SD_ARG_IS(2, TCP_NODELAY)},
     .reason = "small answers leave at once"},
    {.nr = SCMP_SYS(lseek), .argc = 1, .args = {SD_ARG_IS(2, SEEK_END)},
     .reason = "the size of a handed-over text"},
    {.nr = SCMP_SYS(mmap), .argc = 2,
     .args = {SD_ARG_NO_BITS_BUT(2, PROT_READ | PROT_WRITE),
	      SCMP_CMP(3, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)(MAP_NORESERVE | MAP_STACK),
		       MAP_PRIVATE | MAP_ANONYMOUS)},
     .reason = "malloc: private, anonymous, not executable"},
    {.nr = SCMP_SYS(mmap), .argc = 2, .args = {SD_ARG_IS(2, PROT_READ), SD_ARG_IS(3, MAP_SHARED)},
     .reason = "new segments arrive while locked in: read-only"},
    {.nr = SCMP_SYS(mprotect), .argc = 1, .args = {SD_ARG_NO_BITS_BUT(2, PROT_READ | PROT_WRITE)},
     .reason = "malloc"},
    SD_SYS_ALLOW(munmap, "malloc; segments that were replaced"),
    {.nr = SCMP_SYS(mremap), .argc = 1, .args = {SD_ARG_IS(3, MREMAP_MAYMOVE)}, .reason = "malloc"},
    SD_SYS_ALLOW(brk, "malloc"),
    {.nr = SCMP_SYS(madvise), .argc = 1, .args = {SD_ARG_IS(2, MADV_DONTNEED)},
     .reason = "malloc gives back"},
    {.nr = SCMP_SYS(madvise), .argc = 1, .args = {SD_ARG_IS(2, MADV_DONTDUMP)},
     .reason = "tenant keys of a new generation"},
    SD_SYS_ALLOW(mlock, "tenant keys of a new generation stay out of swap"),
    {.nr = SCMP_SYS(futex), .argc = 1,
     .args = {SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)FUTEX_PRIVATE_FLAG,
		       FUTEX_WAKE)},
     .reason = "OpenSSL's locks and once"},
    SD_SYS_ALLOW(getrandom, "session ids, tokens, nonces; OpenSSL reseeds"),
    SD_SYS_ALLOW(clock_gettime, "where the machine has no clock in its vDSO"),
    SD_SYS_ALLOW(getpid, "OpenSSL looks for a fork; abort()"),
    SD_SYS_ALLOW(gettid, "abort()"),
    SD_SYS_ALLOW(rt_sigprocmask, "abort()"),
    SD_SYS_ALLOW(rt_sigreturn, "return from a signal"),
    SD_SYS_ALLOW(restart_syscall, "after a stop"),
    SD_SYS_ALLOW(exit_group, "the end"),
    SD_SYS_REFUSE(openat, EACCES, "libc that opens lazily: falls back"),
    SD_SYS_REFUSE(newfstatat, EACCES, "libc that looks lazily: falls back"),
    SD_SYS_REFUSE(socket, EACCES, "libc's resolver and syslog: fall back"),
};

SD_STATIC_ASSERT(SD_ARRAY_LEN(rules) < WORKER_SANDBOX_ROWS, "room for the table and one row more");

void worker_sandbox_spec(const struct hm_boot *boot, struct worker_sandbox *out)
{
	memcpy(out->rules, rules, sizeof(rules));
	out->rules[SD_ARRAY_LEN(rules)] = (struct sd_sys_rule){
	    .nr = SCMP_SYS(tgkill),
	    .argc = 1,
	    .args = {SCMP_CMP(0, SCMP_CMP_EQ, (uint64_t)getpid())},
	    .reason = "abort(), on itself only",
	};
	out->spec = (struct sd_sandbox_spec){
	    .role = "worker",
	    .rules = out->rules,
	    .rule_count = SD_ARRAY_LEN(rules) + 1,
	    .mode = (enum sd_sandbox_mode)boot->sandbox_mode,
	    .require = boot->sandbox_require,
	    .nofile = boot->nofile,
	    .landlock = true,
	    .mdwe = true,
	};
}
