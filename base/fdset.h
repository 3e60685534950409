/* SPDX-License-Identifier: MIT
 * fdset - closes every descriptor but the named ones, marks descriptors. */
#ifndef SD_FDSET_H
#define SD_FDSET_H

#include "base.h"

/* Closes all descriptors >= 3 but keep[0..n); SD_ERR_SYSTEM. */
int sd_fdset_keep_only(const int *keep, size_t n) SD_MUSTCHECK;
int sd_fd_nonblock(int fd) SD_MUSTCHECK;
int sd_fd_cloexec(int fd) SD_MUSTCHECK;
/* How many descriptors are open (tests, leak checks); -1 when it cannot be told. */
int sd_fd_count(void);

#endif
