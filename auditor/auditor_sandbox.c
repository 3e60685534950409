/* SPDX-License-Identifier: MIT
 * auditor_sandbox - the auditor's table of system calls.
 * Owns:      the rows
 * Runs in:   auditor, at the end of its boot
 * Fails by:  never; sd_sandbox_enter tells
 * Never:     open: the file comes from the master as a descriptor, again after SIGUSR1 */
#include "base.h"
#include "auditor_sandbox.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct sd_sys_rule rules[] = {
    SD_SYS_ALLOW(epoll_wait, "the loop"),
    SD_SYS_ALLOW(epoll_pwait, "the loop, as newer C libraries call it"),
    SD_SYS_ALLOW(epoll_ctl, "peers come and go"),
    {.nr = SCMP_SYS(recvmsg), .argc = 1,
     .args = {SD_ARG_NO_BITS_BUT(2, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | MSG_TRUNC)},
     .reason = "records, the master's messages with their descriptor"},
    {.nr = SCMP_SYS(sendmsg), .argc = 1, .args = {SD_ARG_NO_BITS_BUT(2, MSG_NOSIGNAL | MSG_DONTWAIT)},
     .reason = "slots and acknowledgements, HM_READY"},
    SD_SYS_ALLOW(write, "the trail, the log"),
    SD_SYS_ALLOW(pread64, "the tail of a file handed over"),
    SD_SYS_ALLOW(lseek, "its size"),
    SD_SYS_ALLOW(ftruncate, "half a line is taken back"),
    SD_SYS_ALLOW(fdatasync, "the trail reaches the disk"),
    SD_SYS_ALLOW(close, "peers end, the file is rotated"),
    {.nr = SCMP_SYS(mmap), .argc = 2,
     .args = {SD_ARG_NO_BITS_BUT(2, PROT_READ | PROT_WRITE),
	      SCMP_CMP(3, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)(MAP_NORESERVE | MAP_STACK),
		       MAP_PRIVATE | MAP_ANONYMOUS)},
     .reason = "malloc: private, anonymous, not executable"},
    {.nr = SCMP_SYS(mprotect), .argc = 1, .args = {SD_ARG_NO_BITS_BUT(2, PROT_READ | PROT_WRITE)},
     .reason = "malloc"},
    SD_SYS_ALLOW(munmap, "malloc"),
    {.nr = SCMP_SYS(mremap), .argc = 1, .args = {SD_ARG_IS(3, MREMAP_MAYMOVE)}, .reason = "malloc"},
    SD_SYS_ALLOW(brk, "malloc"),
    {.nr = SCMP_SYS(madvise), .argc = 1, .args = {SD_ARG_IS(2, MADV_DONTNEED)},
     .reason = "malloc gives back"},
    {.nr = SCMP_SYS(futex), .argc = 1,
     .args = {SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)FUTEX_PRIVATE_FLAG, FUTEX_WAKE)},
     .reason = "abort() takes its lock"},
    SD_SYS_ALLOW(clock_gettime, "where the machine has no clock in its vDSO"),
    SD_SYS_ALLOW(getpid, "abort()"),
    SD_SYS_ALLOW(gettid, "abort()"),
    SD_SYS_ALLOW(rt_sigprocmask, "abort()"),
    SD_SYS_ALLOW(rt_sigreturn, "return from a signal"),
    SD_SYS_ALLOW(restart_syscall, "after a stop"),
    SD_SYS_ALLOW(exit_group, "the end"),
    SD_SYS_REFUSE(openat, EACCES, "libc that opens lazily: falls back"),
    SD_SYS_REFUSE(newfstatat, EACCES, "libc that looks lazily: falls back"),
    SD_SYS_REFUSE(socket, EACCES, "libc's resolver and syslog: fall back"),
};

SD_STATIC_ASSERT(SD_ARRAY_LEN(rules) < AUDITOR_SANDBOX_ROWS, "room for the table and one row more");

void auditor_sandbox_spec(const struct hm_boot *boot, struct auditor_sandbox *out)
{
	memcpy(out->rules, rules, sizeof(rules));
	out->rules[SD_ARRAY_LEN(rules)] = (struct sd_sys_rule){
	    .nr = SCMP_SYS(tgkill),
	    .argc = 1,
	    .args = {SCMP_CMP(0, SCMP_CMP_EQ, (uint64_t)getpid())},
	    .reason = "abort(), on itself only",
	};
	out->spec = (struct sd_sandbox_spec){
	    .role = "auditor",
	    .rules = out->rules,
	    .rule_count = SD_ARRAY_LEN(rules) + 1,
	    .mode = (enum sd_sandbox_mode)boot->sandbox_mode,
	    .require = boot->sandbox_require,
	    .nofile = boot->nofile,
	    .may_write_files = true,
	    .landlock = true,
	    .mdwe = true,
	};
}
