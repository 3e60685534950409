/* SPDX-License-Identifier: MIT
 * fdpass - one message and at most one descriptor over a SOCK_SEQPACKET pair (SCM_RIGHTS). */
#ifndef SD_FDPASS_H
#define SD_FDPASS_H

#include "base.h"

/* A SOCK_SEQPACKET|CLOEXEC|NONBLOCK pair whose buffers hold at least bytes; SD_ERR_SYSTEM. */
int sd_fdpass_pair(int fds_out[2], size_t bytes) SD_MUSTCHECK;

/* Sends one whole message (head then body, body may be empty), with fd when fd >= 0 (stays the caller's).
 * SD_ERR_AGAIN when the socket is full (nothing was sent), SD_ERR_CLOSED, SD_ERR_SYSTEM. */
int sd_fdpass_send(int sock, const void *head, size_t head_n, const void *body, size_t body_n, int fd)
    SD_MUSTCHECK;

/* Receives one message into p (size bytes): its length in *n_out; *fd_out is the descriptor
 * (close-on-exec, the caller's now) or -1. More than one descriptor: all closed, SD_ERR_INVALID.
 * Longer than size: SD_ERR_TOO_BIG (message and descriptor dropped). SD_ERR_AGAIN, SD_ERR_CLOSED. */
int sd_fdpass_recv(int sock, void *p, size_t size, size_t *n_out, int *fd_out) SD_MUSTCHECK;

#endif
