/* SPDX-License-Identifier: MIT
 * audit_msg - one event on its way to the auditor, and the slots it grants. The sender holds a
 * slot before it changes anything and keeps the record until the auditor has acknowledged it. */
#ifndef SD_AUDIT_MSG_H
#define SD_AUDIT_MSG_H

#include "slice.h"

#define AUDIT_MSG_VERSION 1
#define AUDIT_MAX_RECORD 4096
#define AUDIT_MAX_DETAIL 8

/* audit.def: AUDIT_EVENT(ID, "session.created"). */
enum audit_event {
	AUDIT_EVENT_NONE = 0,
#define AUDIT_EVENT(id, name) AUDIT_##id,
#include "audit.def"
#undef AUDIT_EVENT
	AUDIT_EVENT_COUNT
};
const char *audit_event_name(enum audit_event event);

enum audit_outcome { AUDIT_REFUSED = 0, AUDIT_FAILED, AUDIT_OK };
enum audit_actor { AUDIT_ACTOR_NONE = 0, AUDIT_ACTOR_CLIENT, AUDIT_ACTOR_USER, AUDIT_ACTOR_OPERATOR, AUDIT_ACTOR_SYSTEM };

struct audit_record {
	uint64_t id;     /* the sender's, rising; acknowledged by it; with the sender it marks duplicates */
	int64_t ts_ms;
	uint64_t gen;    /* policy generation */
	enum audit_event event;
	enum audit_outcome outcome;
	enum audit_actor actor_type;
	struct sd_slice tenant, actor_id, user_id, session_id, ip, reason, request_id;
	uint32_t detail_count;
	struct {
		struct sd_slice key, value; /* text values only; key [a-z_]{1,32} */
	} detail[AUDIT_MAX_DETAIL];
};

int audit_record_encode(const struct audit_record *r, void *p, size_t size, size_t *n_out) SD_MUSTCHECK;
int audit_record_decode(struct sd_slice packet, struct audit_record *out) SD_MUSTCHECK;

/* Auditor -> sender. granted: how many records the sender may have unacknowledged from now on
 * (0 stops it); acked: all ids up to this one are in the trail. */
struct audit_credit {
	uint32_t version;
	uint32_t granted;
	uint64_t acked;
};

#endif
