/* SPDX-License-Identifier: MIT
 * store_op - inside the worker's client: a call under way, how its command is built, how its
 * reply is read. For store*.c alone. */
#ifndef SD_STORE_OP_H
#define SD_STORE_OP_H

#include "redis_pool.h"
#include "store_ask.h"
#include "store_key.h"
#include "store_script.h"

/* What a command is made with. */
struct store_maker {
	char prefix[STORE_PREFIX_MAX + 1];
	struct store_scripts scripts;
	char identity[33]; /* random; with the counter a candidate for a log's identity */
	uint64_t candidates;
};

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

#define STORE_CMD_WORDS 64
#define STORE_CMD_NUMBERS 20

/* A script's command in the making; holds every text that is not the caller's. */
struct store_cmd {
	struct redis_args args;
	const char *p[STORE_CMD_WORDS];
	size_t len[STORE_CMD_WORDS];
	unsigned numbers;
	char number[STORE_CMD_NUMBERS][24];
	struct store_key key[12];
	char candidate[64];
	char pp[3];
	char user_hash[33];
	char sid[3][HANDLE_SID_LEN + 1];
	unsigned sids;
	bool failed; /* a digest could not be made */
};

/* --- store_cmd.c --- */
struct store_cmd_head {
	enum store_script script;
	uint8_t partition;
	struct sd_slice tenant;
	int64_t retain_s;
	bool tenant_record; /* KEYS[5] */
	bool sweep_lease;   /* KEYS[5] */
};
int store_maker_init(struct store_maker *m, const char *prefix) SD_MUSTCHECK;
/* Script, keys and the first nine arguments (scripts/common.lua). */
void store_cmd_begin(struct store_cmd *c, struct store_maker *m, const struct store_cmd_head *head,
		     int64_t deadline_ms);
void store_cmd_text(struct store_cmd *c, struct sd_slice word);
void store_cmd_num(struct store_cmd *c, int64_t v);
void store_cmd_sid(struct store_cmd *c, const struct sid *sid);	  /* NULL: an empty word */
void store_cmd_hash(struct store_cmd *c, const uint8_t hash[32]); /* all zero: an empty word */
void store_cmd_user(struct store_cmd *c, struct sd_slice tenant, struct sd_slice user);
/* What the user's hash is appended to: his data key, what his sessions share. */
void store_cmd_key_base(struct store_cmd *c, const struct store_maker *m,
			const struct store_cmd_head *head);
void store_cmd_shared_base(struct store_cmd *c, const struct store_maker *m,
			   const struct store_cmd_head *head);
void store_cmd_end(struct store_cmd *c, struct store_maker *m, const struct store_end *in,
		   int64_t deadline_ms);
void store_cmd_quota_base(struct store_cmd *c, const struct store_maker *m, struct sd_slice tenant);
void store_cmd_rule(struct store_cmd *c, struct store_maker *m, const struct store_rule *in,
		    int64_t deadline_ms);

/* --- store_life.c --- */
struct store_clocks;
void store_cmd_clocks(struct store_cmd *c, const struct store_clocks *now);

/* The command's bytes, malloc'd; whole: with the script's text. SD_ERR_MEMORY, SD_ERR_INVALID. */
int store_cmd_wire(const struct store_cmd *c, enum store_script script, bool whole,
		   struct sd_slice *out) SD_MUSTCHECK;

/* --- store_quota.c --- */
struct store_quota;
void store_cmd_quota(struct store_cmd *c, struct store_maker *m, const struct store_quota *in,
		     const char *how, int64_t deadline_ms);

/* --- store.c --- */
/* Prepares call (may be NULL); *deadline_ms_out is the script's. NULL: the call was ended already.
 */
struct store_op *store_op_begin(struct store *s, struct store_call *call, enum store_script script,
				int64_t *deadline_ms_out);
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

/* --- store_data.c --- */
/* What those scripts add. */
int store_data_reply(struct store_op *op, struct redisReply *const *e, size_t n,
		     enum store_status *status) SD_MUSTCHECK;
/* What any script adds to KEY. */
int store_data_key_reply(struct store_kept *kept, struct redisReply *const *e,
			 size_t n) SD_MUSTCHECK;

#endif
