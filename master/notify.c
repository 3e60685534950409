/* SPDX-License-Identifier: MIT
 * notify - tells the service manager what state we are in: one datagram each.
 * Owns:      the datagram socket
 * Runs in:   master (opened before the sandbox, sends after it)
 * Fails by:  never; who does not listen is not told
 * Never:     waits for the service manager */
#include "base.h"
#include "notify.h"

#include <unistd.h>

#include "clock.h"
#include "slice.h"

bool notify_address(const char *socket, struct sockaddr_un *out, socklen_t *n_out)
{
	size_t n = socket != NULL ? strlen(socket) : 0;

	memset(out, 0, sizeof(*out));
	*n_out = 0;
	if (n < 2 || n >= sizeof(out->sun_path) || (socket[0] != '/' && socket[0] != '@'))
		return false;
	out->sun_family = AF_UNIX;
	memcpy(out->sun_path, socket, n);
	if (socket[0] == '@')
		out->sun_path[0] = '\0';
	*n_out = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (socket[0] == '/'));
	return true;
}

void notify_open(struct notify *n)
{
	const char *watchdog = getenv("WATCHDOG_USEC");
	uint64_t us = 0;

	*n = (struct notify){.fd = -1};
	if (!notify_address(getenv("NOTIFY_SOCKET"), &n->to, &n->n))
		return;
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd >= 0 && watchdog != NULL && sd_slice_u64(sd_slice_str(watchdog), &us) == 0)
		n->watchdog_ns = (int64_t)us * 1000;
}

void notify_send(const struct notify *n, const char *text)
{
	if (n->fd >= 0)
		(void)!sendto(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
			      (const struct sockaddr *)&n->to, n->n);
}

void notify_reloading(const struct notify *n)
{
	char text[96];

	/* CLOCK_MONOTONIC stands still in suspend, our boot clock does not: systemd compares with its
	 * own reading and accepts a later one. */
	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)(sd_clock_boot_ns() / 1000));
	notify_send(n, text);
}

void notify_tick(struct notify *n, int64_t now_ns)
{
	if (n->watchdog_ns == 0 || now_ns - n->beat_ns < n->watchdog_ns / 2)
		return;
	n->beat_ns = now_ns;
	notify_send(n, "WATCHDOG=1");
}
