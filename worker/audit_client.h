/* SPDX-License-Identifier: MIT
 * audit_client - slots and records. A slot is taken before a state is changed; the record goes
 * after it and is kept until the auditor has it in the trail, so that a new auditor gets again
 * what the old one may have lost (at least once, recognisable by sender and id). */
#ifndef SD_AUDIT_CLIENT_H
#define SD_AUDIT_CLIENT_H

#include "audit_msg.h"
#include "loop.h"

struct audit_kept;

struct audit_client {
	struct sd_loop *loop;
	struct sd_io io;
	int fd;               /* -1 = no auditor */
	uint32_t granted;     /* by the auditor */
	uint32_t reserved;    /* slots taken, record not sent yet */
	uint32_t unacked;     /* records sent, not acknowledged */
	uint64_t next_id;
	struct audit_kept *first, *last;
};

void audit_client_init(struct audit_client *c, struct sd_loop *loop);
void audit_client_fini(struct audit_client *c);
/* A (new) auditor: what was not acknowledged is sent again. fd is the client's from now on. */
int audit_client_connect(struct audit_client *c, int fd) SD_MUSTCHECK;

/* False: answer 503 audit-unavailable and change nothing. */
bool audit_slot_take(struct audit_client *c) SD_MUSTCHECK;
/* Nothing was changed after all. */
void audit_slot_return(struct audit_client *c);
/* Spends a slot. record->id is filled in. Cannot fail for a well-formed record: it is kept even
 * when the auditor has just died. SD_ERR_* only when it cannot be encoded or kept. */
int audit_send(struct audit_client *c, struct audit_record *record) SD_MUSTCHECK;
/* A further record of a change already made (an eviction, a clock that ran out): goes beyond the
 * slots rather than get lost. */
int audit_send_more(struct audit_client *c, struct audit_record *record) SD_MUSTCHECK;
/* Refusals and the like: sent if a slot is free, else dropped and counted by the caller. */
bool audit_try(struct audit_client *c, struct audit_record *record) SD_MUSTCHECK;

#endif
