/* SPDX-License-Identifier: MIT
 * fdpass - one message and at most one descriptor over a SOCK_SEQPACKET pair.
 * Owns:      received descriptors until they are the caller's
 * Runs in:   every process, before and after its sandbox (sendmsg, recvmsg, close)
 * Fails by:  returning SD_ERR_AGAIN, SD_ERR_CLOSED, SD_ERR_INVALID, SD_ERR_TOO_BIG, SD_ERR_SYSTEM
 * Never:     keep a descriptor that came with a message we refuse */
#include "base.h"
#include "fdpass.h"

#include <limits.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "err.h"

/* Room for one descriptor more than allowed, so that a surplus is seen; what does not fit the
 * kernel never installs and says MSG_CTRUNC. */
#define RECV_FDS 2

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(RECV_FDS * sizeof(int))];
};

/* The kernel doubles what is asked (its own overhead) and silently cuts it at wmem_max. */
static int set_buffer(int sock, int bytes, int option, int force)
{
	int have = 0;
	socklen_t n = sizeof(have);

	if (setsockopt(sock, SOL_SOCKET, option, &bytes, sizeof(bytes)) != 0 ||
	    getsockopt(sock, SOL_SOCKET, option, &have, &n) != 0)
		return SD_ERR_SYSTEM;
	if (have / 2 >= bytes)
		return SD_OK;
	/* needs CAP_NET_ADMIN; without it what wmem_max gave may still be enough */
	if (setsockopt(sock, SOL_SOCKET, force, &bytes, sizeof(bytes)) == 0)
		return SD_OK;
	if (have > bytes)
		return SD_OK;
	errno = ENOBUFS;
	return SD_ERR_SYSTEM;
}

int sd_fdpass_pair(int fds_out[2], size_t bytes)
{
	fds_out[0] = fds_out[1] = -1;
	if (bytes > INT_MAX / 4) {
		errno = ENOBUFS;
		return SD_ERR_SYSTEM;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds_out) != 0)
		return SD_ERR_SYSTEM;
	for (int i = 0; i < 2; i++) {
		int saved;

		if (set_buffer(fds_out[i], (int)bytes, SO_SNDBUF, SO_SNDBUFFORCE) == SD_OK)
			continue;
		saved = errno;
		(void)close(fds_out[0]);
		(void)close(fds_out[1]);
		fds_out[0] = fds_out[1] = -1;
		errno = saved;
		return SD_ERR_SYSTEM;
	}
	return SD_OK;
}

static int err_of_errno(void)
{
	switch (errno) {
	case EAGAIN:
	case ENOBUFS:
		return SD_ERR_AGAIN;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return SD_ERR_CLOSED;
	case EMSGSIZE:
		return SD_ERR_TOO_BIG;
	default:
		return SD_ERR_SYSTEM;
	}
}

static void *unconst(const void *p) /* iovec serves readv too and has no const */
{
	union {
		const void *in;
		void *out;
	} u = {.in = p};

	return u.out;
}

int sd_fdpass_send(int sock, const void *head, size_t head_n, const void *body, size_t body_n, int fd)
{
	struct iovec iov[2] = {{unconst(head), head_n}, {unconst(body), body_n}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	union control control = {0};
	ssize_t sent;

	if (head_n + body_n == 0)
		return SD_ERR_INVALID; /* the peer would read it as the end */
	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? err_of_errno() : SD_OK;
}

/* How many descriptors came; the first in *fd_out, all others closed. */
static size_t take_fds(struct msghdr *msg, int *fd_out)
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			if (count++ == 0)
				*fd_out = fd;
			else
				(void)close(fd);
		}
	}
	return count;
}

int sd_fdpass_recv(int sock, void *p, size_t size, size_t *n_out, int *fd_out)
{
	struct iovec iov = {p, size};
	union control control = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	size_t fds;
	ssize_t got;
	int err = SD_OK;

	*n_out = 0;
	*fd_out = -1;
	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_of_errno();
	fds = take_fds(&msg, fd_out);
	if (fds > 1 || (msg.msg_flags & MSG_CTRUNC) != 0)
		err = SD_ERR_INVALID;
	else if (got == 0)
		err = SD_ERR_CLOSED;
	else if ((msg.msg_flags & MSG_TRUNC) != 0)
		err = SD_ERR_TOO_BIG;
	if (err != SD_OK && *fd_out >= 0) {
		(void)close(*fd_out);
		*fd_out = -1;
	}
	if (err == SD_OK)
		*n_out = (size_t)got;
	return err;
}
