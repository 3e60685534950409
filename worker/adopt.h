/* SPDX-License-Identifier: MIT
 * adopt - how a policy generation and its signer come into force in a worker. */
#ifndef SD_ADOPT_H
#define SD_ADOPT_H

#include "worker.h"

/* A new signer: for the generation that lost its own, else for the next one. fd is ours. */
int adopt_signer(struct worker *w, int fd) SD_MUSTCHECK;
/* A new policy segment: its tenant keys are asked for; in force when they are here. fd is ours. */
int adopt_policy(struct worker *w, int fd, struct sd_diag *diag) SD_MUSTCHECK;
/* After the lock-down: starts asking. */
void adopt_begin(struct worker *w);

#endif
