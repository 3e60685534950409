/* SPDX-License-Identifier: MIT
 * countries - the operator's file of countries: given to a process that reads it, and what comes of it
 * to the workers. */
#ifndef SD_COUNTRIES_H
#define SD_COUNTRIES_H

#include "geo_table.h"

struct master;

struct countries {
	uint8_t digest[32]; /* of the file that was given last */
	bool given;
	int file_fd;        /* sealed copy that is being read, or waits for it; -1 = none */
	uint32_t tries;     /* of reading that copy */
	bool answered;      /* it was read, or refused */
	int table_fd;       /* sealed; what workers have; -1 = none */
	struct geo_view view; /* of it */
};

/* A sealed copy that nobody can change while it is read; -1: errno. */
int countries_copy(struct sd_slice bytes);
void countries_open(struct master *m);
/* The file that m->config names: read again when it is another one. What cannot be read changes nothing. */
void countries_config(struct master *m);
/* Once a second: somebody is wanted to read what waits. */
void countries_tick(struct master *m);
/* What the reader has said; fd is the callee's now. */
void countries_made(struct master *m, int fd);
void countries_refused(struct master *m, struct sd_slice why);
/* The reader has ended. */
void countries_lost(struct master *m);

#endif
