/* SPDX-License-Identifier: MIT
 * audit_link - the master's own audit records on their way to the auditor. Kept until
 * acknowledged, sent again to a fresh auditor: at least once. */
#ifndef SD_AUDIT_LINK_H
#define SD_AUDIT_LINK_H

#include "audit_msg.h"
#include "loop.h"

#define AUDIT_LINK_MAX 512 /* records kept; beyond that the oldest is lost, and that is logged */

struct master;
struct child;

struct audit_kept {
	uint64_t id;
	size_t n;
	uint8_t *packet;
	bool sent; /* to the present auditor */
};

struct audit_link {
	struct sd_io io;
	bool open;
	bool stalled; /* the auditor takes no record: its trail cannot be written */
	uint32_t granted;
	uint64_t next_id;
	uint32_t count;
	struct audit_kept kept[AUDIT_LINK_MAX]; /* oldest first */
};

struct audit_detail {
	const char *key, *value;
};

/* The auditor is ready: a fresh socket to it. */
void audit_link_connect(struct master *m);
void audit_link_lost(struct master *m);
/* details end with a NULL key (at most AUDIT_MAX_DETAIL). */
void audit_link_event(struct master *m, enum audit_event event, enum audit_outcome outcome,
		      const char *tenant, const struct audit_detail *details);
void audit_link_process(struct master *m, enum audit_event event, const struct child *c,
			const char *text);

/* A session that a clock ended, or its parent. Ask for room first. */
struct audit_ended {
	struct sd_slice tenant, user, session, reason;
};
void audit_link_ended(struct master *m, const struct audit_ended *e);
/* How many records there is room for before one would be lost. */
uint32_t audit_link_room(const struct master *m);

#endif
