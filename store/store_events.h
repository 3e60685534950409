/* SPDX-License-Identifier: MIT
 * store_events - the copy of a tenant's audit records that all nodes see: one stream in the tenant's
 * own partition. Appended to without waiting for an answer, so an entry may be missing: the
 * auditor's file is the trail (docs/AUDIT.md). */
#ifndef SD_STORE_EVENTS_H
#define SD_STORE_EVENTS_H

#include "store.h"

#define STORE_EVENTS_MOST 100000 /* entries of one tenant, about */
#define STORE_EVENT_ID_MAX 43    /* "ms-seq" with its terminator */

struct store_event {
	struct sd_slice tenant;
	int64_t ts_ms;    /* the record's */
	int64_t retain_s; /* > 0 */
	struct sd_slice event, user, session; /* what may be asked for; "" = none */
	struct sd_slice record;               /* one line of JSON */
};
/* No answer is waited for. It leaves in this turn of the loop: before the answer of what it is about. */
void store_event_put(struct store *s, const struct store_event *in);

struct store_events_in {
	struct sd_slice tenant;
	bool newer;                  /* from old to new */
	struct sd_slice first, last; /* terms of XRANGE: "-", "+", "ms", "ms-seq", "(ms-seq" */
	uint32_t looks, limit;       /* entries that are looked at, that are given */
	int64_t from_ms, to_ms;      /* from <= ts < to */
	int64_t retain_s;
	struct sd_slice event, user, session; /* "" = any */
};

struct store_events {
	struct store_call call;   /* release it */
	struct sd_slice at;       /* id of the entry looked at last; "" = none */
	bool more;                /* behind it */
	uint32_t count;
	struct redisReply *const *rows;
};

/* call.done is set by the caller; what follows is valid until the call is released. */
void store_events_read(struct store *s, const struct store_events_in *in, struct store_events *e);
/* i < e->count */
void store_events_row(const struct store_events *e, uint32_t i, struct sd_slice *id, struct sd_slice *record);
/* Is it "ms-seq" as the store gives it? */
bool store_event_id(struct sd_slice text, uint64_t *ms_out, uint64_t *seq_out) SD_MUSTCHECK;

/* For store_reply alone. */
int store_events_reply(struct store_call *call, struct redisReply *const *e, size_t n) SD_MUSTCHECK;

#endif
