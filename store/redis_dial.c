/* SPDX-License-Identifier: MIT
 * redis_dial - connect, AUTH, SELECT, a name, PING; then the bare descriptor is given away.
 * Owns:      a connection until it is usable
 * Runs in:   master, inside the sandbox (socket, connect, getsockopt, setsockopt)
 * Fails by:  the callback with fd -1, a constant text or Redis's error word
 * Never:     repeat what a server said but its error word: it may echo a password
 */
#include "base.h"
#include "redis_dial.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "buf.h"
#include "err.h"
#include "redis_link.h"
#include "redis_read.h"

#define MAX_REPLY 65536

struct redis_dial {
	struct sd_loop *loop;
	struct sd_io io;
	struct sd_timer timer;
	struct redis_read *read;
	struct sd_buf out;
	size_t replies;	  /* owed */
	size_t must_hold; /* of these the first so many must not be errors; the last always */
	bool connecting;
	char why[96];
	redis_dial_fn fn;
	void *arg;
};

static void destroy(struct redis_dial *d)
{
	if (d->io.fd >= 0) {
		int fd = d->io.fd;

		sd_loop_del(d->loop, &d->io);
		close(fd);
	}
	sd_timer_off(d->loop, &d->timer);
	redis_read_free(&d->read);
	sd_buf_wipe_fini(&d->out);
	free(d);
}

static void finish(struct redis_dial *d, const char *why)
{
	redis_dial_fn fn = d->fn;
	void *arg = d->arg;
	int fd = -1;
	char text[sizeof(d->why)];

	snprintf(text, sizeof(text), "%s", why ? why : "");
	if (!why) {
		fd = d->io.fd;
		sd_loop_del(d->loop, &d->io);
		d->io.fd = -1;
	}
	destroy(d);
	fn(arg, fd, strcmp(text, "LOADING") == 0, text);
}

static void on_timer(struct sd_timer *t)
{
	struct redis_dial *d = SD_CONTAINER_OF(t, struct redis_dial, timer);

	finish(d, d->why[0] ? d->why : "no answer in time");
}

/* The first word of an error, if it looks like one. */
static void error_word(struct redis_dial *d, const struct redisReply *reply)
{
	size_t n = 0;

	while (n < (size_t)reply->len && n < 24 && reply->str[n] >= 'A' && reply->str[n] <= 'Z')
		n++;
	snprintf(d->why, sizeof(d->why), "%.*s", n ? (int)n : 7, n ? reply->str : "refused");
}

/* False when the dial is over. */
static bool take(struct redis_dial *d, struct redisReply *reply)
{
	bool matters = d->must_hold > 0 || d->replies == 1;
	bool error = redis_is_error(reply);

	if (error && matters)
		error_word(d, reply);
	freeReplyObject(reply);
	d->replies--;
	if (d->must_hold > 0)
		d->must_hold--;
	if (error && matters) {
		finish(d, d->why);
		return false;
	}
	if (d->replies == 0) {
		finish(d, redis_read_left(d->read) ? "more than was asked for" : NULL);
		return false;
	}
	return true;
}

static void on_readable(struct redis_dial *d)
{
	char chunk[4096];
	ssize_t n = recv(d->io.fd, chunk, sizeof(chunk), 0);
	struct redisReply *reply;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(d, "closed by the server");
		return;
	}
	if (redis_read_feed(d->read, chunk, (size_t)n) != SD_OK) {
		finish(d, "a reply over its bound");
		return;
	}
	do {
		if (redis_read_next(d->read, &reply) != SD_OK) {
			finish(d, "a reply that breaks the protocol");
			return;
		}
	} while (reply && take(d, reply));
}

static void on_writable(struct redis_dial *d)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (d->connecting) {
		if (getsockopt(d->io.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
			finish(d, error == ECONNREFUSED ? "connection refused" : "cannot connect");
			return;
		}
		d->connecting = false;
	}
	while (d->out.len > 0) {
		ssize_t n = send(d->io.fd, d->out.p, d->out.len, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			finish(d, "writing failed");
			return;
		}
		sd_buf_consume(&d->out, (size_t)n);
	}
	if (sd_loop_mod(d->loop, &d->io, EPOLLIN) != SD_OK)
		finish(d, "the loop refuses the descriptor");
}

static void on_io(struct sd_io *io, uint32_t events)
{
	struct redis_dial *d = SD_CONTAINER_OF(io, struct redis_dial, io);

	if (d->connecting || (events & EPOLLOUT))
		on_writable(d);
	else
		on_readable(d);
}

static int put(struct redis_dial *d, const struct sd_slice *words, int n)
{
	const char *p[4];
	size_t len[4], wire_n;
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};
	char *wire;
	int err;

	for (int i = 0; i < n; i++)
		redis_args_add(&args, words[i]);
	err = redis_args_format(&args, &wire, &wire_n);
	if (err != SD_OK)
		return err;
	sd_buf_append(&d->out, wire, wire_n);
	explicit_bzero(wire, wire_n);
	free(wire);
	d->replies++;
	return d->out.failed ? SD_ERR_MEMORY : SD_OK;
}

static int greet(struct redis_dial *d, const struct redis_addr *addr, const char *name)
{
	struct sd_slice words[3];
	char db[16];
	int err = SD_OK;

	if (addr->password[0]) {
		int n = 0;

		words[n++] = SD_SLICE("AUTH");
		if (addr->username[0])
			words[n++] = sd_slice_str(addr->username);
		words[n++] = sd_slice_str(addr->password);
		err = put(d, words, n);
		d->must_hold++;
	}
	if (err == SD_OK && addr->db) {
		snprintf(db, sizeof(db), "%u", addr->db);
		words[0] = SD_SLICE("SELECT");
		words[1] = sd_slice_str(db);
		err = put(d, words, 2);
		d->must_hold++;
	}
	words[0] = SD_SLICE("CLIENT");
	words[1] = SD_SLICE("SETNAME");
	words[2] = sd_slice_str(name);
	if (err == SD_OK)
		err = put(d, words, 3); /* a name is a wish */
	words[0] = SD_SLICE("PING");
	return err == SD_OK ? put(d, words, 1) : err;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static int make_address(const struct redis_addr *addr, union address *a, socklen_t *len)
{
	const char *host = strcmp(addr->host, "localhost") == 0 ? "127.0.0.1" : addr->host;

	memset(a, 0, sizeof(*a));
	if (addr->is_unix) {
		a->un.sun_family = AF_UNIX;
		memcpy(a->un.sun_path, addr->path,
		       SD_MIN(sizeof(a->un.sun_path), sizeof(addr->path)));
		a->un.sun_path[sizeof(a->un.sun_path) - 1] = '\0';
		*len = sizeof(a->un);
	} else if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(addr->port);
		*len = sizeof(a->v4);
	} else if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(addr->port);
		*len = sizeof(a->v6);
	} else {
		return SD_ERR_INVALID;
	}
	return SD_OK;
}

/* A connect under way; a refusal at once is kept in why and told by the timer. */
static int start_connect(struct redis_dial *d, const struct redis_addr *addr)
{
	union address a;
	socklen_t len;
	int fd, one = 1, err = make_address(addr, &a, &len);

	if (err != SD_OK)
		return err;
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return SD_ERR_SYSTEM;
	if (!addr->is_unix) { /* wishes: what fails here only costs time */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	}
	d->connecting = true;
	if (connect(fd, &a.any, len) != 0 && errno != EINPROGRESS) {
		snprintf(d->why, sizeof(d->why), "%s",
			 errno == ECONNREFUSED || errno == ENOENT ? "connection refused"
								  : "cannot connect");
		close(fd);
		return SD_OK;
	}
	err = sd_loop_add(d->loop, &d->io, fd, EPOLLIN | EPOLLOUT, on_io);
	if (err != SD_OK)
		close(fd);
	return err;
}

int redis_dial_start(const struct redis_dial_conf *conf, struct redis_dial **out)
{
	struct redis_dial *d = calloc(1, sizeof(*d));
	int err;

	*out = NULL;
	if (!d)
		return SD_ERR_MEMORY;
	d->loop = conf->loop;
	d->io.fd = -1;
	d->fn = conf->fn;
	d->arg = conf->arg;
	sd_buf_init(&d->out, 4096);
	err = redis_read_new(MAX_REPLY, &d->read);
	if (err == SD_OK)
		err = greet(d, conf->addr, conf->name);
	if (err == SD_OK)
		err = start_connect(d, conf->addr);
	if (err == SD_OK)
		err = sd_timer_at(d->loop, &d->timer,
				  sd_loop_now_ns(d->loop) + (d->why[0] ? 0 : conf->timeout_ns),
				  on_timer);
	if (err != SD_OK) {
		destroy(d);
		return err;
	}
	*out = d;
	return SD_OK;
}

void redis_dial_cancel(struct redis_dial **dial)
{
	if (!*dial)
		return;
	destroy(*dial);
	*dial = NULL;
}
