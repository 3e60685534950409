/* SPDX-License-Identifier: MIT
 * store_back - what a master writes back, as commands: for its own connection, by which it reads the
 * log, so that what is written back and what is proven is the same server's. */
#ifndef SD_STORE_BACK_H
#define SD_STORE_BACK_H

#include "store_ask.h"

struct redisReply;
struct store_back;

int store_back_new(const char *prefix, struct store_back **out) SD_MUSTCHECK;
void store_back_free(struct store_back **back);

/* One command's wire form, malloc'd. whole: with the script's text, which the server keeps; else
 * by its digest alone. SD_ERR_MEMORY, SD_ERR_INVALID. */
int store_back_end(struct store_back *back, const struct store_end *in, int64_t deadline_ms,
		   bool whole, struct sd_slice *out) SD_MUSTCHECK;
int store_back_rule(struct store_back *back, const struct store_rule *in, int64_t deadline_ms,
		    bool whole, struct sd_slice *out) SD_MUSTCHECK;

/* Gives back the place of a session that has ended (store_quota.h). By its digest: where a place was
 * taken, the server knows the script. */
int store_back_release(struct store_back *back, struct sd_slice tenant, const struct sid *sid,
		       int64_t deadline_ms, struct sd_slice *out) SD_MUSTCHECK;

/* The copy of an audit record (store_events.h). */
struct store_event;
int store_back_event(struct store_back *back, const struct store_event *in, int64_t deadline_ms, bool whole,
		     struct sd_slice *out) SD_MUSTCHECK;
/* The server does not know the script: nothing has happened, send it whole. reply may be NULL. */
bool store_back_unknown(const struct redisReply *reply);

/* What this node's workers counted (store_tally.h). */
struct store_count;
int store_back_count(struct store_back *back, const struct store_count *in, int64_t deadline_ms, bool whole,
		     struct sd_slice *out) SD_MUSTCHECK;

enum store_back_result {
	STORE_BACK_AGAIN = 0, /* no answer, too late, not the server for it: ask again */
	STORE_BACK_REFUSED,   /* this one's record breaks its rules: nobody can use it either */
	STORE_BACK_STOOD,     /* the store had it */
	STORE_BACK_WRITTEN    /* the store had lost it */
};
/* Of one command; reply is the callee's now, or NULL. */
enum store_back_result store_back_take(struct redisReply *reply) SD_MUSTCHECK;

#endif
