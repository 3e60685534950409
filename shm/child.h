/* SPDX-License-Identifier: MIT
 * child - how the signer, the auditor, the fetcher and geo begin: with their channel and nothing else. Each
 * function ends the process where it cannot go on. */
#ifndef SD_CHILD_H
#define SD_CHILD_H

#include "heritage.h"
#include "shm_layout.h"

/* First of all: the log, signals, descriptors, capabilities. */
void child_begin(enum role role);
/* HM_FAILED with this text, the log, exit 71. */
SD_NORETURN void child_fail(const char *text);
/* Waits until the channel can; the master's end of it ends us. */
void child_await(short events);
/* A message to the master, however long that takes; fd (-1: none) stays the caller's. */
void child_say(enum hm_type type, uint32_t tag, const void *body, size_t n, int fd);
/* HM_BOOT: its values, every text ended; the log's level and form are taken. */
void child_boot(const struct hm_msg *m, struct hm_boot *out);
/* HM_STATS: the segment of one's own; a panic writes into it. fd stays the caller's. */
struct shm_stats *child_stats(int fd);

#endif
