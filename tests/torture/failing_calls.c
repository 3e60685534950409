/* SPDX-License-Identifier: MIT
 * failing_calls - stands before libc (LD_PRELOAD) and fails the n-th allocation or the n-th I/O call.
 * Owns:      the process's side of the torture page
 * Runs in:   any program under torture, from its first instruction, also behind its filter
 * Fails by:  failing the calls it was asked to; without a page it only passes calls on
 * Never:     part of a program, a library of ours or an installation */
#include "torture.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FRAMES 28

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

static struct torture nobody;
static struct torture *page = &nobody;
static bool inside; /* the trace itself allocates nothing that counts */

static void remember(const char *call, int fd)
{
	void *frame[FRAMES];
	size_t at = 0;
	int n = backtrace(frame, FRAMES);

	page->fd = fd;
	(void)snprintf(page->call, sizeof(page->call), "%s", call);
	page->trace[0] = '\0';
	for (int i = 2; i < n; i++) {
		Dl_info info;
		int len;

		if (dladdr(frame[i], &info) == 0 || info.dli_fname == NULL)
			continue;
		len = snprintf(page->trace + at, sizeof(page->trace) - at, "%s+0x%lx\n", info.dli_fname,
			       (unsigned long)((char *)frame[i] - (char *)info.dli_fbase - 1));
		if (len < 0 || (size_t)len >= sizeof(page->trace) - at)
			break;
		at += (size_t)len;
	}
}

/* Bytes or connections move, so that EINTR and EAGAIN may be answered; by what they fail with. */
static bool is_transfer(int usual)
{
	return usual == EIO || usual == ECONNRESET;
}

/* Is this the call that fails? Then errno is set. */
static bool fails(enum torture_what what, const char *call, int fd, int usual)
{
	uint64_t n, at, count;

	if (inside || atomic_load(&page->what) != (uint32_t)what)
		return false;
	if (what == TORTURE_IO && page->error != 0 && !is_transfer(usual))
		return false;
	n = atomic_fetch_add(&page->calls, 1) + 1;
	at = atomic_load(&page->fail_at);
	count = atomic_load(&page->fail_for);
	if (at == 0 || n < at || n - at >= count)
		return false;
	if (atomic_fetch_add(&page->fired, 1) == 0) {
		inside = true;
		remember(call, fd);
		inside = false;
	}
	errno = page->error != 0 && what == TORTURE_IO ? (int)page->error : usual;
	return true;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("TORTURE_PAGE");
	void *warm[2];
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		return;
	(void)backtrace(warm, 2); /* loads what it needs, before any lock-down */
	p = (void *)syscall(SYS_mmap, NULL, TORTURE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (p == MAP_FAILED || ((struct torture *)p)->magic != TORTURE_MAGIC)
		return;
	page = p;
	page->pid = (uint32_t)getpid();
	atomic_store(&page->live, 0);
}

/* --- memory --- */

static void *born(void *p)
{
	if (p != NULL)
		atomic_fetch_add(&page->live, 1);
	return p;
}

void *malloc(size_t n)
{
	return fails(TORTURE_MEMORY, "malloc", -1, ENOMEM) ? NULL : born(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
	return fails(TORTURE_MEMORY, "calloc", -1, ENOMEM) ? NULL : born(__libc_calloc(n, size));
}

void *realloc(void *old, size_t n)
{
	void *p;

	if (n != 0 && fails(TORTURE_MEMORY, "realloc", -1, ENOMEM))
		return NULL;
	p = __libc_realloc(old, n);
	if (old == NULL)
		return born(p);
	if (p == NULL && n == 0)
		atomic_fetch_sub(&page->live, 1);
	return p;
}

void free(void *p)
{
	if (p != NULL)
		atomic_fetch_sub(&page->live, 1);
	__libc_free(p);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	if (fails(TORTURE_MEMORY, "mmap", fd, ENOMEM))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, n, prot, flags, fd, offset);
}

void *mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t offset)
{
	return mmap(at, n, prot, flags, fd, offset);
}

int memfd_create(const char *name, unsigned flags)
{
	return fails(TORTURE_MEMORY, "memfd_create", -1, EMFILE) ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

int ftruncate(int fd, off_t n)
{
	return fails(TORTURE_MEMORY, "ftruncate", fd, ENOSPC) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int ftruncate64(int fd, off64_t n)
{
	return ftruncate(fd, n);
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
	return fails(TORTURE_MEMORY, "fallocate", fd, ENOSPC) ? -1 : (int)syscall(SYS_fallocate, fd, mode, at, n);
}

/* --- input and output --- */

#define IO(type, name, error, parameters, fd, ...)                                                 \
	type name parameters                                                                       \
	{                                                                                          \
		return fails(TORTURE_IO, #name, fd, error) ? (type)-1 : (type)syscall(__VA_ARGS__); \
	}

IO(ssize_t, read, EIO, (int fd, void *p, size_t n), fd, SYS_read, fd, p, n)
IO(ssize_t, pread, ENXIO, (int fd, void *p, size_t n, off_t at), fd, SYS_pread64, fd, p, n, at)
IO(ssize_t, write, EIO, (int fd, const void *p, size_t n), fd, SYS_write, fd, p, n)
IO(ssize_t, pwrite, ENOSPC, (int fd, const void *p, size_t n, off_t at), fd, SYS_pwrite64, fd, p, n, at)
IO(ssize_t, pwrite64, ENOSPC, (int fd, const void *p, size_t n, off64_t at), fd, SYS_pwrite64, fd, p, n, at)
IO(int, fdatasync, ENOSPC, (int fd), fd, SYS_fdatasync, fd)
IO(int, fsync, ENOSPC, (int fd), fd, SYS_fsync, fd)
IO(ssize_t, recv, ECONNRESET, (int fd, void *p, size_t n, int flags), fd, SYS_recvfrom, fd, p, n, flags, NULL, NULL)
IO(ssize_t, recvmsg, ECONNRESET, (int fd, struct msghdr *m, int flags), fd, SYS_recvmsg, fd, m, flags)
IO(ssize_t, send, ECONNRESET, (int fd, const void *p, size_t n, int flags), fd, SYS_sendto, fd, p, n, flags, NULL, 0)
IO(ssize_t, sendto, ECONNRESET,
   (int fd, const void *p, size_t n, int flags, __CONST_SOCKADDR_ARG to, socklen_t to_n), fd, SYS_sendto, fd,
   p, n, flags, to.__sockaddr__, to_n)
IO(ssize_t, sendmsg, ECONNRESET, (int fd, const struct msghdr *m, int flags), fd, SYS_sendmsg, fd, m, flags)
IO(int, accept4, EMFILE, (int fd, __SOCKADDR_ARG a, socklen_t *n, int flags), fd, SYS_accept4, fd,
   a.__sockaddr__, n, flags)
IO(int, epoll_ctl, ENOSPC, (int ep, int op, int fd, struct epoll_event *e), fd, SYS_epoll_ctl, ep, op, fd, e)
IO(int, setsockopt, ENOBUFS, (int fd, int level, int name, const void *p, socklen_t n), fd, SYS_setsockopt, fd,
   level, name, p, n)
IO(int, getsockopt, ENOBUFS, (int fd, int level, int name, void *restrict p, socklen_t *restrict n), fd,
   SYS_getsockopt, fd, level, name, p, n)
IO(int, socket, EMFILE, (int domain, int type, int protocol), -1, SYS_socket, domain, type, protocol)
IO(int, socketpair, EMFILE, (int domain, int type, int protocol, int fds[2]), -1, SYS_socketpair, domain, type,
   protocol, fds)
IO(int, bind, EADDRINUSE, (int fd, __CONST_SOCKADDR_ARG a, socklen_t n), fd, SYS_bind, fd, a.__sockaddr__, n)
IO(int, listen, EADDRINUSE, (int fd, int n), fd, SYS_listen, fd, n)
IO(int, pipe2, EMFILE, (int fds[2], int flags), -1, SYS_pipe2, fds, flags)
IO(int, fstat, ENXIO, (int fd, struct stat *st), fd, SYS_fstat, fd, st)

/* A read that waits may always be interrupted, whatever it would fail with. */
int epoll_wait(int ep, struct epoll_event *e, int n, int wait_ms)
{
	return fails(TORTURE_IO, "epoll_wait", -1, EINTR) ? -1 : (int)syscall(SYS_epoll_wait, ep, e, n, wait_ms);
}

/* Not for a non-blocking connection under way: that it "failed" at once would be a lie of ours. */
int connect(int fd, __CONST_SOCKADDR_ARG a, socklen_t n)
{
	return fails(TORTURE_IO, "connect", fd, ECONNREFUSED) ? -1 : (int)syscall(SYS_connect, fd, a.__sockaddr__, n);
}

static int opened(int dir, const char *path, int flags, mode_t mode)
{
	return fails(TORTURE_IO, "openat", -1, EMFILE) ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);
}

#define OPEN_MODE(flags)                                                                           \
	mode_t mode = 0;                                                                           \
	if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                              \
		va_list ap;                                                                        \
		va_start(ap, flags);                                                               \
		mode = va_arg(ap, mode_t);                                                         \
		va_end(ap);                                                                        \
	}

int open(const char *path, int flags, ...)
{
	OPEN_MODE(flags)
	return opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	OPEN_MODE(flags)
	return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	OPEN_MODE(flags)
	return opened(dir, path, flags, mode);
}
