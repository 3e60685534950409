/* SPDX-License-Identifier: MIT
 * notify - tells the service manager (sd_notify(3)), if there is one. */
#ifndef SD_NOTIFY_H
#define SD_NOTIFY_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base.h"

struct notify {
	int fd;             /* -1 = nobody listens */
	socklen_t n;
	struct sockaddr_un to;
	int64_t watchdog_ns; /* 0 = not asked for */
	int64_t beat_ns;
};

/* socket: the value of NOTIFY_SOCKET or NULL; "@name" is an abstract one. False when it cannot be
 * an address. n_out is the length for sendto(). */
bool notify_address(const char *socket, struct sockaddr_un *out, socklen_t *n_out);
/* From the environment; without NOTIFY_SOCKET all calls do nothing. */
void notify_open(struct notify *n);
void notify_send(const struct notify *n, const char *text);
/* "RELOADING=1" needs the monotonic time beside it. */
void notify_reloading(const struct notify *n);
/* Sends WATCHDOG=1 when half the period is over. */
void notify_tick(struct notify *n, int64_t now_ns);

#endif
