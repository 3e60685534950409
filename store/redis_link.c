/* SPDX-License-Identifier: MIT
 * redis_link - one connection: bytes out once a turn, replies in, in order.
 * Owns:      the descriptor, the order of requests and replies
 * Runs in:   master | worker, inside the sandbox
 * Fails by:  closed(why) after each request was told | returning SD_ERR_*
 * Never:     go on after a reply that cannot be placed; block; connect
 */
#include "base.h"
#include "redis_link.h"

#include <inttypes.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "buf.h"
#include "die.h"
#include "err.h"
#include "redis_read.h"

#define MAX_OUT (16u << 20)
#define READ_CHUNK 65536
#define TAG_LEN 16
#define TAG_COMMAND "*2\r\n$4\r\nPING\r\n$16\r\n"
#define TAG_ROOM (sizeof(TAG_COMMAND) + TAG_LEN + 2)
#define READ_ROUNDS 16 /* then the other descriptors of the loop have their turn */

struct slot {
	struct redis_req *req; /* NULL: nobody waits any more */
	int64_t sent_ns;
	int64_t deadline_ns;
	uint64_t tag; /* 0: none */
};

struct redis_link {
	struct redis_link_conf conf;
	struct sd_io io;
	struct sd_timer timer;
	struct sd_task flush;
	struct redis_read *read;
	struct sd_buf out;
	bool wants_write;
	bool closing;  /* no more sending */
	unsigned busy; /* inside a callback of ours: freeing waits */
	bool freed;
	struct slot *ring;
	size_t cap, head, count; /* head: oldest owed reply */
	size_t expired;		 /* of the oldest, how many were told of their deadline */
	uint64_t last_tag;
	struct redisReply *held; /* the oldest's reply, until its tag has come */
};

static void on_timer(struct sd_timer *t);

static struct slot *slot_at(struct redis_link *l, size_t i)
{
	return &l->ring[(l->head + i) % l->cap];
}

static int64_t next_event(struct redis_link *l)
{
	int64_t at = INT64_MAX;

	if (l->expired < l->count)
		at = slot_at(l, l->expired)->deadline_ns;
	if (l->conf.stall_ns > 0 && l->count > 0)
		at = SD_MIN(at, slot_at(l, 0)->sent_ns + l->conf.stall_ns);
	return at;
}

static int arm(struct redis_link *l)
{
	int64_t at = next_event(l);

	if (l->closing || at == INT64_MAX) {
		sd_timer_off(l->conf.loop, &l->timer);
		return SD_OK;
	}
	return sd_timer_at(l->conf.loop, &l->timer, at, on_timer);
}

static void destroy(struct redis_link *l)
{
	redis_read_free(&l->read);
	if (l->held)
		freeReplyObject(l->held);
	sd_buf_wipe_fini(&l->out);
	free(l->ring);
	free(l);
}

static void leave(struct redis_link *l)
{
	if (--l->busy == 0 && l->freed)
		destroy(l);
}

/* Takes the descriptor out of the loop and tells every request. */
static void shut(struct redis_link *l)
{
	if (l->closing)
		return;
	l->closing = true;
	if (l->io.fd >= 0) {
		int fd = l->io.fd;

		sd_loop_del(l->conf.loop, &l->io);
		close(fd);
	}
	sd_timer_off(l->conf.loop, &l->timer);
	sd_loop_undefer(l->conf.loop, &l->flush);
	l->busy++;
	while (l->count > 0) {
		struct redis_req *req = slot_at(l, 0)->req;

		l->head = (l->head + 1) % l->cap;
		l->count--;
		if (req)
			req->fn(req, NULL, false);
	}
	leave(l);
}

static void fail(struct redis_link *l, const char *why)
{
	if (l->closing)
		return;
	l->busy++;
	shut(l);
	if (!l->freed && l->conf.closed)
		l->conf.closed(l->conf.arg, why);
	leave(l);
}

static void on_timer(struct sd_timer *t)
{
	struct redis_link *l = SD_CONTAINER_OF(t, struct redis_link, timer);
	int64_t now = sd_loop_now_ns(l->conf.loop);

	l->busy++;
	while (!l->closing && l->expired < l->count && slot_at(l, l->expired)->deadline_ns <= now) {
		struct slot *s = slot_at(l, l->expired++);
		struct redis_req *req = s->req;

		s->req = NULL;
		if (req && l->conf.result)
			l->conf.result(l->conf.arg, false);
		if (req)
			req->fn(req, NULL, true);
	}
	if (!l->closing && l->conf.stall_ns > 0 && l->count > 0 &&
	    slot_at(l, 0)->sent_ns + l->conf.stall_ns <= now)
		fail(l, "no reply for too long");
	if (!l->closing && arm(l) != SD_OK)
		fail(l, "no memory for a timer");
	leave(l);
}

static void tag_text(uint64_t tag, char out[TAG_LEN + 1])
{
	snprintf(out, TAG_LEN + 1, "%016" PRIx64, tag);
}

/* What came behind a reply says that it is this request's. An error instead (LOADING, BUSY) leaves
 * only an error believable. */
static bool is_tag(const struct redis_link *l, const struct redisReply *reply, uint64_t tag)
{
	char want[TAG_LEN + 1];

	tag_text(tag, want);
	if (redis_is_error(reply))
		return redis_is_error(l->held);
	return reply->type == REDIS_REPLY_STRING && reply->len == TAG_LEN &&
	       memcmp(reply->str, want, TAG_LEN) == 0;
}

/* The reply that may be given out now; NULL: none yet, or the connection has failed. */
static struct redisReply *paired(struct redis_link *l, struct redisReply *reply)
{
	struct redisReply *whole = l->held;
	bool fits;

	if (slot_at(l, 0)->tag == 0)
		return reply;
	if (!whole) {
		l->held = reply;
		return NULL;
	}
	fits = is_tag(l, reply, slot_at(l, 0)->tag);
	freeReplyObject(reply);
	if (!fits) {
		fail(l, "a reply to another request");
		return NULL;
	}
	l->held = NULL;
	return whole;
}

/* One reply to the oldest request. */
static void deliver(struct redis_link *l, struct redisReply *reply)
{
	struct redis_req *req;

	if (l->conf.push) {
		l->conf.push(l->conf.arg, reply);
		return;
	}
	if (l->count == 0) {
		freeReplyObject(reply);
		fail(l, "a reply that nobody asked for");
		return;
	}
	reply = paired(l, reply);
	if (!reply)
		return;
	req = slot_at(l, 0)->req;
	l->head = (l->head + 1) % l->cap;
	l->count--;
	if (l->expired > 0)
		l->expired--;
	if (l->conf.result)
		l->conf.result(l->conf.arg, true);
	if (req)
		req->fn(req, reply, false);
	else
		freeReplyObject(reply);
}

/* False when the connection ended. */
static bool drain_replies(struct redis_link *l)
{
	while (!l->closing) {
		struct redisReply *reply;

		if (redis_read_next(l->read, &reply) != SD_OK) {
			fail(l, "a reply that breaks the protocol");
			return false;
		}
		if (!reply)
			return true;
		deliver(l, reply);
	}
	return false;
}

static void on_readable(struct redis_link *l)
{
	char chunk[READ_CHUNK];

	for (int round = 0; round < READ_ROUNDS && !l->closing; round++) {
		ssize_t n = recv(l->io.fd, chunk, sizeof(chunk), 0);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n <= 0) {
			fail(l, n == 0 ? "closed by the server" : "reading failed");
			return;
		}
		if (redis_read_feed(l->read, chunk, (size_t)n) != SD_OK) {
			fail(l, "a reply over its bound");
			return;
		}
		if (!drain_replies(l) || (size_t)n < sizeof(chunk))
			return;
	}
}

static void write_out(struct redis_link *l)
{
	bool more;

	while (l->out.len > 0) {
		ssize_t n = send(l->io.fd, l->out.p, l->out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			fail(l, "writing failed");
			return;
		}
		sd_buf_consume(&l->out, (size_t)n);
	}
	more = l->out.len > 0;
	if (more == l->wants_write)
		return;
	l->wants_write = more;
	if (sd_loop_mod(l->conf.loop, &l->io, EPOLLIN | (more ? EPOLLOUT : 0)) != SD_OK)
		fail(l, "the loop refuses the descriptor");
}

static void on_flush(struct sd_task *task)
{
	struct redis_link *l = SD_CONTAINER_OF(task, struct redis_link, flush);

	l->busy++;
	if (!l->closing)
		write_out(l);
	leave(l);
}

static void on_io(struct sd_io *io, uint32_t events)
{
	struct redis_link *l = SD_CONTAINER_OF(io, struct redis_link, io);

	l->busy++;
	if (events & EPOLLOUT)
		write_out(l);
	if (!l->closing && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		on_readable(l);
	if (!l->closing && arm(l) != SD_OK)
		fail(l, "no memory for a timer");
	leave(l);
}

int redis_link_new(const struct redis_link_conf *conf, int fd, struct redis_link **out)
{
	struct redis_link *l = calloc(1, sizeof(*l));
	int err = SD_ERR_MEMORY;

	*out = NULL;
	if (!l)
		goto fail_fd;
	l->conf = *conf;
	l->io.fd = -1;
	sd_buf_init(&l->out, MAX_OUT);
	l->cap = 64;
	l->ring = calloc(l->cap, sizeof(*l->ring));
	if (!l->ring)
		goto fail_link;
	err = redis_read_new(conf->max_reply, &l->read);
	if (err == SD_OK)
		err = sd_loop_add(conf->loop, &l->io, fd, EPOLLIN, on_io);
	if (err != SD_OK)
		goto fail_link;
	*out = l;
	return SD_OK;
fail_link:
	destroy(l);
fail_fd:
	close(fd);
	return err;
}

void redis_link_free(struct redis_link **lp)
{
	struct redis_link *l = *lp;

	if (!l)
		return;
	*lp = NULL;
	l->busy++;
	l->freed = true;
	shut(l);
	leave(l);
}

static int grow(struct redis_link *l)
{
	size_t cap = l->cap * 2;
	struct slot *ring = cap <= REDIS_LINK_MAX_PENDING ? calloc(cap, sizeof(*ring)) : NULL;

	if (!ring)
		return SD_ERR_FULL;
	for (size_t i = 0; i < l->count; i++)
		ring[i] = *slot_at(l, i);
	free(l->ring);
	l->ring = ring;
	l->cap = cap;
	l->head = 0;
	return SD_OK;
}

/* A place in the order of replies. */
static int take_slot(struct redis_link *l, struct redis_req *req, int64_t deadline_ns)
{
	int err;

	if (l->count == l->cap && (err = grow(l)) != SD_OK)
		return err;
	/* Deadlines stay in order, so that only the first can be next. */
	if (l->count > 0)
		deadline_ns = SD_MAX(deadline_ns, slot_at(l, l->count - 1)->deadline_ns);
	*slot_at(l, l->count) = (struct slot){req, sd_loop_now_ns(l->conf.loop), deadline_ns,
					      l->conf.tagged ? ++l->last_tag : 0};
	l->count++;
	if ((l->timer.heap_pos == 0 || next_event(l) < l->timer.at_ns) && arm(l) != SD_OK) {
		l->count--;
		return SD_ERR_FULL;
	}
	return SD_OK;
}

static void put_tag(struct redis_link *l)
{
	char tag[TAG_LEN + 1];

	tag_text(l->last_tag, tag);
	sd_buf_str(&l->out, TAG_COMMAND);
	sd_buf_str(&l->out, tag);
	sd_buf_str(&l->out, "\r\n");
}

int redis_link_send(struct redis_link *l, struct sd_slice command, struct redis_req *req,
		    int64_t deadline_ns)
{
	int err;

	if (l->closing)
		return SD_ERR_CLOSED;
	sd_bug_if(l->conf.push && req);
	if (sd_buf_reserve(&l->out, command.n + TAG_ROOM) != SD_OK) {
		l->out.failed = false; /* what stands in it is whole commands */
		return SD_ERR_FULL;
	}
	if (!l->conf.push && (err = take_slot(l, req, deadline_ns)) != SD_OK)
		return err;
	sd_buf_put(&l->out, command);
	if (l->conf.tagged)
		put_tag(l);
	sd_loop_defer(l->conf.loop, &l->flush, on_flush);
	return SD_OK;
}

int redis_link_send_args(struct redis_link *l, const struct redis_args *args, struct redis_req *req,
			 int64_t deadline_ns)
{
	char *p;
	size_t n;
	int err = redis_args_format(args, &p, &n);

	if (err != SD_OK)
		return err;
	err = redis_link_send(l, sd_slice(p, n), req, deadline_ns);
	free(p);
	return err;
}

size_t redis_link_pending(const struct redis_link *l)
{
	return l->count;
}
