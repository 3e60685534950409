/* SPDX-License-Identifier: MIT
 * signer_peer - the workers' sockets: requests in, answers out. */
#ifndef SD_SIGNER_PEER_H
#define SD_SIGNER_PEER_H

#include "heritage.h"
#include "loop.h"
#include "mint.h"
#include "shm_board.h"
#include "signer_audit.h"

struct signer_peer;

struct signer_peers {
	struct sd_loop *loop;
	struct mint *mint;          /* NULL until started */
	struct signer_audit *audit;
	struct shm_stats *stats;    /* may be NULL */
	struct signer_peer *first;
	size_t count;
};

void signer_peer_init(struct signer_peers *all, struct sd_loop *loop, struct signer_audit *audit);
void signer_peer_fini(struct signer_peers *all);

/* Takes fd, also on failure. Before the start it only waits. SD_ERR_MEMORY, SD_ERR_SYSTEM. */
int signer_peer_add(struct signer_peers *all, const struct hm_peer *who, int fd) SD_MUSTCHECK;

/* From now on requests are answered. SD_ERR_SYSTEM. */
int signer_peer_start(struct signer_peers *all, struct mint *mint) SD_MUSTCHECK;

/* Answers all that is queued now; true when no answer waits for room any more. */
bool signer_peer_drain(struct signer_peers *all);

#endif
