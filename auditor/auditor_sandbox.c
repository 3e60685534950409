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

#define ALLOW(name, why) {.nr = SCMP_SYS(name), .reason = (why)}
#define REFUSE(name, why) {.nr = SCMP_SYS(name), .refuse = EACCES, .reason = (why)}
/* Bits of a 32-bit argument outside mask must be zero. */
#define NO_BITS_BUT(arg, mask) SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)(mask), 0)
#define LOW_IS(arg, value) SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, 0xffffffffu, (value))

static const struct sd_sys_rule rules[] = {
    ALLOW(epoll_wait, "the loop"),
    ALLOW(epoll_pwait, "the loop, as newer C libraries call it"),
    ALLOW(epoll_ctl, "peers come and go"),
    {.nr = SCMP_SYS(recvmsg), .argc = 1,
     .args = {NO_BITS_BUT(2, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | MSG_TRUNC)},
     .reason = "records, the master's messages with their descriptor"},
    {.nr = SCMP_SYS(sendmsg), .argc = 1, .args = {NO_BITS_BUT(2, MSG_NOSIGNAL | MSG_DONTWAIT)},
     .reason = "slots and acknowledgements, HM_READY"},
    ALLOW(write, "the trail, the log"),
    ALLOW(pread64, "the tail of a file handed over"),
    ALLOW(lseek, "its size"),
    ALLOW(ftruncate, "half a line is taken back"),
    ALLOW(fdatasync, "the trail reaches the disk"),
    ALLOW(close, "peers end, the file is rotated"),
    {.nr = SCMP_SYS(mmap), .argc = 2,
     .args = {NO_BITS_BUT(2, PROT_READ | PROT_WRITE),
	      SCMP_CMP(3, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)(MAP_NORESERVE | MAP_STACK),
		       MAP_PRIVATE | MAP_ANONYMOUS)},
     .reason = "malloc: private, anonymous, not executable"},
    {.nr = SCMP_SYS(mprotect), .argc = 1, .args = {NO_BITS_BUT(2, PROT_READ | PROT_WRITE)},
     .reason = "malloc"},
    ALLOW(munmap, "malloc"),
    {.nr = SCMP_SYS(mremap), .argc = 1, .args = {LOW_IS(3, MREMAP_MAYMOVE)}, .reason = "malloc"},
    ALLOW(brk, "malloc"),
    {.nr = SCMP_SYS(madvise), .argc = 1, .args = {LOW_IS(2, MADV_DONTNEED)},
     .reason = "malloc gives back"},
    {.nr = SCMP_SYS(futex), .argc = 1,
     .args = {SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)FUTEX_PRIVATE_FLAG, FUTEX_WAKE)},
     .reason = "abort() takes its lock"},
    ALLOW(clock_gettime, "where the machine has no clock in its vDSO"),
    ALLOW(getpid, "abort()"),
    ALLOW(gettid, "abort()"),
    ALLOW(rt_sigprocmask, "abort()"),
    ALLOW(rt_sigreturn, "return from a signal"),
    ALLOW(restart_syscall, "after a stop"),
    ALLOW(exit_group, "the end"),
    REFUSE(openat, "libc that opens lazily: falls back"),
    REFUSE(newfstatat, "libc that looks lazily: falls back"),
    REFUSE(socket, "libc's resolver and syslog: fall back"),
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
