/* SPDX-License-Identifier: MIT
 * auditor_peer - those who send records: a socket each, what they may send, what is acknowledged. */
#ifndef SD_AUDITOR_PEER_H
#define SD_AUDITOR_PEER_H

#include "heritage.h"
#include "loop.h"
#include "shm_board.h"
#include "sink_file.h"

#define AUDITOR_PEER_CREDIT 256 /* records a peer may have unacknowledged */

struct auditor_peer;

struct auditor_peers {
	struct sd_loop *loop;
	struct sink_file *sink;
	const char *node;
	struct shm_stats *stats; /* may be NULL */
	struct auditor_peer *first;
	size_t count;
	bool stopped;            /* the trail cannot be written: credit 0, nobody is read */
	struct sd_task flush;
	struct sd_timer retry;
};

/* All pointers stay the caller's and outlive the peers; stats may come later. */
void auditor_peer_init(struct auditor_peers *all, struct sd_loop *loop, struct sink_file *sink);
void auditor_peer_fini(struct auditor_peers *all);

/* Takes fd, also on failure; grants the first slots. SD_ERR_MEMORY, SD_ERR_SYSTEM. */
int auditor_peer_add(struct auditor_peers *all, const struct hm_peer *who, int fd) SD_MUSTCHECK;

/* Writes what was read and acknowledges it; on failure stops all peers and tries again by itself. */
void auditor_peer_flush(struct auditor_peers *all);

/* Reads every peer until there is nothing more, and writes it: the last act. SD_ERR_SYSTEM when
 * the trail did not take all of it. */
int auditor_peer_drain(struct auditor_peers *all) SD_MUSTCHECK;

#endif
