/* SPDX-License-Identifier: MIT
 * boards - statistics segments: one per child, the master's own, and the legacy of the dead. */
#ifndef SD_BOARDS_H
#define SD_BOARDS_H

#include "diag.h"
#include "heritage.h"
#include "shm_board.h"

struct board {
	int fd;
	struct shm_stats *p; /* NULL = none */
};

/* A fresh segment; the child maps the descriptor writable once. SD_ERR_SYSTEM, SD_ERR_MEMORY. */
int boards_open(struct board *b, enum role role, uint32_t index, struct sd_diag *diag) SD_MUSTCHECK;
/* Adds what a dead process counted to into, and closes. None is fine. */
void boards_retire(struct board *b, struct shm_stats *into);
/* Copies of texts another process wrote: bounded, always terminated. */
void boards_panic(const struct board *b, char *out, size_t size);
void boards_last_route(const struct board *b, char *out, size_t size);
void boards_route_name(const struct shm_stats *s, uint32_t route, char *out, size_t size);

#endif
