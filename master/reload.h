/* SPDX-License-Identifier: MIT
 * reload - from changed files to a new policy that every worker uses, or to nothing at all. */
#ifndef SD_RELOAD_H
#define SD_RELOAD_H

#include "buf.h"
#include "labels.h"
#include "loop.h"
#include "segments.h"

struct master;
struct child;

enum reload_cause { RELOAD_BY_SIGNAL = 1, RELOAD_BY_OPERATOR, RELOAD_BY_KEY /* a key's state changes now */ };
enum reload_step { RELOAD_IDLE = 0, RELOAD_SIGNER, RELOAD_ADOPT, RELOAD_RETIRE };

struct reload {
	enum reload_step step;
	enum reload_cause cause;
	enum reload_cause again;      /* asked for while one was under way; 0 = no */
	struct policy_config *config; /* the coming one; NULL for RELOAD_BY_KEY */
	struct policy_segment next;   /* before the flip */
	struct policy_segment old;    /* after it */
	struct sd_timer timer;        /* the step's deadline, or the next change of a key */
	struct sd_timer key_timer;
	struct sd_buf report;
	uint64_t number;              /* of reloads asked for */
	enum reload_result result;    /* of the last one */
	int64_t at_s;
};

void reload_open(struct master *m);
/* Starts one, or another after the one under way. */
void reload_request(struct master *m, enum reload_cause cause);
/* Hooks: the fresh signer is ready; a worker is ready or has adopted; a child ended. */
void reload_signer_ready(struct master *m);
void reload_adopted(struct master *m);
void reload_child_ended(struct master *m, struct child *c);
/* The service stops. */
void reload_cancel(struct master *m);
/* Arms the timer for the next change of a key in the policy in force. */
void reload_key_timer(struct master *m);

/* reload_build.c: files -> m->reload.config and .next, findings and differences in .report. */
int reload_build(struct master *m, bool *same_out) SD_MUSTCHECK;

#endif
