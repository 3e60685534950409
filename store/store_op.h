/* SPDX-License-Identifier: MIT
 * store_op - inside the worker's client: a call under way, from its command to its reply. For
 * store*.c alone. */
#ifndef SD_STORE_OP_H
#define SD_STORE_OP_H

#include "redis_pool.h"
#include "store_cmd.h"

struct store_scan;

struct store {
	struct store_conf conf;
	struct store_maker maker;
	struct redis_pool *pool;
	bool closing;
	struct store_call *ready; /* ended before anything was sent: told at the end of the turn */
	struct store_call **ready_end;
	struct sd_task tell;
	int64_t alone_ns; /* when last no replica answered a WAIT; 0 = never */
	unsigned scans;	  /* steps under way; who waits for a turn (store_scan.c) */
	struct store_scan *scan_first;
};

struct store_op {
	struct redis_req req, req_role, req_time, req_rules; /* all but the first: store_read alone */
	struct redis_req req_wait;		   /* store_wait.c */
	struct store *store;
	struct store_call *call; /* NULL: nobody waits (touch) */
	struct redis_link *link; /* to be compared only */
	enum store_script script;
	bool retried;	  /* NOSCRIPT was answered once */
	bool wait_owed;	  /* a WAIT is under way */
	bool wait_early;  /* ... but stands before the script that counts */
	bool answered;	  /* the script was, with `answer` */
	enum store_status answer;
	unsigned waiting; /* store_read: replies owed */
	struct redisReply *role, *time, *rules;
	struct sid sid;
	char *wire; /* the EVALSHA command, for the retry */
	size_t wire_n;
	int64_t started_ns, deadline_ns;
};

/* --- store.c --- */
/* Prepares call (may be NULL); *deadline_ms_out is the script's. NULL: the call was ended already.
 */
struct store_op *store_op_begin(struct store *s, struct store_call *call, enum store_script script,
				int64_t *deadline_ms_out);
/* The same, and the command begun with head, whose partition is the call's. */
struct store_op *store_op_command(struct store *s, struct store_call *call,
				  const struct store_cmd_head *head, struct store_cmd *c);
void store_op_send(struct store_op *op, struct store_cmd *c);
/* Tells the caller, or frees an op that nobody waits for. */
void store_op_end(struct store_op *op, enum store_status status);
/* Ends it at the end of this loop turn: never inside the call itself. */
void store_op_refuse(struct store_op *op, enum store_status status);
/* Status of an error reply; drops the connection where the server is not what it was. */
enum store_status store_op_error(struct store_op *op, const struct redisReply *reply);

/* --- store_wait.c: durability by a replica --- */
/* Directly behind a script that ends something for certain. */
void store_wait_send(struct store_op *op);
/* The script is to be sent again: what was waited for does not count. */
void store_wait_void(struct store_op *op);
/* The script's outcome; ends the op, now or when a replica has it. */
void store_wait_end(struct store_op *op, enum store_status status);

/* --- store_reply.c --- */
/* Reads a script's reply into the call; STORE_CORRUPT with *impossible_out when no script of ours
 * answers so. */
enum store_status store_reply(struct store_op *op, struct redisReply *reply, bool *impossible_out);
/* n pairs of strings into a record. */
int store_reply_session(const struct sid *sid, struct redisReply *const *pairs, size_t n,
			struct session *out) SD_MUSTCHECK;
/* count, pairs ...: the record into the call */
int store_reply_record(struct store_op *op, struct redisReply *const *e, size_t n,
		       enum store_status *status) SD_MUSTCHECK;

/* --- store_idem.c --- */
int store_idem_reply(struct store_call *call, struct redisReply *const *e, size_t n) SD_MUSTCHECK;

/* --- store_device.c --- */
int store_device_reply(struct store_call *call, struct redisReply *const *e, size_t n) SD_MUSTCHECK;

/* --- store_data.c --- */
/* What those scripts add. */
int store_data_reply(struct store_op *op, struct redisReply *const *e, size_t n,
		     enum store_status *status) SD_MUSTCHECK;
/* What any script adds to KEY. */
int store_data_key_reply(struct store_kept *kept, struct redisReply *const *e,
			 size_t n) SD_MUSTCHECK;

/* --- store_privacy.c --- */
int store_privacy_reply(struct store_op *op, struct redisReply *const *e, size_t n) SD_MUSTCHECK;

#endif
