/* SPDX-License-Identifier: MIT
 * control - the server of sessionctl.
 * Owns:      the socket's path and its few connections
 * Runs in:   master (bound before the sandbox, serves after it)
 * Fails by:  closing the connection
 * Never:     changes anything but by a reload; answers anyone but root and its own user */
#include "base.h"
#include "control.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "ctl_msg.h"
#include "err.h"
#include "fdpass.h"
#include "log.h"
#include "master.h"
#include "metrics.h"

#define CLIENT_NS (30 * SD_NS_PER_S) /* a reload takes at most half of it */
#define SEGMENTS_FIXED 3             /* control, revocations, policy */

static struct master *master_of(struct control_client *c)
{
	return SD_CONTAINER_OF(c->home, struct master, control);
}

static void client_close(struct control_client *c)
{
	if (!c->used) /* it has no home yet either */
		return;
	struct master *m = master_of(c);
	int fd = c->io.fd;

	sd_loop_del(m->loop, &c->io);
	sd_timer_off(m->loop, &c->timer);
	(void)close(fd);
	sd_buf_fini(&c->out);
	c->used = false;
}

static int packet(struct control_client *c, uint32_t kind, struct sd_slice text, bool more, int fd)
{
	struct ctl_answer head = {.magic = CTL_MAGIC, .version = CTL_VERSION, .failed = c->failed,
				  .more = more, .kind = kind, .n = (uint32_t)text.n};

	return sd_fdpass_send(c->io.fd, &head, sizeof(head), text.n > 0 ? text.p : NULL, text.n, fd);
}

struct segment {
	enum shm_kind kind;
	int fd;
	char name[64];
};

/* The n-th segment (from 0) that exists; false = no more. */
static bool segment_at(struct master *m, uint32_t n, struct segment *out)
{
	const int fixed[SEGMENTS_FIXED] = {m->seg.control_fd, shm_revoke_w_fd(m->seg.table),
					   m->seg.policy.fd};
	static const enum shm_kind kinds[] = {SHM_KIND_CONTROL, SHM_KIND_REVOCATIONS, SHM_KIND_POLICY};
	static const char *const names[] = {"control", "revocations", "policy"};

	*out = (struct segment){.kind = SHM_KIND_STATS, .fd = m->board.fd, .name = "stats master"};
	if (n < SEGMENTS_FIXED) {
		out->kind = kinds[n];
		out->fd = fixed[n];
		(void)snprintf(out->name, sizeof(out->name), "%s", names[n]);
		return true;
	}
	n -= SEGMENTS_FIXED;
	for (uint32_t i = 0; n > 0 && i < FLEET_MAX; i++) {
		const struct child *c = &m->fleet.child[i];

		if (c->board.p == NULL || --n > 0)
			continue;
		out->fd = c->board.fd;
		(void)snprintf(out->name, sizeof(out->name), "stats %s %u", role_name(c->role), c->index);
		return true;
	}
	return n == 0;
}

/* SD_OK when all is said, SD_ERR_AGAIN when the socket is full. */
static int send_memory(struct control_client *c)
{
	struct master *m = master_of(c);
	struct segment s, after;

	while (segment_at(m, c->memory_next - 1, &s)) {
		bool more = segment_at(m, c->memory_next, &after);
		char path[32];
		int err, fd;

		/* A descriptor of its own, opened for reading only: ours can write to shared ones. */
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", s.fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		err = fd >= 0 ? packet(c, s.kind, sd_slice_str(s.name), more, fd) : SD_ERR_SYSTEM;
		if (fd >= 0)
			(void)close(fd);
		if (err != SD_OK)
			return err;
		c->memory_next++;
		if (!more)
			break;
	}
	return SD_OK;
}

static int send_text(struct control_client *c)
{
	do {
		struct sd_slice text = sd_buf_slice(&c->out);
		bool more = text.n > CTL_MAX_TEXT;
		int err;

		text.n = SD_MIN(text.n, (size_t)CTL_MAX_TEXT);
		err = packet(c, 0, text, more, -1);
		if (err != SD_OK)
			return err;
		sd_buf_consume(&c->out, text.n);
	} while (c->out.len > 0);
	return SD_OK;
}

static void client_flush(struct control_client *c)
{
	int err = c->memory_next > 0 ? send_memory(c) : send_text(c);

	if (err == SD_ERR_AGAIN && sd_loop_mod(master_of(c)->loop, &c->io, EPOLLOUT) == SD_OK)
		return;
	client_close(c);
}

static void answer(struct control_client *c, uint32_t op)
{
	struct master *m = master_of(c);

	switch ((enum ctl_op)op) {
	case CTL_STATUS:
		control_status(m, &c->out);
		break;
	case CTL_METRICS:
		metrics_text(m, &c->out);
		break;
	case CTL_MEMORY:
		c->memory_next = 1;
		break;
	case CTL_RELOAD:
		c->waits_reload = true;
		c->reload_number = m->reload.number + 1;
		reload_request(m, RELOAD_BY_OPERATOR);
		if (c->used && c->waits_reload && m->phase == MASTER_DRAINING)
			client_close(c);
		return;
	case CTL_NONE:
		c->failed = true;
		sd_buf_str(&c->out, "unknown request");
		break;
	}
	c->failed = c->failed || c->out.failed;
	client_flush(c);
}

static void on_client(struct sd_io *io, uint32_t events)
{
	struct control_client *c = SD_CONTAINER_OF(io, struct control_client, io);
	struct ctl_request r = {0};
	ssize_t n;

	if ((events & EPOLLOUT) != 0) {
		client_flush(c);
		return;
	}
	n = recv(io->fd, &r, sizeof(r), MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (c->waits_reload || n != (ssize_t)sizeof(r) || r.magic != CTL_MAGIC) {
		client_close(c);
		return;
	}
	answer(c, r.version == CTL_VERSION && r.op <= CTL_METRICS ? r.op : (uint32_t)CTL_NONE);
}

static void on_timeout(struct sd_timer *t)
{
	client_close(SD_CONTAINER_OF(t, struct control_client, timer));
}

static bool is_admitted(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void on_accept(struct sd_io *io, uint32_t events SD_UNUSED)
{
	struct control *k = SD_CONTAINER_OF(io, struct control, io);
	struct master *m = SD_CONTAINER_OF(k, struct master, control);
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_client *c = NULL;

	if (fd < 0)
		return;
	for (size_t i = 0; i < CONTROL_MAX_CLIENTS && c == NULL; i++)
		if (!k->client[i].used)
			c = &k->client[i];
	if (c == NULL || !is_admitted(fd)) {
		(void)close(fd);
		return;
	}
	memset(c, 0, sizeof(*c));
	c->home = k;
	c->used = true;
	sd_buf_init(&c->out, METRICS_MAX);
	if (sd_loop_add(m->loop, &c->io, fd, EPOLLIN, on_client) != SD_OK) {
		(void)close(fd);
		c->used = false;
	} else if (sd_timer_at(m->loop, &c->timer, sd_clock_boot_ns() + CLIENT_NS, on_timeout) != SD_OK) {
		client_close(c);
	}
}

void control_reload_done(struct master *m)
{
	for (size_t i = 0; i < CONTROL_MAX_CLIENTS; i++) {
		struct control_client *c = &m->control.client[i];

		if (!c->used || !c->waits_reload || m->reload.number < c->reload_number)
			continue;
		c->waits_reload = false;
		c->failed = m->reload.result == RELOAD_REFUSED;
		sd_buf_put(&c->out, sd_buf_slice(&m->reload.report));
		client_flush(c);
	}
}

int control_open(struct master *m, struct sd_diag *diag)
{
	struct control *k = &m->control;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd, n = snprintf(k->path, sizeof(k->path), "%s/" CTL_SOCKET, m->server.state_dir);

	if (n < 0 || (size_t)n >= sizeof(a.sun_path))
		return sd_diag_set(diag, SD_ERR_TOO_BIG, "%s: longer than a socket's path may be", k->path);
	memcpy(a.sun_path, k->path, (size_t)n + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "socket: %s", strerror(errno));
	(void)unlink(k->path); /* ours: we hold the folder's lock */
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || chmod(k->path, S_IRUSR | S_IWUSR) != 0 ||
	    listen(fd, CONTROL_MAX_CLIENTS) != 0 || sd_loop_add(m->loop, &k->io, fd, EPOLLIN, on_accept) != SD_OK) {
		(void)sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", k->path, strerror(errno));
		(void)close(fd);
		return SD_ERR_SYSTEM;
	}
	k->open = true;
	return SD_OK;
}

void control_close(struct master *m)
{
	struct control *k = &m->control;
	int fd = k->io.fd;

	if (!k->open)
		return;
	k->open = false;
	for (size_t i = 0; i < CONTROL_MAX_CLIENTS; i++)
		client_close(&k->client[i]);
	sd_loop_del(m->loop, &k->io);
	(void)close(fd);
	(void)unlink(k->path);
}
