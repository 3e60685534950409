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
#include <stdio.h>
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

/* The end of the value at `at`: a command, a reply; 0: not whole, or none. */
static size_t value_end(const char *p, size_t n, size_t at)
{
	const char *line = at < n ? memchr(p + at, '\n', n - at) : NULL;
	long count = line ? strtol(p + at + 1, NULL, 10) : 0;
	size_t end = line ? (size_t)(line - p) + 1 : 0;

	if (end == 0 || !strchr("+-:$*", p[at]))
		return 0;
	if (p[at] == '$' && count >= 0)
		end += (size_t)count + 2;
	for (; p[at] == '*' && count > 0 && end > 0; count--)
		end = value_end(p, n, end);
	return end <= n ? end : 0;
}

/* Counts complete commands; takes the tags out. */
static size_t count(struct fake_redis *f)
{
	static const char tag[] = "*2\r\n$4\r\nPING\r\n$16\r\n";
	size_t at = 0, commands = 0, end;

	while ((end = value_end(f->in, f->n, at)) > 0) {
		if (end - at != sizeof(tag) - 1 + 18 || memcmp(f->in + at, tag, sizeof(tag) - 1) != 0) {
			commands++;
			at = end;
			continue;
		}
		sd_bug_if(f->tags == SD_ARRAY_LEN(f->tag));
		memcpy(f->tag[f->tags++], f->in + end - 18, 16);
		memmove(f->in + at, f->in + end, f->n - end);
		f->n -= end - at;
	}
	f->in[f->n] = '\0';
	return commands;
}

void fake_redis_pump(struct fake_redis *f)
{
	ssize_t n;

	while ((n = read(f->server, f->in + f->n, sizeof(f->in) - 1 - f->n)) > 0) {
		f->n += (size_t)n;
		f->writes++;
	}
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
	size_t n = strlen(resp), at = 0, end;
	char tag[32];

	fake_redis_pump(f);
	while ((end = value_end(resp, n, at)) > 0) {
		fake_redis_say_bytes(f, resp + at, end - at);
		at = end;
		if (f->answered == f->tags)
			continue;
		snprintf(tag, sizeof(tag), "$16\r\n%s\r\n", f->tag[f->answered++]);
		fake_redis_say_bytes(f, tag, strlen(tag));
	}
	fake_redis_say_bytes(f, resp + at, n - at);
}

bool fake_redis_is_hung_up(struct fake_redis *f)
{
	char c;

	fake_redis_pump(f);
	return recv(f->server, &c, 1, MSG_PEEK) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}
