/* SPDX-License-Identifier: MIT
 * listener - accepts on a socket that all workers share.
 * Owns:      its copy of a listening socket
 * Runs in:   worker
 * Fails by:  pausing: what it does not accept waits for another worker
 * Never:     bind or listen: the master did */
#include "base.h"
#include "listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "err.h"
#include "log.h"
#include "worker.h"

#define ACCEPT_BATCH 32
#define RETRY_NS (50 * SD_NS_PER_MS)

static void on_readable(struct sd_io *io, uint32_t events);

static void pause_accepting(struct listener *l)
{
	if (l->paused)
		return;
	sd_loop_del(l->worker->loop, &l->io);
	l->paused = true;
}

static void on_retry(struct sd_timer *t)
{
	listener_resume(SD_CONTAINER_OF(t, struct listener, retry));
}

void listener_resume(struct listener *l)
{
	if (!l->paused || l->fd < 0 || l->worker->connections >= l->worker->max_connections)
		return;
	l->paused = false;
	if (sd_loop_add(l->worker->loop, &l->io, l->fd, EPOLLIN | EPOLLEXCLUSIVE, on_readable) !=
	    SD_OK) {
		l->paused = true;
		if (sd_timer_at(l->worker->loop, &l->retry,
				sd_loop_now_ns(l->worker->loop) + RETRY_NS, on_retry) != SD_OK)
			sd_log(SD_LOG_ERROR, "listener-stuck");
	}
}

static void on_readable(struct sd_io *io, uint32_t events)
{
	struct listener *l = SD_CONTAINER_OF(io, struct listener, io);
	struct worker *w = l->worker;
	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		if (w->connections >= w->max_connections) {
			pause_accepting(l); /* conn_free() resumes */
			return;
		}
		struct sockaddr_storage addr = {0};
		socklen_t n = sizeof(addr);
		int fd = accept4(l->fd, (struct sockaddr *)&addr, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
				return;
			pause_accepting(l); /* out of descriptors or memory: no spinning */
			if (sd_timer_at(w->loop, &l->retry, sd_loop_now_ns(w->loop) + RETRY_NS,
					on_retry) != SD_OK)
				sd_log(SD_LOG_ERROR, "listener-stuck");
			return;
		}
		if (!l->is_unix) {
			int one = 1;
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		}
		conn_open(w, l, fd);
	}
}

void listener_init(struct listener *l, struct worker *w, const struct hm_listener *what, int fd)
{
	*l = (struct listener){.worker = w, .fd = fd, .role = (enum listener_role)what->role,
			       .is_unix = what->is_unix != 0};
	l->io.fd = -1;
}

void listener_start(struct listener *l)
{
	l->paused = true;
	listener_resume(l);
}

void listener_stop(struct listener *l)
{
	if (l->fd < 0)
		return;
	if (!l->paused)
		sd_loop_del(l->worker->loop, &l->io);
	sd_timer_off(l->worker->loop, &l->retry);
	close(l->fd);
	l->fd = -1;
}
