/* SPDX-License-Identifier: MIT
 * real_redis - starts, asks and ends a redis-server.
 * Owns:      the server's process and folder
 * Runs in:   tests
 * Fails by:  aborting; false when there is no redis-server
 * Never:     touch a server that it did not start
 */
#include "base.h"
#include "real_redis.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "die.h"

static struct redisReply *last;
static const char *const *extra_args;

static const char *program(void)
{
	static const char *const places[] = {"/usr/bin/redis-server", "/usr/local/bin/redis-server",
					     "/usr/sbin/redis-server", "/usr/bin/valkey-server"};
	const char *named = getenv("REDIS_SERVER");

	if (named && access(named, X_OK) == 0)
		return named;
	for (size_t i = 0; i < SD_ARRAY_LEN(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

static void child(const struct real_redis *r, pid_t parent)
{
	const char *argv[48] = {program(),    "--port",
				"0",	      "--unixsocket",
				r->path,      "--dir",
				r->dir,	      "--save",
				"",	      "--appendonly",
				"yes",	      "--appendfsync",
				"no",	      "--maxmemory-policy",
				"noeviction", "--loglevel",
				"warning",    "--repl-diskless-sync-delay",
				"0"};
	size_t n = 19;
	int null = open("/dev/null", O_RDWR);

	for (const char *const *p = extra_args; p && *p && n < SD_ARRAY_LEN(argv) - 1; p++)
		argv[n++] = *p;
	argv[n] = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(null, 0);
	dup2(null, 1);
	{
		char *copy[48];

		for (size_t i = 0; i <= n; i++)
			copy[i] = argv[i] ? strdup(argv[i]) : NULL;
		execv(copy[0], copy);
	}
	_exit(127);
}

static int try_connect(const struct real_redis *r)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", r->path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void launch(struct real_redis *r)
{
	pid_t parent = getpid();

	(void)unlink(r->path);
	r->pid = fork();
	sd_bug_if(r->pid < 0);
	if (r->pid == 0)
		child(r, parent);
	for (int i = 0; i < 1000; i++) {
		struct redisReply *pong;
		bool ready;

		r->ctx = redisConnectUnix(r->path);
		pong = r->ctx && !r->ctx->err ? redisCommand(r->ctx, "PING") : NULL;
		ready = pong && pong->type == REDIS_REPLY_STATUS;
		if (pong)
			freeReplyObject(pong);
		if (ready)
			return;
		if (r->ctx)
			redisFree(r->ctx);
		r->ctx = NULL;
		poll(NULL, 0, 10);
	}
	sd_bug(__FILE__, __LINE__, "redis-server does not answer");
}

bool real_redis_start(struct real_redis *r, const char *const *extra)
{
	memset(r, 0, sizeof(*r));
	if (!program())
		return false;
	extra_args = extra;
	snprintf(r->dir, sizeof(r->dir), "/tmp/sd-redis-XXXXXX");
	sd_bug_if(!mkdtemp(r->dir));
	snprintf(r->path, sizeof(r->path), "%s/s", r->dir);
	launch(r);
	return true;
}

static void end(struct real_redis *r)
{
	if (last)
		freeReplyObject(last);
	last = NULL;
	if (r->ctx)
		redisFree(r->ctx);
	r->ctx = NULL;
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		kill(r->pid, SIGCONT);
		waitpid(r->pid, NULL, 0);
	}
	r->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	return where->level == 0 ? 0 : remove(path); /* dir itself stays */
}

static void remove_data(const struct real_redis *r)
{
	(void)nftw(r->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void real_redis_restart(struct real_redis *r, bool empty)
{
	end(r);
	if (empty)
		remove_data(r);
	launch(r);
}

void real_redis_stop(struct real_redis *r)
{
	end(r);
	remove_data(r);
	(void)rmdir(r->dir);
}

int real_redis_fd(const struct real_redis *r)
{
	int fd = try_connect(r);

	sd_bug_if(fd < 0);
	sd_bug_if(fcntl(fd, F_SETFL, O_NONBLOCK) != 0);
	return fd;
}

static struct redisReply *ask(struct real_redis *r, const char *format, va_list ap)
{
	if (last)
		freeReplyObject(last);
	last = redisvCommand(r->ctx, format, ap);
	sd_bug_if(!last);
	return last;
}

struct redisReply *real_redis_ask(struct real_redis *r, const char *format, ...)
{
	struct redisReply *reply;
	va_list ap;

	va_start(ap, format);
	reply = ask(r, format, ap);
	va_end(ap);
	return reply;
}

long long real_redis_int(struct real_redis *r, const char *format, ...)
{
	struct redisReply *reply;
	va_list ap;

	va_start(ap, format);
	reply = ask(r, format, ap);
	va_end(ap);
	sd_bug_if(reply->type != REDIS_REPLY_INTEGER);
	return reply->integer;
}

const char *real_redis_str(struct real_redis *r, const char *format, ...)
{
	struct redisReply *reply;
	va_list ap;

	va_start(ap, format);
	reply = ask(r, format, ap);
	va_end(ap);
	return reply->type == REDIS_REPLY_NIL ? "" : reply->str ? reply->str : "?";
}
