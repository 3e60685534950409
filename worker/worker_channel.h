/* SPDX-License-Identifier: MIT
 * worker_channel - the worker's side of its channel to the master: the boot handed over message by
 * message, later new generations, tables, connections. */
#ifndef SD_WORKER_CHANNEL_H
#define SD_WORKER_CHANNEL_H

#include "worker.h"

int worker_channel_open(struct worker *w) SD_MUSTCHECK;

/* Says again what the channel had no room for. Called by the worker's beat. */
void worker_channel_repeat(struct worker *w);

/* worker_main.c: stop accepting, finish, leave. */
void worker_drain(struct worker *w);

#endif
