/* SPDX-License-Identifier: MIT
 * conn - one client connection.
 * Owns:      its socket, its buffers, its deadline
 * Runs in:   worker
 * Fails by:  closing; a framing error is answered once first
 * Never:     look into a request: request.c does; read while a request is parked
 */
#include "base.h"
#include "conn.h"

#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "http_emit.h"
#include "request.h"
#include "secret.h"
#include "shm_board.h"

#define READ_CHUNK 4096
#define LINGER_NS SD_NS_PER_S
#define KEEP_BUFFER 4096 /* an idle connection's buffers, each, are freed above this */
#define OUT_MAX (8u << 20)
#define OUT_ENOUGH (256u << 10)    /* waits to be read by the client: no further request is begun */
#define READ_AT_ONCE (64u << 10)   /* then others have their turn */
#define READ_LEAST 8192            /* bytes a second: who reads slower for longer than idle_timeout is dropped */
#define REQUESTS_AT_ONCE 32        /* likewise, of one client's pipeline */

static void on_event(struct sd_io *io, uint32_t events);
static void conn_step(struct conn *c);
static void conn_has_room(struct conn *c);
static void conn_settle(struct conn *c, bool more);
static bool unread_goes_on(struct conn *c);

static void conn_free(struct conn *c)
{
	struct worker *w = c->worker;
	if (c->exchange)
		exchange_put(w, c->exchange);
	sd_timer_off(w->loop, &c->timer);
	sd_loop_undefer(w->loop, &c->again);
	if (c->io.fd >= 0)
		sd_loop_del(w->loop, &c->io);
	close(c->fd);
	if (c->prev)
		c->prev->next = c->next;
	else
		w->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	sd_buf_fini(&c->in);
	sd_buf_fini(&c->out);
	w->connections--;
	for (uint32_t i = 0; i < w->listeners; i++)
		listener_resume(&w->listener[i]);
	sd_wipe(&c->credential, sizeof(c->credential));
	free(c);
}

static void conn_timeout(struct conn *c)
{
	switch (c->state) {
	case CONN_HEAD:
	case CONN_BODY:
		request_refuse(c->exchange, c, 408, "the request did not arrive in time");
		conn_step(c);
		return;
	case CONN_BUSY: /* its own parts have deadlines */
		if (c->room) {
			c->broken = true;
			conn_has_room(c);
		}
		return;
	case CONN_FLUSH:
		if (unread_goes_on(c)) {
			conn_settle(c, false);
			return;
		}
		conn_free(c);
		return;
	case CONN_IDLE:
	case CONN_LINGER:
		conn_free(c);
		return;
	}
}

static void on_timer(struct sd_timer *t)
{
	struct conn *c = SD_CONTAINER_OF(t, struct conn, timer);
	if (sd_loop_now_ns(c->worker->loop) >= c->deadline_ns)
		conn_timeout(c);
	else if (sd_timer_at(c->worker->loop, &c->timer, c->deadline_ns, on_timer) != SD_OK &&
		 c->state != CONN_BUSY)
		conn_free(c);
}

/* The timer is armed lazily: a later deadline costs nothing, only an earlier one re-arms. */
static void conn_enter(struct conn *c, enum conn_state state, int64_t timeout_ns)
{
	c->state = state;
	c->deadline_ns = sd_loop_now_ns(c->worker->loop) + timeout_ns;
	if (c->timer.heap_pos != 0 && c->timer.at_ns <= c->deadline_ns)
		return;
	if (sd_timer_at(c->worker->loop, &c->timer, c->deadline_ns, on_timer) != SD_OK)
		c->close_after = true;
}

static int64_t timeout_ns(const struct conn *c, enum conn_state state)
{
	const struct policy_server *s = &c->worker->generation->view.image->server;
	uint32_t ms = state == CONN_HEAD   ? s->header_timeout_ms
		      : state == CONN_BODY ? s->body_timeout_ms
					   : s->idle_timeout_ms;
	return (int64_t)ms * SD_NS_PER_MS;
}

/* A partial message never fills this; what is behind a whole one is read later. */
static size_t in_max(const struct worker *w)
{
	return http_limits_raw(&w->http_limits) + READ_AT_ONCE + READ_CHUNK;
}

void conn_open(struct worker *w, struct listener *l, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	if (!c || sd_loop_add(w->loop, &c->io, fd, EPOLLIN | EPOLLRDHUP, on_event) != SD_OK) {
		free(c);
		close(fd);
		return;
	}
	c->fd = fd;
	c->worker = w;
	c->listener = l;
	sd_buf_init(&c->in, in_max(w));
	sd_buf_init(&c->out, OUT_MAX);
	c->next = w->conns;
	if (w->conns)
		w->conns->prev = c;
	w->conns = c;
	w->connections++;
	board_count(w->stats, METRIC_CONNECTIONS, SHM_SLOT_NONE, 0, 0, 1);
	conn_enter(c, CONN_IDLE, timeout_ns(c, CONN_HEAD)); /* the first request is expected soon */
}

/* EPOLLRDHUP only while reading: it stays raised, and a client that has shut its side but not yet
 * read its answer would wake us without end. */
static void set_events(struct conn *c, bool read, bool write)
{
	uint32_t events = (read ? EPOLLIN | EPOLLRDHUP : 0u) | (write ? EPOLLOUT : 0u);
	struct sd_loop *loop = c->worker->loop;
	int r = SD_OK;
	if (c->io.fd < 0)
		r = sd_loop_add(loop, &c->io, c->fd, events, on_event);
	else if (c->io.events != events)
		r = sd_loop_mod(loop, &c->io, events);
	if (r != SD_OK)
		c->broken = true;
}

/* Some of out waits to be read: in each idle_timeout at least READ_LEAST a second must go. */
static void unread_begin(struct conn *c)
{
	c->unread_until_ns = sd_loop_now_ns(c->worker->loop) + timeout_ns(c, CONN_IDLE);
	c->unread_taken = 0;
}

/* Time is up for what waits to be read. True: enough was read meanwhile, another such time begins. */
static bool unread_goes_on(struct conn *c)
{
	if ((int64_t)c->unread_taken < timeout_ns(c, CONN_IDLE) / SD_NS_PER_MS * READ_LEAST / 1000)
		return false;
	unread_begin(c);
	return true;
}

/* True when all of out has left. */
static bool conn_flush(struct conn *c)
{
	size_t sent = 0;
	while (!c->broken && sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.p + sent, c->out.len - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			c->broken = true;
			break;
		}
		sent += (size_t)n;
	}
	if (sent == c->out.len) {
		sd_buf_reset(&c->out);
		c->unread_until_ns = 0;
		return true;
	}
	sd_buf_consume(&c->out, sent);
	if (c->unread_until_ns == 0)
		unread_begin(c);
	c->unread_taken += sent;
	return false;
}

bool conn_push(struct conn *c, void (*room)(struct conn *c))
{
	if (c->out.failed)
		c->broken = true;
	if (conn_flush(c) || c->broken)
		return true;
	set_events(c, false, true);
	if (c->broken)
		return true;
	c->room = room;
	conn_enter(c, CONN_BUSY, timeout_ns(c, CONN_IDLE));
	return false;
}

/* May free the connection. */
static void conn_has_room(struct conn *c)
{
	void (*room)(struct conn *) = c->room;
	c->room = NULL;
	if (c->io.fd >= 0)
		sd_loop_del(c->worker->loop, &c->io);
	room(c);
}

static void idle_trim(struct conn *c)
{
	if (c->in.len == 0) {
		if (c->exchange) {
			exchange_put(c->worker, c->exchange);
			c->exchange = NULL;
		}
		if (c->in.cap > KEEP_BUFFER)
			sd_buf_fini(&c->in);
	}
	if (c->out.cap > KEEP_BUFFER && c->out.len == 0)
		sd_buf_fini(&c->out);
}

static void linger(struct conn *c)
{
	if (c->exchange) {
		exchange_put(c->worker, c->exchange);
		c->exchange = NULL;
	}
	(void)shutdown(c->fd, SHUT_WR);
	sd_buf_fini(&c->in);
	set_events(c, true, false);
	conn_enter(c, CONN_LINGER, LINGER_NS);
}

static void on_again(struct sd_task *t)
{
	conn_step(SD_CONTAINER_OF(t, struct conn, again));
}

/* Everything is answered that can be now (more: not all that came). May free the connection. */
static void conn_settle(struct conn *c, bool more)
{
	bool flushed = conn_flush(c);
	if (c->state == CONN_BUSY)
		return;
	if (c->broken) {
		conn_free(c);
		return;
	}
	if (!flushed) {
		set_events(c, false, true);
		conn_enter(c, CONN_FLUSH, SD_MAX(c->unread_until_ns - sd_loop_now_ns(c->worker->loop), 0));
		return;
	}
	if (c->close_after) {
		/* Closing over bytes that were not read resets the connection and may take the
		 * answer
		 * along: only a client that asked for the end has sent nothing more. */
		if (c->in.len == 0 && c->clean_end && !c->worker->draining)
			conn_free(c);
		else
			linger(c);
		return;
	}
	set_events(c, true, false);
	if (more)
		sd_loop_defer(c->worker->loop, &c->again, on_again);
	else
		idle_trim(c);
}

/* One complete request: true when it is answered already. */
static bool conn_request(struct conn *c, size_t used)
{
	struct request *r = &c->exchange->request;
	c->used = used;
	c->state = CONN_BUSY;
	if (!request_begin(r, c, http_parser_msg(c->exchange->parser)))
		return false;
	sd_buf_consume(&c->in, used);
	http_parser_reset(c->exchange->parser);
	conn_enter(c, CONN_IDLE, timeout_ns(c, CONN_IDLE));
	return true;
}

static bool conn_take_exchange(struct conn *c)
{
	if (c->exchange)
		return true;
	c->exchange = exchange_get(c->worker);
	if (!c->exchange)
		return false;
	c->in.max = SD_MAX(in_max(c->worker), c->in.len); /* the limits may have changed */
	return true;
}

/* What the parser says of the bytes so far. False: go no further now. */
static bool conn_parse_one(struct conn *c)
{
	struct http_parser *parser = c->exchange->parser;
	size_t used = 0;
	switch (http_parse(parser, c->in.p, c->in.len, &used)) {
	case HTTP_MORE:
		if (c->state == CONN_IDLE)
			conn_enter(c, CONN_HEAD, timeout_ns(c, CONN_HEAD));
		return false;
	case HTTP_HEAD_DONE:
		conn_enter(c, CONN_BODY, timeout_ns(c, CONN_BODY));
		if (!http_parser_msg(parser)->expect_continue)
			return true;
		if (!request_welcome(c->exchange, c, http_parser_msg(parser)))
			return false;
		http_emit_continue(&c->out);
		return true;
	case HTTP_DONE:
		return conn_request(c, used);
	case HTTP_BAD:
		break;
	}
	request_refuse(c->exchange, c, http_parse_status(parser), http_parse_reason(parser));
	return false;
}

/* Parses and answers what is in the buffer until more is needed, a request is parked, or the
 * connection is to close. True: it stopped for the others' sake, or the client's slow reading. */
static bool conn_parse(struct conn *c)
{
	for (int turns = 0; c->in.len > 0 && !c->close_after && !c->broken && !c->out.failed;
	     turns++) {
		if (turns == 2 * REQUESTS_AT_ONCE || c->out.len >= OUT_ENOUGH)
			return true;
		if (!conn_take_exchange(c)) {
			c->close_after = true;
			return false;
		}
		if (!conn_parse_one(c))
			return false;
	}
	return false;
}

static void conn_step(struct conn *c)
{
	bool more = c->state != CONN_BUSY && conn_parse(c);
	if (c->out.failed) /* cut off in the middle: not one byte of it may leave */
		c->broken = true;
	conn_settle(c, more);
}

void conn_answered(struct conn *c)
{
	sd_buf_consume(&c->in, c->used);
	http_parser_reset(c->exchange->parser);
	conn_enter(c, CONN_IDLE, timeout_ns(c, CONN_IDLE));
	conn_step(c);
}

/* SD_OK, SD_ERR_AGAIN, SD_ERR_CLOSED, SD_ERR_TOO_BIG, SD_ERR_MEMORY. An end that follows data is
 * told by the next event, when the data has been answered: the client may have shut only its
 * side. */
static int conn_read(struct conn *c)
{
	size_t before = c->in.len;
	for (;;) {
		int r = sd_buf_reserve(&c->in, READ_CHUNK);
		if (r != SD_OK)
			return r;
		size_t room = c->in.cap - c->in.len;
		ssize_t n = recv(c->fd, c->in.p + c->in.len, room, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0) {
			c->in.len += (size_t)n;
			if ((size_t)n < room || c->in.len - before >= READ_AT_ONCE)
				return SD_OK;
			continue;
		}
		if (c->in.len > before)
			return SD_OK;
		return n < 0 && errno == EAGAIN ? SD_ERR_AGAIN : SD_ERR_CLOSED;
	}
}

static void on_linger(struct conn *c)
{
	char scrap[READ_CHUNK];
	for (int i = 0; i < 16; i++) {
		ssize_t n = recv(c->fd, scrap, sizeof(scrap), 0);
		if (n > 0)
			continue;
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			conn_free(c);
		return;
	}
}

/* Reads and goes on. May free the connection. */
static void conn_more(struct conn *c)
{
	int r = conn_read(c);
	if (r == SD_ERR_CLOSED) {
		conn_free(c);
		return;
	}
	if (r == SD_ERR_TOO_BIG || r == SD_ERR_MEMORY)
		c->close_after = true;
	conn_step(c);
}

static void on_event(struct sd_io *io, uint32_t events)
{
	struct conn *c = SD_CONTAINER_OF(io, struct conn, io);
	if (c->again.queued) /* what it has sent before comes first; the event stays raised */
		return;
	if (c->state == CONN_LINGER) {
		on_linger(c);
		return;
	}
	if (c->state == CONN_BUSY && c->room) {
		c->broken |= (events & (EPOLLHUP | EPOLLERR)) != 0;
		if (conn_flush(c) || c->broken)
			conn_has_room(c);
		return;
	}
	if (c->state == CONN_BUSY) { /* data behind a parked request, or the client left */
		if (events & (EPOLLHUP | EPOLLERR))
			c->broken = true;
		sd_loop_del(c->worker->loop, &c->io);
		return;
	}
	if (c->state == CONN_FLUSH) {
		if (events & (EPOLLHUP | EPOLLERR))
			c->broken = true;
		c->state = CONN_IDLE;
		conn_step(c);
		return;
	}
	conn_more(c);
}

/* A request that had arrived before the drain began is answered still. */
static void conn_drain(struct conn *c)
{
	int r = conn_read(c);
	if (r == SD_OK)
		conn_step(c);
	else
		conn_free(c);
}

void conn_drain_all(struct worker *w)
{
	for (struct conn *c = w->conns, *next; c; c = next) {
		next = c->next;
		if (c->state == CONN_IDLE && c->in.len == 0)
			conn_drain(c);
	}
}
