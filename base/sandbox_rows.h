/* SPDX-License-Identifier: MIT
 * sandbox_rows - rows that the tables of several roles share, each said once with its reason. A role
 * takes a group whole or not at all: what it does not need it does not list. */
#ifndef SD_SANDBOX_ROWS_H
#define SD_SANDBOX_ROWS_H

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "sandbox.h"

#define SD_ROWS_LOOP                                                                               \
	SD_SYS_ALLOW(epoll_wait, "the loop"),                                                      \
	SD_SYS_ALLOW(epoll_pwait, "the loop, as newer C libraries call it"),                       \
	SD_SYS_ALLOW(epoll_ctl, "connections and peers come and go")

#define SD_ROWS_CHANNEL                                                                            \
	{.nr = SCMP_SYS(recvmsg), .argc = 1,                                                       \
	 .args = {SD_ARG_NO_BITS_BUT(2, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | MSG_TRUNC)},             \
	 .reason = "messages of master and peers, with a descriptor"},                             \
	{.nr = SCMP_SYS(sendmsg), .argc = 1,                                                       \
	 .args = {SD_ARG_NO_BITS_BUT(2, MSG_NOSIGNAL | MSG_DONTWAIT)},                             \
	 .reason = "messages to master and peers"}

/* private, anonymous, not executable; never to an address of the caller's choice */
#define SD_ROWS_HEAP                                                                               \
	{.nr = SCMP_SYS(mmap), .argc = 2,                                                          \
	 .args = {SD_ARG_NO_BITS_BUT(2, PROT_READ | PROT_WRITE),                                   \
		  SCMP_CMP(3, SCMP_CMP_MASKED_EQ,                                                  \
			   0xffffffffu & ~(uint64_t)(MAP_NORESERVE | MAP_STACK),                   \
			   MAP_PRIVATE | MAP_ANONYMOUS)},                                          \
	 .reason = "malloc: private, anonymous, not executable"},                                  \
	{.nr = SCMP_SYS(mprotect), .argc = 1,                                                      \
	 .args = {SD_ARG_NO_BITS_BUT(2, PROT_READ | PROT_WRITE)}, .reason = "malloc"},             \
	SD_SYS_ALLOW(munmap, "malloc; segments that were replaced"),                               \
	{.nr = SCMP_SYS(mremap), .argc = 1, .args = {SD_ARG_IS(3, MREMAP_MAYMOVE)},                \
	 .reason = "malloc"},                                                                      \
	SD_SYS_ALLOW(brk, "malloc"),                                                               \
	{.nr = SCMP_SYS(madvise), .argc = 1, .args = {SD_ARG_IS(2, MADV_DONTNEED)},                \
	 .reason = "malloc gives back"}

#define SD_ROWS_PROCESS                                                                            \
	{.nr = SCMP_SYS(futex), .argc = 1,                                                         \
	 .args = {SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)FUTEX_PRIVATE_FLAG,     \
			   FUTEX_WAKE)},                                                           \
	 .reason = "locks of libc and OpenSSL, which nobody else holds; abort()"},                 \
	SD_SYS_ALLOW(clock_gettime, "where the machine has no clock in its vDSO"),                 \
	SD_SYS_ALLOW(getpid, "OpenSSL looks for a fork; abort()"),                                 \
	SD_SYS_ALLOW(gettid, "abort()"),                                                           \
	SD_SYS_ALLOW(rt_sigprocmask, "abort()"),                                                   \
	SD_SYS_ALLOW(rt_sigreturn, "return from a signal"),                                        \
	SD_SYS_ALLOW(restart_syscall, "after a stop"),                                             \
	SD_SYS_ALLOW(exit_group, "the end")

#define SD_ROWS_LAZY                                                                               \
	SD_SYS_REFUSE(openat, EACCES, "libc that opens lazily: falls back"),                       \
	SD_SYS_REFUSE(newfstatat, EACCES, "libc that looks lazily: falls back"),                   \
	SD_SYS_REFUSE(socket, EACCES, "libc's resolver and syslog: fall back")

/* The first n rows, and abort(), on the calling process alone. -> n + 1 */
size_t sd_rows_own(struct sd_sys_rule *out, const struct sd_sys_rule *rows, size_t n);

#endif
