/* SPDX-License-Identifier: MIT
 * fake_redis - the other end of a socket pair.
 * Owns:      the server's descriptor
 * Runs in:   tests
 * Fails by:  aborting
 * Never:     answer by itself
 */
#include "base.h"
#include "fake_redis.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "die.h"

void fake_redis_open(struct fake_redis *f)
{
	int fd[2];

	memset(f, 0, sizeof(*f));
	sd_bug_if(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) != 0);
	f->client = fd[0];
	f->server = fd[1];
}

void fake_redis_close(struct fake_redis *f)
{
	if (f->server >= 0)
		close(f->server);
	f->server = -1;
}

/* Complete commands: arrays of bulk strings. */
static size_t count(const struct fake_redis *f)
{
	size_t at = 0, commands = 0;

	while (at < f->n && f->in[at] == '*') {
		long words = strtol(f->in + at + 1, NULL, 10);
		const char *line = memchr(f->in + at, '\n', f->n - at);

		if (!line)
			break;
		at = (size_t)(line - f->in) + 1;
		for (; words > 0; words--) {
			long len;

			line = at < f->n ? memchr(f->in + at, '\n', f->n - at) : NULL;
			if (!line)
				return commands;
			len = strtol(f->in + at + 1, NULL, 10);
			at = (size_t)(line - f->in) + 1 + (size_t)len + 2;
			if (at > f->n)
				return commands;
		}
		commands++;
	}
	return commands;
}

void fake_redis_pump(struct fake_redis *f)
{
	ssize_t n;

	while ((n = read(f->server, f->in + f->n, sizeof(f->in) - 1 - f->n)) > 0) {
		f->n += (size_t)n;
		f->writes++;
	}
	f->in[f->n] = '\0';
	f->commands = count(f);
}

void fake_redis_say_bytes(struct fake_redis *f, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t done = send(f->server, at, n, MSG_NOSIGNAL);

		if (done <= 0)
			return; /* the client is full or gone: the test looks at that */
		at += done;
		n -= (size_t)done;
	}
}

void fake_redis_say(struct fake_redis *f, const char *resp)
{
	fake_redis_say_bytes(f, resp, strlen(resp));
}

bool fake_redis_is_hung_up(struct fake_redis *f)
{
	char c;

	fake_redis_pump(f);
	return recv(f->server, &c, 1, MSG_PEEK) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}
