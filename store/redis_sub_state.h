/* SPDX-License-Identifier: MIT
 * redis_sub_state - inside redis_sub: what it holds, and the parts it is made of. For
 * redis_sub*.c alone. */
#ifndef SD_REDIS_SUB_STATE_H
#define SD_REDIS_SUB_STATE_H

#include "redis_link.h"
#include "redis_log.h"
#include "redis_sub.h"
#include "redis_sub_node.h"
#include "shm_layout.h"
#include "store_key.h"

#define SUB_PAGE 1000	  /* entries of one read of one partition */
/* Each must be answered within the time-out: what is late is lost, and would be asked for again. */
#define SUB_PAGES_AT_ONCE 4
#define SUB_POLL_COUNT 32 /* of each partition in a poll */
/* After a poll that was late: the entry held, and whether there is more. */
#define SUB_POLL_COUNT_SMALL 2
/* Entries outlive their use by LINGER_S (scripts/common.lua); who was blind for half of that may
 * have missed a trimmed one. */
#define SUB_BLIND_NS (300 * 1000000000LL)
#define SUB_ID_MAX 64

/* Who the server says it is, before and after a read. */
struct sub_identity {
	char run_id[SUB_ID_MAX + 1], replid[SUB_ID_MAX + 1];
	char log[SHM_PARTITIONS][SUB_ID_MAX + 1]; /* "" = no log yet */
};

struct sub_probe {
	bool master, loading, complete;
	struct sub_identity id;
};

enum {
	POLL_ROLE,
	POLL_INFO,
	POLL_IDS,
	POLL_TIME,
	POLL_READ,
	POLL_ROLE_AFTER,
	POLL_INFO_AFTER,
	POLL_IDS_AFTER,
	POLL_REQS
};

struct sub_poll {
	struct redis_req req[POLL_REQS];
	unsigned waiting; /* replies owed; 0 = no poll under way */
	int64_t sent_ns;
	uint64_t epoch;
	size_t count; /* entries asked for of each partition */
	bool late, lost, gap, cut;
	enum health_reason refused; /* an error reply's meaning */
	int64_t store_ms, clock_ns; /* of TIME; 0 = none */
	struct sub_probe before, after;
	struct redis_log_pos from[SHM_PARTITIONS];
	bool whole[SHM_PARTITIONS]; /* read from its start, with its identity known before */
};

struct sub_part {
	struct redis_sub *sub;
	struct redis_req req;
	struct redis_log_pos pos;  /* held: all up to here was reported */
	struct redis_log_pos from; /* of the read under way */
	uint64_t epoch;
	bool reading, again, behind; /* behind: a reply was cut, more is known to be there */
};

struct sub_conn {
	struct redis_sub *sub;
	struct redis_dial *dial;
	struct redis_link *link;
	struct sd_timer timer; /* down: try again; subscribed: time for a PING */
	struct sd_task lost;   /* the link is to be freed */
	int64_t backoff_ns;
	bool ready; /* commands: checked; subscription: acknowledged */
	bool pinged;
};

struct redis_sub {
	struct redis_sub_conf conf;
	char prefix[STORE_PREFIX_MAX + 1];
	struct store_key wake;
	struct sub_conn commands, channel;
	struct sd_timer poll_timer;
	struct redis_req check;
	bool closing, began, subscribed_once, fresh, persistent, clock_far, must_reset, warned;
	uint64_t epoch; /* rises with each reset: replies to older reads say nothing */
	bool identity_known;
	struct sub_identity held;
	int64_t proven_ns;     /* when the last proof was sent; 0 = never */
	unsigned failed_polls; /* in a row, without an answer */
	bool was_late; /* the last poll */
	unsigned reading;      /* partitions with a read under way */
	bool poll_wanted;      /* as soon as nothing is being read */
	int64_t next_poll_ns;
	int status; /* last reported; -1 = none */
	enum health_reason reason;
	uint64_t random;
	struct sub_poll poll;
	struct sub_node node;
	struct sub_part part[SHM_PARTITIONS];
};

/* redis_sub.c */
void sub_state(struct redis_sub *s, enum health_status status, enum health_reason reason);
/* Everything is void: positions 0, events.reset, a poll at once. */
void sub_reset(struct redis_sub *s);
/* Both connections were ready once: the first read may begin, or go on. */
void sub_begin(struct redis_sub *s);
/* Tells that another server may answer. */
void sub_unsure(struct redis_sub *s);
/* Commands are gone: nothing is fresh, nothing under way counts. */
void sub_lost(struct redis_sub *s);
/* Reports the entries of one stream's reply that lie beyond the held position. */
enum sub_stream { SUB_STREAM_GAP = 0, SUB_STREAM_CUT, SUB_STREAM_READ };
enum sub_stream sub_stream(struct redis_sub *s, uint8_t partition, struct redis_log_pos from,
			   const struct redisReply *entries, size_t max) SD_MUSTCHECK;

/* redis_sub_conn.c */
void sub_conn_start(struct redis_sub *s);
void sub_conn_stop(struct redis_sub *s);
void sub_conn_drop(struct sub_conn *c);
/* A poll over it counted: the next loss is the first one. */
void sub_conn_proven(struct sub_conn *c);

/* redis_sub_poll.c */
void sub_poll_soon(struct redis_sub *s, int64_t at_ns);

/* redis_sub_read.c */
void sub_read(struct redis_sub *s, uint8_t partition);
void sub_read_behind(struct redis_sub *s);

/* redis_sub_check.c: what replies say of the server. SD_ERR_INVALID when they cannot be read. */
int sub_check_role(const struct redisReply *reply, struct sub_probe *out) SD_MUSTCHECK;
int sub_check_info(const struct redisReply *reply, struct sub_probe *out) SD_MUSTCHECK;
int sub_check_ids(const struct redisReply *reply, struct sub_probe *out) SD_MUSTCHECK;
enum health_reason sub_check_error(const struct redisReply *reply);
/* Version, memory policy, persistence; HEALTH_REASON_NONE when the server will do. */
enum health_reason sub_check_server(const struct redisReply *info, bool *persistent_out);
/* Is `now` the server of `then`? A log that did not exist may have come into being. */
bool sub_check_same(const struct sub_identity *then, const struct sub_identity *now);

#endif
