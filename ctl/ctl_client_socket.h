/* SPDX-License-Identifier: MIT
 * ctl_client_socket - asks the running master one thing (ctl_msg.h). */
#ifndef SD_CTL_CLIENT_SOCKET_H
#define SD_CTL_CLIENT_SOCKET_H

#include "buf.h"
#include "ctl.h"
#include "ctl_msg.h"

#define CTL_CLIENT_TEXT_MAX (64u << 20)

/* One answer packet; fd (or -1) is the callee's from now on. CTL_DONE goes on. */
typedef int ctl_client_packet_fn(uint32_t kind, struct sd_slice text, int fd, void *arg);

/* Asks; every answer packet goes to fn. CTL_DONE; CTL_NOT_RUNNING when nobody listens (told);
 * CTL_FAILED: the master says so (its text is on standard error), or the connection broke. */
int ctl_client_socket_ask(const struct ctl *ctl, enum ctl_op op, ctl_client_packet_fn *fn, void *arg)
    SD_MUSTCHECK;

/* The same for answers of text alone: all of it in out (initialised here; sd_buf_fini). */
int ctl_client_socket_text(const struct ctl *ctl, enum ctl_op op, struct sd_buf *out) SD_MUSTCHECK;

#endif
