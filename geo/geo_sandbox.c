/* SPDX-License-Identifier: MIT
 * geo_sandbox - the table of system calls of the process that reads the operator's file of countries: it
 * opens nothing but what it was handed.
 * Owns:      the rows
 * Runs in:   geo, at the end of its boot
 * Fails by:  never; sd_sandbox_enter tells
 * Never:     socket, connect, execve, clone, a write to a file that has a name */
#include "base.h"
#include "geo_sandbox.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALLOW_IF(name, arg, value, why)                                                            \
	{.nr = SCMP_SYS(name), .argc = 1,                                                          \
	 .args = {SD_ARG_IS(arg, (uint64_t)(value))}, .reason = (why)}
#define ALLOW_BITS(name, arg, mask, why)                                                           \
	{.nr = SCMP_SYS(name), .argc = 1,                                                          \
	 .args = {SD_ARG_NO_BITS_BUT(arg, mask)}, .reason = (why)}

static const struct sd_sys_rule rules[] = {
    SD_SYS_ALLOW(poll, "the channel"),
    SD_SYS_ALLOW(ppoll, "the same, as newer C libraries call it"),
    SD_SYS_ALLOW(recvmsg, "the master's messages"),
    SD_SYS_ALLOW(sendmsg, "the table"),
    SD_SYS_ALLOW(write, "the log"),
    SD_SYS_ALLOW(close, "what was handed over"),
    ALLOW_BITS(openat, 2, O_CLOEXEC, "the file that was handed over, by its number; Landlock knows no other"),
    SD_SYS_ALLOW(fstat, "how long it is"),
    SD_SYS_ALLOW(newfstatat, "the same, as newer C libraries ask"),
    SD_SYS_ALLOW(memfd_create, "the table"),
    SD_SYS_ALLOW(ftruncate, "the table"),
    SD_SYS_ALLOW(fallocate, "the table"),
    ALLOW_IF(fcntl, 1, F_ADD_SEALS, "the table, sealed before it is given away"),
    ALLOW_BITS(mmap, 2, PROT_READ | PROT_WRITE, "malloc, the file, the table"),
    ALLOW_BITS(mprotect, 2, PROT_READ | PROT_WRITE, "malloc"),
    SD_SYS_ALLOW(munmap, "malloc, the file, the table"),
    SD_SYS_ALLOW(mremap, "malloc"),
    SD_SYS_ALLOW(brk, "malloc"),
    SD_SYS_ALLOW(madvise, "malloc gives back; the table is no child's"),
    SD_SYS_ALLOW(clock_gettime, "where the machine has no clock in its vDSO"),
    SD_SYS_ALLOW(getpid, "abort()"),
    SD_SYS_ALLOW(gettid, "abort()"),
    SD_SYS_ALLOW(rt_sigprocmask, "abort()"),
    SD_SYS_ALLOW(rt_sigreturn, "return from a signal"),
    SD_SYS_ALLOW(restart_syscall, "after a stop"),
    SD_SYS_ALLOW(exit_group, "the end"),
    SD_SYS_REFUSE(prlimit64, EPERM, "libc asks for limits"),
};

SD_STATIC_ASSERT(SD_ARRAY_LEN(rules) < GEO_SANDBOX_ROWS, "room for the table and one row more");

void geo_sandbox_spec(const struct hm_boot *boot, struct geo_sandbox *out)
{
	memcpy(out->rules, rules, sizeof(rules));
	out->rules[SD_ARRAY_LEN(rules)] = (struct sd_sys_rule){
	    .nr = SCMP_SYS(tgkill),
	    .argc = 1,
	    .args = {SCMP_CMP(0, SCMP_CMP_EQ, (uint64_t)getpid())},
	    .reason = "abort(), on itself only",
	};
	out->spec = (struct sd_sandbox_spec){
	    .role = "geo",
	    .rules = out->rules,
	    .rule_count = SD_ARRAY_LEN(rules) + 1,
	    .mode = (enum sd_sandbox_mode)boot->sandbox_mode,
	    .require = boot->sandbox_require,
	    .nofile = boot->nofile,
	    .landlock = true,
	    .mdwe = true,
	};
}
