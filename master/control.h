/* SPDX-License-Identifier: MIT
 * control - the server of sessionctl: a socket in the state folder, one request a connection. */
#ifndef SD_CONTROL_H
#define SD_CONTROL_H

#include "buf.h"
#include "diag.h"
#include "loop.h"

#define CONTROL_MAX_CLIENTS 8

struct master;

struct control;

struct control_client {
	struct control *home;
	struct sd_io io;
	bool used;
	bool waits_reload;
	uint64_t reload_number; /* answered when this reload (or a later one) has ended */
	struct sd_buf out;      /* what is still to be sent */
	bool failed;
	uint32_t memory_next;   /* CTL_MEMORY: next segment; 0 = not under way */
	struct sd_timer timer;
};

struct control {
	struct sd_io io;
	bool open;
	char path[512];
	struct control_client client[CONTROL_MAX_CLIENTS];
};

/* Binds and listens; before the sandbox. */
int control_open(struct master *m, struct sd_diag *diag) SD_MUSTCHECK;
void control_close(struct master *m);
/* A reload has ended: those who asked get the report. */
void control_reload_done(struct master *m);

/* control_status.c: the JSON of CTL_STATUS. */
void control_status(struct master *m, struct sd_buf *out);
/* control_fresh.c: its fields behind those of "freshness". */
void control_fresh(struct master *m, struct sd_buf *out);

#endif
