/* SPDX-License-Identifier: MIT
 * minimal - the least that an HTTP server can do: the floor that bench/run compares with.
 * Owns:      its connections
 * Runs in:   bench/run, one process, one thread
 * Fails by:  exit 1 at start; closing a connection that sends what it does not expect
 * Never:     be useful: whatever is added here raises the floor and flatters sessiond
 *
 * minimal PORT FILE answers each request with the bytes of FILE, head and body as they are. It
 * finds the end of the head and Content-Length, because without that there is no keep-alive. */
#include "base.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_MAX 8192
#define ANSWER_MAX 65536
#define BATCH 256

struct peer {
	int fd;
	size_t len;
	char in[IN_MAX + 1];
};

struct answer {
	size_t len;
	char bytes[ANSWER_MAX];
};

static int fail(const char *what)
{
	perror(what);
	return -1;
}

static int read_answer(const char *path, struct answer *a)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		return fail(path);
	a->len = fread(a->bytes, 1, sizeof(a->bytes), f);
	(void)fclose(f);
	return a->len > 0 ? 0 : fail(path);
}

static int listen_on(const char *port)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 1024) != 0)
		return fail("listen");
	return fd;
}

/* A peer of its own stands for the listener: its fd tells. */
static int watch(int epoll_fd, int fd)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};

	if (p == NULL)
		return fail("calloc");
	p->fd = fd;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
		free(p);
		return fail("epoll_ctl");
	}
	return 0;
}

static void accept_one(int epoll_fd, int listen_fd)
{
	int yes = 1, fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (watch(epoll_fd, fd) != 0)
		(void)close(fd);
}

/* The length of the first request in the buffer, 0 when it is not whole. */
static size_t whole(struct peer *p)
{
	static const char name[] = "content-length:";
	char *end, *line;
	size_t body = 0;

	p->in[p->len] = 0;
	end = strstr(p->in, "\r\n\r\n");
	if (end == NULL)
		return 0;
	for (line = p->in; line < end; line = strchr(line, '\n') + 1)
		if (strncasecmp(line, name, sizeof(name) - 1) == 0)
			body = strtoul(line + sizeof(name) - 1, NULL, 10);
	body += (size_t)(end + 4 - p->in);
	return body <= p->len ? body : 0;
}

/* False when the connection is to be closed. */
static bool serve(struct peer *p, const struct answer *a)
{
	ssize_t n = recv(p->fd, p->in + p->len, IN_MAX - p->len, 0);
	size_t used;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	p->len += (size_t)n;
	while ((used = whole(p)) > 0) {
		if (send(p->fd, a->bytes, a->len, MSG_NOSIGNAL) != (ssize_t)a->len)
			return false;
		p->len -= used;
		if (p->len > 0)
			memmove(p->in, p->in + used, p->len);
	}
	return p->len < IN_MAX;
}

static int run(int listen_fd, const struct answer *a)
{
	struct epoll_event ready[BATCH];
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_fd < 0 || watch(epoll_fd, listen_fd) != 0)
		return fail("epoll");
	for (;;) {
		int n = epoll_wait(epoll_fd, ready, BATCH, -1);

		for (int i = 0; i < n; i++) {
			struct peer *p = ready[i].data.ptr;

			if (p->fd == listen_fd) {
				accept_one(epoll_fd, listen_fd);
			} else if (!serve(p, a)) {
				(void)close(p->fd);
				free(p);
			}
		}
	}
}

int main(int argc, char **argv)
{
	static struct answer answer;
	int fd;

	if (argc != 3) {
		fputs("usage: minimal PORT FILE\n", stderr);
		return 1;
	}
	if (read_answer(argv[2], &answer) != 0 || (fd = listen_on(argv[1])) < 0)
		return 1;
	puts("ready");
	(void)fflush(stdout);
	return run(fd, &answer) == 0 ? 0 : 1;
}
